// Backups of files that are about to be replaced: cp, mv, ln and install with --backup.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/error.h"

namespace rescue {

enum class Backup : uint8_t {
  none,
  simple,    // name~
  numbered,  // name.~1~
  existing,  // numbered where there are numbered ones, else simple
};

struct BackupPolicy {
  Backup kind = Backup::none;
  std::string suffix = "~";
};

// The kind that the argument of `option` asks for, or the environment (VERSION_CONTROL) where it is empty.
Result<Backup> backup_kind(std::string_view argument);

// The suffix that was given, or SIMPLE_BACKUP_SUFFIX, or "~".
std::string backup_suffix(std::string_view given);

// The name that a backup of `name` in the directory gets. It may be taken, unless it is numbered.
Result<std::string> backup_name(int dir, const std::string& name, const BackupPolicy& policy, std::string_view shown);

// Renames a file to its backup name, which it gives.
Result<std::string> make_backup(int dir, const std::string& name, const BackupPolicy& policy, std::string_view shown);

}  // namespace rescue
