// Regular expressions: POSIX basic and extended ones with GNU's additions (\w \W \s \S \b \B \< \> \` \' \+ \? \|,
// back-references), leftmost-longest, over bytes or UTF-8.
//
// Time is linear in the text, by an automaton that is built as the text asks for it, behind a search for a text that
// every match must hold; an expression with back-references is tried in all ways where that automaton cannot rule a
// match out. Groups are found in the span of a match alone.
//
// Nothing here depends on a locale. What is not well-formed UTF-8 matches no `.` and no set, only itself.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/text/literal.h"

namespace rescue {

struct RegexSyntax {
  enum class Flavor : uint8_t { basic, extended, fixed, emacs };

  Flavor flavor = Flavor::basic;
  bool ignore_case = false;
  bool bytes = false;          // text is bytes, not UTF-8
  bool strict = false;         // as sed: `a{1` and a leading `*` of an extended expression are errors
  bool escapes = false;        // as sed: \n \t \xHH and the like, also in sets
  bool additions = true;       // GNU's: \w \b and the like, \| \+ \? of basic expressions, escapes in sets
  bool lines = false;          // ^ and $ match at each `line_end` inside of the text as well
  char line_end = '\n';        // in sed -z it is a zero byte
  bool whole_words = false;    // grep -w
  bool whole_records = false;  // grep -x
  bool has_separator = false;  // text is records, each ended by `separator`, which no match holds
  char separator = '\n';
};

struct Span {
  size_t begin = npos;
  size_t end = npos;

  bool is_set() const { return begin != npos; }
  size_t size() const { return end - begin; }
  std::string_view of(std::string_view text) const { return is_set() ? text.substr(begin, end - begin) : ""; }
};

class Regex {
 public:
  // An expression that any of the patterns matches. Groups are counted through all of them; back-references in each
  // pattern are its own.
  static Result<Regex> compile(std::span<const std::string_view> patterns, const RegexSyntax& syntax);
  static Result<Regex> compile(std::string_view pattern, const RegexSyntax& syntax) {
    return compile(std::span(&pattern, 1), syntax);
  }

  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  // The leftmost of the longest matches at or after `from`. What is before `from` counts for ^, \b and the like.
  bool find(std::string_view text, Span& found, size_t from = 0);

  // Whether there is a match at all: less work than to find it.
  bool matches(std::string_view text);

  // Whether all of the text is a match.
  bool matches_whole(std::string_view text);

  // A place in the first record that holds a match; npos if none does. `text` begins with a record, and the last
  // one has no separator; only for a syntax with one.
  size_t find_record(std::string_view text);

  // The groups of a match that find() gave: [0] is the match itself.
  void groups(std::string_view text, const Span& match, std::vector<Span>& groups);

  size_t group_count() const;

  // What the patterns hold that has no meaning where it stands, for grep to say.
  const std::vector<std::string>& warnings() const;

 private:
  struct Engine;
  explicit Regex(std::unique_ptr<Engine> engine);
  std::unique_ptr<Engine> engine_;
};

}  // namespace rescue
