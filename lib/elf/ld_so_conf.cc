#include "lib/elf/ld_so_conf.h"

#include <algorithm>

#include <strings.h>

#include "lib/base/sort.h"
#include "lib/base/text.h"

namespace rescue::elf {

namespace {

constexpr std::string_view blanks = " \t\n\v\f\r";
// A file that includes itself must end somewhere.
constexpr unsigned deepest_include = 32;
constexpr size_t most_files = 4096;
constexpr size_t most_matches = 65536;

bool starts_with_word(std::string_view line, std::string_view word) {
  return line.size() > word.size() && ::strncasecmp(line.data(), word.data(), word.size()) == 0 &&
         (line[word.size()] == ' ' || line[word.size()] == '\t');
}

void take_includes(std::string_view patterns, unsigned number, std::vector<ConfLine>& lines) {
  while (!patterns.empty()) {
    const std::string_view pattern = patterns.substr(0, patterns.find_first_of(" \t"));
    patterns.remove_prefix(std::min(patterns.size(), pattern.size() + 1));
    if (!pattern.empty())
      lines.push_back({ConfLine::Kind::include, std::string(pattern), number});
  }
}

class Reader {
 public:
  Reader(const Root& root, bool typed) : root_(root), typed_(typed) {}

  void read(const std::string& path, unsigned depth) {
    if (depth > deepest_include || ++files_ > most_files) {
      conf_.warnings.push_back(str(root_.shown(path), ": is included again and again: left out"));
      return;
    }
    const auto text = root_.read_file(path);
    if (!text) {
      conf_.warnings.push_back(message(text.error()) + ": left out");
      return;
    }
    for (const ConfLine& line : parse_ld_so_conf(*text))
      take(line, path, depth);
  }

  LdSoConf result() && { return std::move(conf_); }

 private:
  void take(const ConfLine& line, const std::string& path, unsigned depth) {
    switch (line.kind) {
      case ConfLine::Kind::include: include(line.text, path, depth); break;
      case ConfLine::Kind::directory: directory(line, path); break;
      case ConfLine::Kind::hwcap: break;  // read by none since 2.33, and by the others for directories nobody has
    }
  }

  void include(std::string pattern, const std::string& path, unsigned depth) {
    if (!pattern.starts_with('/') && path.find('/') != std::string::npos)
      pattern = str(dir_name(path), '/', pattern);
    for (const std::string& match : glob_in_root(root_, pattern))
      read(match, depth + 1);
  }

  void directory(const ConfLine& line, const std::string& path) {
    ConfDirectory dir{line.text, {}, path, line.number};
    if (const size_t equals = dir.path.find('='); typed_ && equals != std::string::npos) {
      dir.type = dir.path.substr(equals + 1);
      dir.path.resize(equals);
      constexpr std::string_view types[] = {"libc4", "libc5", "libc6", "glibc2"};
      if (std::ranges::find(types, dir.type) == std::end(types))
        conf_.warnings.push_back(
            str(root_.shown(path), ": line ", line.number, ": ", Printable(dir.type), " is not a known library type"));
    }
    dir.path = trim_directory(dir.path);
    if (!dir.path.empty())
      conf_.directories.push_back(std::move(dir));
  }

  const Root& root_;
  bool typed_;
  size_t files_ = 0;
  LdSoConf conf_;
};

bool has_magic(std::string_view component) {
  return component.find_first_of("*?[\\") != std::string_view::npos;
}

class Glob {
 public:
  explicit Glob(const Root& root) : root_(root) {}

  std::vector<std::string> run(std::string_view pattern) {
    expand(pattern.starts_with('/') ? "/" : "", pattern.starts_with('/') ? pattern.substr(1) : pattern);
    rescue::sort(found_);
    return std::move(found_);
  }

 private:
  void expand(const std::string& before, std::string_view rest) {
    if (found_.size() >= most_matches)
      return;
    const size_t slash = rest.find('/');
    const std::string_view component = rest.substr(0, slash);
    if (slash == std::string_view::npos)
      return last(before, component);
    const std::string_view after = rest.substr(slash + 1);
    if (!has_magic(component))
      return expand(str(before, component, '/'), after);
    for (const std::string& name : matches(before, component))
      expand(str(before, name, '/'), after);
  }

  void last(const std::string& before, std::string_view component) {
    if (!has_magic(component)) {
      std::string path = str(before, component);
      if (const auto found = root_.find(path, Last::keep); found && found->exists)
        found_.push_back(std::move(path));
      return;
    }
    for (const std::string& name : matches(before, component))
      found_.push_back(str(before, name));
  }

  std::vector<std::string> matches(const std::string& dir, std::string_view pattern) const {
    std::vector<std::string> names;
    const auto fd = root_.open_dir(dir.empty() ? "/" : dir);
    if (!fd)
      return names;
    const auto entries = list_dir(fd->get(), root_.shown(dir));
    if (!entries)
      return names;
    for (const DirEntry& entry : *entries)
      if ((!entry.name.starts_with('.') || pattern.starts_with('.')) && glob_match(pattern, entry.name))
        names.push_back(entry.name);
    return names;
  }

  const Root& root_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<ConfLine> parse_ld_so_conf(std::string_view text) {
  std::vector<ConfLine> lines;
  unsigned number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    line = line.substr(0, line.find('\0'));
    line = line.substr(0, line.find('#'));
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(blanks)));
    if (line.empty())
      continue;
    if (line.starts_with("include") && starts_with_word(line, "include"))
      take_includes(line.substr(8), number, lines);
    else if (starts_with_word(line, "hwcap"))
      lines.push_back({ConfLine::Kind::hwcap, std::string(line), number});
    else
      lines.push_back({ConfLine::Kind::directory, std::string(line), number});
  }
  return lines;
}

LdSoConf read_ld_so_conf(const Root& root, std::string_view path, bool typed) {
  Reader reader(root, typed);
  reader.read(std::string(path), 0);
  return std::move(reader).result();
}

std::string_view trim_directory(std::string_view text) {
  while (!text.empty() && blanks.find(text.back()) != std::string_view::npos)
    text.remove_suffix(1);
  while (text.ends_with('/'))
    text.remove_suffix(1);
  return text;
}

std::vector<std::string> glob_in_root(const Root& root, std::string_view pattern) {
  return Glob(root).run(pattern);
}

}  // namespace rescue::elf
