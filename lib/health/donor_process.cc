// Deleted files that processes still have mapped, whole and as they were.
#include <set>

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/text.h"
#include "lib/health/donor_search.h"
#include "lib/sys/process_files.h"

namespace rescue {

namespace {

class ProcessSearch {
 public:
  ProcessSearch(DonorSearch& search, const ProcessFiles& processes) : search_(search), processes_(processes) {}

  void run() {
    struct stat own{};
    const auto pids = processes_.processes();
    if (::fstat(search_.root().fd(), &own) < 0 || !pids)
      return;
    for (const pid_t pid : *pids) {
      // Others live in another system: in a container, or outside of the root that is repaired.
      const auto root = processes_.root_of(pid);
      if (!root || root->st_dev != own.st_dev || root->st_ino != own.st_ino)
        continue;
      look_at(pid);
      if (search_.done())
        return;
    }
  }

 private:
  void look_at(pid_t pid) {
    const auto files = processes_.mapped(pid);
    if (!files)
      return;  // it has ended
    for (const MappedFile& file : *files)
      if (is_of_interest(file) && seen_.insert({file.inode, file.path}).second)
        offer_mapped(pid, file);
    if (processes_.in_other_namespace(pid))
      for (Request& request : search_.requests())
        if (search_.is_open(request))
          offer_inside(pid, request);
  }

  // A deleted library may have had a versioned name; what is not deleted has another name than it should.
  bool is_of_interest(const MappedFile& file) {
    const std::string_view name = base_name(file.path);
    for (const Request& request : search_.requests())
      if (search_.is_open(request) &&
          (name == request.name || (file.deleted && !request.wanted.soname.empty() && name.contains(".so"))))
        return true;
    return false;
  }

  std::string process(pid_t pid) const { return str("process ", pid, " (", Printable(processes_.name_of(pid)), ')'); }

  void offer_mapped(pid_t pid, const MappedFile& file) {
    const auto fd = processes_.open_mapped(pid, file);
    if (!fd) {
      search_.note(str(process(pid), " has ", Printable(file.path),
                       " mapped, which cannot be read from it: ", message(fd.error())));
      return;
    }
    Donor donor;
    donor.where = str(file.deleted ? "the deleted file " : "the file ", Printable(file.path), ", which ", process(pid),
                      " still has mapped");
    offer(fd->get(), std::move(donor));
  }

  // In a mount namespace of its own a process may see what is covered here.
  void offer_inside(pid_t pid, Request& request) {
    struct stat here{};
    struct stat there{};
    const auto fd = processes_.open_inside(pid, request.wanted.path);
    if (!fd || ::fstat(fd->get(), &there) < 0)
      return;
    const auto found = search_.root().find(request.wanted.path);
    if (found && found->exists)
      here = found->info;
    if (here.st_dev == there.st_dev && here.st_ino == there.st_ino)
      return;
    Donor donor;
    donor.where = str("the file /", Printable(request.wanted.path), " as ", process(pid), " sees it");
    offer(fd->get(), std::move(donor));
  }

  void offer(int fd, Donor donor) {
    donor.kind = DonorKind::process;
    const auto read = read_donor(fd, donor.where, donor);
    if (!read)
      search_.note(message(read.error()));
    if (!read || !*read)
      return;
    for (Request& request : search_.requests())
      if (search_.is_open(request))
        search_.offer(request, donor, Trust::usual);
  }

  DonorSearch& search_;
  const ProcessFiles& processes_;
  std::set<std::pair<ino_t, std::string>> seen_;
};

}  // namespace

void search_processes(DonorSearch& search) {
  if (!search.options().processes)
    return;
  const auto processes = ProcessFiles::open(search.options().proc);
  if (!processes) {
    search.note(str("running processes could not be asked: ", message(processes.error())));
    return;
  }
  ProcessSearch(search, *processes).run();
}

}  // namespace rescue
