#include "lib/archive/name_transform.h"

#include "lib/base/text.h"

namespace rescue {

namespace {

std::unexpected<Error> bad(std::string_view text, std::string_view detail) {
  return usage_error("'", Printable(text), "' is no transformation: ", detail);
}

// Takes the part up to the next delimiter off; the delimiter itself may be in it behind a backslash.
std::optional<std::string> take_part(std::string_view& text, char delimiter) {
  std::string part;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == delimiter) {
      text.remove_prefix(i + 1);
      return part;
    }
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == delimiter) {
      part += text[++i];
    } else if (text[i] == '\\' && i + 1 < text.size()) {
      part += text[i];
      part += text[++i];
    } else {
      part += text[i];
    }
  }
  return std::nullopt;
}

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Letters as \U \L \u \l \E of a replacement want them.
class CaseChanger {
 public:
  explicit CaseChanger(std::string& to) : to_(to) {}
  void command(char letter) {
    if (letter == 'u' || letter == 'l')
      once_ = letter;
    else
      always_ = letter == 'E' ? '\0' : letter;
  }
  void put(std::string_view text) {
    for (const char c : text) {
      const char how = once_ != '\0' ? once_ : always_;
      once_ = '\0';
      to_ += how == 'u' || how == 'U' ? upper(c) : how == 'l' || how == 'L' ? lower(c) : c;
    }
  }

 private:
  std::string& to_;
  char always_ = '\0';
  char once_ = '\0';
};

}  // namespace

Result<> NameTransform::add(std::string_view text) {
  const std::string_view whole = text;
  while (!text.empty()) {
    if (text.size() < 2 || text[0] != 's')
      return bad(whole, "it must be like s/a/b/");
    const char delimiter = text[1];
    text.remove_prefix(2);
    const auto expression = take_part(text, delimiter);
    auto replacement = expression ? take_part(text, delimiter) : std::nullopt;
    if (!replacement)
      return bad(whole, "it must be like s/a/b/");
    RegexSyntax syntax{.strict = true};
    bool global = false;
    uint64_t first = 0;
    bool in_scope[3] = {true, true, true};
    for (; !text.empty() && text[0] != ';'; text.remove_prefix(1)) {
      switch (const char c = text[0]) {
        case 'g': global = true; break;
        case 'i': syntax.ignore_case = true; break;
        case 'x': syntax.flavor = RegexSyntax::Flavor::extended; break;
        case 'r':
        case 'R': in_scope[0] = c == 'r'; break;
        case 's':
        case 'S': in_scope[1] = c == 's'; break;
        case 'h':
        case 'H': in_scope[2] = c == 'h'; break;
        default:
          if (c < '0' || c > '9' || first > 100000)
            return bad(whole, "it has an unknown flag");
          first = first * 10 + static_cast<uint64_t>(c - '0');
      }
    }
    if (!text.empty())
      text.remove_prefix(1);
    Rule rule{
        TRY(Regex::compile(*expression, syntax)), *std::move(replacement), global, std::max<uint64_t>(first, 1), {}};
    for (size_t i = 0; i < 3; ++i)
      rule.in_scope[i] = in_scope[i];
    rules_.push_back(std::move(rule));
  }
  return {};
}

void NameTransform::append_replacement(std::string& to, std::string_view replacement, std::string_view text,
                                       const std::vector<Span>& groups) {
  CaseChanger changer(to);
  const auto put_group = [&](size_t number) {
    if (number < groups.size())
      changer.put(groups[number].of(text));
  };
  for (size_t i = 0; i < replacement.size(); ++i) {
    const char c = replacement[i];
    if (c == '&') {
      put_group(0);
    } else if (c == '\\' && i + 1 < replacement.size()) {
      const char next = replacement[++i];
      if (next >= '0' && next <= '9')
        put_group(static_cast<size_t>(next - '0'));
      else if (std::string_view("LUEul").find(next) != std::string_view::npos)
        changer.command(next);
      else
        changer.put(next == 'n' ? std::string_view("\n") : replacement.substr(i, 1));
    } else {
      changer.put(replacement.substr(i, 1));
    }
  }
}

std::string NameTransform::apply(Rule& rule, const std::string& name) {
  std::string result;
  std::vector<Span> groups;
  size_t at = 0;
  size_t last_end = std::string::npos;
  Span found;
  for (uint64_t number = 1; at <= name.size() && rule.regex.find(name, found, at); ++number) {
    // Nothing, right behind a match, is no match of its own.
    if (found.size() == 0 && found.begin == last_end) {
      if (at == name.size())
        break;
      result += name[at++];
      last_end = std::string::npos;
      --number;
      continue;
    }
    last_end = found.end;
    result += std::string_view(name).substr(at, found.begin - at);
    if (number < rule.first) {
      result += found.of(name);
    } else {
      rule.regex.groups(name, found, groups);
      append_replacement(result, rule.replacement, name, groups);
    }
    at = found.end;
    if (found.size() == 0 && at < name.size())
      result += name[at++];
    else if (found.size() == 0)
      return result;
    if (number >= rule.first && !rule.global)
      break;
  }
  return result + name.substr(std::min(at, name.size()));
}

std::string NameTransform::apply(std::string name, NameScope scope) {
  for (Rule& rule : rules_)
    if (rule.in_scope[static_cast<size_t>(scope)])
      name = apply(rule, name);
  return name;
}

}  // namespace rescue
