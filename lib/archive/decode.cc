#include <algorithm>
#include <limits>

#include <bzlib.h>
#include <lzma.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/archive/codec.h"
#include "lib/archive/inflate.h"
#include "lib/archive/zstd.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr size_t output_size = 256 * 1024;
constexpr std::string_view xz_magic{"\xfd\x37zXZ\0", 6};

// The start of the older form of xz: properties, a size of the dictionary, and the size of the content or -1. It has
// no magic number: like xz itself, we believe only sizes that somebody writes.
bool looks_like_lzma(std::string_view start) {
  if (start.size() < 13 || static_cast<uint8_t>(start[0]) >= 225)
    return false;
  const auto number = [&](size_t at, size_t length) {
    uint64_t value = 0;
    for (size_t i = length; i > 0; --i)
      value = value << 8 | static_cast<uint8_t>(start[at + i - 1]);
    return value;
  };
  const uint64_t dictionary = number(1, 4);
  // 2^n or 2^n + 2^(n-1), or the largest.
  const uint64_t low = dictionary & (~dictionary + 1);
  const bool usual = dictionary == UINT32_MAX || (dictionary >= 4096 && (dictionary == low || dictionary == 3 * low));
  const uint64_t size = number(5, 8);
  return usual && (size == UINT64_MAX || size < uint64_t{1} << 38);
}

// Feeds one of the libraries with blocks of the input, and hands out blocks of its output.
class StreamSource : public DecoderSource {
 public:
  StreamSource(std::unique_ptr<Source> input, uint64_t limit) : input_(std::move(input)), limit_(limit) {}
  std::string_view path() const override { return input_->path(); }
  bool has_rubbish() const override { return rubbish_; }
  Result<std::string_view> next() override { return next_into(buffer_); }
  Result<std::string_view> next_into(std::string& memory) override;

 protected:
  enum class Step : uint8_t { more, end };
  // Decompresses from `in`, which it shortens, to `out`, and says how much that gave. `end`: a member is complete.
  // `last`: there is no input behind `in`.
  virtual Result<Step> step(std::string_view& in, char* out, size_t room, size_t& made, bool last) = 0;
  // Makes ready for a member.
  virtual Result<> begin() = 0;
  // Whether another member may follow that begins with `start`; what is no member is rubbish.
  virtual bool is_member(std::string_view start) const = 0;
  virtual bool rubbish_is_error() const { return false; }

  std::unexpected<Error> bad(std::string_view detail) const {
    return with_status(corrupt("decompress", path(), detail).error(), Status::bad_data);
  }
  std::unexpected<Error> no_memory() const { return fail("decompress", path(), "not enough memory"); }
  std::unexpected<Error> cut_off() const { return bad("ends too early; was it cut off?"); }

 private:
  Result<bool> refill();
  Result<bool> next_member();

  std::unique_ptr<Source> input_;
  uint64_t limit_;
  std::string buffer_;
  std::string_view pending_;
  std::string joined_;  // the start of a member that lies across two blocks
  uint64_t produced_ = 0;
  bool input_ended_ = false;
  bool within_ = false;  // a member
  bool any_member_ = false;
  bool ended_ = false;
  bool rubbish_ = false;
};

Result<bool> StreamSource::refill() {
  if (pending_.empty() && !input_ended_) {
    pending_ = TRY(input_->next());
    input_ended_ = pending_.empty();
  }
  return !pending_.empty();
}

// Looks at what follows: a member, zeros that fill a tape's block, or rubbish.
Result<bool> StreamSource::next_member() {
  if (any_member_)
    while (TRY(refill()) && pending_.front() == '\0')
      pending_.remove_prefix(std::min(pending_.find_first_not_of('\0'), pending_.size()));
  if (!TRY(refill()))
    return any_member_ ? Result<bool>(false) : Result<bool>(bad("is empty"));
  // Two bytes tell; the second may be in the next block.
  if (pending_.size() < 4) {
    std::string start(pending_);
    pending_ = {};
    while (start.size() < 4 && TRY(refill())) {
      start += pending_;
      pending_ = {};
    }
    joined_ = std::move(start);
    pending_ = joined_;
  }
  if (is_member(pending_)) {
    within_ = true;
    any_member_ = true;
    TRY(begin());
    return true;
  }
  if (!any_member_)
    return bad("is not compressed in this way, or damaged at its very start");
  if (rubbish_is_error())
    return bad("there is something else behind its end");
  rubbish_ = true;
  return false;
}

Result<std::string_view> StreamSource::next_into(std::string& memory) {
  memory.resize(output_size);
  size_t made = 0;
  while (!ended_ && made < output_size) {
    if (!within_ && !TRY(next_member())) {
      ended_ = true;
      break;
    }
    const bool more = TRY(refill());
    size_t count = 0;
    const size_t before = pending_.size();
    const Step result = TRY(step(pending_, memory.data() + made, output_size - made, count, !more));
    if (result == Step::more && !more && count == 0 && pending_.size() == before)
      return cut_off();
    within_ = result == Step::more;
    made += count;
  }
  if (made > limit_ - produced_)
    return bad(str("holds more than the ", human_size(limit_), " that it may"));
  produced_ += made;
  return std::string_view(memory).substr(0, made);
}

// --- gzip

class GzipSource : public StreamSource {
 public:
  using StreamSource::StreamSource;

 private:
  // Of a member, in their order; those between are where the flags say so.
  enum class Part : uint8_t { start, extra_size, extra, name, comment, header_sum, data, trailer };

  bool is_member(std::string_view start) const override { return start.starts_with("\x1f\x8b"); }
  Result<> begin() override {
    part_ = Part::start;
    flags_ = 0;
    at_ = 0;
    sum_ = header_sum_ = size_ = 0;
    inflater_.reset();
    return {};
  }
  Result<Step> step(std::string_view& in, char* out, size_t room, size_t& made, bool last) override;
  Result<> take_header(char byte);
  Result<bool> take_trailer(std::string_view& in);
  bool has(Part part) const;

  static uint32_t add_to_sum(uint32_t sum, const char* bytes, size_t size) {
    return static_cast<uint32_t>(::crc32_z(sum, reinterpret_cast<const Bytef*>(bytes), size));
  }

  Inflater inflater_;
  Part part_ = Part::start;
  uint8_t flags_ = 0;
  unsigned at_ = 0;      // within the part
  uint64_t number_ = 0;  // that the part is
  uint32_t sum_ = 0;
  uint32_t header_sum_ = 0;
  uint32_t size_ = 0;
};

bool GzipSource::has(Part part) const {
  switch (part) {
    case Part::extra_size: return (flags_ & 4) != 0;
    case Part::extra: return (flags_ & 4) != 0 && number_ > 0;
    case Part::name: return (flags_ & 8) != 0;
    case Part::comment: return (flags_ & 16) != 0;
    case Part::header_sum: return (flags_ & 2) != 0;
    default: return true;
  }
}

Result<> GzipSource::take_header(char byte) {
  const auto value = static_cast<uint8_t>(byte);
  if (part_ != Part::header_sum)
    header_sum_ = add_to_sum(header_sum_, &byte, 1);
  if (part_ == Part::extra_size || part_ == Part::header_sum)
    number_ |= uint64_t{value} << at_ * 8;
  const unsigned at = at_++;
  if (part_ == Part::start && at == 3)
    flags_ = value;
  if (part_ == Part::start && ((at == 2 && value != 8) || (flags_ & 0xe0) != 0))
    return bad("is compressed in a way that is not supported");
  const bool ends = part_ == Part::start                            ? at_ == 10
                    : part_ == Part::extra                          ? at_ == number_
                    : part_ == Part::name || part_ == Part::comment ? value == 0
                                                                    : at_ == 2;
  if (!ends)
    return {};
  if (part_ == Part::header_sum && number_ != (header_sum_ & 0xffff))
    return bad("is damaged: the sum of its header is wrong");
  do
    part_ = static_cast<Part>(static_cast<int>(part_) + 1);
  while (!has(part_));
  if (part_ != Part::extra)
    number_ = 0;
  at_ = 0;
  return {};
}

// False where there is not enough input.
Result<bool> GzipSource::take_trailer(std::string_view& in) {
  for (; at_ < 8; ++at_) {
    const auto byte = inflater_.next_byte(in);
    if (!byte)
      return false;
    number_ |= uint64_t{*byte} << at_ * 8;
  }
  if (number_ != (uint64_t{size_} << 32 | sum_))
    return bad("is damaged: its sum is wrong");
  return true;
}

Result<StreamSource::Step> GzipSource::step(std::string_view& in, char* out, size_t room, size_t& made, bool /*last*/) {
  for (; part_ < Part::data && !in.empty(); in.remove_prefix(1))
    TRY(take_header(in.front()));
  if (part_ == Part::data) {
    const Inflater::Outcome outcome = inflater_.run(in, out, room, made);
    if (outcome == Inflater::Outcome::damaged)
      return bad("is damaged");
    sum_ = add_to_sum(sum_, out, made);
    size_ += static_cast<uint32_t>(made);
    if (outcome == Inflater::Outcome::end)
      part_ = Part::trailer;
  }
  return part_ == Part::trailer && TRY(take_trailer(in)) ? Step::end : Step::more;
}

// --- bzip2

class Bzip2Source : public StreamSource {
 public:
  using StreamSource::StreamSource;
  ~Bzip2Source() override { end(); }

 private:
  void end() {
    if (std::exchange(ready_, false))
      (void)::BZ2_bzDecompressEnd(&stream_);
  }
  bool is_member(std::string_view start) const override { return start.starts_with("BZh"); }
  Result<> begin() override {
    end();
    stream_ = {};
    ready_ = ::BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK;
    return ready_ ? Result<>() : no_memory();
  }
  Result<Step> step(std::string_view& in, char* out, size_t room, size_t& made, bool /*last*/) override {
    const auto given = static_cast<unsigned>(std::min<size_t>(in.size(), UINT32_MAX));
    stream_.next_in = const_cast<char*>(in.data());
    stream_.avail_in = given;
    stream_.next_out = out;
    stream_.avail_out = static_cast<unsigned>(room);
    const int done = ::BZ2_bzDecompress(&stream_);
    in.remove_prefix(given - stream_.avail_in);
    made = room - stream_.avail_out;
    switch (done) {
      case BZ_OK: return Step::more;
      case BZ_STREAM_END: return Step::end;
      case BZ_MEM_ERROR: return no_memory();
      default: return bad("is damaged");
    }
  }

  bz_stream stream_{};
  bool ready_ = false;
};

// --- xz and lzma

class XzSource : public StreamSource {
 public:
  XzSource(std::unique_ptr<Source> input, bool old_form, const DecodeOptions& options)
      : StreamSource(std::move(input), options.limit),
        old_form_(old_form),
        flags_(LZMA_CONCATENATED | (options.sums ? 0 : LZMA_IGNORE_CHECK)),
        memory_(options.memory),
        threads_(thread_count(options.threads)) {}
  ~XzSource() override { ::lzma_end(&stream_); }

 private:
  bool is_member(std::string_view start) const override {
    return old_form_ || start.starts_with(xz_magic.substr(0, 4));
  }
  bool rubbish_is_error() const override { return true; }
  Result<> begin() override {
    lzma_ret done = LZMA_OK;
    if (old_form_) {
      done = ::lzma_alone_decoder(&stream_, memory_);
    } else if (threads_ > 1) {
      lzma_mt settings{};
      settings.flags = flags_;
      settings.threads = threads_;
      settings.memlimit_stop = memory_;
      settings.memlimit_threading = memory_ / 2;
      done = ::lzma_stream_decoder_mt(&stream_, &settings);
    } else {
      done = ::lzma_stream_decoder(&stream_, memory_, flags_);
    }
    return done == LZMA_OK ? Result<>() : no_memory();
  }
  Result<Step> step(std::string_view& in, char* out, size_t room, size_t& made, bool last) override {
    stream_.next_in = reinterpret_cast<const uint8_t*>(in.data());
    stream_.avail_in = in.size();
    stream_.next_out = reinterpret_cast<uint8_t*>(out);
    stream_.avail_out = room;
    const lzma_ret done = ::lzma_code(&stream_, last ? LZMA_FINISH : LZMA_RUN);
    in.remove_prefix(in.size() - stream_.avail_in);
    made = room - stream_.avail_out;
    switch (done) {
      case LZMA_OK: return Step::more;
      case LZMA_STREAM_END: return Step::end;
      case LZMA_BUF_ERROR: return last ? Result<Step>(cut_off()) : Result<Step>(Step::more);
      case LZMA_MEM_ERROR: return no_memory();
      case LZMA_MEMLIMIT_ERROR: return bad("asks for more memory to decompress than is allowed");
      case LZMA_FORMAT_ERROR: return bad("is not compressed in this way, or there is something else behind its end");
      case LZMA_OPTIONS_ERROR: return bad("is compressed in a way that is not supported");
      default: return bad("is damaged");
    }
  }

  bool old_form_;
  uint32_t flags_;
  uint64_t memory_;
  unsigned threads_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

// --- those that are decompressed elsewhere, or not at all

class OtherSource : public DecoderSource {
 public:
  explicit OtherSource(std::unique_ptr<Source> source) : source_(std::move(source)) {}
  Result<std::string_view> next() override { return source_->next(); }
  Result<std::string_view> next_into(std::string& memory) override { return source_->next_into(memory); }
  std::string_view path() const override { return source_->path(); }

 private:
  std::unique_ptr<Source> source_;
};

}  // namespace

Codec codec_of(std::string_view start) {
  if (start.starts_with("\x1f\x8b"))
    return Codec::gzip;
  if (start.starts_with("BZh"))
    return Codec::bzip2;
  if (start.starts_with(xz_magic))
    return Codec::xz;
  if (looks_like_zstd(start))
    return Codec::zstd;
  return looks_like_lzma(start) ? Codec::lzma : Codec::none;
}

Codec codec_of_name(std::string_view name) {
  struct Ending {
    std::string_view text;
    Codec codec;
  };
  constexpr Ending endings[] = {
      {".gz", Codec::gzip},   {".tgz", Codec::gzip},   {".taz", Codec::gzip},  {".bz2", Codec::bzip2},
      {".tz2", Codec::bzip2}, {".tbz2", Codec::bzip2}, {".tbz", Codec::bzip2}, {".xz", Codec::xz},
      {".txz", Codec::xz},    {".lzma", Codec::lzma},  {".tlz", Codec::lzma},  {".zst", Codec::zstd},
      {".tzst", Codec::zstd},
  };
  for (const Ending& ending : endings)
    if (name.ends_with(ending.text))
      return ending.codec;
  return Codec::none;
}

unsigned thread_count(unsigned asked) {
  const long there = ::sysconf(_SC_NPROCESSORS_ONLN);
  const unsigned all = there > 0 ? static_cast<unsigned>(std::min(there, 64L)) : 1;
  return asked == 0 ? all : std::min(asked, 64U);
}

std::unique_ptr<DecoderSource> decode(std::unique_ptr<Source> input, Codec codec, const DecodeOptions& options) {
  switch (codec) {
    case Codec::gzip: return std::make_unique<GzipSource>(std::move(input), options.limit);
    case Codec::bzip2: return std::make_unique<Bzip2Source>(std::move(input), options.limit);
    case Codec::xz:
    case Codec::lzma: return std::make_unique<XzSource>(std::move(input), codec == Codec::lzma, options);
    case Codec::zstd:
      return std::make_unique<OtherSource>(std::make_unique<ZstdSource>(
          std::move(input), ZstdLimits{.output = options.limit, .window_log = options.window_log}));
    case Codec::none: break;
  }
  return std::make_unique<OtherSource>(std::move(input));
}

}  // namespace rescue
