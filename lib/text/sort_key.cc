// What sort is told of its order: the letters, the keys, and what is odd about them.
#include <algorithm>
#include <utility>

#include "lib/base/text.h"
#include "lib/text/sort_order.h"

namespace rescue::sort {

bool add_letter(Ordering& order, char letter, bool start, bool end) {
  const auto method = [&](Method is) {
    order.method = is;
    if (!order.letters.contains(letter))
      order.letters += letter;
  };
  switch (letter) {
    case 'b':
      order.blanks_start = order.blanks_start || start;
      order.blanks_end = order.blanks_end || end;
      break;
    case 'd': order.dictionary = true; break;
    case 'f': order.fold = true; break;
    case 'i': order.printing = true; break;
    case 'r': order.reverse = true; break;
    case 'n': method(Method::numeric); break;
    case 'g': method(Method::general); break;
    case 'h': method(Method::human); break;
    case 'M': method(Method::month); break;
    case 'V': method(Method::version); break;
    case 'R': method(Method::random); break;
    default: return false;
  }
  return true;
}

namespace {

// Before a key that with_old_keys has made: what nobody types.
constexpr char old_mark = '\1';

struct KeyReader {
  std::string_view all;
  std::string_view rest;

  std::unexpected<Error> bad(std::string_view why) const {
    return fail("", "", why, ": invalid field specification '", Printable(all), '\'');
  }

  Result<size_t> number(std::string_view why) {
    size_t digits = 0;
    size_t value = 0;
    for (; digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9'; ++digits)
      value = std::min<size_t>(value * 10 + static_cast<size_t>(rest[digits] - '0'), SIZE_MAX / 16);
    if (digits == 0)
      return fail("", "", why, ": invalid count at start of '", Printable(rest), '\'');
    rest.remove_prefix(digits);
    return value;
  }
};

}  // namespace

Result<Key> parse_key(std::string_view text) {
  KeyReader reader{text, text};
  Key key;
  const auto letters = [&](bool start) {
    while (!reader.rest.empty() && add_letter(key.order, reader.rest[0], start, !start))
      reader.rest.remove_prefix(1);
  };
  key.is_old = text.starts_with(old_mark);
  reader.rest.remove_prefix(key.is_old);
  key.start_field = TRY(reader.number("invalid number at field start"));
  if (key.start_field-- == 0)
    return reader.bad("field number is zero");
  if (reader.rest.starts_with('.')) {
    reader.rest.remove_prefix(1);
    key.start_char = TRY(reader.number("invalid number after '.'"));
    if (key.start_char-- == 0)
      return reader.bad("character offset is zero");
  }
  letters(true);
  if (reader.rest.starts_with(',')) {
    reader.rest.remove_prefix(1);
    const size_t field = TRY(reader.number("invalid number after ','"));
    if (field == 0)
      return reader.bad("field number is zero");
    key.end_field = field - 1;
    if (reader.rest.starts_with('.')) {
      reader.rest.remove_prefix(1);
      key.end_char = TRY(reader.number("invalid number after '.'"));
    }
    letters(false);
  }
  if (!reader.rest.empty())
    return reader.bad("stray character in field spec");
  return key;
}

namespace {

// FIELD[.CHAR][LETTERS] behind the sign of an old key, both counted from 0.
struct OldPlace {
  size_t field = 0;
  size_t character = 0;
  std::string_view letters;
};

std::optional<OldPlace> old_place(std::string_view word, char sign) {
  if (!word.starts_with(sign))
    return std::nullopt;
  KeyReader reader{word, word.substr(1)};
  const auto field = reader.number("");
  if (!field)
    return std::nullopt;
  OldPlace place{*field, 0, {}};
  if (reader.rest.starts_with('.')) {
    reader.rest.remove_prefix(1);
    const auto character = reader.number("");
    if (!character)
      return std::nullopt;
    place.character = *character;
  }
  place.letters = reader.rest;
  Ordering any;
  const bool known = std::ranges::all_of(place.letters, [&](char c) { return add_letter(any, c, true, true); });
  return known ? std::optional(place) : std::nullopt;
}

// -t + is a separator, and so on.
bool takes_next_word(std::string_view word) {
  return word.size() > 1 && word[0] == '-' && word[1] != '-' && std::string_view("kotST").contains(word.back());
}

}  // namespace

WordList with_old_keys(std::span<const char* const> words) {
  WordList list;
  bool options = true;
  for (size_t i = 0; i < words.size(); ++i) {
    options = options && std::string_view(words[i]) != "--";
    const bool argument = i > 0 && takes_next_word(words[i - 1]);
    const auto from = options && !argument ? old_place(words[i], '+') : std::nullopt;
    if (!from) {
      list.push(words[i]);
      continue;
    }
    std::string key = str("-k", old_mark, from->field + 1, '.', from->character + 1, from->letters);
    if (const auto to = i + 1 < words.size() ? old_place(words[i + 1], '-') : std::nullopt) {
      ++i;
      key += to->character > 0 ? str(',', to->field + 1, '.', to->character) : str(',', std::max<size_t>(to->field, 1));
      key += to->letters;
    }
    list.push_made(std::move(key));
  }
  return list;
}

Order::Order(std::vector<Key> keys, const Ordering& global, std::optional<char> tab, bool last_resort, uint64_t seed)
    : keys_(std::move(keys)),
      global_(global),
      has_own_keys_(!keys_.empty()),
      reverse_(global.reverse),
      tab_(tab),
      last_resort_(last_resort),
      seed_(seed) {
  // A key without an order of its own has the global one.
  for (Key& key : keys_)
    if (key.order.is_default() && !key.order.reverse)
      key.order = global;
  if (keys_.empty() && !global.is_default())
    keys_.push_back({.order = global});
}

Result<> Order::check() const {
  for (const Key& key : keys_) {
    const Ordering& order = key.order;
    std::string used;
    unsigned count = 0;
    bool other = order.dictionary || order.printing;
    for (const char letter : order.letters) {
      used += letter;
      if (letter == 'V' || letter == 'R')
        other = true;
      else
        ++count;
    }
    if (order.dictionary)
      used.insert(0, 1, 'd');
    if (order.printing)
      used += 'i';
    if (count + (other ? 1 : 0) > 1)
      return fail("", "", "options '-", used, "' are incompatible");
  }
  return {};
}

namespace {

// Whether a number begins the key.
bool is_numeric(const Ordering& order) {
  return order.method == Method::numeric || order.method == Method::general || order.method == Method::human;
}

// Of what is asked for all keys, takes away what this one does.
void take_used(Ordering& unused, const Ordering& order) {
  unused.blanks_start &= !order.blanks_start;
  unused.blanks_end &= !order.blanks_end;
  unused.dictionary &= !order.dictionary;
  unused.printing &= !order.printing;
  unused.fold &= !order.fold;
  unused.reverse &= !order.reverse;
  std::erase_if(unused.letters, [&](char letter) { return order.letters.contains(letter); });
}

std::string letters_of(const Ordering& order, bool reverse) {
  std::string all = order.letters;
  for (const auto& [is, letter] : {std::pair(order.blanks_start || order.blanks_end, 'b'),
                                   {order.dictionary, 'd'},
                                   {order.fold, 'f'},
                                   {order.printing, 'i'},
                                   {reverse, 'r'}})
    if (is)
      all += letter;
  std::string sorted;
  for (const char letter : std::string_view("bdfghiMnRrV"))
    if (all.contains(letter))
      sorted += letter;
  return sorted;
}

}  // namespace

// What GNU's says.
std::vector<std::string> Order::doubts() const {
  std::vector<std::string> found;
  Ordering unused = global_;
  for (size_t i = 0; i < keys_.size(); ++i) {
    const Key& key = keys_[i];
    const Ordering& order = key.order;
    take_used(unused, order);
    if (!has_own_keys_)
      break;
    if (key.is_old)
      found.push_back(str("obsolescent key '+", key.start_field, key.end_field ? str(" -", *key.end_field + 1) : "",
                          "' used; consider '-k ", key.start_field + 1,
                          key.end_field ? str(',', *key.end_field + 1) : "", "' instead"));
    const bool skips = is_numeric(order) || order.method == Method::month;
    const bool from_line = key.end_field == 0U && key.end_char != 0;
    if (key.end_field && *key.end_field < key.start_field)
      found.push_back(str("key ", i + 1, " has zero width and will be ignored"));
    else if (!tab_ && !from_line &&
             ((!order.blanks_start && (!skips || key.start_char != 0)) || (!order.blanks_end && key.end_char != 0)))
      found.push_back(str("leading blanks are significant in key ", i + 1, "; consider also specifying 'b'"));
    if (is_numeric(order) && (!key.end_field || *key.end_field > key.start_field))
      found.push_back(str("key ", i + 1, " is numeric and spans multiple fields"));
  }
  const std::string letters = letters_of(unused, unused.reverse && !last_resort_ && has_own_keys_);
  if (!letters.empty())
    found.push_back(str(letters.size() == 1 ? "option '-" : "options '-", letters,
                        letters.size() == 1 ? "' is ignored" : "' are ignored"));
  if (unused.reverse && last_resort_ && !keys_.empty())
    found.emplace_back("option '-r' only applies to last-resort comparison");
  return found;
}

}  // namespace rescue::sort
