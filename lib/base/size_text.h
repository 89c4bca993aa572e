// Sizes as GNU's tools read and print them: 4K, 1.5M, --block-size=KiB.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rescue {

// How sizes are printed: in blocks of so many bytes, or with the unit that fits each.
struct SizeStyle {
  uint64_t block = 1024;
  bool automatic = false;  // 1.1K, 234M
  bool binary = true;      // units of 1024, else of 1000
  bool show_unit = false;  // the unit of `block` after each number
  bool show_b = false;     // kB, KiB
};

constexpr SizeStyle human_style = {.block = 1, .automatic = true, .binary = true, .show_unit = true};
constexpr SizeStyle si_style = {.block = 1, .automatic = true, .binary = false, .show_unit = true};
constexpr SizeStyle byte_style = {.block = 1};

enum class SizeProblem : uint8_t { none, invalid, bad_suffix, too_large };

// A number and its unit: "5", "5K" (1024), "5KB" (1000), "5KiB", with those of `letters` ("KMGTPEZY", and "b" for 512
// where it is among them). No number before the unit means one of it. Too large for 64 bits is an error of its own,
// and `value` is the largest number then.
struct ParsedSize {
  uint64_t value = 0;
  SizeProblem problem = SizeProblem::none;
  bool has_number = false;
};
ParsedSize parse_size(std::string_view text, std::string_view letters = "KkMmGgTtPEZY");

// The argument of --block-size: a size, "human-readable" or "si".
struct ParsedStyle {
  SizeStyle style;
  SizeProblem problem = SizeProblem::none;
};
ParsedStyle parse_size_style(std::string_view text);

// The style that the environment asks for (BLOCK_SIZE, BLOCKSIZE, POSIXLY_CORRECT), else blocks of 1024. What cannot
// be understood there is ignored. `own`, such as "LS_BLOCK_SIZE", is asked first.
SizeStyle size_style_of_environment(const char* own);

// `count` times `unit` bytes, rounded up.
std::string size_text(uint64_t count, uint64_t unit, const SizeStyle& style);

}  // namespace rescue
