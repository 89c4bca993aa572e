// Decompresses deflated data (RFC 1951): what is in gzip and zip files. Streams in and out, in pieces of any size.
//
// In place of zlib's, which takes half as long again: codes are looked up in one step where they are up to 11 bits
// long, and what repeats is copied sixteen bytes at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rescue {

class Inflater {
 public:
  // `more`: the input is used up, or the room is.
  enum class Outcome : uint8_t { more, end, damaged };

  // Begins with other data.
  void reset();

  // Decompresses from `in`, which it shortens, to `out`, and says how much that made. After `end` and `damaged` only
  // reset() may follow, and next_byte().
  Outcome run(std::string_view& in, char* out, size_t room, size_t& made);

  // A byte of what follows behind the end: some of it may have been taken in already, at most seven bytes.
  std::optional<uint8_t> next_byte(std::string_view& in);

 private:
  static constexpr unsigned symbol_root = 11;
  static constexpr unsigned distance_root = 8;
  static constexpr size_t window_size = 32768;

  enum class Phase : uint8_t { block, stored, counts, code_lengths, lengths, symbols, end };
  enum class Step : uint8_t { on, wait, damaged };

  Outcome steps();
  Step begin_block();
  Step begin_stored();
  Step copy_stored();
  Step read_counts();
  Step read_code_lengths();
  Step read_lengths();
  Step read_symbols();
  Step read_symbol();
  Step copy_match();
  void run_fast();
  bool set_fixed();
  void take_from_window(char* out, size_t made, size_t distance, size_t length) const;
  void remember();

  // Whether there are so many bits, at most 56, together with what can be had of the input.
  bool want(unsigned count);
  unsigned take(unsigned count);
  void drop(unsigned count);

  // What is taken in and not used: the lowest bit is the next.
  uint64_t bits_ = 0;
  unsigned bit_count_ = 0;

  // Of this run.
  const uint8_t* in_ = nullptr;
  const uint8_t* in_end_ = nullptr;
  char* begin_ = nullptr;
  char* out_ = nullptr;
  char* out_end_ = nullptr;

  Phase phase_ = Phase::block;
  bool last_block_ = false;
  unsigned length_ = 0;  // of a match of which some is still to be copied, or of what is stored
  unsigned distance_ = 0;
  unsigned symbol_count_ = 0;
  unsigned distance_count_ = 0;
  unsigned code_length_count_ = 0;
  unsigned index_ = 0;
  uint8_t lengths_[320];

  // The sizes are the most that any complete code of 288 and 32 symbols needs.
  uint32_t symbols_[2342];
  uint32_t distances_[402];

  // The end of what was made before this run, at the window's end.
  size_t history_ = 0;
  char window_[window_size];
};

}  // namespace rescue
