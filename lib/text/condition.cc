#include "lib/text/condition.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr std::string_view binary_operators[] = {"=",   "==",  "!=",  "-nt", "-ot", "-ef",
                                                 "-eq", "-ne", "-lt", "-le", "-gt", "-ge"};
constexpr std::string_view unary_operators = "bcdefghknprstuwxzGLNOS";

bool is_binary(std::string_view word) {
  for (const std::string_view known : binary_operators)
    if (word == known)
      return true;
  return false;
}

std::unexpected<Error> mistake(std::string_view word, std::string_view why) {
  return fail("condition", word, why);
}

// A whole number of any size: its sign, and its digits without zeros in front.
struct Number {
  bool negative = false;
  std::string_view digits;
};

Result<Number> parse_number(std::string_view word) {
  static constexpr std::string_view blanks = " \t\n\v\f\r";
  std::string_view text = word;
  while (!text.empty() && blanks.contains(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && blanks.contains(text.back()))
    text.remove_suffix(1);
  Number number;
  if (text.starts_with('-') || text.starts_with('+')) {
    number.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos)
    return mistake(word, "is not a whole number");
  while (text.starts_with('0'))
    text.remove_prefix(1);
  number.digits = text;
  number.negative = number.negative && !text.empty();
  return number;
}

int compare(const Number& a, const Number& b) {
  if (a.negative != b.negative)
    return a.negative ? -1 : 1;
  int order = a.digits.compare(b.digits);
  if (a.digits.size() != b.digits.size())
    order = a.digits.size() < b.digits.size() ? -1 : 1;
  return a.negative ? -order : order;
}

// The time of the last change; nothing where there is no such file.
std::optional<struct timespec> changed(std::string_view path) {
  struct stat info{};
  if (::stat(std::string(path).c_str(), &info) < 0)
    return std::nullopt;
  return info.st_mtim;
}

bool newer(std::string_view a, std::string_view b) {
  const auto first = changed(a);
  const auto second = changed(b);
  if (!first || !second)
    return first.has_value();
  return first->tv_sec != second->tv_sec ? first->tv_sec > second->tv_sec : first->tv_nsec > second->tv_nsec;
}

bool same_file(std::string_view a, std::string_view b) {
  struct stat one{};
  struct stat two{};
  return ::stat(std::string(a).c_str(), &one) == 0 && ::stat(std::string(b).c_str(), &two) == 0 &&
         one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

bool has_type(const struct stat& info, char operation) {
  switch (operation) {
    case 'b': return S_ISBLK(info.st_mode);
    case 'c': return S_ISCHR(info.st_mode);
    case 'd': return S_ISDIR(info.st_mode);
    case 'f': return S_ISREG(info.st_mode);
    case 'p': return S_ISFIFO(info.st_mode);
    case 'S': return S_ISSOCK(info.st_mode);
    case 'g': return (info.st_mode & S_ISGID) != 0;
    case 'k': return (info.st_mode & S_ISVTX) != 0;
    case 'u': return (info.st_mode & S_ISUID) != 0;
    case 's': return info.st_size > 0;
    case 'G': return info.st_gid == ::getegid();
    case 'O': return info.st_uid == ::geteuid();
    case 'N':
      return info.st_mtim.tv_sec != info.st_atim.tv_sec ? info.st_mtim.tv_sec > info.st_atim.tv_sec
                                                        : info.st_mtim.tv_nsec > info.st_atim.tv_nsec;
    default: return true;
  }
}

Result<bool> unary(char operation, std::string_view word) {
  const std::string path(word);
  struct stat info{};
  switch (operation) {
    case 'n': return !word.empty();
    case 'z': return word.empty();
    case 't': {
      const Number number = TRY(parse_number(word));
      const auto fd = to_number<int>(number.digits.empty() ? "0" : number.digits);
      return fd && !number.negative && ::isatty(*fd) == 1;
    }
    case 'r': return ::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) == 0;
    case 'w': return ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0;
    case 'x': return ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0;
    case 'h':
    case 'L': return ::lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
    default: return ::stat(path.c_str(), &info) == 0 && has_type(info, operation);
  }
}

class Evaluator {
 public:
  explicit Evaluator(const Args& words) : words_(words) {}

  Result<bool> all() {
    if (words_.empty())
      return false;
    const bool value = TRY(by_count(words_.size()));
    if (at_ < words_.size())
      return mistake(words_[at_], "is one word too many");
    return value;
  }

 private:
  std::string_view word(size_t i) const { return at_ + i < words_.size() ? words_[at_ + i] : std::string_view(); }
  size_t left() const { return words_.size() - at_; }

  // POSIX says what up to four words mean, whatever they look like.
  Result<bool> by_count(size_t count) {
    switch (count) {
      case 0: return missing();
      case 1: return one();
      case 2: return two();
      case 3: return three();
      case 4:
        if (word(0) == "!") {
          ++at_;
          return !TRY(three());
        }
        if (word(0) == "(" && word(3) == ")") {
          ++at_;
          const bool value = TRY(two());
          ++at_;
          return value;
        }
        [[fallthrough]];
      default: return any();
    }
  }

  std::unexpected<Error> missing() const {
    return words_.empty() ? mistake("", "a word is missing")
                          : mistake(words_[words_.size() - 1], "a word is missing behind it");
  }

  Result<bool> one() { return !words_[at_++].empty(); }

  Result<bool> two() {
    if (word(0) == "!") {
      ++at_;
      return !TRY(one());
    }
    if (is_switch(word(0)))
      return unary_operator();
    return missing();
  }

  Result<bool> three() {
    if (is_binary(word(1)))
      return binary_operator(false);
    if (word(0) == "!") {
      ++at_;
      return !TRY(two());
    }
    if (word(0) == "(" && word(2) == ")") {
      ++at_;
      const bool value = TRY(one());
      ++at_;
      return value;
    }
    if (word(1) == "-a" || word(1) == "-o")
      return any();
    return mistake(word(1), "is no operator between two words");
  }

  static bool is_switch(std::string_view word) { return word.size() == 2 && word[0] == '-'; }

  Result<bool> any() {
    bool value = TRY(every());
    while (left() > 0 && word(0) == "-o") {
      ++at_;
      const bool right = TRY(every());
      value = value || right;
    }
    return value;
  }

  Result<bool> every() {
    bool value = TRY(term());
    while (left() > 0 && word(0) == "-a") {
      ++at_;
      const bool right = TRY(term());
      value = value && right;
    }
    return value;
  }

  Result<bool> term() {
    bool negated = false;
    for (; left() > 0 && word(0) == "!"; ++at_)
      negated = !negated;
    if (left() == 0)
      return missing();
    bool value = false;
    if (word(0) == "(")
      value = TRY(bracketed());
    else if (left() >= 4 && word(0) == "-l" && is_binary(word(2)))
      value = TRY(binary_operator(true));
    else if (left() >= 3 && is_binary(word(1)))
      value = TRY(binary_operator(false));
    else if (is_switch(word(0)))
      value = TRY(unary_operator());
    else
      value = TRY(one());
    return value != negated;
  }

  Result<bool> bracketed() {
    ++at_;
    if (depth_ == max_depth)
      return mistake("(", "nested too deeply");
    ++depth_;
    size_t count = 1;
    for (; count < left() && word(count) != ")"; ++count)
      if (count == 4) {
        count = left();
        break;
      }
    if (left() == 0)
      return missing();
    const bool value = TRY(by_count(count));
    --depth_;
    if (word(0) != ")")
      return mistake(word(0), "stands where a closing bracket is expected");
    ++at_;
    return value;
  }

  Result<bool> unary_operator() {
    const char operation = word(0)[1];
    if (!unary_operators.contains(operation))
      return mistake(word(0), "is no operator");
    ++at_;
    if (left() == 0)
      return missing();
    return unary(operation, words_[at_++]);
  }

  // `-l TEXT` stands for the length of a text, on either side.
  Result<bool> binary_operator(bool left_is_length) {
    at_ += left_is_length ? 1 : 0;
    const std::string_view operation = word(1);
    const bool right_is_length = left() >= 4 && word(2) == "-l";
    const std::string_view a = word(0);
    const std::string_view b = right_is_length ? word(3) : word(2);
    at_ += right_is_length ? 4 : 3;
    if (operation == "=" || operation == "==")
      return a == b;
    if (operation == "!=")
      return a != b;
    const bool lengths = left_is_length || right_is_length;
    if (operation == "-nt" || operation == "-ot" || operation == "-ef") {
      if (lengths)
        return mistake(operation, "takes no -l");
      return operation == "-nt" ? newer(a, b) : operation == "-ot" ? newer(b, a) : same_file(a, b);
    }
    const std::string a_length = str(a.size());
    const std::string b_length = str(b.size());
    const int order = compare(TRY(parse_number(left_is_length ? std::string_view(a_length) : a)),
                              TRY(parse_number(right_is_length ? std::string_view(b_length) : b)));
    switch (operation[1]) {
      case 'e': return order == 0;
      case 'n': return order != 0;
      case 'l': return operation[2] == 't' ? order < 0 : order <= 0;
      default: return operation[2] == 't' ? order > 0 : order >= 0;
    }
  }

  static constexpr size_t max_depth = 1000;

  const Args& words_;
  size_t at_ = 0;
  size_t depth_ = 0;
};

}  // namespace

Result<bool> evaluate_condition(const Args& words) {
  return Evaluator(words).all();
}

}  // namespace rescue
