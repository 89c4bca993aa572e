#include "lib/boot/modules.h"

#include <algorithm>
#include <cerrno>

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/archive/codec.h"
#include "lib/archive/zstd.h"
#include "lib/base/fd.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/fs/root.h"

namespace rescue {

namespace {

constexpr uint64_t largest_table = 64 << 20;
constexpr uint64_t largest_module = 256 << 20;
constexpr size_t most_asked = 500;

std::string with_underscores(std::string_view name) {
  std::string text(name);
  std::ranges::replace(text, '-', '_');
  return text;
}

Result<std::string> read_table(const std::string& path) {
  const UniqueFd fd = TRY(open_file(path, O_RDONLY));
  return read_all(fd.get(), largest_table, path);
}

// All words of a table's lines that begin with `kind`: "alias PATTERN NAME" gives PATTERN and NAME.
template <typename F>
void each_line(std::string_view text, std::string_view kind, F&& use) {
  for (const std::string_view line : split(text, '\n')) {
    if (!line.starts_with(kind))
      continue;
    const std::string_view rest = trim(line.substr(kind.size()));
    const size_t blank = rest.find(' ');
    if (blank != std::string_view::npos)
      use(rest.substr(0, blank), trim(rest.substr(blank + 1)));
  }
}

// All aliases that the devices below `dir` have.
void collect_aliases(int dir, std::vector<std::string>& aliases) {
  const auto entries = list_dir(dir, "/sys/devices");
  if (!entries)
    return;
  for (const DirEntry& entry : *entries) {
    if (entry.type == DT_DIR) {
      if (const auto below = open_at(dir, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, entry.name))
        collect_aliases(below->get(), aliases);
    } else if (entry.name == "modalias") {
      const auto fd = open_at(dir, entry.name, O_RDONLY, 0, entry.name);
      const auto text = fd ? read_all(fd->get(), 65536, entry.name) : Result<std::string>(std::unexpected(fd.error()));
      if (text && text->size() > 1)
        aliases.emplace_back(trim(std::string_view(*text).substr(0, text->find('\n'))));
    }
  }
}

// "pre: a b post: c": a and b are to be there before (`kind` is "pre:"), c afterwards.
std::vector<std::string_view> soft_words(std::string_view text, std::string_view kind) {
  std::vector<std::string_view> words;
  bool wanted = false;
  for (const std::string_view word : split(text, ' ')) {
    if (word.ends_with(':'))
      wanted = word == kind;
    else if (wanted && !word.empty())
      words.push_back(word);
  }
  return words;
}

}  // namespace

bool alias_matches(std::string_view pattern, std::string_view text) {
  // Goes back to the last star only: no pattern takes longer than its length times the text's.
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t after = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      after = t;
    } else if (p < pattern.size() && pattern[p] == '[' && pattern.find(']', p) != std::string_view::npos) {
      const size_t end = pattern.find(']', p);
      const std::string set = str('[', pattern.substr(p + 1, end - p - 1), ']');
      if (glob_match(set, text.substr(t, 1))) {
        p = end + 1;
        ++t;
      } else if (star != std::string_view::npos) {
        p = star + 1;
        t = ++after;
      } else {
        return false;
      }
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++after;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::string module_name(std::string_view file) {
  const std::string_view base = base_name(file);
  return with_underscores(base.substr(0, base.find(".ko")));
}

Result<std::string> read_module(const std::string& path) {
  const UniqueFd fd = TRY(open_file(path, O_RDONLY));
  std::unique_ptr<Source> source = std::make_unique<FdSource>(fd.get(), path);
  if (path.ends_with(".xz"))
    source = decode(std::move(source), Codec::xz, {.limit = largest_module});
  else if (path.ends_with(".gz"))
    source = decode(std::move(source), Codec::gzip, {.limit = largest_module});
  else if (path.ends_with(".zst"))
    source = std::make_unique<ZstdSource>(std::move(source), ZstdLimits{.output = largest_module});
  std::string bytes;
  for (;;) {
    const std::string_view block = TRY(source->next());
    if (block.empty())
      return bytes;
    bytes += block;
    if (bytes.size() > largest_module)
      return fail("read the module", path, "is too large");
  }
}

Result<Modules> Modules::open(std::string directory) {
  Tables tables;
  tables.dep = TRY(read_table(str(directory, "/modules.dep")));
  tables.alias = read_table(str(directory, "/modules.alias")).value_or("");
  tables.softdep = read_table(str(directory, "/modules.softdep")).value_or("");
  tables.builtin = read_table(str(directory, "/modules.builtin")).value_or("");
  return of_tables(std::move(directory), std::move(tables));
}

Modules Modules::of_tables(std::string directory, Tables tables) {
  Modules modules;
  modules.tables_ = std::make_unique<Tables>(std::move(tables));
  modules.directory_ = std::move(directory);
  for (const std::string_view line : split(modules.tables_->dep, '\n'))
    if (const size_t colon = line.find(':'); colon != std::string_view::npos)
      modules.dependencies_.push_back(str(module_name(line.substr(0, colon)), ' ', line));
  rescue::sort(modules.dependencies_);
  for (const std::string_view line : split(modules.tables_->builtin, '\n'))
    if (!line.empty())
      modules.builtin_.push_back(module_name(line));
  rescue::sort(modules.builtin_);
  each_line(modules.tables_->alias, "alias ",
            [&](std::string_view a, std::string_view b) { modules.aliases_.push_back({a, b}); });
  each_line(modules.tables_->softdep, "softdep ",
            [&](std::string_view a, std::string_view b) { modules.softdeps_.push_back({a, b}); });
  return modules;
}

Result<Modules> Modules::of_this_kernel() {
  struct utsname name{};
  if (::uname(&name) < 0)
    return fail("find the kernel's version", "");
  return open(str("/lib/modules/", name.release));
}

std::vector<std::string> Modules::find(std::string_view name) const {
  const std::string wanted = with_underscores(name);
  if (dependencies_of(wanted) != nullptr || is_builtin(wanted))
    return {wanted};
  std::vector<std::string> names;
  for (const Row& row : aliases_)
    if (alias_matches(row.key, name))
      names.push_back(with_underscores(row.value));
  return names;
}

const std::string* Modules::dependencies_of(std::string_view module) const {
  const std::string key = str(module, ' ');
  const auto found = std::ranges::lower_bound(dependencies_, key);
  return found != dependencies_.end() && found->starts_with(key) ? &*found : nullptr;
}

bool Modules::is_builtin(std::string_view module) const {
  return std::ranges::binary_search(builtin_, std::string(module));
}

Result<std::vector<std::string>> Modules::files_of(std::string_view module) const {
  std::vector<std::string> files;
  std::vector<std::string> asked;
  TRY(collect_files(with_underscores(module), files, asked));
  return files;
}

Result<> Modules::collect_files(const std::string& module, std::vector<std::string>& files,
                                std::vector<std::string>& asked) const {
  // The tables are the root's; nothing says that what they ask for is not a circle, or a chain without an end.
  if (std::ranges::contains(asked, module))
    return {};
  if (asked.size() == most_asked)
    return fail("find the module", module, "asks for too many others");
  if (is_builtin(module))
    return {};
  asked.push_back(module);
  const std::string* const found = dependencies_of(module);
  if (found == nullptr)
    return fail("find the module", module, "is not in ", directory_);
  // "kernel/a.ko: kernel/b.ko kernel/c.ko": the last one stands on none of the others.
  const std::string_view line = std::string_view(*found).substr(module.size() + 1);
  const size_t colon = line.find(':');
  auto needed = split(trim(line.substr(colon + 1)), ' ');
  std::ranges::reverse(needed);
  needed.push_back(line.substr(0, colon));
  for (const std::string_view file : needed) {
    if (file.empty())
      continue;
    const std::string name = module_name(file);
    collect_soft(name, "pre:", files, asked);
    if (!std::ranges::contains(files, file))
      files.emplace_back(file);
    collect_soft(name, "post:", files, asked);
  }
  return {};
}

// What may be missing.
void Modules::collect_soft(const std::string& module, std::string_view kind, std::vector<std::string>& files,
                           std::vector<std::string>& asked) const {
  for (const Row& row : softdeps_)
    if (with_underscores(row.key) == module)
      for (const std::string_view word : soft_words(row.value, kind))
        for (const std::string& name : find(word))
          (void)collect_files(name, files, asked);
}

Result<> Modules::load_file(const std::string& file) {
  const auto place = std::ranges::lower_bound(loaded_, file);
  if (place != loaded_.end() && *place == file)
    return {};
  const std::string path = str(directory_, '/', file);
  const std::string bytes = TRY(read_module(path));
  if (::syscall(SYS_init_module, bytes.data(), bytes.size(), "") < 0 && errno != EEXIST)
    return fail("load the module", path);
  loaded_.insert(place, file);
  return {};
}

Result<> Modules::load(std::string_view name) {
  const auto names = find(name);
  if (names.empty())
    return fail("find the module", name, "is not in ", directory_);
  Result<> done;
  for (const std::string& module : names)
    for (const std::string& file : TRY(files_of(module)))
      if (auto loaded = load_file(file); !loaded)
        done = std::move(loaded);
  return done;
}

size_t Modules::load_for_devices() {
  const auto dir = open_file("/sys/devices", O_RDONLY | O_DIRECTORY);
  if (!dir)
    return 0;
  std::vector<std::string> aliases;
  collect_aliases(dir->get(), aliases);
  rescue::sort(aliases);
  const auto last = std::ranges::unique(aliases);
  aliases.erase(last.begin(), last.end());
  const size_t before = loaded_.size();
  for (const std::string& alias : aliases)
    (void)load(alias);
  return loaded_.size() - before;
}

}  // namespace rescue
