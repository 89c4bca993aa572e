// How sort orders lines: its keys, what they compare, and the sorting of lines in memory.
//
// Each line has a prefix, a number that never contradicts the order: most comparisons need nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/text/words.h"

namespace rescue::sort {

enum class Method : uint8_t { text, numeric, general, human, month, version, random };

// What makes up an order, globally or of a key.
struct Ordering {
  Method method = Method::text;
  bool blanks_start = false;  // leading blanks do not count, where a key starts
  bool blanks_end = false;    // and where it ends
  bool dictionary = false;
  bool fold = false;
  bool printing = false;
  bool reverse = false;
  std::string letters;  // of the methods that were asked for: more than one is an error

  bool is_default() const {
    return method == Method::text && !blanks_start && !blanks_end && !dictionary && !fold && !printing;
  }
};

struct Key {
  size_t start_field = 0;
  size_t start_char = 0;
  std::optional<size_t> end_field;  // none: the end of the line
  size_t end_char = 0;              // 0: the end of that field
  bool is_old = false;              // from +FIELD -FIELD
  Ordering order;
};

// One letter of -b -d -f ...; false where it is none.
bool add_letter(Ordering& order, char letter, bool start, bool end);

// The argument of -k.
Result<Key> parse_key(std::string_view text);

// Replaces the keys of old before `--` by those of today: `+1 -2.3n` counts from 0 and becomes -k2.1,3.3n.
WordList with_old_keys(std::span<const char* const> words);

struct Line {
  uint64_t prefix = 0;
  const char* text = nullptr;
  uint32_t size = 0;
  uint32_t key_at = 0;  // of the first key
  uint32_t key_size = 0;

  std::string_view view() const { return {text, size}; }
};

class Order {
 public:
  // `seed` is for random order.
  Order(std::vector<Key> keys, const Ordering& global, std::optional<char> tab, bool last_resort, uint64_t seed);

  // The error where options contradict each other.
  Result<> check() const;

  Line line_of(std::string_view text) const;

  // For --debug: the line with its tabs visible, and under it what is compared; and what is odd about the keys.
  std::string marked(std::string_view line) const;
  std::vector<std::string> doubts() const;

  // Below, at or above zero.
  int compare(const Line& a, const Line& b) const {
    if (a.prefix != b.prefix)
      return a.prefix < b.prefix ? -1 : 1;
    return compare_rest(a, b);
  }

 private:
  int compare_rest(const Line& a, const Line& b) const;
  int compare_keys(const Line& a, const Line& b) const;
  int compare_key(const Key& key, std::string_view a, std::string_view b) const;
  std::string_view span_of(const Key& key, std::string_view line) const;
  uint64_t prefix_of(const Key& key, std::string_view text) const;
  std::string filtered(const Ordering& order, std::string_view text) const;
  uint64_t hash(std::string_view text) const;

  std::vector<Key> keys_;
  Ordering global_;
  bool has_own_keys_;  // none was made of the global order
  bool reverse_ = false;
  std::optional<char> tab_;
  bool last_resort_ = true;
  uint64_t seed_ = 0;
};

// By bytes.
int compare_bytes(std::string_view a, std::string_view b);

// Sorts, with equal lines in the order of their places in memory; in `threads` parts, each sorted for itself. Gives
// where the parts begin, and the end.
std::vector<size_t> sort_lines(std::span<Line> lines, const Order& order, unsigned threads);

}  // namespace rescue::sort
