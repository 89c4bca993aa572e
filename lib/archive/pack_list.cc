#include "lib/archive/pack_list.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <lzma.h>
#include <sys/stat.h>

#include "lib/base/bytes.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/base/time_text.h"

namespace rescue {

namespace {

std::string padded(std::string text, size_t width, bool left = false) {
  if (text.size() < width)
    text.insert(left ? text.size() : 0, width - text.size(), ' ');
  return text;
}

// `over` divided by `under`, times `scale`, with some decimals, without the C library's floating-point output.
std::string fixed(double value, unsigned decimals) {
  const bool negative = value < 0;
  uint64_t scale = 1;
  for (unsigned i = 0; i < decimals; ++i)
    scale *= 10;
  // A header may say anything.
  const double most = 9e18 / static_cast<double>(scale);
  const auto units =
      static_cast<uint64_t>(std::llround(std::min(negative ? -value : value, most) * static_cast<double>(scale)));
  std::string text = str(negative && units != 0 ? "-" : "", units / scale);
  if (decimals > 0)
    text += str('.', padded(str(scale + units % scale).substr(1), decimals));
  return text;
}

double ratio_of(uint64_t over, uint64_t under) {
  return under == 0 ? 0 : static_cast<double>(over) / static_cast<double>(under);
}

// What gzip saved: " 62.2%".
std::string saved(uint64_t packed, uint64_t plain, uint64_t header) {
  const auto content = static_cast<double>(packed) - static_cast<double>(header);
  const double part = plain == 0 ? 0 : 1 - content / static_cast<double>(plain);
  return padded(fixed(part * 100, 1), 5) + '%';
}

// As xz shows sizes: bytes up to 9999, then with one decimal.
std::string xz_size(uint64_t size) {
  constexpr std::string_view units[] = {" B", " KiB", " MiB", " GiB", " TiB"};
  auto value = static_cast<double>(size);
  size_t unit = 0;
  if (size > 9999)
    do {
      value /= 1024;
      ++unit;
    } while (unit + 1 < std::size(units) && value > 9999.9);
  return str(fixed(value, unit == 0 ? 0 : 1), units[unit]);
}

std::string xz_ratio(uint64_t packed, uint64_t plain) {
  const double ratio = ratio_of(packed, plain);
  return plain == 0 || ratio > 9.999 ? std::string("---") : fixed(ratio, 3);
}

// As zstd shows them: three digits, and the unit apart.
struct ZstdSize {
  std::string number;
  std::string_view unit;
};

ZstdSize zstd_size(uint64_t size) {
  constexpr std::string_view units[] = {" B", " KiB", " MiB", " GiB", " TiB"};
  auto value = static_cast<double>(size);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(units)) {
    value /= 1024;
    ++unit;
  }
  const unsigned decimals = value >= 100 || unit == 0 ? 0 : value >= 10 ? 1 : 2;
  return {fixed(value, decimals), units[unit]};
}

std::string check_names(uint32_t checks, std::string_view between) {
  constexpr std::pair<unsigned, std::string_view> names[] = {{0, "None"}, {1, "CRC32"}, {4, "CRC64"}, {10, "SHA-256"}};
  std::string text;
  for (const auto& [number, name] : names)
    if ((checks >> number & 1) != 0)
      text += str(text.empty() ? "" : between, name);
  return text;
}

// With the number of bytes behind, where that is another one.
std::string xz_exact_size(uint64_t size) {
  return size > 9999 ? str(xz_size(size), " (", size, " B)") : xz_size(size);
}

// What one file has, or all of them.
struct XzSums {
  uint64_t streams;
  uint64_t blocks;
  uint64_t packed;
  uint64_t plain;
  uint64_t padding;
  uint32_t checks;
};

std::string xz_row(const XzSums& sums) {
  return str(padded(str(sums.streams), 5), padded(str(sums.blocks), 8), padded(xz_size(sums.packed), 13),
             padded(xz_size(sums.plain), 13), padded(xz_ratio(sums.packed, sums.plain), 7), "  ",
             padded(check_names(sums.checks, ","), 7, true), ' ');
}

std::string xz_details(const XzSums& sums) {
  return str("  Streams:           ", sums.streams, "\n  Blocks:            ", sums.blocks,
             "\n  Compressed size:   ", xz_exact_size(sums.packed),
             "\n  Uncompressed size: ", xz_exact_size(sums.plain),
             "\n  Ratio:             ", xz_ratio(sums.packed, sums.plain),
             "\n  Check:             ", check_names(sums.checks, ", "),
             "\n  Stream Padding:    ", xz_exact_size(sums.padding), '\n');
}

// A row of the tables of streams and blocks, up to the check.
std::string xz_details_row(const uint64_t (&numbers)[6], lzma_check check) {
  std::string text(3, ' ');
  constexpr uint8_t widths[] = {6, 9, 15, 15, 15, 15};
  for (size_t i = 0; i < std::size(widths); ++i)
    text += str(' ', padded(str(numbers[i]), widths[i]));
  return str(text, "  ", padded(xz_ratio(numbers[4], numbers[5]), 5), "  ", check_names(1U << check, ""));
}

constexpr std::string_view xz_offsets = "      CompOffset    UncompOffset";

// Streams, then blocks; the padding behind the streams.
uint64_t put_xz_tables(const lzma_index* index, bool tables, Output& out) {
  lzma_index_iter at;
  ::lzma_index_iter_init(&at, index);
  uint64_t padding = 0;
  if (tables)
    out.put("  Streams:\n    Stream    Blocks", xz_offsets,
            "        CompSize      UncompSize  Ratio  Check      Padding\n");
  while (::lzma_index_iter_next(&at, LZMA_INDEX_ITER_STREAM) == 0) {
    const auto& stream = at.stream;
    padding += stream.padding;
    if (tables)
      out.put(padded(xz_details_row({stream.number, stream.block_count, stream.compressed_offset,
                                     stream.uncompressed_offset, stream.compressed_size, stream.uncompressed_size},
                                    stream.flags->check),
                     104, true),
              padded(str(stream.padding), 7), '\n');
  }
  if (!tables || ::lzma_index_block_count(index) == 0)
    return padding;
  out.put("  Blocks:\n    Stream     Block", xz_offsets, "       TotalSize      UncompSize  Ratio  Check\n");
  ::lzma_index_iter_rewind(&at);
  while (::lzma_index_iter_next(&at, LZMA_INDEX_ITER_BLOCK) == 0) {
    const auto& block = at.block;
    out.put(xz_details_row({at.stream.number, block.number_in_stream, block.compressed_file_offset,
                            block.uncompressed_file_offset, block.total_size, block.uncompressed_size},
                           at.stream.flags->check),
            '\n');
  }
  return padding;
}

std::unexpected<Error> damaged(std::string_view path, std::string_view detail) {
  return with_status(corrupt("list", path, detail).error(), Status::failed);
}

Result<uint64_t> size_of(int fd, std::string_view path) {
  struct stat info{};
  if (::fstat(fd, &info) < 0)
    return fail("list", path);
  if (!S_ISREG(info.st_mode))
    return fail("list", path, "is not a file: its end must be looked at");
  return static_cast<uint64_t>(info.st_size);
}

struct FreeIndex {
  void operator()(lzma_index* index) const { ::lzma_index_end(index, nullptr); }
};
using Index = std::unique_ptr<lzma_index, FreeIndex>;

class InfoDecoder {
 public:
  ~InfoDecoder() { ::lzma_end(&stream_); }

  // The indexes of all streams, found from the end of the file.
  Result<Index> run(int fd, uint64_t size, std::string_view path) {
    lzma_index* index = nullptr;
    if (::lzma_file_info_decoder(&stream_, &index, uint64_t{1} << 28, size) != LZMA_OK)
      return fail("list", path, "not enough memory");
    std::array<char, 8192> buffer;
    uint64_t offset = 0;
    while (true) {
      if (stream_.avail_in == 0) {
        const size_t count = TRY(pread_full(fd, buffer, offset, path));
        offset += count;
        stream_.next_in = reinterpret_cast<const uint8_t*>(buffer.data());
        stream_.avail_in = count;
      }
      switch (::lzma_code(&stream_, LZMA_RUN)) {
        case LZMA_OK: break;
        case LZMA_STREAM_END: return Index(index);
        case LZMA_SEEK_NEEDED:
          offset = stream_.seek_pos;
          stream_.avail_in = 0;
          break;
        case LZMA_FORMAT_ERROR: return damaged(path, "is not in xz format");
        default: return damaged(path, "is damaged, or was cut off");
      }
    }
  }

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

// A zstd frame, as its headers say.
struct Frame {
  uint64_t end = 0;
  uint64_t content = 0;
  bool knows_content = false;
  bool skipped = false;
  bool checked = false;
};

class FrameReader {
 public:
  FrameReader(int fd, uint64_t size, std::string_view path) : fd_(fd), size_(size), path_(path) {}

  Result<Frame> read(uint64_t offset) {
    const Bytes head = TRY(load(offset, 18));
    const auto magic = TRY(head.read<uint32_t>(0, "a frame"));
    if ((magic & 0xfffffff0) == 0x184d2a50) {
      const auto length = TRY(head.read<uint32_t>(4, "a frame"));
      return in_file({.end = offset + 8 + length, .skipped = true});
    }
    if (magic != 0xfd2fb528)
      return damaged(path_, "is not in zstd format");
    const auto flags = TRY(head.read<uint8_t>(4, "a frame"));
    const bool single = (flags & 0x20) != 0;
    constexpr unsigned dictionary_sizes[] = {0, 1, 2, 4};
    const unsigned at = 5 + (single ? 0 : 1) + dictionary_sizes[flags & 3];
    const unsigned length = flags >> 6 == 0 ? (single ? 1U : 0U) : 1U << (flags >> 6);
    Frame frame{.knows_content = length != 0, .checked = (flags & 4) != 0};
    for (unsigned i = length; i > 0; --i)
      frame.content = frame.content << 8 | TRY(head.read<uint8_t>(at + i - 1, "a frame"));
    if (length == 2)
      frame.content += 256;
    frame.end = TRY(end_of_blocks(offset + at + length)) + (frame.checked ? 4 : 0);
    return in_file(frame);
  }

 private:
  Result<Frame> in_file(const Frame& frame) const {
    return frame.end <= size_ ? Result<Frame>(frame) : Result<Frame>(damaged(path_, "ends too early; was it cut off?"));
  }

  Result<Bytes> load(uint64_t offset, size_t count) {
    const size_t found = TRY(pread_full(fd_, {buffer_.data(), count}, offset, path_));
    return Bytes(std::string_view(buffer_.data(), found), path_);
  }

  Result<uint64_t> end_of_blocks(uint64_t offset) {
    while (true) {
      const Bytes head = TRY(load(offset, 3));
      const uint32_t number = TRY(head.read<uint16_t>(0, "a block")) | uint32_t{TRY(head.read<uint8_t>(2, "a block"))}
                                                                           << 16;
      // A run of one byte holds that byte.
      offset += 3 + ((number >> 1 & 3) == 1 ? 1 : number >> 3);
      if (offset > size_)
        return damaged(path_, "ends too early; was it cut off?");
      if ((number & 1) != 0)
        return offset;
    }
  }

  int fd_;
  uint64_t size_;
  std::string_view path_;
  std::array<char, 32> buffer_;
};

std::string zstd_row(uint64_t frames, uint64_t skips, uint64_t packed, std::optional<uint64_t> plain, bool checked,
                     std::string_view name) {
  const ZstdSize small = zstd_size(packed);
  std::string text = str(padded(str(frames), 6), "  ", padded(str(skips), 5), "  ", padded(small.number, 6),
                         padded(std::string(small.unit), 4));
  if (plain) {
    const ZstdSize large = zstd_size(*plain);
    text += str("  ", padded(large.number, 8), padded(std::string(large.unit), 4), "  ",
                padded(fixed(ratio_of(*plain, packed), 3), 5));
  } else {
    text += std::string(21, ' ');
  }
  return str(text, "  ", padded(checked ? "XXH64" : "None", 5), "  ", name, '\n');
}

}  // namespace

std::string pack_sum(Codec codec, const PackSum& sum) {
  const uint64_t packed = sum.packed ? sum.written : sum.read;
  const uint64_t plain = sum.packed ? sum.read : sum.written;
  switch (codec) {
    case Codec::gzip: {
      std::string text = str(sum.name, ":\t", sum.tested ? " OK" : saved(packed, plain, sum.header));
      if (!sum.target.empty())
        text += str(sum.replaced ? " -- replaced with " : " -- created ", sum.target);
      return text + '\n';
    }
    case Codec::bzip2: {
      const std::string start = str("  ", padded(str(sum.name, ":"), sum.longest_name + 1, true), ' ');
      if (!sum.packed)
        return str(start, sum.tested ? "ok" : "done", '\n');
      if (plain == 0)
        return str(start, " no data compressed.\n");
      const double ratio = ratio_of(packed, plain);
      return str(start, padded(fixed(ratio_of(plain, packed), 3), 6), ":1, ", padded(fixed(8 * ratio, 3), 6),
                 " bits/byte, ", padded(fixed(100 * (1 - ratio), 2), 5), "% saved, ", plain, " in, ", packed,
                 " out.\n");
    }
    case Codec::zstd: {
      const std::string name = padded(std::string(sum.name), 20, true);
      if (!sum.packed)
        return str(name, ": ", plain, " bytes \n");
      const ZstdSize large = zstd_size(plain);
      const ZstdSize small = zstd_size(packed);
      return str(name, " :", padded(fixed(100 * ratio_of(packed, plain), 2), 6), "%   (", padded(large.number, 6),
                 large.unit, " => ", padded(small.number, 6), small.unit, ", ", sum.target, ") \n");
    }
    default: return str(sum.name, ": ", xz_size(packed), " / ", xz_size(plain), " = ", xz_ratio(packed, plain), '\n');
  }
}

Result<> PackLister::add(int fd, std::string_view path, std::string_view name, bool verbose, Io& io) {
  switch (codec_) {
    case Codec::gzip: return add_gzip(fd, path, name, verbose, io);
    case Codec::zstd: return add_zstd(fd, path, io);
    default: return add_xz(fd, path, verbose, io);
  }
}

Result<> PackLister::add_gzip(int fd, std::string_view path, std::string_view name, bool verbose, Io& io) {
  const uint64_t size = TRY(size_of(fd, path));
  std::array<char, 512> start;
  std::array<char, 8> end;
  const Bytes head(std::string_view(start.data(), TRY(pread_full(fd, start, 0, path))), path);
  if (!head.text().starts_with("\x1f\x8b"))
    return damaged(path, "is not in gzip format");
  if (size < 18 || TRY(pread_full(fd, end, size - end.size(), path)) != end.size())
    return damaged(path, "ends too early; was it cut off?");
  const Bytes trailer(std::string_view(end.data(), end.size()), path);
  const auto sum = TRY(trailer.read<uint32_t>(0, "the sum"));
  const auto plain = TRY(trailer.read<uint32_t>(4, "the size"));
  const bool named = (TRY(head.read<uint8_t>(3, "the header")) & 8) != 0;
  const uint64_t overhead = 18 + (named ? TRY(head.c_string(10, "the name")).size() + 1 : 0);
  if (files_++ == 0)
    io.out.put(verbose ? "method  crc     date  time  " : "",
               "         compressed        uncompressed  ratio uncompressed_name\n");
  if (verbose) {
    struct stat info{};
    const auto mtime = TRY(head.read<uint32_t>(4, "the time"));
    const int64_t time = mtime != 0 || ::fstat(fd, &info) < 0 ? mtime : info.st_mtim.tv_sec;
    const auto fields = local_time(time);
    std::string digits = to_hex({end.data(), 4});
    // Little-endian on disk.
    digits = str(digits.substr(6, 2), digits.substr(4, 2), digits.substr(2, 2), digits.substr(0, 2));
    (void)sum;
    io.out.put("defla ", digits, ' ', fields ? time_text("%b %e %H:%M", *fields, time, 0) : std::string(12, '?'), ' ');
  }
  io.out.put(padded(str(size), 19), ' ', padded(str(plain), 19), ' ', saved(size, plain, overhead), ' ', name, '\n');
  packed_ += size;
  plain_ += plain;
  // GNU's totals count the last file's header alone.
  overhead_ = overhead;
  return {};
}

void PackLister::name(std::string_view path, size_t number, size_t count, Io& io) const {
  if (codec_ == Codec::xz || codec_ == Codec::lzma)
    io.out.put(number > 1 ? "\n" : "", path, " (", number, '/', count, ")\n");
}

Result<> PackLister::add_xz(int fd, std::string_view path, bool verbose, Io& io) {
  InfoDecoder decoder;
  const Index index = TRY(decoder.run(fd, TRY(size_of(fd, path)), path));
  const uint64_t packed = ::lzma_index_file_size(index.get());
  const uint64_t plain = ::lzma_index_uncompressed_size(index.get());
  const uint32_t checks = ::lzma_index_checks(index.get());
  const uint64_t streams = ::lzma_index_stream_count(index.get());
  const uint64_t blocks = ::lzma_index_block_count(index.get());
  if (files_++ == 0 && !verbose)
    io.out.put("Strms  Blocks   Compressed Uncompressed  Ratio  Check   Filename\n");
  const XzSums sums{streams, blocks, packed, plain, put_xz_tables(index.get(), false, io.out), checks};
  if (verbose) {
    io.out.put(xz_details(sums));
    (void)put_xz_tables(index.get(), true, io.out);
  } else {
    io.out.put(xz_row(sums), path, '\n');
  }
  padding_ += sums.padding;
  streams_ += streams;
  blocks_ += blocks;
  packed_ += packed;
  plain_ += plain;
  checks_ |= checks;
  return {};
}

Result<> PackLister::add_zstd(int fd, std::string_view path, Io& io) {
  const uint64_t size = TRY(size_of(fd, path));
  FrameReader reader(fd, size, path);
  uint64_t frames = 0;
  uint64_t skips = 0;
  std::optional<uint64_t> plain = 0;
  bool checked = false;
  if (size == 0)
    return damaged(path, "is empty");
  for (uint64_t offset = 0; offset < size;) {
    const Frame frame = TRY(reader.read(offset));
    offset = frame.end;
    ++(frame.skipped ? skips : frames);
    if (frame.skipped)
      continue;
    checked = frame.checked;
    plain = plain && frame.knows_content ? std::optional(*plain + frame.content) : std::nullopt;
  }
  if (files_++ == 0)
    io.out.put("Frames  Skips  Compressed  Uncompressed  Ratio  Check  Filename\n");
  io.out.put(zstd_row(frames, skips, size, plain, checked, path));
  streams_ += frames;
  blocks_ += skips;
  packed_ += size;
  plain_ += plain.value_or(0);
  checks_ |= checked ? 1 : 0;
  return {};
}

void PackLister::finish(bool verbose, Io& io) {
  if (files_ < 2)
    return;
  switch (codec_) {
    case Codec::gzip:
      io.out.put(padded(str(packed_), 19), ' ', padded(str(plain_), 19), ' ', saved(packed_, plain_, overhead_),
                 " (totals)\n");
      return;
    case Codec::zstd:
      io.out.put("----------------------------------------------------------------- \n",
                 zstd_row(streams_, blocks_, packed_, plain_, checks_ != 0, str(files_, " files")));
      return;
    default: {
      const XzSums sums{streams_, blocks_, packed_, plain_, padding_, checks_};
      if (verbose)
        io.out.put("\nTotals:\n  Number of files:   ", files_, '\n', xz_details(sums));
      else
        io.out.put(std::string(79, '-'), '\n', xz_row(sums), files_, " files\n");
    }
  }
}

}  // namespace rescue
