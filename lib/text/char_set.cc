#include "lib/text/char_set.h"

#include <algorithm>

#include "lib/base/text.h"

namespace rescue {

namespace {

struct Class {
  std::string_view name;
  bool (*holds)(uint8_t c);
};

bool is_upper(uint8_t c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(uint8_t c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(uint8_t c) {
  return c >= '0' && c <= '9';
}
bool is_alpha(uint8_t c) {
  return is_upper(c) || is_lower(c);
}
bool is_alnum(uint8_t c) {
  return is_alpha(c) || is_digit(c);
}
bool is_graph(uint8_t c) {
  return c > ' ' && c < 0x7f;
}

constexpr Class classes[] = {
    {"alnum", is_alnum},
    {"alpha", is_alpha},
    {"blank", [](uint8_t c) { return c == ' ' || c == '\t'; }},
    {"cntrl", [](uint8_t c) { return c < ' ' || c == 0x7f; }},
    {"digit", is_digit},
    {"graph", is_graph},
    {"lower", is_lower},
    {"print", [](uint8_t c) { return c == ' ' || is_graph(c); }},
    {"punct", [](uint8_t c) { return is_graph(c) && !is_alnum(c); }},
    {"space", [](uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }},
    {"upper", is_upper},
    {"xdigit", [](uint8_t c) { return is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f'); }},
};

const Class* find_class(std::string_view name) {
  const auto* const found = std::ranges::find(classes, name, &Class::name);
  return found == std::end(classes) ? nullptr : found;
}

// A byte, and whether a backslash took its special meaning away.
struct Item {
  uint8_t byte;
  bool escaped;

  bool is(char c) const { return !escaped && byte == static_cast<uint8_t>(c); }
};

bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

std::vector<Item> without_escapes(std::string_view text) {
  static constexpr std::string_view letters = "abfnrtv";
  static constexpr std::string_view meanings = "\a\b\f\n\r\t\v";
  std::vector<Item> items;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      // A backslash at the very end quotes nothing, and is one.
      items.push_back({static_cast<uint8_t>(text[i]), text[i] == '\\'});
      continue;
    }
    const char c = text[++i];
    uint8_t byte = static_cast<uint8_t>(c);
    if (const size_t letter = letters.find(c); letter != std::string_view::npos) {
      byte = static_cast<uint8_t>(meanings[letter]);
    } else if (is_octal(c)) {
      unsigned value = static_cast<unsigned>(c - '0');
      for (int digits = 1; digits < 3 && i + 1 < text.size() && is_octal(text[i + 1]); ++digits) {
        const unsigned larger = value * 8 + static_cast<unsigned>(text[i + 1] - '0');
        // \400 is \40 and a zero.
        if (larger > 0xff)
          break;
        value = larger;
        ++i;
      }
      byte = static_cast<uint8_t>(value);
    }
    items.push_back({byte, true});
  }
  return items;
}

std::string text_of(const std::vector<Item>& items, size_t from, size_t to) {
  std::string text;
  for (size_t i = from; i < to; ++i)
    text += static_cast<char>(items[i].byte);
  return text;
}

class Parser {
 public:
  Parser(const std::vector<Item>& items, std::vector<CharSet::Part>& parts) : items_(items), parts_(parts) {}

  Result<> parse() {
    while (at_ < items_.size()) {
      const bool room = at_ + 2 < items_.size();
      if (room && items_[at_].is('[') && TRY(bracket()))
        continue;
      if (room && items_[at_ + 1].is('-')) {
        TRY(range(items_[at_].byte, items_[at_ + 2].byte));
        at_ += 3;
        continue;
      }
      parts_.push_back({.first = items_[at_].byte, .last = items_[at_].byte});
      ++at_;
    }
    return {};
  }

 private:
  Result<> range(uint8_t first, uint8_t last) {
    if (last < first)
      return fail("range", str(static_cast<char>(first), '-', static_cast<char>(last)),
                  "its ends are in reverse order");
    parts_.push_back({.first = first, .last = last});
    return {};
  }

  // [:class:], [=c=] or [c*n]. False where the bracket is only a bracket.
  Result<bool> bracket() {
    const Item mark = items_[at_ + 1];
    if (mark.is(':') || mark.is('=')) {
      for (size_t end = at_ + 2; end + 1 < items_.size(); ++end) {
        if (!items_[end].is(static_cast<char>(mark.byte)) || !items_[end + 1].is(']'))
          continue;
        if (TRY(named(static_cast<char>(mark.byte), end))) {
          at_ = end + 2;
          return true;
        }
        break;
      }
    }
    return repeat();
  }

  Result<bool> named(char mark, size_t end) {
    const std::string name = text_of(items_, at_ + 2, end);
    if (mark == ':') {
      if (const Class* const found = find_class(name); found != nullptr) {
        parts_.push_back({.kind = CharSet::Part::Kind::character_class, .name = found->name});
        return true;
      }
    } else if (name.size() == 1) {
      const auto byte = static_cast<uint8_t>(name[0]);
      parts_.push_back({.kind = CharSet::Part::Kind::equivalence, .first = byte, .last = byte});
      return true;
    }
    // [:*] and [=*5] repeat a colon and an equals sign.
    if (name.starts_with('*'))
      return false;
    if (mark == ':')
      return fail("character class", name, "is none");
    return fail("equivalence class", name, "must be a single character");
  }

  Result<bool> repeat() {
    if (!items_[at_ + 2].is('*'))
      return false;
    for (size_t end = at_ + 3; end < items_.size(); ++end) {
      if (items_[end].escaped)
        return false;
      if (!items_[end].is(']'))
        continue;
      const std::string digits = text_of(items_, at_ + 3, end);
      CharSet::Part part{.kind = CharSet::Part::Kind::repeat, .first = items_[at_ + 1].byte, .last = 0};
      if (!digits.empty()) {
        const auto number = to_number<uint64_t>(digits, digits[0] == '0' ? 8 : 10);
        if (!number)
          return fail("repeat count", digits, "is not a number");
        if (*number > 0)
          part.repeat = number;
      }
      parts_.push_back(part);
      at_ = end + 1;
      return true;
    }
    return false;
  }

  const std::vector<Item>& items_;
  std::vector<CharSet::Part>& parts_;
  size_t at_ = 0;
};

// More than this many of one byte say no more: there are 256 to be mapped.
constexpr uint64_t enough = 1024;

}  // namespace

std::optional<std::string> class_bytes(std::string_view name) {
  const Class* const found = find_class(name);
  if (found == nullptr)
    return std::nullopt;
  std::string bytes;
  for (unsigned c = 0; c < 256; ++c)
    if (found->holds(static_cast<uint8_t>(c)))
      bytes += static_cast<char>(c);
  return bytes;
}

Result<CharSet> CharSet::parse(std::string_view text) {
  CharSet set;
  const std::vector<Item> items = without_escapes(text);
  TRY(Parser(items, set.parts_).parse());
  return set;
}

bool CharSet::has(Part::Kind kind) const {
  return std::ranges::contains(parts_, kind, &Part::kind);
}

std::string CharSet::bytes(size_t length) const {
  std::string before;
  std::optional<size_t> filler;
  char fill = 0;
  for (const Part& part : parts_) {
    switch (part.kind) {
      case Part::Kind::character_class: before += *class_bytes(part.name); break;
      case Part::Kind::repeat:
        if (!part.repeat) {
          filler = before.size();
          fill = static_cast<char>(part.first);
        }
        before.append(static_cast<size_t>(std::min(part.repeat.value_or(0), enough)), static_cast<char>(part.first));
        break;
      default:
        for (unsigned c = part.first; c <= part.last; ++c)
          before += static_cast<char>(c);
    }
  }
  if (filler && before.size() < length)
    before.insert(*filler, length - before.size(), fill);
  return before;
}

std::bitset<256> CharSet::members() const {
  std::bitset<256> members;
  for (const char c : bytes(enough))
    members.set(static_cast<uint8_t>(c));
  return members;
}

std::vector<CharSet::CasePlace> CharSet::case_places(size_t length) const {
  std::vector<CasePlace> places;
  CharSet before;
  size_t filled = 0;
  const size_t all = bytes().size();
  for (const Part& part : parts_) {
    if (part.kind == Part::Kind::character_class && (part.name == "upper" || part.name == "lower"))
      places.push_back({before.bytes().size() + filled, part.name == "upper"});
    if (part.kind == Part::Kind::repeat && !part.repeat && all < length)
      filled = length - all;
    before.parts_.push_back(part);
  }
  return places;
}

}  // namespace rescue
