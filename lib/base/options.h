// One table of options per applet feeds the parser, the help and the manual page.
//
// Each row points at a member of the applet's own Options struct, so that a typo does not compile and nothing
// global is set:
//
//   struct Options { bool all = false; std::string output; unsigned verbose = 0; };
//   constexpr Opt<Options> options[] = {
//       {'a', "all", &Options::all, "show hidden files too"},
//       {'o', "output", &Options::output, "write to FILE", "FILE"},
//       {'v', "verbose", &Options::verbose, "say more; may be given twice"},
//       {0, "color", &Options::color, "colour the names: always, never, auto", "[WHEN]"},
//   };
//
// A row without names is a heading in the help. An argument name in brackets may be left out: only `--color=x`
// (or `-cx`) gives one. A function in place of a member is called with Options and the argument ("" if none), in
// the order of the command line; set<&Options::member, value> is such a function for options that exclude each
// other, where the last one wins.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/dense_text.h"
#include "lib/base/error.h"

namespace rescue {

// The operands of a command, in order.
class Args {
 public:
  Args() = default;
  explicit Args(std::span<const char* const> words) : words_(words.begin(), words.end()) {}

  bool empty() const { return words_.empty(); }
  size_t size() const { return words_.size(); }
  std::string_view operator[](size_t i) const { return words_[i]; }
  auto begin() const { return words_.begin(); }
  auto end() const { return words_.end(); }
  void push(const char* word) { words_.push_back(word); }

  // Takes the first operand, or fails: "missing operand NAME".
  Result<std::string_view> shift(std::string_view name);
  // Fails when operands are left over: "extra operand 'x'".
  Result<> expect_end() const;

 private:
  std::vector<std::string_view> words_;
};

enum class OptKind : uint8_t { flag, count, text, text_list, size, maybe_text, call, heading };

// A row without its type. Its texts are offsets into the table's strings.
struct OptRow {
  char letter = 0;
  OptKind kind = OptKind::heading;
  uint16_t name = 0;  // offset 0 is the empty text
  uint16_t help = 0;
  uint16_t argument = 0;
};

// What the shared parser and the help need of an applet's table: no pointers but these two, for each would cost a
// relocation at every start of this position-independent program, and there are thousands of rows.
struct OptTable {
  const char* packed = nullptr;  // the rows, one behind the other, and then their strings
  uint16_t count = 0;            // of rows
  // Runs the function of a row that has one, and gives the address of the member that another row points at.
  Result<> (*reach)(void* options, std::string_view argument, size_t row, void*& member) = nullptr;

  OptRow operator[](size_t i) const {
    OptRow row;
    std::memcpy(&row, packed + i * sizeof row, sizeof row);
    return row;
  }
  const char* string(uint16_t at) const { return packed + count * sizeof(OptRow) + at; }
  std::string_view name(const OptRow& row) const { return string(row.name); }
  std::string help(const OptRow& row) const { return from_dense(string(row.help)); }
  std::string_view argument(const OptRow& row) const { return string(row.argument); }
  bool argument_optional(const OptRow& row) const { return argument(row).starts_with('['); }
};

template <typename O>
struct Opt {
  using Call = Result<> (*)(O&, std::string_view);
  union Target {
    bool O::* flag;
    unsigned O::* count;
    std::string O::* text;
    std::vector<std::string> O::* text_list;
    uint64_t O::* size;
    std::optional<std::string> O::* maybe_text;
    Call call;
  };

  consteval Opt(char letter, const char* name, bool O::* m, const char* help)
      : Opt(letter, name, OptKind::flag, {.flag = m}, help, nullptr) {}
  consteval Opt(char letter, const char* name, unsigned O::* m, const char* help)
      : Opt(letter, name, OptKind::count, {.count = m}, help, nullptr) {}
  consteval Opt(char letter, const char* name, std::string O::* m, const char* help, const char* argument)
      : Opt(letter, name, OptKind::text, {.text = m}, help, argument) {}
  consteval Opt(char letter, const char* name, std::vector<std::string> O::* m, const char* help, const char* argument)
      : Opt(letter, name, OptKind::text_list, {.text_list = m}, help, argument) {}
  consteval Opt(char letter, const char* name, uint64_t O::* m, const char* help, const char* argument)
      : Opt(letter, name, OptKind::size, {.size = m}, help, argument) {}
  consteval Opt(char letter, const char* name, std::optional<std::string> O::* m, const char* help,
                const char* argument)
      : Opt(letter, name, OptKind::maybe_text, {.maybe_text = m}, help, argument) {}
  consteval Opt(char letter, const char* name, Call m, const char* help, const char* argument = nullptr)
      : Opt(letter, name, OptKind::call, {.call = m}, help, argument) {}
  consteval explicit Opt(const char* heading)
      : Opt(0, nullptr, OptKind::heading, {.flag = nullptr}, heading, nullptr) {}

  char letter;
  OptKind kind;
  const char* name;
  const char* help;
  const char* argument;
  Target target;

 private:
  consteval Opt(char letter, const char* name, OptKind kind, Target target, const char* help, const char* argument)
      : letter(letter), kind(kind), name(name), help(help), argument(argument), target(target) {}
};

// Sets `member` to `value`: for options that exclude each other.
template <auto member, auto value, typename O>
Result<> set(O& options, std::string_view /*argument*/) {
  options.*member = value;
  return {};
}

// Two tables as one, for applets that share options: `constexpr auto table = join_rows(shared<Options>, own);`, and
// then `describe<table.rows>`.
template <typename O, size_t n>
struct JoinedRows {
  Opt<O> rows[n];
};
template <typename O, size_t a, size_t b>
consteval JoinedRows<O, a + b> join_rows(const Opt<O> (&first)[a], const Opt<O> (&second)[b]) {
  return [&]<size_t... i, size_t... j>(std::index_sequence<i...>, std::index_sequence<j...>) {
    return JoinedRows<O, a + b>{{first[i]..., second[j]...}};
  }(std::make_index_sequence<a>(), std::make_index_sequence<b>());
}

namespace detail {

consteval size_t text_size(const char* text) {
  return text == nullptr ? 0 : std::string_view(text).size() + 1;
}

consteval size_t dense_size(const char* text) {
  return text == nullptr ? 0 : make_dense(text, nullptr) + 1;
}

// The rows of a table with all their texts behind them, the help in its dense form.
template <auto& table>
consteval auto pack() {
  constexpr size_t rows_size = std::size(table) * sizeof(OptRow);
  constexpr size_t string_size = [] {
    size_t size = 1;
    for (const auto& opt : table)
      size += text_size(opt.name) + dense_size(opt.help) + text_size(opt.argument);
    return size;
  }();
  static_assert(string_size < 65536);
  std::array<char, rows_size + string_size> packed{};
  size_t end = 1;
  const auto add = [&](const char* text) {
    if (text == nullptr)
      return uint16_t{0};
    const size_t start = end;
    for (const char c : std::string_view(text))
      packed[rows_size + end++] = c;
    ++end;
    return static_cast<uint16_t>(start);
  };
  const auto add_help = [&](const char* text) {
    if (text == nullptr)
      return uint16_t{0};
    const size_t start = end;
    end += make_dense(text, &packed[rows_size + start]) + 1;
    return static_cast<uint16_t>(start);
  };
  for (size_t i = 0; i < std::size(table); ++i) {
    const OptRow row{table[i].letter, table[i].kind, add(table[i].name), add_help(table[i].help),
                     add(table[i].argument)};
    const auto bytes = std::bit_cast<std::array<char, sizeof row>>(row);
    for (size_t j = 0; j < bytes.size(); ++j)
      packed[i * sizeof row + j] = bytes[j];
  }
  return packed;
}

// The members alone, so that the table with its pointers to texts and functions is not part of the program.
template <typename O, size_t n>
consteval auto members_of(const Opt<O> (&table)[n]) {
  std::array<typename Opt<O>::Target, n> members{};
  for (size_t i = 0; i < n; ++i)
    if (table[i].kind != OptKind::call)
      members[i] = table[i].target;
  return members;
}

template <auto& table, typename O>
struct Described {
  static constexpr auto packed = pack<table>();
  static constexpr auto members = members_of(table);

  static Result<> reach(void* options, std::string_view argument, size_t row, void*& member) {
    O& o = *static_cast<O*>(options);
    switch (static_cast<OptKind>(packed[row * sizeof(OptRow) + offsetof(OptRow, kind)])) {
      case OptKind::flag: member = &(o.*members[row].flag); break;
      case OptKind::count: member = &(o.*members[row].count); break;
      case OptKind::text: member = &(o.*members[row].text); break;
      case OptKind::text_list: member = &(o.*members[row].text_list); break;
      case OptKind::size: member = &(o.*members[row].size); break;
      case OptKind::maybe_text: member = &(o.*members[row].maybe_text); break;
      case OptKind::call: return call<0>(o, argument, row);
      case OptKind::heading: break;
    }
    return {};
  }

  // A jump to the function of the row; the parameters stand where it wants them.
  template <size_t i>
  [[gnu::always_inline]] static Result<> call(O& o, std::string_view argument, size_t row) {
    if constexpr (i < std::size(table)) {
      if constexpr (table[i].kind == OptKind::call)
        if (row == i)
          return table[i].target.call(o, argument);
      return call<i + 1>(o, argument, row);
    }
    return {};
  }
};

template <typename O, size_t n>
O options_of(const Opt<O> (&)[n]);

}  // namespace detail

// The type of the struct that a table fills.
template <auto& table>
using OptionsOf = decltype(detail::options_of(table));

// The typeless table of `table`, for Applet::options.
template <auto& table>
constexpr OptTable describe = {
    .packed = detail::Described<table, OptionsOf<table>>::packed.data(),
    .count = std::size(table),
    .reach = detail::Described<table, OptionsOf<table>>::reach,
};

enum class Asked : uint8_t { nothing, help, version };

// Reads `words` (without the command's name) into `options` and `operands`. GNU's ways: options and operands may
// be mixed unless `operands_end_options`, `--` ends the options, `-abc` is `-a -b -c`, `--opt=value`, and a long
// option may be cut short while it is unambiguous. `--help` and `--version` are always understood, and end the
// reading; so are the letters of `asking`, for help and for version, where the table has none of them.
Result<Asked> parse_options(const OptTable& table, void* options, std::span<const char* const> words, Args& operands,
                            bool operands_end_options, std::string_view asking = {});

}  // namespace rescue
