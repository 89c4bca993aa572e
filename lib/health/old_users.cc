#include "lib/health/old_users.h"

#include <algorithm>

#include <sys/stat.h>

#include "lib/base/text.h"
#include "lib/health/patient.h"
#include "lib/sys/process_files.h"

namespace rescue {

namespace {

bool uses_deleted(const ProcessFiles& processes, pid_t pid) {
  const auto files = processes.mapped(pid);
  return files && std::ranges::any_of(*files, [](const MappedFile& file) {
           return file.deleted && is_family_name(base_name(file.path));
         });
}

}  // namespace

std::string users_of_deleted_libraries(const Root& root, std::string_view proc) {
  constexpr size_t told = 5;
  struct stat own{};
  const auto processes = ProcessFiles::open(proc);
  if (!processes || ::fstat(root.fd(), &own) < 0)
    return {};
  std::string names;
  size_t count = 0;
  for (const pid_t pid : processes->processes().value_or(std::vector<pid_t>())) {
    const auto theirs = processes->root_of(pid);
    if (!theirs || theirs->st_dev != own.st_dev || theirs->st_ino != own.st_ino || !uses_deleted(*processes, pid))
      continue;
    if (count++ < told)
      names += str(count == 1 ? "" : ", ", Printable(processes->name_of(pid)), " (", pid, ')');
  }
  if (count == 0)
    return {};
  return str(count_of(count, "process still uses", "processes still use"), " the deleted libraries of before: ", names,
             count > told ? " and more" : "",
             ". Nothing breaks by that; restart them, or the machine, once a second login works");
}

}  // namespace rescue
