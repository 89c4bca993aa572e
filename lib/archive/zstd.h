// zstd streams: read with bounds on what a hostile file may cost, written the same on every machine.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "lib/archive/sink.h"
#include "lib/archive/source.h"
#include "lib/base/error.h"
#include "lib/base/large_memory.h"

struct ZSTD_DCtx_s;
struct ZSTD_CCtx_s;

namespace rescue {

// The limits of reading: all bytes that may come out, and the memory that a frame may ask for, as a power of two.
// `zstd -19` asks for 8 MiB, `--long` for 128 MiB (27).
struct ZstdLimits {
  uint64_t output = uint64_t{1} << 40;
  int window_log = 27;
};

// The decompressed bytes of a zstd file: one frame or several, skippable ones among them. Checks the checksums that
// the frames carry. A file that ends within a frame, anything but a frame after the last one, an empty file, and one
// beyond the limits are errors (status bad_data).
class ZstdSource : public Source {
 public:
  // The compressed bytes come from `input`. With `keep`, all is decompressed into it from its start on: what next()
  // hands out stays where it is, one piece behind the other. More than it has room for is an error.
  explicit ZstdSource(std::unique_ptr<Source> input, ZstdLimits limits = {}, const LargeMemory* keep = nullptr);
  Result<std::string_view> next() override { return next_into(buffer_); }
  Result<std::string_view> next_into(std::string& memory) override;
  std::string_view path() const override { return input_->path(); }
  // How many bytes came out so far.
  uint64_t produced() const { return produced_; }

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  Result<> start();
  Result<size_t> step(std::span<char> output, size_t from, size_t input_limit);
  Result<bool> refill();
  Result<std::string_view> next_part(std::string& memory);
  std::unexpected<Error> bad(std::string_view detail) const;

  std::unique_ptr<Source> input_;
  ZstdLimits limits_;
  const LargeMemory* keep_;
  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
  std::string buffer_;
  std::string_view pending_;  // compressed bytes not yet consumed
  uint64_t produced_ = 0;
  bool within_frame_ = false;
  bool full_ = false;  // the last output filled the buffer
  bool any_input_ = false;
};

// Whether a file that begins with these bytes is a zstd file.
bool looks_like_zstd(std::string_view start);

// Compresses into another sink: one frame with a checksum of its content. The bytes depend on the input, the level
// and the version of libzstd alone: not on the number of processors, nor on how the input was cut into pieces.
class ZstdSink : public Sink {
 public:
  // `path` names the output in errors.
  static Result<std::unique_ptr<ZstdSink>> open(Sink& output, int level, std::string_view path);
  ZstdSink(Sink& output, std::string_view path);  // for open()
  Result<> write(std::string_view bytes) override;
  // Ends the frame. Nothing may be written after it.
  Result<> finish();

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  Result<> configure(int level);
  Result<> compress(std::string_view bytes, bool end);

  Sink& output_;
  std::string path_;
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace rescue
