#include "lib/text/regex.h"

#include <algorithm>

#include "lib/text/regex_backtrack.h"
#include "lib/text/regex_dfa.h"

namespace rescue {

struct Regex::Engine {
  explicit Engine(regex::Program made) : program(std::move(made)), dfa(program), slow(program) {}

  // A match that begins at `start`, and is the longest one there.
  size_t longest_at(std::string_view text, size_t start);
  bool find(std::string_view text, Span& found, size_t from);
  bool matches_record(std::string_view record);

  regex::Program program;
  regex::Dfa dfa;
  regex::Backtracker slow;
  Literal required;
  bool is_literal = false;
  std::vector<std::string> warnings;
  bool slow_is_fresh = true;  // the slow matcher has seen nothing of this text yet
};

Regex::Regex(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

namespace {

// grep's -w and -x around all of it.
void add_frame(regex::Tree& tree, const RegexSyntax& syntax) {
  using regex::Assert;
  using regex::Kind;
  if (!syntax.whole_words && !syntax.whole_records)
    return;
  const Assert before = syntax.whole_records ? Assert::text_start : Assert::no_word_before;
  const Assert after = syntax.whole_records ? Assert::text_end : Assert::no_word_after;
  const uint32_t first = tree.add({.kind = Kind::assertion, .value = static_cast<uint32_t>(before)});
  const uint32_t last = tree.add({.kind = Kind::assertion, .value = static_cast<uint32_t>(after)});
  // The middle may have a sibling already, as a member of something else: it gets a parent of its own.
  const uint32_t middle = tree.add({.kind = Kind::sequence, .child = tree.root, .next = last});
  tree.nodes[first].next = middle;
  tree.root = tree.add({.kind = Kind::sequence, .child = first});
}

}  // namespace

Result<Regex> Regex::compile(std::span<const std::string_view> patterns, const RegexSyntax& syntax) {
  regex::Tree tree;
  tree.root = tree.add({.kind = regex::Kind::choice});
  uint32_t last = regex::none;
  const auto append = [&](uint32_t one) {
    (last == regex::none ? tree.nodes[tree.root].child : tree.nodes[last].next) = one;
    last = one;
  };
  std::vector<std::string_view> strings;
  for (const std::string_view pattern : patterns) {
    if (regex::is_string(pattern, syntax) && (patterns.size() > 1 || syntax.flavor == RegexSyntax::Flavor::fixed))
      strings.push_back(pattern);
    else
      append(TRY(regex::parse(pattern, syntax, tree)));
  }
  if (!strings.empty())
    append(regex::tree_of_strings(strings, syntax, tree));
  add_frame(tree, syntax);
  auto engine = std::make_unique<Engine>(TRY(regex::compile(tree, syntax)));
  regex::Required required = regex::required_text(tree);
  engine->is_literal = required.whole;
  engine->required = Literal(std::move(required.text));
  engine->warnings = std::move(tree.warnings);
  return Regex(std::move(engine));
}

size_t Regex::Engine::longest_at(std::string_view text, size_t start) {
  const regex::Dfa::Answer answer = dfa.longest(text, start);
  if (!answer.unsure && (answer.end == npos || !program.has_back_references))
    return answer.end;
  const size_t end = slow.longest(text, start, slow_is_fresh);
  slow_is_fresh = false;
  return end;
}

bool Regex::Engine::find(std::string_view text, Span& found, size_t from) {
  if (!required.empty()) {
    const size_t at = required.find(text, from);
    if (at == npos)
      return false;
    if (is_literal) {
      found = {at, at + required.text().size()};
      return true;
    }
  }
  const regex::Dfa::Answer first = dfa.earliest_end(text, from);
  if (!first.unsure && first.end == npos)
    return false;
  slow_is_fresh = true;
  const regex::ByteSet& can_begin = dfa.first_bytes();
  // The leftmost match begins no later than the one that ends first.
  const size_t last = first.unsure || program.has_back_references ? text.size() : first.end;
  for (size_t start = from; start <= last; ++start) {
    if (start < text.size() && !regex::has(can_begin, static_cast<uint8_t>(text[start])))
      continue;
    const size_t end = longest_at(text, start);
    if (end == npos)
      continue;
    found = {start, end};
    return true;
  }
  return false;
}

bool Regex::find(std::string_view text, Span& found, size_t from) {
  return engine_->find(text, found, from);
}

bool Regex::Engine::matches_record(std::string_view record) {
  const regex::Dfa::Answer answer = dfa.earliest_end(record, 0);
  if (!answer.unsure && (answer.end == npos || !program.has_back_references))
    return answer.end != npos;
  Span found;
  return find(record, found, 0);
}

bool Regex::matches(std::string_view text) {
  if (!engine_->required.empty()) {
    const size_t at = engine_->required.find(text);
    if (at == npos || engine_->is_literal)
      return at != npos;
  }
  return engine_->matches_record(text);
}

bool Regex::matches_whole(std::string_view text) {
  engine_->slow_is_fresh = true;
  return engine_->longest_at(text, 0) == text.size();
}

size_t Regex::find_record(std::string_view text) {
  Engine& engine = *engine_;
  const char separator = static_cast<char>(engine.program.separator);
  for (size_t from = 0; from <= text.size();) {
    size_t at = from;
    if (!engine.required.empty()) {
      at = engine.required.find(text, from);
      if (at == npos || engine.is_literal)
        return at;
    } else {
      const regex::Dfa::Answer answer = engine.dfa.earliest_end(text.substr(from), 0);
      if (answer.end == npos)
        return npos;
      at = from + answer.end;
      if (!answer.unsure && !engine.program.has_back_references)
        return at;
    }
    // The record around it, to be looked at for itself.
    const char* const before = find_last_byte(text.data() + from, text.data() + at, separator);
    const size_t begin = before == nullptr ? from : static_cast<size_t>(before - text.data()) + 1;
    const char* const after = find_byte(text.data() + at, text.data() + text.size(), separator);
    const auto end = static_cast<size_t>(after - text.data());
    if (engine.matches_record(text.substr(begin, end - begin)))
      return at;
    from = end + 1;
  }
  return npos;
}

void Regex::groups(std::string_view text, const Span& match, std::vector<Span>& groups) {
  engine_->slow.groups(text, match, groups);
}

size_t Regex::group_count() const {
  return engine_->program.groups;
}

const std::vector<std::string>& Regex::warnings() const {
  return engine_->warnings;
}

}  // namespace rescue
