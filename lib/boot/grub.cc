#include "lib/boot/grub.h"

#include <algorithm>
#include <cerrno>

#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/base/version_order.h"
#include "lib/fs/new_file.h"

namespace rescue {

namespace {

constexpr std::string_view block_start = "### BEGIN rescue ###\n";
constexpr std::string_view block_end = "### END rescue ###\n";
constexpr std::string_view grub_folders[] = {"boot/grub", "boot/grub2"};
constexpr std::string_view loader_folder = "boot/loader/entries";
constexpr std::string_view loader_name = "rescue.conf";

// The kit's init is the image's own; nothing more is needed than time for somebody who watches.
constexpr std::string_view rescue_words = "rescue.timeout=10";

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (const std::string_view word : split(line, ' '))
    for (const std::string_view part : split(word, '\t'))
      if (!part.empty())
        words.push_back(part);
  return words;
}

bool is_kernel_command(std::string_view word) {
  return word == "linux" || word == "linux16" || word == "linuxefi";
}

// Not what only serves the entry that is copied: its messages, its initramfs.
bool is_preparation(std::string_view word) {
  constexpr std::string_view commands[] = {"insmod",     "set",     "search",        "if", "else", "fi",
                                           "load_video", "gfxmode", "search.fs_uuid"};
  return std::ranges::contains(commands, word);
}

struct Reader {
  GrubEntry entry;
  bool in_menu = false;
  bool done = false;

  void take(std::string_view line) {
    const auto words = words_of(line);
    if (words.empty())
      return;
    if (words[0] == "menuentry") {
      entry = {};
      in_menu = true;
    } else if (!in_menu) {
      return;
    } else if (words[0] == "}") {
      in_menu = false;
      done = !entry.kernel.empty();
    } else if (is_kernel_command(words[0]) && words.size() > 1) {
      entry.kernel_command = words[0];
      entry.kernel = words[1];
      entry.words = trim(trim(line).substr(static_cast<size_t>(words[1].end() - trim(line).begin())));
    } else if (words[0].starts_with("initrd")) {
      entry.initrd_command = words[0];
    } else if (is_preparation(words[0]) && entry.kernel.empty()) {
      entry.before.emplace_back(trim(line));
    }
  }
};

std::string initrd_for(const GrubEntry& entry) {
  if (!entry.initrd_command.empty())
    return entry.initrd_command;
  return entry.kernel_command == "linuxefi" ? "initrdefi" : entry.kernel_command == "linux16" ? "initrd16" : "initrd";
}

std::string beside(std::string_view kernel) {
  const std::string_view folder = dir_name(kernel);
  return str(folder == "/" ? "" : folder, '/', rescue_image_name);
}

// Where a grub.cfg is, that folder.
Result<std::string> grub_folder(const Root& root) {
  for (const std::string_view folder : grub_folders)
    if (root.exists(str(folder, "/grub.cfg")))
      return std::string(folder);
  return fail("find the boot loader's configuration", root.shown("boot"),
              "has neither grub/grub.cfg nor grub2/grub.cfg");
}

bool uses_loader_entries(const Root& root, std::string_view config) {
  return config.contains("blscfg") && root.exists(loader_folder);
}

// The newest entry of the loader that is none of ours; that of `version`, if there is one.
Result<LoaderEntry> newest_loader_entry(const Root& root, std::string_view version) {
  const UniqueFd dir = TRY(root.open_dir(loader_folder));
  LoaderEntry newest;
  for (const DirEntry& file : TRY(list_dir(dir.get(), root.shown(loader_folder)))) {
    if (!file.name.ends_with(".conf") || file.name == loader_name || file.name.contains("-0-rescue"))
      continue;
    const std::string path = str(loader_folder, '/', file.name);
    const auto text = root.read_file(path, 1 << 20);
    const auto entry = text ? parse_loader_entry(*text, root.shown(path)) : std::unexpected(text.error());
    if (!entry)
      continue;
    if (entry->version == version)
      return entry;
    if (newest.linux_file.empty() || compare_versions(entry->version, newest.version) > 0)
      newest = *entry;
  }
  if (newest.linux_file.empty())
    return fail("find an entry that boots this system", root.shown(loader_folder), "has none");
  return newest;
}

// The image holds the modules of that kernel: where the menu has only others, its entry names that one all the same.
void use_version(const Root& root, std::string_view version, std::string& kernel) {
  const std::string name = str("vmlinuz-", version);
  if (!version.empty() && base_name(kernel) != name && root.exists(str("boot/", name)))
    kernel = str(std::string_view(kernel).substr(0, kernel.rfind('/') + 1), name);
}

Result<std::vector<std::string>> add_loader_entry(const Root& root, std::string_view version) {
  LoaderEntry entry = TRY(newest_loader_entry(root, version));
  use_version(root, version, entry.linux_file);
  const std::string path = str(loader_folder, '/', loader_name);
  // A version below all others, so that it is the last in the menu and never the default.
  TRY(replace_file(root, path,
                   str("title ", rescue_title, "\nversion 0-rescue\nlinux ", entry.linux_file, "\ninitrd ",
                       beside(entry.linux_file), "\noptions ", kept_words(entry.options), ' ', rescue_words,
                       "\ngrub_users $grub_users\ngrub_arg --unrestricted\ngrub_class rescue\n"),
                   0644));
  return std::vector<std::string>{root.shown(path)};
}

Result<std::vector<std::string>> add_custom_entry(const Root& root, const std::string& folder, std::string_view config,
                                                  std::string_view version) {
  const std::string path = str(folder, "/custom.cfg");
  if (!config.contains("custom.cfg"))
    return fail("add the entry", root.shown(str(folder, "/grub.cfg")),
                "does not read custom.cfg: it was not made by grub-mkconfig, so the entry must be added by hand");
  GrubEntry entry = TRY(first_entry(config, version, root.shown(str(folder, "/grub.cfg"))));
  use_version(root, version, entry.kernel);
  const std::string old = root.exists(path) ? TRY(root.read_file(path)) : std::string();
  TRY(replace_file(root, path, without_block(old) + block_of(entry), 0644));
  return std::vector<std::string>{root.shown(path)};
}

Result<> remove_file(const Root& root, const std::string& path, std::vector<std::string>& changed) {
  const auto found = root.find(path, Last::keep);
  if (!found || !found->exists)
    return {};
  if (::unlinkat(found->dir.get(), found->name.c_str(), 0) < 0)
    return fail("remove", root.shown(path));
  changed.push_back(root.shown(path));
  return {};
}

}  // namespace

Result<GrubEntry> first_entry(std::string_view config, std::string_view version, std::string_view path) {
  Reader reader;
  GrubEntry first;
  for (const std::string_view line : split(config, '\n')) {
    reader.take(line);
    if (!reader.done)
      continue;
    reader.done = false;
    if (first.kernel.empty())
      first = reader.entry;
    if (!version.empty() && reader.entry.kernel.ends_with(str('-', version)))
      return reader.entry;
  }
  if (first.kernel.empty())
    return fail("find an entry that boots this system", path, "has none");
  return first;
}

Result<LoaderEntry> parse_loader_entry(std::string_view text, std::string_view path) {
  LoaderEntry entry;
  for (const std::string_view line : split(text, '\n')) {
    const std::string_view whole = trim(line);
    const size_t blank = whole.find_first_of(" \t");
    if (blank == std::string_view::npos)
      continue;
    const std::string_view value = trim(whole.substr(blank));
    const std::string_view key = whole.substr(0, blank);
    if (key == "linux")
      entry.linux_file = value;
    else if (key == "version")
      entry.version = value;
    else if (key == "options")
      entry.options += str(entry.options.empty() ? "" : " ", value);
  }
  if (entry.linux_file.empty())
    return fail("read the entry", path, "names no kernel");
  return entry;
}

std::string kept_words(std::string_view words) {
  // What is for the system's own initramfs and init, and what hides messages. The rest stays: the kernel is the same,
  // and who knows without which word it does not start on this hardware. Variables of grub's (`$kernelopts`) stay too.
  constexpr std::string_view dropped[] = {
      "quiet", "splash",   "rhgb",  "single",       "emergency", "s",       "S",     "init=",  "rdinit=",  "rescue.",
      "rd.",   "systemd.", "break", "crashkernel=", "plymouth.", "resume=", "fsck.", "rescue", "loglevel="};
  std::string line;
  for (const std::string_view word : words_of(words)) {
    const bool drop = std::ranges::any_of(dropped, [&](std::string_view start) {
      return start.ends_with('=') || start.ends_with('.') ? word.starts_with(start) : word == start;
    });
    if (!drop)
      line += str(line.empty() ? "" : " ", word);
  }
  return line;
}

std::string without_block(std::string_view config) {
  const size_t start = config.find(block_start);
  const size_t end = config.find(block_end, start == std::string_view::npos ? 0 : start);
  if (start == std::string_view::npos || end == std::string_view::npos)
    return std::string(config);
  return str(config.substr(0, start), config.substr(end + block_end.size()));
}

std::string block_of(const GrubEntry& entry) {
  std::string text = str(block_start, "# Made by rescue-image; `rescue-image --grub ROOT --remove` takes it away.\n",
                         "menuentry '", rescue_title, "' --class rescue --unrestricted {\n");
  for (const std::string& line : entry.before)
    text += str("\t", line, '\n');
  text += str("\techo 'Loading the rescue system ...'\n\t", entry.kernel_command, ' ', entry.kernel, ' ',
              kept_words(entry.words), ' ', rescue_words, "\n\t", initrd_for(entry), ' ', beside(entry.kernel), "\n}\n",
              block_end);
  return text;
}

Result<std::vector<std::string>> add_boot_entry(const Root& root, std::string_view version) {
  const std::string folder = TRY(grub_folder(root));
  const std::string config = TRY(root.read_file(str(folder, "/grub.cfg")));
  return uses_loader_entries(root, config) ? add_loader_entry(root, version)
                                           : add_custom_entry(root, folder, config, version);
}

Result<std::vector<std::string>> remove_boot_entry(const Root& root) {
  std::vector<std::string> changed;
  TRY(remove_file(root, str(loader_folder, '/', loader_name), changed));
  for (const std::string_view folder : grub_folders) {
    const std::string path = str(folder, "/custom.cfg");
    if (!root.exists(path))
      continue;
    const std::string old = TRY(root.read_file(path));
    const std::string rest = without_block(old);
    if (rest == old)
      continue;
    if (trim(rest).empty()) {
      TRY(remove_file(root, path, changed));
    } else {
      TRY(replace_file(root, path, rest, 0644));
      changed.push_back(root.shown(path));
    }
  }
  TRY(remove_file(root, str("boot/", rescue_image_name), changed));
  return changed;
}

}  // namespace rescue
