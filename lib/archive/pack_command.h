// What gzip, bzip2, xz, zstd and their other names do: one command, with the manners of each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/archive/codec.h"
#include "lib/base/error.h"
#include "lib/base/io.h"
#include "lib/base/options.h"

namespace rescue {

enum class PackMode : uint8_t { compress, decompress, test, list };

struct PackOptions {
  std::optional<PackMode> mode;
  bool to_stdout = false;
  bool keep = false;
  bool remove = false;
  bool force = false;
  bool recursive = false;
  bool with_name = false;
  bool without_name = false;
  bool extreme = false;
  bool ultra = false;
  bool no_checksum = false;
  bool no_sparse = false;
  unsigned quiet = 0;
  unsigned verbose = 0;
  std::optional<int> level;
  std::optional<std::string> threads;
  std::optional<std::string> window;  // of zstd --long
  std::optional<std::string> format;  // of xz --format
  std::string check;
  std::string suffix;
  std::string output;
  std::string directory;
};

// The option -0 to -9: of zstd, whose levels have two digits, the later digit goes behind the earlier.
template <int digit>
Result<> set_level(PackOptions& options, std::string_view /*argument*/) {
  options.level = digit;
  return {};
}
template <int digit>
Result<> add_level_digit(PackOptions& options, std::string_view /*argument*/) {
  const int two = options.level.value_or(0) * 10 + digit;
  options.level = two <= 22 ? two : digit;
  return {};
}

// The command that was called: what it reads and writes, and whether it decompresses without being asked.
struct PackCall {
  Codec codec;
  PackMode mode = PackMode::compress;
  bool to_stdout = false;
};

Result<int> run_pack(const PackCall& call, const PackOptions& options, Io& io, const Args& args);

}  // namespace rescue
