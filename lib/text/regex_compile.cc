// Trees to programs, from the end to the beginning: each piece is told what comes after it.
#include <algorithm>

#include "lib/text/regex_program.h"

namespace rescue::regex {
namespace {

// How much more code there may be than tree: as much as repetitions make of it.
constexpr size_t max_growth = 400000;

struct Utf8 {
  uint8_t bytes[4];
  unsigned length;
};

Utf8 encode(uint32_t code) {
  const auto tail = [code](unsigned shift) { return static_cast<uint8_t>(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80)
    return {{static_cast<uint8_t>(code)}, 1};
  if (code < 0x800)
    return {{static_cast<uint8_t>(0xc0 | (code >> 6)), tail(0)}, 2};
  if (code < 0x10000)
    return {{static_cast<uint8_t>(0xe0 | (code >> 12)), tail(6), tail(0)}, 3};
  return {{static_cast<uint8_t>(0xf0 | (code >> 18)), tail(12), tail(6), tail(0)}, 4};
}

class Compiler {
 public:
  Compiler(const Tree& tree, const RegexSyntax& syntax) : tree_(tree) {
    program_.bytes = syntax.bytes;
    program_.ignore_case = syntax.ignore_case;
    program_.line_end = static_cast<uint8_t>(syntax.line_end);
    program_.has_separator = syntax.has_separator;
    program_.separator = static_cast<uint8_t>(syntax.separator);
    program_.groups = tree.groups;
    program_.has_back_references = tree.has_back_references;
    bytes_ = syntax.bytes;
  }

  Result<Program> compile() {
    program_.start = emit(tree_.root, add({.op = Op::match}));
    if (too_large_)
      return fail("", "", "Regular expression too big");
    return std::move(program_);
  }

 private:
  uint32_t add(const Instruction& instruction) {
    if (program_.code.size() >= max_growth + tree_.nodes.size()) {
      too_large_ = true;
      return 0;
    }
    program_.code.push_back(instruction);
    return static_cast<uint32_t>(program_.code.size() - 1);
  }

  uint32_t emit(uint32_t index, uint32_t next) {
    const Node& node = tree_.nodes[index];
    if (too_large_)
      return next;
    switch (node.kind) {
      case Kind::empty: return next;
      case Kind::literal: return emit_literal(node, next);
      case Kind::set: return emit_set(tree_.sets[node.value], next);
      case Kind::assertion:
        program_.has_assertions = true;
        program_.has_word_assertions |= asks_for_words(static_cast<Assert>(node.value));
        return add({.op = Op::assertion, .value = node.value, .out = next});
      case Kind::group: {
        const uint32_t end = add({.op = Op::save, .value = node.value * 2 + 1, .out = next});
        return add({.op = Op::save, .value = node.value * 2, .out = emit(node.child, end)});
      }
      case Kind::back_reference: return add({.op = Op::back_reference, .value = node.value, .out = next});
      case Kind::repeat: return emit_repeat(node, next);
      case Kind::sequence: {
        const std::vector<uint32_t> children = children_of(node);
        for (size_t i = children.size(); i-- > 0;)
          next = emit(children[i], next);
        return next;
      }
      case Kind::choice: {
        const std::vector<uint32_t> children = children_of(node);
        uint32_t rest = emit(children.back(), next);
        for (size_t i = children.size() - 1; i-- > 0;) {
          const uint32_t one = emit(children[i], next);
          rest = add({.op = Op::split, .out = one, .out1 = rest});
        }
        return rest;
      }
    }
    return next;
  }

  std::vector<uint32_t> children_of(const Node& node) const {
    std::vector<uint32_t> children;
    for (uint32_t child = node.child; child != none; child = tree_.nodes[child].next)
      children.push_back(child);
    return children;
  }

  uint32_t emit_byte(uint8_t low, uint8_t high, uint32_t next) {
    return add({.op = Op::range, .low = low, .high = high, .out = next});
  }

  uint32_t emit_literal(const Node& node, uint32_t next) {
    if (node.raw || bytes_)
      return emit_byte(static_cast<uint8_t>(node.value), static_cast<uint8_t>(node.value), next);
    const Utf8 text = encode(node.value);
    for (unsigned i = text.length; i-- > 0;)
      next = emit_byte(text.bytes[i], text.bytes[i], next);
    return next;
  }

  uint32_t emit_set(const CharSet& set, uint32_t next) {
    const auto same = std::ranges::find(program_.sets, set.bits);
    const auto place = static_cast<uint32_t>(same - program_.sets.begin());
    if (same == program_.sets.end())
      program_.sets.push_back(set.bits);
    uint32_t entry = add({.op = Op::set, .value = place, .out = next});
    tails_.clear();
    for (const CodeRange& range : set.ranges)
      entry = emit_codes(range.low, range.high, next, entry);
    return entry;
  }

  // Characters of a range as ranges of bytes, before what `rest` matches. Splits until all but the first byte of an
  // encoding can take any value.
  uint32_t emit_codes(uint32_t low, uint32_t high, uint32_t next, uint32_t rest) {
    for (const uint32_t limit : {0x7fU, 0x7ffU, 0xffffU})
      if (low <= limit && limit < high)
        return emit_codes(limit + 1, high, next, emit_codes(low, limit, next, rest));
    for (unsigned i = 1; i < encode(high).length; ++i) {
      const uint32_t mask = (1U << (6 * i)) - 1;
      if ((low & ~mask) == (high & ~mask))
        continue;
      if ((low & mask) != 0)
        return emit_codes((low | mask) + 1, high, next, emit_codes(low, low | mask, next, rest));
      if ((high & mask) != mask)
        return emit_codes(high & ~mask, high, next, emit_codes(low, (high & ~mask) - 1, next, rest));
    }
    const Utf8 first = encode(low);
    const Utf8 last = encode(high);
    uint32_t entry = next;
    for (unsigned i = first.length; i-- > 0;)
      entry = tail(first.bytes[i], last.bytes[i], entry);
    return add({.op = Op::split, .out = rest, .out1 = entry});
  }

  // The bytes that encodings of one set end with are shared.
  uint32_t tail(uint8_t low, uint8_t high, uint32_t next) {
    for (const uint32_t known : tails_) {
      const Instruction& is = program_.code[known];
      if (is.low == low && is.high == high && is.out == next)
        return known;
    }
    tails_.push_back(emit_byte(low, high, next));
    return tails_.back();
  }

  bool can_be_empty(uint32_t index) const {
    const Node& node = tree_.nodes[index];
    const auto child_can = [this](uint32_t child) { return can_be_empty(child); };
    switch (node.kind) {
      case Kind::literal:
      case Kind::set: return false;
      case Kind::group: return can_be_empty(node.child);
      case Kind::repeat: return node.min == 0 || can_be_empty(node.child);
      case Kind::sequence: return std::ranges::all_of(children_of(node), child_can);
      case Kind::choice: return std::ranges::any_of(children_of(node), child_can);
      default: return true;
    }
  }

  uint32_t emit_repeat(const Node& node, uint32_t next) {
    uint32_t copies = node.min;
    if (node.max == none) {
      const uint32_t entry = emit_loop(node.child, next);
      if (node.min == 0)
        return add({.op = Op::split, .out = entry, .out1 = next});
      next = entry;
      --copies;
    } else {
      const uint32_t after = next;
      for (uint32_t i = node.min; i < node.max && !too_large_; ++i)
        next = add({.op = Op::split, .out = emit(node.child, next), .out1 = after});
    }
    for (; copies > 0 && !too_large_; --copies)
      next = emit(node.child, next);
    return next;
  }

  // Once or more.
  uint32_t emit_loop(uint32_t child, uint32_t next) {
    const bool can_be_idle = can_be_empty(child);
    const uint32_t number = can_be_idle ? program_.loops++ : 0;
    const uint32_t again = add({.op = can_be_idle ? Op::loop : Op::split, .value = number, .out1 = next});
    const uint32_t entry = emit(child, again);
    program_.code[again].out = entry;
    return can_be_idle ? add({.op = Op::mark, .value = number, .out = entry}) : entry;
  }

  const Tree& tree_;
  Program program_;
  std::vector<uint32_t> tails_;
  bool bytes_ = false;
  bool too_large_ = false;
};

// What is known of the texts that a part matches.
struct Known {
  bool exact = false;  // it matches `text` and nothing else
  std::string text;    // else the longest text that each match holds
};

class Finder {
 public:
  explicit Finder(const Tree& tree) : tree_(tree) {}

  Required find() {
    Known known = look(tree_.root);
    return {std::move(known.text), known.exact && plain_};
  }

 private:
  Known look(uint32_t index) {
    const Node& node = tree_.nodes[index];
    switch (node.kind) {
      case Kind::empty: return {true, {}};
      case Kind::literal: return {true, literal(node)};
      case Kind::assertion: plain_ = false; return {true, {}};
      case Kind::group: return look(node.child);
      case Kind::repeat: return look_at_repeat(node);
      case Kind::sequence: return look_at_sequence(node);
      case Kind::choice: return look_at_choice(node);
      default: return {};
    }
  }

  std::string literal(const Node& node) const {
    if (node.raw)
      return {static_cast<char>(node.value)};
    const Utf8 text = encode(node.value);
    return {reinterpret_cast<const char*>(text.bytes), text.length};
  }

  Known look_at_repeat(const Node& node) {
    Known known = look(node.child);
    if (node.min == 0)
      return {};
    if (node.min != 1 || node.max != 1)
      known.exact = false;
    return known;
  }

  Known look_at_sequence(const Node& node) {
    std::string run;
    std::string best;
    bool exact = true;
    const auto settle = [&] {
      if (run.size() > best.size())
        best = run;
      run.clear();
    };
    for (uint32_t child = node.child; child != none; child = tree_.nodes[child].next) {
      Known known = look(child);
      if (known.exact) {
        run += known.text;
        continue;
      }
      exact = false;
      settle();
      if (known.text.size() > best.size())
        best = std::move(known.text);
    }
    settle();
    return {exact, std::move(best)};
  }

  Known look_at_choice(const Node& node) {
    Known known = look(node.child);
    for (uint32_t child = tree_.nodes[node.child].next; child != none; child = tree_.nodes[child].next)
      if (Known other = look(child); !other.exact || !known.exact || other.text != known.text)
        return {};
    return known;
  }

  const Tree& tree_;
  bool plain_ = true;
};

}  // namespace

Result<Program> compile(const Tree& tree, const RegexSyntax& syntax) {
  return Compiler(tree, syntax).compile();
}

Required required_text(const Tree& tree) {
  return Finder(tree).find();
}

}  // namespace rescue::regex
