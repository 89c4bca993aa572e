#include "lib/boot/own_mounts.h"

#include <algorithm>

#include <sys/mount.h>
#include <sys/stat.h>

#include "lib/base/text.h"
#include "lib/fs/root.h"
#include "lib/sys/mounting.h"

namespace rescue {

namespace {

// In this order: one may lie on another.
constexpr std::string_view own_places[] = {"/usr", "/usr/local", "/var", "/opt", "/boot", "/boot/efi"};

bool is_mount_point(const std::string& path) {
  struct stat own{};
  struct stat above{};
  return ::stat(path.c_str(), &own) == 0 && ::stat(str(path, "/..").c_str(), &above) == 0 && own.st_dev != above.st_dev;
}

Result<> mount_entry(const FstabEntry& entry, const std::string& target, bool read_only) {
  MountRequest request{.source = entry.source, .target = target, .type = entry.type, .options = {}};
  add_mount_options(request.options, entry.options);
  if (read_only)
    request.options.flags |= MS_RDONLY;
  if (const auto done = mount_file_system(request); !done)
    return std::unexpected(done.error());
  return {};
}

}  // namespace

std::vector<std::string> mount_own_file_systems(const std::string& root_path, bool read_only, Listener say) {
  std::vector<std::string> mounted;
  const auto root = Root::open(root_path);
  const auto text = root ? root->read_file("etc/fstab") : Result<std::string>(std::unexpected(root.error()));
  if (!text)
    return mounted;
  const auto entries = parse_fstab(*text);
  for (const std::string_view place : own_places) {
    const auto entry = std::ranges::find(entries, place, &FstabEntry::target);
    if (entry == entries.end() || entry->has_option("noauto"))
      continue;
    // The place as the root's own links lead to it: never outside.
    const auto found = root->find_existing(place);
    if (!found) {
      say(message(found.error()));
      continue;
    }
    std::string target = root->shown(found->path);
    if (is_mount_point(target))
      continue;
    if (const auto done = mount_entry(*entry, target, read_only); !done)
      say(message(done.error()));
    else
      mounted.push_back(std::move(target));
  }
  return mounted;
}

}  // namespace rescue
