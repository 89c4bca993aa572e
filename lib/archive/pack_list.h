// What the compressors say of a file: in a list (-l), and after it is done (-v). For pack_command.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/archive/codec.h"
#include "lib/base/error.h"
#include "lib/base/io.h"

namespace rescue {

// One file that was compressed, decompressed or tested.
struct PackSum {
  std::string_view name;
  std::string_view target;  // empty for standard output
  uint64_t read = 0;
  uint64_t written = 0;
  uint64_t header = 0;  // gzip: bytes that are not the compressed content
  bool packed = false;
  bool tested = false;
  bool replaced = false;
  size_t longest_name = 0;
};

// The line that the command of this codec prints.
std::string pack_sum(Codec codec, const PackSum& sum);

// The table of -l. Sizes come from headers, indexes and trailers; nothing is decompressed.
class PackLister {
 public:
  explicit PackLister(Codec codec) : codec_(codec) {}
  // Names the next file, the `number`th of `count`, where that stands above what is said of it: xz -lv.
  void name(std::string_view path, size_t number, size_t count, Io& io) const;
  // `path` is the file, `name` what is listed.
  Result<> add(int fd, std::string_view path, std::string_view name, bool verbose, Io& io);
  // Prints the sums of several files.
  void finish(bool verbose, Io& io);

 private:
  Result<> add_gzip(int fd, std::string_view path, std::string_view name, bool verbose, Io& io);
  Result<> add_xz(int fd, std::string_view path, bool verbose, Io& io);
  Result<> add_zstd(int fd, std::string_view path, Io& io);

  Codec codec_;
  unsigned files_ = 0;
  uint64_t streams_ = 0;  // and frames
  uint64_t blocks_ = 0;   // and frames that are passed over
  uint64_t packed_ = 0;
  uint64_t plain_ = 0;
  uint64_t overhead_ = 0;
  uint64_t padding_ = 0;
  uint32_t checks_ = 0;
};

}  // namespace rescue
