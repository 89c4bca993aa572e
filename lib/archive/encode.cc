#include <algorithm>
#include <array>

#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "lib/archive/codec.h"
#include "lib/archive/gzip_sink.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr size_t output_size = 256 * 1024;

class BufferedEncoder : public Encoder {
 public:
  BufferedEncoder(Sink& output, std::string_view path)
      : output_(output), path_(path), buffer_(std::make_unique_for_overwrite<char[]>(output_size)) {}
  Result<> write(std::string_view bytes) override { return bytes.empty() ? Result<>() : feed(bytes, false); }
  Result<> finish() override { return feed({}, true); }

 protected:
  // Compresses all of it; `end` ends the stream.
  virtual Result<> feed(std::string_view bytes, bool end) = 0;
  Result<> hand_on(size_t count) { return output_.write({buffer_.get(), count}); }
  char* buffer() { return buffer_.get(); }
  std::unexpected<Error> refuse(std::string_view detail) const { return fail("compress", path_, detail); }

 private:
  Sink& output_;
  std::string_view path_;
  std::unique_ptr<char[]> buffer_;
};

class Bzip2Encoder : public BufferedEncoder {
 public:
  using BufferedEncoder::BufferedEncoder;
  ~Bzip2Encoder() override { (void)::BZ2_bzCompressEnd(&stream_); }
  Result<> start(int level) {
    if (level < 1 || level > 9)
      return refuse(str("there is no level ", level));
    return ::BZ2_bzCompressInit(&stream_, level, 0, 0) == BZ_OK ? Result<>() : refuse("not enough memory");
  }

 private:
  Result<> feed(std::string_view bytes, bool end) override {
    while (true) {
      const auto given = static_cast<unsigned>(std::min<size_t>(bytes.size(), UINT32_MAX));
      stream_.next_in = const_cast<char*>(bytes.data());
      stream_.avail_in = given;
      stream_.next_out = buffer();
      stream_.avail_out = output_size;
      const int done = ::BZ2_bzCompress(&stream_, end ? BZ_FINISH : BZ_RUN);
      bytes.remove_prefix(given - stream_.avail_in);
      TRY(hand_on(output_size - stream_.avail_out));
      if (done < 0)
        return refuse("libbz2 failed");
      if (end ? done == BZ_STREAM_END : bytes.empty())
        return {};
    }
  }

  bz_stream stream_{};
};

class XzEncoder : public BufferedEncoder {
 public:
  using BufferedEncoder::BufferedEncoder;
  ~XzEncoder() override { ::lzma_end(&stream_); }
  Result<> start(bool old_form, const EncodeOptions& options) {
    const int level = options.level.value_or(6);
    if (level < 0 || level > 9)
      return refuse(str("there is no level ", level));
    const uint32_t preset = static_cast<uint32_t>(level) | (options.extreme ? LZMA_PRESET_EXTREME : 0);
    lzma_ret done = LZMA_OK;
    const unsigned threads = thread_count(options.threads);
    if (old_form) {
      lzma_options_lzma settings;
      (void)::lzma_lzma_preset(&settings, preset);
      done = ::lzma_alone_encoder(&stream_, &settings);
    } else if (threads > 1) {
      lzma_mt settings{};
      settings.threads = affordable(threads, preset);
      settings.preset = preset;
      settings.check = static_cast<lzma_check>(options.check);
      done = ::lzma_stream_encoder_mt(&stream_, &settings);
    } else {
      done = ::lzma_easy_encoder(&stream_, preset, static_cast<lzma_check>(options.check));
    }
    return done == LZMA_OK ? Result<>() : refuse(done == LZMA_MEM_ERROR ? "not enough memory" : "liblzma refuses");
  }

 private:
  // No more threads than half of the memory is enough for: level 9 takes more than a gigabyte for each.
  static unsigned affordable(unsigned threads, uint32_t preset) {
    lzma_mt settings{};
    settings.preset = preset;
    const uint64_t memory = ::lzma_physmem() / 2;
    for (; threads > 1; --threads) {
      settings.threads = threads;
      if (::lzma_stream_encoder_mt_memusage(&settings) <= memory)
        break;
    }
    return threads;
  }

  Result<> feed(std::string_view bytes, bool end) override {
    stream_.next_in = reinterpret_cast<const uint8_t*>(bytes.data());
    stream_.avail_in = bytes.size();
    while (true) {
      stream_.next_out = reinterpret_cast<uint8_t*>(buffer());
      stream_.avail_out = output_size;
      const lzma_ret done = ::lzma_code(&stream_, end ? LZMA_FINISH : LZMA_RUN);
      TRY(hand_on(output_size - stream_.avail_out));
      if (done != LZMA_OK && done != LZMA_STREAM_END)
        return refuse(done == LZMA_MEM_ERROR ? "not enough memory" : "liblzma failed");
      if (end ? done == LZMA_STREAM_END : stream_.avail_in == 0)
        return {};
    }
  }

  lzma_stream stream_ = LZMA_STREAM_INIT;
};

class ZstdEncoder : public BufferedEncoder {
 public:
  ZstdEncoder(Sink& output, std::string_view path) : BufferedEncoder(output, path), context_(::ZSTD_createCCtx()) {}
  Result<> start(const EncodeOptions& options) {
    if (!context_)
      return refuse("not enough memory");
    const int level = options.level.value_or(ZSTD_CLEVEL_DEFAULT);
    if (level > ::ZSTD_maxCLevel() || level < ::ZSTD_minCLevel())
      return refuse(str("there is no level ", level));
    const unsigned threads = thread_count(options.threads);
    bool done = set(ZSTD_c_compressionLevel, level) && set(ZSTD_c_checksumFlag, options.checksum ? 1 : 0);
    // A libzstd without threads refuses them, and does without.
    (void)set(ZSTD_c_nbWorkers, static_cast<int>(threads));
    if (options.window_log > 0)
      done = done && set(ZSTD_c_windowLog, options.window_log) && set(ZSTD_c_enableLongDistanceMatching, 1);
    if (options.size)
      done = done && ::ZSTD_isError(::ZSTD_CCtx_setPledgedSrcSize(context_.get(), *options.size)) == 0;
    return done ? Result<>() : refuse("libzstd refuses its settings");
  }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ::ZSTD_freeCCtx(context); }
  };
  bool set(ZSTD_cParameter parameter, int value) {
    return ::ZSTD_isError(::ZSTD_CCtx_setParameter(context_.get(), parameter, value)) == 0;
  }
  Result<> feed(std::string_view bytes, bool end) override {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    while (true) {
      ZSTD_outBuffer out{buffer(), output_size, 0};
      const size_t left = ::ZSTD_compressStream2(context_.get(), &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
      if (::ZSTD_isError(left))
        return refuse(::ZSTD_getErrorName(left));
      TRY(hand_on(out.pos));
      if (end ? left == 0 : in.pos == in.size)
        return {};
    }
  }

  std::unique_ptr<ZSTD_CCtx, Free> context_;
};

class PlainEncoder : public Encoder {
 public:
  explicit PlainEncoder(Sink& output) : output_(output) {}
  Result<> write(std::string_view bytes) override { return output_.write(bytes); }
  Result<> finish() override { return {}; }

 private:
  Sink& output_;
};

template <typename T, typename... Settings>
Result<std::unique_ptr<Encoder>> started(Sink& output, std::string_view path, const Settings&... settings) {
  auto encoder = std::make_unique<T>(output, path);
  TRY(encoder->start(settings...));
  return encoder;
}

}  // namespace

Result<std::unique_ptr<Encoder>> encode(Sink& output, Codec codec, const EncodeOptions& options,
                                        std::string_view path) {
  switch (codec) {
    case Codec::gzip: return started<GzipSink>(output, path, options);
    case Codec::bzip2: return started<Bzip2Encoder>(output, path, options.level.value_or(9));
    case Codec::xz:
    case Codec::lzma: return started<XzEncoder>(output, path, codec == Codec::lzma, options);
    case Codec::zstd: return started<ZstdEncoder>(output, path, options);
    case Codec::none: break;
  }
  return std::make_unique<PlainEncoder>(output);
}

}  // namespace rescue
