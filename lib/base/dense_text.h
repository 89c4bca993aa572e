// Texts that are read but seldom, in half of the bytes: each byte from 0x80 on stands for a piece of a fixed list. They
// are made so at compile time, and are plain ASCII otherwise.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rescue {

namespace detail {

// The 128 pieces, sorted, each with a line's end behind it. Taken from the help of all applets, one after another, each
// time what saved most of what was left.
inline constexpr std::string_view dense_pieces =
    " the\n the \n(default)\n, \n: \n; \nDIR\nFILE\nPATTERN\na \na zero by\nac\nad\nake \nal\nall \nalway\nan\n"
    "and \nar\nare \nas\nas \nat\nbe\nbefore \nby \nbyte\nch\ncharacter\ncolumn\ncom\ncompres\nd \nde\ndefault\n"
    "devic\ndirector\ndo not \ne \ne, \neach \nen\ner\ner \nes\nes \nex\nfile\nfile \nfiles \nfirst \nfrom\ngroup\n"
    "ignored\nin\nin \ning \ninstead of \nis\nis \nit\nit \nk \nke\nkeep\nle\nleave out \nlin\nline\nmatch\nmember\n"
    "name\nname \nne\nno \nnot \nnothing\nnumber\no \nof \nof the \nol\non\none \nonly \noo\nor\nor \nou\now\nplac\n"
    "prin\nprint \nprint the \nproces\nre\ns \ns of \ns, \nsa\nse\nse \nsi\nst\nstandard \nsymbolic link\nsystem\n"
    "t \nte\nth\nthat \nthe sam\nthe same as -\ntim\nto \nun\nve \nver\nwh\nwhat \nwhat is \nwhere \nwith\nwith \n"
    "without \nwrite \ny \n";

// Not there: where a call is reached, there is no constant.
void a_dense_text_is_plain_ascii();

// Where the pieces that begin with a byte are; `pieces` has them by number.
struct DensePieces {
  std::array<std::string_view, 128> pieces;
  std::array<uint8_t, 128> first{};
  std::array<uint8_t, 128> end{};

  consteval DensePieces() {
    std::string_view rest = dense_pieces;
    for (size_t i = 0; i < pieces.size(); ++i) {
      const size_t size = rest.find('\n');
      pieces[i] = rest.substr(0, size);
      rest.remove_prefix(size + 1);
      const auto letter = static_cast<uint8_t>(pieces[i][0]);
      if (end[letter] == 0)
        first[letter] = static_cast<uint8_t>(i);
      end[letter] = static_cast<uint8_t>(i + 1);
    }
  }

  // Takes what one byte can stand for, the longest piece, and gives the byte.
  consteval char take(std::string_view& text) const {
    const auto letter = static_cast<uint8_t>(text[0]);
    if (letter >= 0x80)
      a_dense_text_is_plain_ascii();
    size_t best = pieces.size();
    for (size_t i = first[letter]; i < end[letter]; ++i)
      if (text.starts_with(pieces[i]) && (best == pieces.size() || pieces[i].size() > pieces[best].size()))
        best = i;
    const char byte = best < pieces.size() ? static_cast<char>(0x80 + best) : text[0];
    text.remove_prefix(best < pieces.size() ? pieces[best].size() : 1);
    return byte;
  }
};
inline constexpr DensePieces dense_index;

}  // namespace detail

// Writes the dense form of `text` to `out`, where that is not null; gives its size.
consteval size_t make_dense(std::string_view text, char* out) {
  size_t size = 0;
  while (!text.empty()) {
    const char byte = detail::dense_index.take(text);
    if (out != nullptr)
      out[size] = byte;
    ++size;
  }
  return size;
}

// The text of a dense form.
std::string from_dense(std::string_view dense);

// A text kept in its dense form; a view of what lives as long as the program.
class DenseText {
 public:
  constexpr DenseText() = default;
  constexpr explicit DenseText(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  size_t size() const { return bytes_.size(); }  // of the dense form
  std::string text() const { return from_dense(bytes_); }

 private:
  std::string_view bytes_;
};

// A text as an argument of a template.
template <size_t n>
struct FixedText {
  char bytes[n]{};
  consteval FixedText() = default;
  consteval FixedText(const char (&text)[n]) { std::copy_n(text, n, bytes); }
  consteval std::string_view view() const { return {bytes, n - 1}; }
};

namespace detail {

template <FixedText text>
inline constexpr auto dense_bytes = [] {
  std::array<char, make_dense(text.view(), nullptr)> bytes{};
  make_dense(text.view(), bytes.data());
  return bytes;
}();

}  // namespace detail

// dense<"no more than this"> is that text.
template <FixedText text>
inline constexpr DenseText dense{{detail::dense_bytes<text>.data(), detail::dense_bytes<text>.size()}};

}  // namespace rescue
