#include "lib/archive/zstd.h"

#include <algorithm>
#include <memory>

#include <unistd.h>
// For the parameter that lets the output stay where it is.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

#include "lib/base/text.h"

namespace rescue {

namespace {

// Two of zstd's blocks: long enough for system calls, short enough to stay in the processor's cache.
constexpr size_t output_size = 256 * 1024;

// Of input at a time, where the output has no end of its own: makes about as much output.
constexpr size_t input_step = 64 * 1024;

// More would ask for gigabytes of memory at the high levels.
constexpr long max_workers = 4;

std::string_view reason(ZSTD_ErrorCode code) {
  switch (code) {
    case ZSTD_error_prefix_unknown: return "is not compressed with zstd, or there is something else behind its end";
    case ZSTD_error_checksum_wrong: return "is damaged: the checksum of its content is wrong";
    case ZSTD_error_frameParameter_windowTooLarge: return "asks for more memory to decompress than is allowed";
    case ZSTD_error_memory_allocation: return "not enough memory to decompress";
    case ZSTD_error_dstSize_tooSmall: return "holds more than it may";
    case ZSTD_error_dictionary_wrong: return "needs a dictionary to decompress";
    default: return "is damaged";
  }
}

}  // namespace

bool looks_like_zstd(std::string_view start) {
  // A frame, or a skippable frame (16 magic numbers).
  const bool skippable = start.size() >= 4 && (start[0] & '\xf0') == '\x50' && start.substr(1, 3) == "\x2a\x4d\x18";
  return start.starts_with("\x28\xb5\x2f\xfd") || skippable;
}

void ZstdSource::Free::operator()(ZSTD_DCtx_s* context) const {
  ZSTD_freeDCtx(context);
}

ZstdSource::ZstdSource(std::unique_ptr<Source> input, ZstdLimits limits, const LargeMemory* keep)
    : input_(std::move(input)), limits_(limits), keep_(keep) {}

std::unexpected<Error> ZstdSource::bad(std::string_view detail) const {
  return with_status(corrupt("decompress", path(), detail).error(), Status::bad_data);
}

Result<> ZstdSource::start() {
  context_.reset(ZSTD_createDCtx());
  if (!context_)
    return fail("decompress", path(), "not enough memory");
  if (ZSTD_isError(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, limits_.window_log)))
    return fail("decompress", path(), "the limit of memory is out of range");
  if (keep_ != nullptr && ZSTD_isError(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_stableOutBuffer, 1)))
    return fail("decompress", path(), "libzstd refuses its settings");
  return {};
}

// Sees to it that there is compressed input; false at its end.
Result<bool> ZstdSource::refill() {
  if (pending_.empty())
    pending_ = TRY(input_->next());
  return !pending_.empty();
}

// Decompresses to output[from] and on; says how many bytes.
Result<size_t> ZstdSource::step(std::span<char> output, size_t from, size_t input_limit) {
  ZSTD_inBuffer in{pending_.data(), std::min(pending_.size(), input_limit), 0};
  ZSTD_outBuffer out{output.data(), output.size(), from};
  const size_t left = ZSTD_decompressStream(context_.get(), &out, &in);
  if (ZSTD_isError(left)) {
    const ZSTD_ErrorCode code = ZSTD_getErrorCode(left);
    if (code == ZSTD_error_memory_allocation)
      return fail("decompress", path(), reason(code));
    return bad(reason(code));
  }
  pending_.remove_prefix(in.pos);
  within_frame_ = left != 0;
  full_ = keep_ == nullptr && out.pos == out.size;
  return out.pos - from;
}

Result<std::string_view> ZstdSource::next_part(std::string& memory) {
  if (keep_ != nullptr) {
    const auto from = static_cast<size_t>(produced_);
    return keep_->text().substr(from, TRY(step(keep_->bytes(), from, input_step)));
  }
  memory.resize(output_size);
  return std::string_view(memory).substr(0, TRY(step(memory, 0, SIZE_MAX)));
}

Result<std::string_view> ZstdSource::next_into(std::string& memory) {
  if (!context_)
    TRY(start());
  while (true) {
    // When the output was full, the decoder may hold more of it that needs no input.
    if (!(within_frame_ && full_) && !TRY(refill())) {
      if (within_frame_)
        return bad("ends too early; was it cut off?");
      if (!any_input_)
        return bad("is empty");
      return std::string_view();
    }
    any_input_ = true;
    const std::string_view part = TRY(next_part(memory));
    if (part.size() > limits_.output - produced_)
      return bad(str("holds more than the ", human_size(limits_.output), " that it may"));
    produced_ += part.size();
    if (!part.empty())
      return part;
  }
}

void ZstdSink::Free::operator()(ZSTD_CCtx_s* context) const {
  ZSTD_freeCCtx(context);
}

ZstdSink::ZstdSink(Sink& output, std::string_view path)
    : output_(output),
      path_(path),
      context_(ZSTD_createCCtx()),
      buffer_(std::make_unique_for_overwrite<char[]>(output_size)) {}

Result<std::unique_ptr<ZstdSink>> ZstdSink::open(Sink& output, int level, std::string_view path) {
  auto sink = std::make_unique<ZstdSink>(output, path);
  if (!sink->context_)
    return fail("compress", path, "not enough memory");
  TRY(sink->configure(level));
  return sink;
}

Result<> ZstdSink::configure(int level) {
  const auto set = [&](ZSTD_cParameter parameter, int value) {
    return !ZSTD_isError(ZSTD_CCtx_setParameter(context_.get(), parameter, value));
  };
  const ZSTD_bounds levels = ZSTD_cParam_getBounds(ZSTD_c_compressionLevel);
  if (level < levels.lowerBound || level > levels.upperBound)
    return fail("compress", path_, "there is no level ", level);
  // How a file is cut into jobs depends on their size alone, but without any worker the bytes are others: so at
  // least one works, on a machine with one processor too. (A libzstd without threads refuses, and has but one way.)
  const long workers = std::clamp(::sysconf(_SC_NPROCESSORS_ONLN), 1L, max_workers);
  (void)set(ZSTD_c_nbWorkers, static_cast<int>(workers));
  if (!set(ZSTD_c_compressionLevel, level) || !set(ZSTD_c_checksumFlag, 1) || !set(ZSTD_c_contentSizeFlag, 0))
    return fail("compress", path_, "libzstd refuses its settings");
  return {};
}

Result<> ZstdSink::compress(std::string_view bytes, bool end) {
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  while (true) {
    ZSTD_outBuffer out{buffer_.get(), output_size, 0};
    const size_t left = ZSTD_compressStream2(context_.get(), &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left))
      return fail("compress", path_, ZSTD_getErrorName(left));
    TRY(output_.write({buffer_.get(), out.pos}));
    if (end ? left == 0 : in.pos == in.size)
      return {};
  }
}

Result<> ZstdSink::write(std::string_view bytes) {
  return bytes.empty() ? Result<>() : compress(bytes, false);
}

Result<> ZstdSink::finish() {
  return compress({}, true);
}

}  // namespace rescue
