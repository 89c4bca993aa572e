// Fuzzes the regular expressions. Input: a byte of options, the pattern, a zero byte, the text. The automaton and the
// slow matcher must agree, and groups lie in their match.
#include <cstdlib>
#include <string_view>

#include "lib/text/regex.h"

namespace {

void check(bool holds) {
  if (!holds)
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  if (size < 2)
    return 0;
  const uint8_t bits = data[0];
  RegexSyntax syntax{.flavor = static_cast<RegexSyntax::Flavor>(bits & 3)};
  syntax.ignore_case = (bits & 4) != 0;
  syntax.bytes = (bits & 8) != 0;
  syntax.strict = syntax.escapes = (bits & 16) != 0;
  syntax.lines = (bits & 32) != 0;
  syntax.whole_words = (bits & 64) != 0;
  syntax.has_separator = (bits & 128) != 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view pattern = rest.substr(0, rest.find('\0'));
  std::string_view text = rest.substr(std::min(pattern.size() + 1, rest.size()));
  // All ways through back-references are many.
  const bool referring = pattern.find('\\') != npos && pattern.find_first_of("123456789") != npos;
  if (pattern.size() > 60 || (referring && text.size() > 12))
    return 0;
  if (syntax.has_separator)
    text = text.substr(0, text.find('\n'));
  auto regex = Regex::compile(pattern, syntax);
  if (!regex)
    return 0;
  Span found;
  const bool is_found = regex->find(text, found);
  check(regex->matches(text) == is_found);
  if (syntax.has_separator)
    check((regex->find_record(text) != npos) == is_found);
  if (!is_found)
    return 0;
  check(found.begin <= found.end && found.end <= text.size());
  std::vector<Span> groups;
  regex->groups(text, found, groups);
  check(groups.size() == regex->group_count() + 1);
  for (const Span& group : groups)
    if (group.is_set())
      check(group.begin >= found.begin && group.begin <= group.end && group.end <= found.end);
  // A way to the match must exist: it begins where it was found.
  Span again;
  check(regex->find(text, again, found.begin) && again.begin == found.begin && again.end == found.end);
  return 0;
}
