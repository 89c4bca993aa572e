// Single file-system operations that the C library or an old kernel does not have.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/error.h"

namespace rescue {

// Exchanges two names atomically (renameat2(2) RENAME_EXCHANGE, Linux 3.15). False where the kernel or the file
// system cannot; nothing has happened then.
Result<bool> exchange_names(int dir_a, const std::string& a, int dir_b, const std::string& b, std::string_view shown);

// Whether names can be renamed and hard-linked from one directory to the other: same file system, same mount.
Result<bool> same_mount(int dir_a, int dir_b, std::string_view shown);

// Whether something is mounted on `name`. False too where the kernel cannot tell (before Linux 5.8).
bool is_mount_point(int dir, const std::string& name);

// The inode flags of chattr(1), FS_IMMUTABLE_FL and so on; nothing where the file system has none. `name` must not
// be a FIFO, device or link.
Result<std::optional<uint32_t>> inode_flags(int dir, const std::string& name, std::string_view shown);
Result<> set_inode_flags(int dir, const std::string& name, uint32_t flags, std::string_view shown);

// Flags that forbid renaming, linking and writing: immutable and append-only.
extern const uint32_t protecting_flags;

}  // namespace rescue
