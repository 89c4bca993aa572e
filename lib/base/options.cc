#include "lib/base/options.h"

#include "lib/base/text.h"

namespace rescue {

Result<std::string_view> Args::shift(std::string_view name) {
  if (words_.empty())
    return usage_error("missing operand ", name);
  const std::string_view first = words_.front();
  words_.erase(words_.begin());
  return first;
}

Result<> Args::expect_end() const {
  if (!words_.empty())
    return usage_error("extra operand '", Printable(words_.front()), '\'');
  return {};
}

namespace {

class Parser {
 public:
  Parser(const OptTable& table, void* options, std::span<const char* const> words, std::string_view asking)
      : table_(table), options_(options), words_(words), asking_(asking) {}

  Result<Asked> run(Args& operands, bool operands_end_options) {
    while (next_ < words_.size() && asked_ == Asked::nothing) {
      const std::string_view word = words_[next_++];
      if (word == "--")
        break;
      if (word.starts_with("--")) {
        TRY(long_option(word.substr(2)));
      } else if (word.size() > 1 && word[0] == '-') {
        TRY(letters(word.substr(1)));
      } else {
        operands.push(words_[next_ - 1]);
        if (operands_end_options)
          break;
      }
    }
    for (; next_ < words_.size(); ++next_)
      operands.push(words_[next_]);
    return asked_;
  }

 private:
  Result<> letters(std::string_view cluster) {
    while (!cluster.empty()) {
      const char letter = cluster[0];
      cluster.remove_prefix(1);
      const auto row = find_letter(letter);
      if (const size_t asks = asking_.find(letter); !row && asks != std::string_view::npos) {
        asked_ = asks == 0 ? Asked::help : Asked::version;
        return {};
      }
      if (!row)
        return usage_error("unknown option -- '", printable({&letter, 1}), '\'');
      const OptRow option = table_[*row];
      if (option.argument == 0) {
        TRY(apply(*row, {}));
        continue;
      }
      if (cluster.empty() && !table_.argument_optional(option)) {
        if (next_ == words_.size())
          return usage_error("option '-", letter, "' needs an argument");
        cluster = words_[next_++];
      }
      return apply(*row, cluster);
    }
    return {};
  }

  Result<> long_option(std::string_view word) {
    const size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const bool has_value = equals != std::string_view::npos;
    const int row = TRY(find_name(name));
    if (row < 0) {
      asked_ = row == row_help ? Asked::help : Asked::version;
      if (has_value)
        return usage_error("option '--", name, "' takes no argument");
      return {};
    }
    const OptRow option = table_[static_cast<size_t>(row)];
    if (has_value && option.argument == 0)
      return usage_error("option '--", table_.name(option), "' takes no argument");
    if (has_value)
      return apply(static_cast<size_t>(row), word.substr(equals + 1));
    if (option.argument == 0 || table_.argument_optional(option))
      return apply(static_cast<size_t>(row), {});
    if (next_ == words_.size())
      return usage_error("option '--", table_.name(option), "' needs an argument");
    return apply(static_cast<size_t>(row), words_[next_++]);
  }

  std::optional<size_t> find_letter(char letter) const {
    for (size_t i = 0; i < table_.count; ++i)
      if (table_[i].letter == letter)
        return i;
    return std::nullopt;
  }

  static constexpr int row_help = -1;
  static constexpr int row_version = -2;

  // An exact name wins; else the only one that begins with it. `--help` and `--version` are rows of every table.
  Result<int> find_name(std::string_view name) const {
    int found = 0;
    std::string candidates;
    unsigned count = 0;
    const auto consider = [&](std::string_view candidate, int row) {
      if (candidate == name) {
        found = row;
        return true;
      }
      if (candidate.starts_with(name)) {
        found = row;
        ++count;
        candidates += str(" '--", candidate, '\'');
      }
      return false;
    };
    for (size_t i = 0; i < table_.count; ++i)
      if (const OptRow row = table_[i]; row.name != 0 && consider(table_.name(row), static_cast<int>(i)))
        return found;
    if (consider("help", row_help) || consider("version", row_version))
      return found;
    if (count == 0)
      return usage_error("unknown option '--", Printable(name), '\'');
    if (count > 1)
      return usage_error("option '--", Printable(name), "' is ambiguous; it may be", candidates);
    return found;
  }

  Result<> apply(size_t row, std::string_view argument) {
    void* member = nullptr;
    TRY(table_.reach(options_, argument, row, member));
    switch (table_[row].kind) {
      case OptKind::flag: *static_cast<bool*>(member) = true; break;
      case OptKind::count: ++*static_cast<unsigned*>(member); break;
      case OptKind::text: *static_cast<std::string*>(member) = argument; break;
      case OptKind::text_list: static_cast<std::vector<std::string>*>(member)->emplace_back(argument); break;
      case OptKind::maybe_text: *static_cast<std::optional<std::string>*>(member) = argument; break;
      case OptKind::size: {
        const auto number = to_number<uint64_t>(argument);
        if (!number)
          return usage_error("'", Printable(argument), "' is not a number");
        *static_cast<uint64_t*>(member) = *number;
        break;
      }
      default: break;
    }
    return {};
  }

  const OptTable& table_;
  void* options_;
  std::span<const char* const> words_;
  std::string_view asking_;
  size_t next_ = 0;
  Asked asked_ = Asked::nothing;
};

}  // namespace

Result<Asked> parse_options(const OptTable& table, void* options, std::span<const char* const> words, Args& operands,
                            bool operands_end_options, std::string_view asking) {
  return Parser(table, options, words, asking).run(operands, operands_end_options);
}

}  // namespace rescue
