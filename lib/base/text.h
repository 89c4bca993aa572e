// Text: building strings, reading numbers, showing names and sizes.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdarg>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace rescue {

// One part of a text: a string, a character or an integer. Holds no memory of its own.
class Part {
 public:
  Part(std::string_view text) : text_(text) {}    // NOLINT(google-explicit-constructor)
  Part(const char* text) : text_(text) {}         // NOLINT(google-explicit-constructor)
  Part(const std::string& text) : text_(text) {}  // NOLINT(google-explicit-constructor)
  Part(char c) : length_(1) { digits_[0] = c; }   // NOLINT(google-explicit-constructor)
  template <std::integral T>
    requires(!std::same_as<T, char> && !std::same_as<T, bool>)
  Part(T number) {  // NOLINT(google-explicit-constructor)
    length_ = static_cast<uint8_t>(std::to_chars(digits_, digits_ + sizeof digits_, number).ptr - digits_);
  }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;

  std::string_view view() const { return length_ != 0 ? std::string_view(digits_, length_) : text_; }

 private:
  std::string_view text_;
  char digits_[23];
  uint8_t length_ = 0;
};

// A part that is shown as printable() does, without a string in between: str("no ", Printable(name)).
template <typename T>
struct Printable {
  const T& text;
};
template <typename T>
Printable(const T&) -> Printable<T>;

// The same as quoted_word() does (see quote.h): str("cannot open ", Quoted(name)).
template <typename T>
struct Quoted {
  const T& text;
};
template <typename T>
Quoted(const T&) -> Quoted<T>;

// A std::string, and nothing that could be made into one: what is called at hundreds of places with a string takes one
// as it is, beside a view of any text.
template <typename T>
concept String = std::same_as<T, std::string>;

namespace detail {

// Any number of parts of any type go to one function, as printf's do: four bits for each say what it is. A function for
// each combination of types, of which there are a thousand, was a tenth of the executable.
enum class PartKind : uint8_t {
  end,
  c_string,
  string,
  view,
  character,
  unsigned_number,
  signed_number,
  printable_c_string,
  printable_string,
  printable_view,
  quoted_c_string,
  quoted_string,
  quoted_view,
};

template <typename T>
struct PartKindOf {
  static constexpr PartKind value = std::same_as<T, char>               ? PartKind::character
                                    : std::same_as<T, std::string>      ? PartKind::string
                                    : std::same_as<T, std::string_view> ? PartKind::view
                                    : std::unsigned_integral<T>         ? PartKind::unsigned_number
                                    : std::integral<T>                  ? PartKind::signed_number
                                                                        : PartKind::c_string;
};

constexpr PartKind from(PartKind first, PartKind text) {
  return static_cast<PartKind>(static_cast<int>(first) + static_cast<int>(text) - static_cast<int>(PartKind::c_string));
}
template <typename T>
struct PartKindOf<Printable<T>> {
  static constexpr PartKind value = from(PartKind::printable_c_string, PartKindOf<T>::value);
};
template <typename T>
struct PartKindOf<Quoted<T>> {
  static constexpr PartKind value = from(PartKind::quoted_c_string, PartKindOf<T>::value);
};

// The first part's kind is in the lowest bits.
template <typename... T>
consteval uint64_t part_kinds() {
  static_assert(sizeof...(T) <= 16);
  uint64_t kinds = 0;
  int shift = 0;
  ((kinds |= static_cast<uint64_t>(PartKindOf<T>::value) << shift, shift += 4), ...);
  return kinds;
}

// A view, in two registers.
struct PassedView {
  const char* data;
  size_t size;
};

// What is passed of it: a character, a number or a view as it is, a string's address.
template <typename T>
[[gnu::always_inline]] inline auto passed(const T& part) {
  static_assert(!std::same_as<T, bool>);
  if constexpr (std::same_as<T, char>)
    return static_cast<int>(part);
  else if constexpr (std::signed_integral<T>)
    return static_cast<long long>(part);
  else if constexpr (std::integral<T>)
    return static_cast<unsigned long long>(part);
  else if constexpr (std::same_as<T, std::string>)
    return &part;
  else if constexpr (std::same_as<T, std::string_view>)
    return PassedView{part.data(), part.size()};
  else if constexpr (requires { part.text; })
    return passed(part.text);
  else
    return static_cast<const char*>(part);
}

// Hands each part to `take`.
void each_part(uint64_t kinds, va_list parts, void (*take)(void* to, std::string_view part), void* to);
std::string join_parts(uint64_t kinds, va_list parts);
std::string join(uint64_t kinds, ...);

}  // namespace detail

// Joins texts and numbers: str("needs ", 12, " KiB").
template <typename... T>
[[gnu::always_inline]] inline std::string str(const T&... parts) {
  return detail::join(detail::part_kinds<T...>(), detail::passed(parts)...);
}

// A whole text read as a number, or nothing: no sign, blank or rest is tolerated, an overflow is not a number.
template <std::integral T>
std::optional<T> to_number(std::string_view text, int base = 10) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

std::string to_octal(uint64_t number);
std::string to_hex(std::string_view bytes);                  // lower case, two digits a byte
std::optional<std::string> from_hex(std::string_view text);  // the reverse; nothing if not hex

// The name with control characters, backslashes and invalid UTF-8 as \ooo, fit for a terminal and for one line.
std::string printable(std::string_view name);
std::string printable(const String auto& name);

// "1.4 MiB": for people; one decimal below ten.
std::string human_size(uint64_t bytes);

// "1 file", "2 files".
std::string count_of(uint64_t count, std::string_view singular, std::string_view plural = {});

// The pieces between separators; an empty text has one empty piece.
std::vector<std::string_view> split(std::string_view text, char separator);
std::vector<std::string_view> split(const String auto& text, char separator);

// Without blanks and tabs at both ends.
std::string_view trim(std::string_view text);

// The last component of a path and what is before it ("." where there is none), without touching the disk.
std::string_view base_name(std::string_view path);
std::string_view base_name(const String auto& path);
std::string_view dir_name(std::string_view path);
std::string_view dir_name(const String auto& path);

// fnmatch(3)-like match in the C locale: `*`, `?`, `[set]`, backslash; `*` and `?` do not match `/`,
// `**` does.
bool glob_match(std::string_view pattern, std::string_view text);

}  // namespace rescue
