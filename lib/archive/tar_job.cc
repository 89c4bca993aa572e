#include "lib/archive/tar_job.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/base/time_text.h"
#include "lib/fs/mode.h"
#include "lib/text/wildcard.h"

namespace rescue {

namespace {

constexpr uint64_t max_list = 64 << 20;

int64_t milliseconds() {
  timespec now{};
  (void)::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

// Whether the pattern is of the name, or of a directory that the name is in.
bool matches_from(const TarPattern& pattern, std::string_view name) {
  if (!pattern.wildcards) {
    const size_t length = pattern.text.size();
    return name.starts_with(pattern.text) && (name.size() == length || name[length] == '/');
  }
  for (size_t end = name.find('/', 1);; end = name.find('/', end + 1)) {
    if (wildcard_match(pattern.text, name.substr(0, end), pattern.ignore_case))
      return true;
    if (end == std::string_view::npos)
      return false;
  }
}

bool matches(const TarPattern& pattern, std::string_view name) {
  if (matches_from(pattern, name))
    return true;
  if (pattern.anchored)
    return false;
  for (size_t at = name.find('/'); at != std::string_view::npos; at = name.find('/', at + 1))
    if (at + 1 < name.size() && name[at + 1] != '/' && matches_from(pattern, name.substr(at + 1)))
      return true;
  return false;
}

std::string_view without_slashes(std::string_view name) {
  while (name.size() > 1 && name.ends_with('/'))
    name.remove_suffix(1);
  return name;
}

char letter_of(const TarItem& item) {
  switch (item.type) {
    case '1': return 'h';
    case '7': return 'C';
    case 'V': return 'V';
    case 'M': return 'M';
    default: break;
  }
  switch (item.entry.type) {
    case EntryType::directory: return 'd';
    case EntryType::symlink: return 'l';
    case EntryType::character: return 'c';
    case EntryType::block: return 'b';
    case EntryType::fifo: return 'p';
    default: return '-';
  }
}

// The text of --checkpoint-action=echo=TEXT with what is known put in.
std::string echoed(std::string_view text, uint64_t number, bool writing) {
  std::string result;
  for (size_t at = 0; at < text.size(); ++at) {
    const std::string_view two = text.substr(at, 2);
    if (two == "%u")
      result += str(number);
    else if (two == "%s")
      result += writing ? "write" : "read";
    else
      result += text[at];
    at += two == "%u" || two == "%s" ? 1 : 0;
  }
  return result;
}

// A name as `tar -t` shows it, read back: \n, \\, \377 and the like. Any other backslash stands for itself.
std::string unescaped(std::string_view text) {
  constexpr std::string_view letters = "abfnrtv?\\";
  constexpr std::string_view bytes = "\a\b\f\n\r\t\v\177\\";
  std::string name;
  for (size_t at = 0; at < text.size(); ++at) {
    const char next = text[at] == '\\' && at + 1 < text.size() ? text[at + 1] : '\0';
    const size_t letter = letters.find(next);
    if (letter != std::string_view::npos) {
      name += bytes[letter];
      ++at;
    } else if (next >= '0' && next <= '7') {
      unsigned value = 0;
      for (size_t digits = 0; digits < 3 && at + 1 < text.size() && (text[at + 1] & ~7) == '0'; ++digits)
        value = value * 8 + static_cast<unsigned>(text[++at] - '0');
      name += static_cast<char>(value);
    } else {
      name += text[at];
    }
  }
  return name;
}

}  // namespace

Result<> TarJob::prepare() {
  start_ = milliseconds();
  if (opt.snapshot_level && !to_number<unsigned>(*opt.snapshot_level))
    return usage_error("'", Printable(*opt.snapshot_level), "' is no level");
  if (opt.quoting) {
    const auto* const found = std::ranges::find(quoting_style_names, std::string_view(*opt.quoting));
    if (found == std::end(quoting_style_names))
      return usage_error("there is no quoting style '", Printable(*opt.quoting), '\'');
    quoting_ = static_cast<QuotingStyle>(found - std::begin(quoting_style_names));
  }
  for (const std::string& text : opt.transforms)
    TRY(transform_.add(text));
  directories_ = opt.directories;
  for (const TarOperand& operand : opt.operands) {
    if (operand.list) {
      TRY(read_list(operand));
      continue;
    }
    add_operand(operand, operand.text, opt.unquote);
  }
  found_.resize(operands_.size());
  return prepare_checkpoints();
}

void TarJob::add_operand(const TarOperand& place, std::string_view name, bool unquote) {
  operands_.push_back(place);
  operands_.back().text = unquote ? unescaped(name) : std::string(name);
}

Result<> TarJob::prepare_checkpoints() {
  for (const std::string_view action : opt.checkpoint_actions)
    if (action != "dot" && action != "." && action != "echo" && !action.starts_with("echo="))
      return usage_error("there is no '", Printable(action), "' at checkpoints: dot, echo=TEXT");
  if (!opt.checkpoint && opt.checkpoint_actions.empty())
    return {};
  std::string_view text = opt.checkpoint ? *opt.checkpoint : std::string_view();
  checkpoint_dots_ = text.starts_with('.');
  text.remove_prefix(checkpoint_dots_ ? 1 : 0);
  const auto number = text.empty() ? std::optional<uint64_t>(10) : to_number<uint64_t>(text);
  if (!number || *number == 0)
    return usage_error("'", Printable(text), "' is not a number of records");
  checkpoint_every_ = *number;
  return {};
}

std::unexpected<Error> tar_is_compressed(std::string_view path) {
  return fail("", path, "Cannot update compressed archives");
}

std::string next_tar_directory(const std::string& before, std::string_view directory) {
  return directory.starts_with('/') || before == "." ? std::string(directory) : str(before, '/', directory);
}

// An option among the names.
Result<> TarJob::list_option(std::string_view line, TarOperand& place) {
  const auto argument_of = [&](std::string_view name) -> std::optional<std::string_view> {
    if (!line.starts_with(name))
      return std::nullopt;
    std::string_view rest = line.substr(name.size());
    if (name.size() > 2 && rest.find_first_of("= ") != 0)
      return std::nullopt;
    rest.remove_prefix(std::min(rest.find_first_not_of(name.size() > 2 ? "= " : " "), rest.size()));
    return rest.empty() ? std::nullopt : std::optional(rest);
  };
  auto directory = argument_of("-C");
  if (!directory)
    directory = argument_of("--directory");
  if (directory) {
    directories_.push_back(next_tar_directory(directories_[place.directory], *directory));
    place.directory = directories_.size() - 1;
  } else if (const auto name = argument_of("--add-file")) {
    add_operand(place, *name, opt.unquote);
  } else if (line == "--recursion" || line == "--no-recursion") {
    place.recursive = line == "--recursion";
  } else {
    return usage_error("the list of names has '", Printable(line),
                       "': with --verbatim-files-from it is a name, and of options there are -C, --add-file and "
                       "--no-recursion");
  }
  return {};
}

// Names a line; what stands there for an option counts for the lines that follow.
Result<> TarJob::read_list(const TarOperand& list) {
  UniqueFd file;
  if (list.text != "-")
    file = TRY(open_file(list.text, O_RDONLY));
  const std::string text = TRY(read_all(file ? file.get() : io.in, max_list, list.text));
  TarOperand place{.directory = list.directory, .recursive = list.recursive};
  for (const std::string_view line : split(text, list.null ? '\0' : '\n')) {
    if (line.empty())
      continue;
    if (!list.null && !list.verbatim && line.size() > 1 && line.starts_with('-')) {
      TRY(list_option(line, place));
      continue;
    }
    add_operand(place, line, opt.unquote && !list.null && !list.verbatim);
  }
  return {};
}

void TarJob::warn(std::string_view text) {
  if (!opt.quiet_warnings)
    io.err.put(io.name, ": ", text, '\n');
}

void TarJob::differ(std::string_view text) {
  io.err.put(io.name, ": ", text, '\n');
  status_ = std::max(status_, 1);
}

void TarJob::fault(const Error& error) {
  (void)io.out.flush();
  io.err.put(io.name, ": ", message(error), '\n');
  status_ = 2;
}

bool TarJob::excluded(std::string_view name) const {
  name = without_slashes(name);
  return std::ranges::any_of(opt.excludes, [&](const TarPattern& pattern) { return matches(pattern, name); });
}

TarJob::Chosen TarJob::choose(std::string_view name) {
  name = without_slashes(name);
  if (operands_.empty())
    return {.chosen = true, .directory = opt.directories.size() - 1};
  Chosen chosen;
  for (size_t i = 0; i < operands_.size(); ++i) {
    const TarOperand& operand = operands_[i];
    const std::string_view text = without_slashes(operand.text);
    bool same = false;
    if (opt.member_wildcards.value_or(false)) {
      same = matches({.text = std::string(text), .wildcards = true, .anchored = opt.pattern_style.anchored}, name);
    } else {
      const bool within = operand.recursive && name.size() > text.size() && name[text.size()] == '/';
      same = name.starts_with(text) && (name.size() == text.size() || within);
    }
    if (!same)
      continue;
    found_[i] = true;
    if (!chosen.chosen)
      chosen = {.chosen = true, .directory = operand.directory};
  }
  return chosen;
}

void TarJob::tell_missing() {
  bool told = opt.member_wildcards.has_value();
  for (size_t i = 0; i < operands_.size(); ++i) {
    if (found_[i])
      continue;
    const std::string& name = operands_[i].text;
    if (!told && name.find_first_of("*?[") != std::string::npos) {
      warn("Pattern matching characters used in file names");
      warn("Use --wildcards to enable pattern matching, or --no-wildcards to suppress this warning");
      told = true;
    }
    fault(fail("", name, "Not found in archive").error());
  }
}

std::string TarJob::safe(std::string_view name, bool link) {
  if (opt.absolute)
    return std::string(name);
  // Up to the last `..`, and the slashes behind it or at the start.
  size_t cut = 0;
  for (size_t at = 0; at <= name.size();) {
    const size_t end = std::min(name.find('/', at), name.size());
    if (name.substr(at, end - at) == "..")
      cut = end;
    at = end + 1;
  }
  while (cut < name.size() && name[cut] == '/')
    ++cut;
  if (cut == 0)
    return std::string(name);
  std::string prefix(name.substr(0, cut));
  const std::string key = str(link ? 'l' : 'm', prefix);
  if (std::ranges::find(removed_prefixes_, key) == removed_prefixes_.end()) {
    removed_prefixes_.push_back(key);
    warn(str("Removing leading `", Printable(prefix), "' from ", link ? "hard link targets" : "member names"));
  }
  return cut == name.size() ? std::string(".") : std::string(name.substr(cut));
}

bool TarJob::wants_xattr(std::string_view name) const {
  const auto any = [&](const std::vector<std::string>& patterns) {
    return std::ranges::any_of(patterns, [&](const std::string& pattern) { return wildcard_match(pattern, name); });
  };
  if (name == "security.selinux")
    return opt.label_attribute || any(opt.xattrs_include);
  const bool wanted = opt.xattrs_include.empty() ? name.starts_with("user.") : any(opt.xattrs_include);
  return wanted && !any(opt.xattrs_exclude);
}

void TarJob::list(const TarItem& item, std::string_view name, bool details) {
  Output& out = listing();
  if (opt.block_numbers)
    out.put("block ", item.block, ": ");
  if (!details) {
    out.put(shown(name), '\n');
    return;
  }
  const Entry& entry = item.entry;
  std::string mode = mode_text(entry.mode);
  mode[0] = letter_of(item);
  if (opt.access_lists && !item.access_list.empty())
    mode += '+';
  else if (opt.label_attribute &&
           std::ranges::any_of(entry.xattrs, [](const Xattr& x) { return x.name == "security.selinux"; }))
    mode += '.';
  else if (opt.xattrs && std::ranges::any_of(entry.xattrs, [&](const Xattr& x) { return wants_xattr(x.name); }))
    mode += '*';
  else if (opt.xattrs || opt.access_lists || opt.label_attribute)
    mode += ' ';
  const std::string user = opt.numeric_owner || item.user.empty() ? str(entry.uid) : shown(item.user);
  const std::string group = opt.numeric_owner || item.group.empty() ? str(entry.gid) : shown(item.group);
  const bool device = entry.type == EntryType::character || entry.type == EntryType::block;
  const uint64_t bytes = item.type == 'D' ? item.contents.size() : entry.size;
  const std::string size = device ? str(entry.device_major, ',', entry.device_minor) : str(bytes);
  const size_t used = user.size() + 1 + group.size() + 1 + size.size();
  owner_width_ = std::max(owner_width_, used);
  const auto fields = opt.utc ? universal_time(entry.mtime) : local_time(entry.mtime);
  std::string time = !fields
                         ? str(entry.mtime)
                         : time_text(opt.full_time ? "%Y-%m-%d %H:%M:%S" : "%Y-%m-%d %H:%M", *fields, entry.mtime, 0);
  if (opt.full_time && entry.mtime_ns != 0 && fields)
    time += time_text(".%N", *fields, entry.mtime, entry.mtime_ns);
  time_width_ = std::max(time_width_, time.size());
  time.resize(time_width_, ' ');
  out.put(mode, ' ', user, '/', group, std::string(owner_width_ - used + 1, ' '), size, ' ', time, ' ', shown(name));
  if (entry.type == EntryType::symlink)
    out.put(" -> ", shown(entry.link));
  if (entry.type == EntryType::hardlink)
    out.put(" link to ", shown(entry.link));
  if (item.type == 'V')
    out.put("--Volume Header--");
  if (item.type == 'M')
    out.put("--Continued at byte--");
  out.put('\n');
}

void TarJob::checkpoint(uint64_t number, bool writing) {
  const std::string usual = str(writing ? "Write" : "Read", " checkpoint ", number);
  if (checkpoint_dots_)
    listing().put('.');
  else if (opt.checkpoint_actions.empty())
    warn(usual);
  for (const std::string_view action : opt.checkpoint_actions) {
    if (action == "dot" || action == ".") {
      listing().put('.');
    } else if (action == "echo") {
      warn(usual);
    } else {
      warn(echoed(action.substr(5), number, writing));
    }
  }
}

void TarJob::count(uint64_t done, bool writing) {
  if (checkpoint_every_ != 0) {
    const uint64_t records = done / (opt.blocking * 512);
    while (next_checkpoint_ + checkpoint_every_ <= records) {
      next_checkpoint_ += checkpoint_every_;
      checkpoint(next_checkpoint_, writing);
    }
  }
  if (opt.progress && io.err.is_terminal()) {
    const int64_t now = milliseconds();
    if (now - last_progress_ < 200)
      return;
    last_progress_ = now;
    io.err.put('\r', human_size(done), writing ? " written " : " read ", "\033[K");
  }
}

void TarJob::tell_totals(uint64_t bytes, bool writing) {
  if (opt.progress && io.err.is_terminal() && last_progress_ != 0)
    io.err.put("\r\033[K");
  if (!opt.totals)
    return;
  const auto spent = static_cast<uint64_t>(std::max<int64_t>(milliseconds() - start_, 1));
  const auto size = [](uint64_t number) {
    std::string text = human_size(number);
    std::erase(text, ' ');
    return text;
  };
  io.err.put("Total bytes ", writing ? "written: " : "read: ", bytes, " (", size(bytes), ", ",
             size(bytes * 1000 / spent), "/s)\n");
}

Result<TarOwner> parse_tar_owner(std::string_view text, NameFile& names) {
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    const auto id = to_number<uint32_t>(text.substr(colon + 1));
    if (!id)
      return usage_error("'", Printable(text), "' is no owner");
    return TarOwner{std::string(text.substr(0, colon)), id};
  }
  if (const auto id = names.id_of(text))
    return TarOwner{std::string(text), id};
  const auto id = to_number<uint32_t>(text.starts_with('+') ? text.substr(1) : text);
  if (!id)
    return TarOwner{std::string(text), std::nullopt};
  return TarOwner{std::string(names.name_of(*id)), id};
}

}  // namespace rescue
