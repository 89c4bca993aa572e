// The format strings of `hexdump`: what a block of input is printed as.
//
// A format is a row of units, `COUNT/BYTES "TEXT"`, and TEXT holds conversions as printf's. Each format goes through
// the whole of each block anew.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/io.h"
#include "lib/text/dump_color.h"

namespace rescue {

class DumpFormat {
 public:
  // Adds a format: a row of units.
  Result<> add(std::string_view text);

  // All are added: works out how large a block is, and how often the last unit of each format is repeated. Colours are
  // not even looked at unless they are wanted.
  Result<> finish(bool colored);

  // Bytes of a block; 0 where nothing of the input is shown.
  size_t block_size() const { return block_; }

  // Prints a block, whose first `count` bytes are input; what would show others is printed as blanks.
  void print(std::string_view block, size_t count, uint64_t address, Output& out) const;

  // Prints what is to be printed once at the end.
  void print_end(uint64_t address, Output& out) const;

 private:
  enum class Kind : uint8_t {
    text,
    address,
    character,
    named,
    escaped,
    printable,
    integer,
    unsigned_integer,
    fraction,
    string
  };

  // A conversion with the text before it, or the text at the end of a unit.
  struct Piece {
    Kind kind = Kind::text;
    std::string before;
    std::string flags;
    size_t width = 0;
    std::string precision;  // with its point
    char conversion = 0;
    size_t bytes = 0;
    std::string color_list;
    std::vector<DumpColor> colors;
  };

  struct Unit {
    size_t repeats = 1;
    bool repeats_given = false;
    size_t bytes = 0;
    bool bytes_given = false;
    bool at_end = false;
    std::vector<Piece> pieces;
  };

  using Format = std::vector<Unit>;

  static Result<Unit> take_unit(std::string_view& text);
  static Result<> parse_pieces(std::string_view text, Unit& unit);
  static Result<Piece> take_conversion(std::string_view& text, const Unit& unit);
  static Result<> take_colors(std::string_view& text, Piece& piece);
  static Result<> classify(std::string_view& text, const Unit& unit, Piece& piece);
  static size_t size_of(const Format& format);
  static std::string_view color_of(const Piece& piece, std::string_view bytes, uint64_t address);
  static void put_unsigned(const Piece& piece, uint64_t value, Output& out);
  static void print_piece(const Piece& piece, std::string_view bytes, uint64_t address, Output& out);

  std::vector<Format> formats_;
  size_t block_ = 0;
};

}  // namespace rescue
