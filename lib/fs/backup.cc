#include "lib/fs/backup.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>

#include "lib/base/choice.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/fs/directory.h"

namespace rescue {

namespace {

constexpr Choice<Backup> kinds[] = {
    {"none", Backup::none},         {"off", Backup::none},          {"simple", Backup::simple},
    {"never", Backup::simple},      {"existing", Backup::existing}, {"nil", Backup::existing},
    {"numbered", Backup::numbered}, {"t", Backup::numbered},
};

// The number in "name.~12~"; 0 for any other name.
uint64_t number_of(std::string_view candidate, std::string_view name) {
  if (!candidate.starts_with(name))
    return 0;
  candidate.remove_prefix(name.size());
  if (candidate.size() < 4 || !candidate.starts_with(".~") || !candidate.ends_with('~') || candidate[2] == '0')
    return 0;
  return to_number<uint64_t>(candidate.substr(2, candidate.size() - 3)).value_or(0);
}

Result<uint64_t> highest_number(int dir, const std::string& name, std::string_view shown) {
  const UniqueFd here = TRY(open_at(dir, std::string(dir_name(name)), O_RDONLY | O_DIRECTORY, 0, shown));
  const std::string_view base = base_name(name);
  DirectoryReader reader(here.get(), shown);
  uint64_t highest = 0;
  while (TRY(reader.next()))
    highest = std::max(highest, number_of(reader.name(), base));
  return highest;
}

}  // namespace

Result<Backup> backup_kind(std::string_view argument) {
  if (!argument.empty())
    return choose("--backup", argument, kinds);
  const char* const wanted = ::getenv("VERSION_CONTROL");
  if (wanted == nullptr || *wanted == '\0')
    return Backup::existing;
  return choose("VERSION_CONTROL", wanted, kinds);
}

std::string backup_suffix(std::string_view given) {
  if (given.empty())
    if (const char* const wanted = ::getenv("SIMPLE_BACKUP_SUFFIX"); wanted != nullptr)
      given = wanted;
  // A backup stays in the directory of its file.
  return given.empty() || given.find('/') != std::string_view::npos ? "~" : std::string(given);
}

Result<std::string> backup_name(int dir, const std::string& name, const BackupPolicy& policy, std::string_view shown) {
  if (policy.kind == Backup::simple)
    return name + policy.suffix;
  const uint64_t highest = TRY(highest_number(dir, name, shown));
  if (highest == 0 && policy.kind == Backup::existing)
    return name + policy.suffix;
  return str(name, ".~", highest + 1, '~');
}

Result<std::string> make_backup(int dir, const std::string& given, const BackupPolicy& policy, std::string_view shown) {
  std::string name = given;
  while (name.size() > 1 && name.ends_with('/'))
    name.pop_back();
  std::string backup = TRY(backup_name(dir, name, policy, shown));
  if (::renameat(dir, name.c_str(), dir, backup.c_str()) < 0)
    return fail("keep a backup", shown);
  return backup;
}

}  // namespace rescue
