// Command lines of old: numbers that stand for themselves (`head -5`, `fold -60`), made into options of today.
#pragma once

#include <forward_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"

namespace rescue {

// A list of words of which some were made anew.
class WordList {
 public:
  void push(const char* word) { words_.push_back(word); }
  void push_made(std::string word) { words_.push_back(made_.emplace_front(std::move(word)).c_str()); }
  std::span<const char* const> words() const { return words_; }

 private:
  std::vector<const char*> words_;
  std::forward_list<std::string> made_;
};

// Replaces each word before `--` that is a `mark` with a number behind it, of digits and `also`: -5 becomes OPTION5.
WordList with_numbers(std::span<const char* const> words, char mark, std::string_view option,
                      std::string_view also = {});

// Replaces each @FILE by the words that FILE holds, as binutils' tools do: with blanks between, quotes and backslashes
// as in a shell. A word whose FILE cannot be read stays.
WordList with_files(std::span<const char* const> words);

// The argument of an option that counts something, with GNU's units ("4K", "1MB", "2b"). `what` names it in the error.
Result<uint64_t> count_argument(std::string_view text, std::string_view what);

// The same, and the number may be as C writes it: 0x1f, 017.
Result<uint64_t> c_number_argument(std::string_view text, std::string_view what);

// A plain number, at least `least`; one that is too large for 64 bits is the largest.
Result<uint64_t> number_argument(std::string_view text, std::string_view what, uint64_t least = 0);

}  // namespace rescue
