// The search through one file after another, and what is printed of it. Inside of grep; see grep.h for its face.
#pragma once

#include <memory>
#include <string>

#include <sys/stat.h>

#include "lib/text/grep.h"
#include "lib/text/letters.h"

namespace rescue::grep {

struct Colors {
  std::string selected_match = "01;31";
  std::string context_match = "01;31";
  std::string file = "35";
  std::string line = "32";
  std::string byte = "32";
  std::string separator = "36";
  std::string selected_line;
  std::string context_line;
  bool reversed = false;  // with -v, selected and context lines change their colours
  bool no_erase = false;

  void parse(std::string_view text);
};

class Search {
 public:
  Search(const Options& opt, const Colors& colors, bool names, std::optional<Regex> regex, Io& io)
      : opt_(opt), colors_(colors), names_(names), regex_(std::move(regex)), io_(io), bytes_(bytes_are_characters()) {}

  // Searches what is left of the file. `info` is what fstat(2) says.
  void search(int fd, std::string_view shown, const struct stat& info);

  // The same for what has no lines.
  void nothing(std::string_view shown);

  // What the search had to do is done: the rest of the files makes no difference.
  bool is_done() const { return done_; }
  bool any_selected() const { return any_selected_; }

 private:
  struct File;

  bool fill(File& file, size_t& added);
  bool is_binary(File& file, size_t added, bool first);
  void search_lines(File& file, size_t end);
  void select(File& file, size_t begin, size_t end);
  void select_range(File& file, size_t begin, size_t end);
  void print_after(File& file, size_t end);
  void print_before(File& file, size_t begin);
  void print_line(File& file, size_t begin, size_t end, bool selected);
  size_t print_matches(File& file, size_t begin, size_t end, bool selected, const std::string& line_color);
  bool print_head(File& file, size_t begin, size_t length, bool selected);
  void print_separator(char separator);
  void print_name(std::string_view name);
  void paint(const std::string& color, std::string_view text);
  void start(const std::string& color);
  void stop();
  void summarize(File& file);

  const Options& opt_;
  const Colors& colors_;
  bool names_;
  std::optional<Regex> regex_;
  Io& io_;
  bool bytes_;
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  bool printed_any_ = false;
  bool any_selected_ = false;
  bool done_ = false;
};

}  // namespace rescue::grep
