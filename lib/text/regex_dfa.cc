#include "lib/text/regex_dfa.h"

#include <algorithm>
#include <span>

#include "lib/base/sort.h"

namespace rescue::regex {
namespace {

// When there are more, all are forgotten: a text that asks for that many asks for few of them again.
constexpr size_t max_states = 6000;
constexpr size_t max_pool = 1 << 21;

}  // namespace

Dfa::Dfa(const Program& program) : program_(program), seen_(program.code.size()) {
  make_classes();
  clear();
  find_first_bytes();
}

// Bytes that no instruction tells apart are one column of the table.
// Once for each pattern: in no hurry.
[[clang::minsize]] void Dfa::make_classes() {
  unsigned count = 1;
  const auto divide = [&](const ByteSet& set) {
    int renamed[256];
    std::ranges::fill(renamed, -1);
    bool outside[256] = {};
    for (unsigned byte = 0; byte < 256; ++byte)
      if (!has(set, static_cast<uint8_t>(byte)))
        outside[classes_[byte]] = true;
    for (unsigned byte = 0; byte < 256; ++byte) {
      const unsigned old = classes_[byte];
      if (!has(set, static_cast<uint8_t>(byte)) || !outside[old])
        continue;
      if (renamed[old] < 0)
        renamed[old] = static_cast<int>(count++);
      classes_[byte] = static_cast<uint8_t>(renamed[old]);
    }
  };
  const auto range = [](unsigned low, unsigned high) {
    ByteSet set{};
    for (unsigned byte = low; byte <= high; ++byte)
      set[byte >> 6] |= uint64_t{1} << (byte & 63);
    return set;
  };
  bool done[256] = {};  // single bytes, most of what there is in long lists
  for (const Instruction& is : program_.code) {
    if (is.op != Op::range || (is.low == is.high && done[is.low]))
      continue;
    done[is.low] = done[is.low] || is.low == is.high;
    divide(range(is.low, is.high));
  }
  for (const ByteSet& set : program_.sets)
    divide(set);
  if (program_.has_assertions) {
    divide(range(program_.line_end, program_.line_end));
    ByteSet words{};
    for (unsigned byte = 0; byte < 0x80; ++byte)
      if (is_word_byte(static_cast<uint8_t>(byte)))
        words[byte >> 6] |= uint64_t{1} << (byte & 63);
    divide(words);
    divide(range(0x80, 0xff));
  }
  if (program_.has_separator)
    divide(range(program_.separator, program_.separator));
  class_count_ = count;
  for (unsigned byte = 0; byte < 256; ++byte)
    examples_[classes_[byte]] = static_cast<uint8_t>(byte);
  end_symbol_ = count;
  width_ = (count + 2) & ~1U;  // even, as `unknown` is odd
}

void Dfa::clear() {
  transitions_.clear();
  states_.clear();
  pool_.clear();
  table_.assign(1024, none);
  std::ranges::fill(starts_, 0);
  std::vector<uint32_t> no_places;
  // The first row is never a start, so that 0 can mean none.
  dead_ = intern(no_places, at_start, false);
}

// The same.
[[clang::minsize]] void Dfa::find_first_bytes() {
  std::vector<uint32_t> stack{program_.start};
  std::vector<uint32_t> places;
  close(stack, places, -1, -1);
  for (const uint32_t place : places) {
    const Instruction& is = program_.code[place];
    if (is.op != Op::range && is.op != Op::set) {
      first_bytes_.fill(~uint64_t{0});
      return;
    }
    for (unsigned byte = 0; byte < 256; ++byte)
      if (accepts(place, static_cast<uint8_t>(byte)))
        first_bytes_[byte >> 6] |= uint64_t{1} << (byte & 63);
  }
  for (unsigned byte = 0; byte < 256; ++byte)
    if (has(first_bytes_, static_cast<uint8_t>(byte)))
      skip_to_ += static_cast<char>(byte);
  if (skip_to_.size() > 4)
    skip_to_.clear();
}

bool Dfa::accepts(uint32_t place, uint8_t byte) const {
  const Instruction& is = program_.code[place];
  if (is.op == Op::range)
    return byte >= is.low && byte <= is.high;
  if (is.op == Op::set)
    return has(program_.sets[is.value], byte);
  // A back-reference can be anything here; what is found is looked at again.
  return is.op == Op::back_reference && !(program_.has_separator && byte == program_.separator);
}

Dfa::Before Dfa::before_of(uint8_t byte) const {
  if (!program_.has_assertions)
    return elsewhere;
  return byte == program_.line_end ? at_newline : is_word_byte(byte) ? in_word : elsewhere;
}

Dfa::After Dfa::after_of(unsigned symbol) const {
  if (symbol == end_symbol_ || (program_.has_separator && symbol == classes_[program_.separator]))
    return before_end;
  const uint8_t byte = examples_[symbol];
  return byte == program_.line_end ? before_newline : is_word_byte(byte) ? before_word : before_other;
}

bool Dfa::holds(Assert what, int before, int after) const {
  const bool word_before = before == in_word;
  const bool word_after = after == before_word;
  switch (what) {
    case Assert::text_start: return before == at_start;
    case Assert::text_end: return after == before_end;
    case Assert::line_start: return before == at_start || before == at_newline;
    case Assert::line_end: return after == before_end || after == before_newline;
    case Assert::word_edge: return word_before != word_after;
    case Assert::no_word_edge: return word_before == word_after;
    case Assert::word_start: return !word_before && word_after;
    case Assert::word_end: return word_before && !word_after;
    case Assert::no_word_before: return !word_before;
    case Assert::no_word_after: return !word_after;
  }
  return false;
}

// Adds to `places` all that can be reached without a byte. Assertions stay places as long as what is around them is
// not known (below zero).
void Dfa::close(std::vector<uint32_t>& stack, std::vector<uint32_t>& places, int before, int after) {
  ++turn_;
  while (!stack.empty()) {
    const uint32_t place = stack.back();
    stack.pop_back();
    if (seen_[place] == turn_)
      continue;
    seen_[place] = turn_;
    const Instruction& is = program_.code[place];
    switch (is.op) {
      case Op::split:
      case Op::loop:
        stack.push_back(is.out1);
        stack.push_back(is.out);
        break;
      case Op::mark:
      case Op::save: stack.push_back(is.out); break;
      case Op::assertion:
        if (before < 0)
          places.push_back(place);
        else if (holds(static_cast<Assert>(is.value), before, after))
          stack.push_back(is.out);
        break;
      case Op::back_reference:
        places.push_back(place);
        stack.push_back(is.out);
        break;
      default: places.push_back(place);
    }
  }
}

Dfa::Row Dfa::intern(std::vector<uint32_t>& places, Before before, bool searching) {
  sort(places);
  uint32_t hash = before * 2U + searching;
  for (const uint32_t place : places)
    hash = (hash ^ place) * 0x9E3779B1U;
  hash ^= hash >> 15;
  const auto mask = static_cast<uint32_t>(table_.size() - 1);
  for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
    if (table_[i] == none) {
      table_[i] = static_cast<uint32_t>(states_.size());
      break;
    }
    const State& state = states_[table_[i]];
    if (state.before == before && state.searching == searching &&
        std::ranges::equal(places, std::span(pool_).subspan(state.first, state.count)))
      return table_[i] * width_;
  }
  const auto number = static_cast<uint32_t>(states_.size());
  states_.push_back({static_cast<uint32_t>(pool_.size()), static_cast<uint32_t>(places.size()), before, searching});
  pool_.insert(pool_.end(), places.begin(), places.end());
  transitions_.insert(transitions_.end(), width_, unknown);
  if (states_.size() * 2 > table_.size()) {
    // Kept by number: all must find their place again.
    std::vector<uint32_t> larger(table_.size() * 2, none);
    const auto larger_mask = static_cast<uint32_t>(larger.size() - 1);
    for (uint32_t s = 0; s < states_.size(); ++s) {
      uint32_t h = states_[s].before * 2U + states_[s].searching;
      for (const uint32_t place : std::span(pool_).subspan(states_[s].first, states_[s].count))
        h = (h ^ place) * 0x9E3779B1U;
      h ^= h >> 15;
      uint32_t i = h & larger_mask;
      while (larger[i] != none)
        i = (i + 1) & larger_mask;
      larger[i] = s;
    }
    table_ = std::move(larger);
  }
  return number * width_;
}

Dfa::Row Dfa::start_row(Before before, bool searching) {
  Row& row = starts_[before * 2 + searching];
  if (row == 0) {
    std::vector<uint32_t> stack{program_.start};
    std::vector<uint32_t> places;
    close(stack, places, -1, -1);
    row = intern(places, before, searching);
  }
  return row;
}

// Works out a transition, and keeps it.
uint32_t Dfa::step(Row row, unsigned symbol) {
  const State state = states_[row / width_];
  const uint8_t byte = examples_[symbol];
  const bool ends = symbol == end_symbol_;
  if (program_.has_word_assertions && !program_.bytes && !ends && byte >= 0x80)
    return transitions_[row + symbol] = unsure;
  const auto own = std::span(pool_).subspan(state.first, state.count);
  std::vector<uint32_t> places;
  if (program_.has_assertions) {
    std::vector<uint32_t> stack(own.rbegin(), own.rend());
    close(stack, places, state.before, after_of(symbol));
  } else {
    places.assign(own.begin(), own.end());
  }
  const bool match = std::ranges::any_of(places, [&](uint32_t p) { return program_.code[p].op == Op::match; });
  if (ends)
    return transitions_[row + symbol] = (match ? matched : flag) | dead_;
  std::vector<uint32_t> stack;
  for (const uint32_t place : places)
    if (accepts(place, byte))
      stack.push_back(program_.code[place].op == Op::back_reference ? place : program_.code[place].out);
  Before before = before_of(byte);
  if (program_.has_separator && byte == program_.separator) {
    stack.clear();
    before = program_.has_assertions ? at_start : elsewhere;
  }
  if (state.searching)
    stack.push_back(program_.start);
  std::vector<uint32_t> next;
  close(stack, next, -1, -1);
  if (states_.size() >= max_states || pool_.size() >= max_pool) {
    clear();
    row = dead_;  // nothing of it is there any more: the transition is not kept
  }
  const Row target = next.empty() ? dead_ : intern(next, before, state.searching);
  uint32_t value = target;
  if (match)
    value |= matched;
  else if (target == dead_)
    value |= flag;
  else if (!skip_to_.empty() && state.searching && target == start_row(before, true))
    value |= home;
  if (row != dead_)
    transitions_[row + symbol] = value;
  return value;
}

Dfa::Before Dfa::before_at(std::string_view text, size_t at) const {
  if (!program_.has_assertions)
    return elsewhere;
  return at == 0 ? at_start : before_of(static_cast<uint8_t>(text[at - 1]));
}

Dfa::Answer Dfa::earliest_end(std::string_view text, size_t from) {
  if (program_.has_word_assertions && !program_.bytes && from > 0 && static_cast<uint8_t>(text[from - 1]) >= 0x80)
    return {npos, true};
  const auto* const begin = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* const end = begin + text.size();
  const uint8_t* at = begin + from;
  Row row = start_row(before_at(text, from), true);
  if (!skip_to_.empty())
    at += std::min(place_of_any(text.substr(from), skip_to_), text.size() - from);
  const uint32_t* transitions = transitions_.data();
  while (at < end) {
    uint32_t next = transitions[row + classes_[*at]];
    if ((next & flag) != 0) [[unlikely]] {
      if (next == unknown) {
        next = step(row, classes_[*at]);
        transitions = transitions_.data();
      }
      if (next == unsure)
        return {static_cast<size_t>(at - begin), true};
      if ((next & matched) == matched)
        return {static_cast<size_t>(at - begin), false};
      row = next & row_mask;
      ++at;
      if ((next & home) == home)
        at += std::min(place_of_any({reinterpret_cast<const char*>(at), static_cast<size_t>(end - at)}, skip_to_),
                       static_cast<size_t>(end - at));
      continue;
    }
    row = next;
    ++at;
  }
  uint32_t last = transitions_[row + end_symbol_];
  if (last == unknown)
    last = step(row, end_symbol_);
  return {(last & matched) == matched ? text.size() : npos, false};
}

Dfa::Answer Dfa::longest(std::string_view text, size_t start) {
  if (program_.has_word_assertions && !program_.bytes && start > 0 && static_cast<uint8_t>(text[start - 1]) >= 0x80)
    return {npos, true};
  const auto* const begin = reinterpret_cast<const uint8_t*>(text.data());
  Row row = start_row(before_at(text, start), false);
  size_t longest = npos;
  for (size_t at = start; at < text.size(); ++at) {
    const uint8_t symbol = classes_[begin[at]];
    uint32_t next = transitions_.data()[row + symbol];
    if (next == unknown)
      next = step(row, symbol);
    if (next == unsure)
      return {at, true};
    if ((next & matched) == matched)
      longest = at;
    row = next & row_mask;
    if (row == dead_)
      return {longest, false};
  }
  uint32_t last = transitions_[row + end_symbol_];
  if (last == unknown)
    last = step(row, end_symbol_);
  return {(last & matched) == matched ? text.size() : longest, false};
}

}  // namespace rescue::regex
