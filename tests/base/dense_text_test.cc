#include "lib/base/dense_text.h"

#include <doctest/doctest.h>

namespace rescue { namespace {

template <size_t n>
struct Dense {
  std::array<char, n> bytes{};
  size_t size;

  consteval explicit Dense(const char (&text)[n]) : size(make_dense(text, bytes.data())) {}
  std::string_view view() const { return {bytes.data(), size}; }
};

TEST_CASE("dense text: it comes back as it was, and was shorter") {
  constexpr Dense help("do not follow the symbolic links in the directory; with --all, every file of it");
  CHECK(from_dense(help.view()) == "do not follow the symbolic links in the directory; with --all, every file of it");
  CHECK(help.size < 50);
  constexpr Dense nothing("");
  CHECK(from_dense(nothing.view()).empty());
  constexpr Dense letters("!\"#$%&'()*+,-./0123456789:;<=>?@ABCXYZ[\\]^_`{|}~\n\t");
  CHECK(from_dense(letters.view()) == "!\"#$%&'()*+,-./0123456789:;<=>?@ABCXYZ[\\]^_`{|}~\n\t");
}

TEST_CASE("dense text: one that is part of the program") {
  constexpr DenseText note = dense<"do not follow the symbolic links in the directory">;
  CHECK(note.text() == "do not follow the symbolic links in the directory");
  CHECK(note.size() < 30);
  CHECK_FALSE(note.empty());
  CHECK(DenseText().empty());
  CHECK(DenseText().text().empty());
}

TEST_CASE("dense text: every piece stands for itself, and for no more than one byte") {
  const detail::DensePieces& all = detail::dense_index;
  for (size_t i = 0; i < all.pieces.size(); ++i) {
    CHECK(from_dense(std::string(1, static_cast<char>(0x80 + i))) == all.pieces[i]);
    CHECK((i == 0 || all.pieces[i - 1] < all.pieces[i]));
  }
}

}}  // namespace rescue
