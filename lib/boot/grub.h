// A menu entry for the rescue image, made the way that the distribution's own entries are.
//
// What the entry needs (which disk, which kernel, which words) is taken from an entry that boots the machine today.
// Debian's grub.cfg reads `custom.cfg` beside it, RHEL's too, and since 8 the entries in /boot/loader/entries: both are
// changed without running anything of the system, which may be broken.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/fs/root.h"

namespace rescue {

constexpr std::string_view rescue_title = "Rescue (works without glibc)";
constexpr std::string_view rescue_image_name = "rescue.img";

struct GrubEntry {
  std::vector<std::string> before;  // insmod, set, search...: the lines before the kernel's
  std::string kernel_command;       // linux, linux16, linuxefi
  std::string kernel;               // "/boot/vmlinuz-6.1.0"
  std::string words;                // its command line
  std::string initrd_command;
};

// The first entry of a grub.cfg that starts a kernel; for `version`, if there is one.
Result<GrubEntry> first_entry(std::string_view config, std::string_view version, std::string_view path);

// A type 1 entry (systemd's Boot Loader Specification).
struct LoaderEntry {
  std::string linux_file;
  std::string options;
  std::string version;
};
Result<LoaderEntry> parse_loader_entry(std::string_view text, std::string_view path);

// The words of the kernel line but those that only the system's own initramfs and init would understand.
std::string kept_words(std::string_view words);

// The text without our block; and the text of the block.
std::string without_block(std::string_view config);
std::string block_of(const GrubEntry& entry);

// Writes the entry into the root's boot loader configuration (the image is put into /boot by the caller), or takes it
// away. What was changed is returned, one line each.
Result<std::vector<std::string>> add_boot_entry(const Root& root, std::string_view version);
Result<std::vector<std::string>> remove_boot_entry(const Root& root);

}  // namespace rescue
