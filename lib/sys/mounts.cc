#include "lib/sys/mounts.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "lib/base/fd.h"
#include "lib/base/size_text.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr uint64_t largest_mountinfo = 64 << 20;

// Newer than some kernel headers.
constexpr unsigned long no_symlinks_flag = 256;
constexpr unsigned long lazy_time_flag = 1 << 25;

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (size_t i = 0; i < line.size();) {
    const size_t start = i;
    while (i < line.size() && !is_blank(line[i]))
      ++i;
    if (i > start)
      words.push_back(line.substr(start, i - start));
    else
      ++i;
  }
  return words;
}

bool parse_device(std::string_view word, dev_t& device) {
  const size_t colon = word.find(':');
  if (colon == std::string_view::npos)
    return false;
  const auto major = to_number<unsigned>(word.substr(0, colon));
  const auto minor = to_number<unsigned>(word.substr(colon + 1));
  if (!major || !minor)
    return false;
  device = makedev(*major, *minor);
  return true;
}

// "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue"
std::optional<Mount> parse_mount(std::string_view line) {
  // Split at single blanks: an empty source is an empty word.
  const auto words = split(line, ' ');
  const auto dash = std::ranges::find(words, "-");
  if (dash - words.begin() < 6 || words.end() - dash < 4)
    return std::nullopt;
  const auto id = to_number<unsigned>(words[0]);
  const auto parent = to_number<unsigned>(words[1]);
  Mount mount;
  if (!id || !parent || !parse_device(words[2], mount.device))
    return std::nullopt;
  mount.id = *id;
  mount.parent = *parent;
  mount.root = decode_mount_word(words[3]);
  mount.target = decode_mount_word(words[4]);
  mount.options = words[5];
  mount.type = decode_mount_word(dash[1]);
  mount.source = decode_mount_word(dash[2]);
  mount.super_options = dash[3];
  return mount;
}

struct FlagWord {
  std::string_view word;
  unsigned long flag;
  bool clear = false;
};

constexpr FlagWord flag_words[] = {
    {"ro", MS_RDONLY},
    {"rw", MS_RDONLY, true},
    {"nosuid", MS_NOSUID},
    {"suid", MS_NOSUID, true},
    {"nodev", MS_NODEV},
    {"dev", MS_NODEV, true},
    {"noexec", MS_NOEXEC},
    {"exec", MS_NOEXEC, true},
    {"sync", MS_SYNCHRONOUS},
    {"async", MS_SYNCHRONOUS, true},
    {"dirsync", MS_DIRSYNC},
    {"remount", MS_REMOUNT},
    {"mand", MS_MANDLOCK},
    {"nomand", MS_MANDLOCK, true},
    {"noatime", MS_NOATIME},
    {"atime", MS_NOATIME, true},
    {"nodiratime", MS_NODIRATIME},
    {"diratime", MS_NODIRATIME, true},
    {"relatime", MS_RELATIME},
    {"norelatime", MS_RELATIME, true},
    {"strictatime", MS_STRICTATIME},
    {"nostrictatime", MS_STRICTATIME, true},
    {"lazytime", lazy_time_flag},
    {"nolazytime", lazy_time_flag, true},
    {"nosymfollow", no_symlinks_flag},
    {"symfollow", no_symlinks_flag, true},
    {"iversion", MS_I_VERSION},
    {"noiversion", MS_I_VERSION, true},
    {"silent", MS_SILENT},
    {"loud", MS_SILENT, true},
    {"bind", MS_BIND},
    {"rbind", MS_BIND | MS_REC},
    {"move", MS_MOVE},
};

constexpr FlagWord propagation_words[] = {
    {"shared", MS_SHARED},
    {"slave", MS_SLAVE},
    {"private", MS_PRIVATE},
    {"unbindable", MS_UNBINDABLE},
    {"rshared", MS_SHARED | MS_REC},
    {"rslave", MS_SLAVE | MS_REC},
    {"rprivate", MS_PRIVATE | MS_REC},
    {"runbindable", MS_UNBINDABLE | MS_REC},
};

// Of no meaning to the kernel: for mount -a, for other programs, for people.
constexpr std::string_view ignored_words[] = {"defaults", "auto",    "user",  "nouser",  "users",  "nousers",
                                              "owner",    "noowner", "group", "nogroup", "_netdev"};

bool is_ignored(std::string_view word) {
  return std::ranges::find(ignored_words, word) != std::end(ignored_words) || word.starts_with("x-") ||
         word.starts_with("X-") || word.starts_with("comment=") || word.starts_with("user=") ||
         word.starts_with("uhelper=");
}

bool take_flag(MountOptions& options, std::string_view word) {
  for (const FlagWord& known : propagation_words)
    if (known.word == word) {
      options.propagation = known.flag;
      return true;
    }
  for (const FlagWord& known : flag_words)
    if (known.word == word) {
      options.flags = known.clear ? options.flags & ~known.flag : options.flags | known.flag;
      return true;
    }
  // What these imply; an explicit word behind them may take it back.
  if (word == "user" || word == "users")
    options.flags |= MS_NOSUID | MS_NODEV | MS_NOEXEC;
  else if (word == "owner" || word == "group")
    options.flags |= MS_NOSUID | MS_NODEV;
  return false;
}

// A size with a unit; what is none is no zero, for another place of the disk would be mounted then.
void take_size(MountOptions& options, std::string_view word, std::string_view value, uint64_t& size) {
  const ParsedSize parsed = parse_size(value);
  if (parsed.problem != SizeProblem::none || !parsed.has_number)
    options.problem = word;
  size = parsed.value;
}

bool take_own(MountOptions& options, std::string_view word) {
  const size_t equals = word.find('=');
  const std::string_view name = word.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? "" : word.substr(equals + 1);
  if (name == "loop") {
    options.loop = true;
    options.loop_device = value;
  } else if (name == "offset") {
    take_size(options, word, value, options.offset);
  } else if (name == "sizelimit") {
    take_size(options, word, value, options.size_limit);
  } else if (word == "nofail") {
    options.no_fail = true;
  } else if (word == "noauto") {
    options.no_auto = true;
  } else {
    return false;
  }
  return true;
}

// Takes the first word off the list.
std::string_view next_option(std::string_view& words) {
  bool quoted = false;
  size_t end = 0;
  for (; end < words.size() && (quoted || words[end] != ','); ++end)
    quoted ^= words[end] == '"';
  const std::string_view word = words.substr(0, end);
  words.remove_prefix(std::min(end + 1, words.size()));
  return word;
}

}  // namespace

std::string decode_mount_word(std::string_view word) {
  std::string text;
  for (size_t i = 0; i < word.size(); ++i) {
    const auto code =
        word[i] == '\\' && word.size() - i > 3 ? to_number<unsigned>(word.substr(i + 1, 3), 8) : std::nullopt;
    if (code && *code < 256) {
      text += static_cast<char>(*code);
      i += 3;
    } else {
      text += word[i];
    }
  }
  return text;
}

std::vector<Mount> parse_mountinfo(std::string_view text) {
  std::vector<Mount> mounts;
  for (const std::string_view line : split(text, '\n'))
    if (auto mount = parse_mount(line))
      mounts.push_back(*std::move(mount));
  return mounts;
}

Result<std::vector<Mount>> read_mounts() {
  const std::string path = "/proc/self/mountinfo";
  const UniqueFd fd = TRY(open_file(path, O_RDONLY));
  return parse_mountinfo(TRY(read_all(fd.get(), largest_mountinfo, path)));
}

const Mount* mount_at(const std::vector<Mount>& mounts, std::string_view target) {
  const Mount* found = nullptr;
  for (const Mount& mount : mounts)
    if (mount.target == target)
      found = &mount;
  return found;
}

std::string all_options(const Mount& mount) {
  std::string rest;
  bool read_only = false;
  for (const std::string& list : {mount.options, mount.super_options})
    for (const std::string_view word : split(list, ',')) {
      read_only = read_only || word == "ro";
      if (word != "ro" && word != "rw" && !word.empty())
        rest += str(',', word);
    }
  return (read_only ? "ro" : "rw") + rest;
}

bool type_is_wanted(std::string_view list, std::string_view type) {
  const bool negated = list.starts_with("no") && !list.starts_with("none");
  if (negated)
    list.remove_prefix(2);
  return list.empty() || std::ranges::contains(split(list, ','), type) != negated;
}

bool has_options(std::string_view options, std::string_view list) {
  for (std::string_view word : split(list, ',')) {
    const bool negated = word.starts_with("no") && word != "noauto" && word != "nofail";
    if (negated)
      word.remove_prefix(2);
    if (!word.empty() && option_value(options, word).has_value() == negated)
      return false;
  }
  return true;
}

const Mount* mount_of(const std::vector<Mount>& mounts, std::string_view path) {
  const Mount* found = nullptr;
  for (const Mount& mount : mounts) {
    const std::string_view target = mount.target == "/" ? std::string_view() : mount.target;
    const bool holds = path.starts_with(target) && (path.size() == target.size() || path[target.size()] == '/');
    if (holds && (found == nullptr || mount.target.size() >= found->target.size()))
      found = &mount;
  }
  return found;
}

bool FstabEntry::has_option(std::string_view name) const {
  return option_value(options, name).has_value();
}

std::vector<FstabEntry> parse_fstab(std::string_view text) {
  std::vector<FstabEntry> entries;
  for (const std::string_view line : split(text, '\n')) {
    const auto words = words_of(line);
    if (words.size() < 3 || words[0].starts_with('#'))
      continue;
    FstabEntry entry{decode_mount_word(words[0]), decode_mount_word(words[1]), decode_mount_word(words[2])};
    if (words.size() > 3)
      entry.options = decode_mount_word(words[3]);
    entry.dump = words.size() > 4 ? to_number<unsigned>(words[4]).value_or(0) : 0;
    entry.pass = words.size() > 5 ? to_number<unsigned>(words[5]).value_or(0) : 0;
    entries.push_back(std::move(entry));
  }
  return entries;
}

void add_mount_options(MountOptions& options, std::string_view words) {
  while (!words.empty()) {
    const std::string_view word = next_option(words);
    if (word.empty() || take_flag(options, word) || is_ignored(word) || take_own(options, word))
      continue;
    if (!options.data.empty())
      options.data += ',';
    std::ranges::copy_if(word, std::back_inserter(options.data), [](char c) { return c != '"'; });
  }
}

std::optional<std::string> option_value(std::string_view words, std::string_view name) {
  std::optional<std::string> value;
  while (!words.empty()) {
    const std::string_view word = next_option(words);
    if (word == name)
      value = "";
    else if (word.starts_with(name) && word.substr(name.size()).starts_with('='))
      value = word.substr(name.size() + 1);
  }
  return value;
}

}  // namespace rescue
