#include "lib/text/regex_backtrack.h"

#include <algorithm>

#include "lib/base/utf8.h"
#include "lib/text/letters.h"

namespace rescue::regex {

namespace {

constexpr uint32_t byte_code = 0x110000;  // where the bytes that are no characters stand, beyond all of those

}  // namespace

size_t Backtracker::longest(std::string_view text, size_t start, bool fresh) {
  if (fresh && !program_.has_back_references) {
    base_ = start;
    columns_ = text.size() - start + 1;
    visited_.assign((program_.code.size() * columns_ + 63) / 64, 0);
  }
  return run(text, start, npos);
}

void Backtracker::groups(std::string_view text, const Span& match, std::vector<Span>& groups) {
  groups.assign(program_.groups + 1, Span{});
  groups[0] = match;
  if (program_.groups == 0)
    return;
  if (!program_.has_back_references) {
    base_ = match.begin;
    columns_ = match.size() + 1;
    visited_.assign((program_.code.size() * columns_ + 63) / 64, 0);
  }
  if (run(text, match.begin, match.end) == npos)
    return;
  for (uint32_t i = 1; i <= program_.groups; ++i)
    if (slots_[2 * i] != npos && slots_[2 * i + 1] != npos)
      groups[i] = {slots_[2 * i], slots_[2 * i + 1]};
}

bool Backtracker::visit(uint32_t place, size_t at) {
  if (program_.has_back_references)
    return true;
  const size_t bit = place * columns_ + (at - base_);
  uint64_t& word = visited_[bit / 64];
  const uint64_t mask = uint64_t{1} << (bit % 64);
  const bool is_new = (word & mask) == 0;
  word |= mask;
  return is_new;
}

void Backtracker::set(size_t slot, size_t value) {
  jobs_.push_back({none, slot, slots_[slot]});
  slots_[slot] = value;
}

// The longest end of a match, or `wanted_end` if a match can end there.
size_t Backtracker::run(std::string_view text, size_t start, size_t wanted_end) {
  slots_.assign((program_.groups + 1) * 2 + program_.loops, npos);
  jobs_.clear();
  jobs_.push_back({program_.start, start, 0});
  size_t best = npos;
  const size_t limit = std::min(wanted_end, text.size());
  while (!jobs_.empty()) {
    Job job = jobs_.back();
    jobs_.pop_back();
    if (job.place == none) {
      slots_[job.at] = job.old;
      continue;
    }
    while (step(text, job, limit)) {
    }
    if (job.place == none || program_.code[job.place].op != Op::match)
      continue;
    if (wanted_end != npos) {
      if (job.at == wanted_end)
        return wanted_end;
    } else if (best == npos || job.at > best) {
      best = job.at;
      if (best == text.size())
        return best;
    }
  }
  return best;
}

// Goes on by one instruction; false at the end of this way, with `place` none where it led nowhere.
bool Backtracker::step(std::string_view text, Job& job, size_t limit) {
  const auto lost = [&] {
    job.place = none;
    return false;
  };
  if (!visit(job.place, job.at))
    return lost();
  const Instruction& is = program_.code[job.place];
  const size_t loop_slot = (program_.groups + 1) * 2 + is.value;
  switch (is.op) {
    case Op::range:
    case Op::set: {
      if (job.at >= limit)
        return lost();
      const auto byte = static_cast<uint8_t>(text[job.at]);
      if (is.op == Op::range ? byte < is.low || byte > is.high : !has(program_.sets[is.value], byte))
        return lost();
      ++job.at;
      break;
    }
    case Op::split: jobs_.push_back({is.out1, job.at, 0}); break;
    case Op::mark: set(loop_slot, npos); break;
    case Op::loop:
      if (slots_[loop_slot] == job.at)
        return lost();
      set(loop_slot, job.at);
      jobs_.push_back({is.out1, job.at, 0});
      break;
    case Op::save: set(is.value, job.at); break;
    case Op::assertion:
      if (!holds(text, job.at, static_cast<Assert>(is.value)))
        return lost();
      break;
    case Op::back_reference: {
      const size_t begin = slots_[2 * is.value];
      const size_t end = slots_[2 * is.value + 1];
      if (begin == npos || end == npos)
        return lost();
      const size_t length = repeated(text.substr(begin, end - begin), text.substr(job.at, limit - job.at));
      if (length == npos)
        return lost();
      job.at += length;
      break;
    }
    case Op::match: return false;
  }
  job.place = is.out;
  return true;
}

// The length of what repeats `seen` at the start of `text`, npos where nothing does. A letter of the other case may be
// longer or shorter.
size_t Backtracker::repeated(std::string_view seen, std::string_view text) const {
  if (!program_.ignore_case)
    return text.starts_with(seen) ? seen.size() : npos;
  const auto take = [&](std::string_view& from) {
    const Character c = first_character(from);
    const bool whole = c.valid && !program_.bytes;
    const uint32_t code = whole ? c.code : byte_code + static_cast<uint8_t>(from[0]);
    from.remove_prefix(whole ? c.length : 1);
    return c.code < 0x80 && c.valid ? c.code : code;
  };
  const size_t size = text.size();
  while (!seen.empty()) {
    if (text.empty())
      return npos;
    const uint32_t a = take(seen);
    const uint32_t b = take(text);
    if (a != b && (a >= byte_code || other_case(a) != b))
      return npos;
  }
  return size - text.size();
}

bool Backtracker::word_before(std::string_view text, size_t at) const {
  if (at == 0)
    return false;
  const auto last = static_cast<uint8_t>(text[at - 1]);
  if (last < 0x80 || program_.bytes)
    return is_word_byte(last);
  for (size_t length = 2; length <= 4 && length <= at; ++length)
    if (const Character c = first_character(text.substr(at - length, length)); c.valid && c.length == length)
      return is_word_code(c.code);
  return false;
}

bool Backtracker::word_after(std::string_view text, size_t at) const {
  if (at >= text.size())
    return false;
  const auto next = static_cast<uint8_t>(text[at]);
  if (next < 0x80 || program_.bytes)
    return is_word_byte(next);
  const Character c = first_character(text.substr(at));
  return c.valid && is_word_code(c.code);
}

bool Backtracker::holds(std::string_view text, size_t at, Assert what) const {
  switch (what) {
    case Assert::text_start: return at == 0;
    case Assert::text_end: return at == text.size();
    case Assert::line_start: return at == 0 || is_line_end(text[at - 1]);
    case Assert::line_end: return at == text.size() || is_line_end(text[at]);
    case Assert::word_edge: return word_before(text, at) != word_after(text, at);
    case Assert::no_word_edge: return word_before(text, at) == word_after(text, at);
    case Assert::word_start: return !word_before(text, at) && word_after(text, at);
    case Assert::word_end: return word_before(text, at) && !word_after(text, at);
    case Assert::no_word_before: return !word_before(text, at);
    case Assert::no_word_after: return !word_after(text, at);
  }
  return false;
}

}  // namespace rescue::regex
