#include "lib/bundle/reuse.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/crypto/digest.h"
#include "lib/elf/image.h"
#include "lib/fs/node.h"
#include "lib/sys/mapped.h"

namespace rescue {

namespace {

constexpr std::string_view hidden_prefix = ".rescue-reuse-";

// Whether what is there cannot be what it should be, whatever program would read it: an ELF file is to take its
// place, and it is none, or ends before its end.
bool is_dead(const Found& found, std::string_view shown) {
  if (found.info.st_size == 0)
    return true;
  const auto fd = open_at(found.dir.get(), found.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, shown);
  if (!fd)
    return false;
  const auto image = elf::Image::open(fd->get(), shown);
  return image ? image->truncated() : image.error().code() == 0;
}

bool is_library_name(std::string_view path) {
  const std::string_view name = base_name(path);
  return name.find(".so") != std::string_view::npos;
}

class Reuser : public MemberSink {
 public:
  Reuser(const Root& root, const Bundle& bundle, const Plan& plan, const std::vector<size_t>& steps)
      : root_(root), bundle_(bundle), plan_(plan), steps_(steps) {}

  Result<bool> begin(const ManifestEntry& entry, const MemberExtras& extras) override {
    const auto index = static_cast<int>(&entry - bundle_.manifest().entries.data());
    const auto at = std::ranges::find_if(steps_, [&](size_t i) { return plan_.entry_of_step[i] == index; });
    if (at == steps_.end() || !extras.hard_link_to.empty())
      return false;
    step_ = &plan_.steps[*at];
    entry_ = &entry;
    extras_ = &extras;
    shown_ = root_.shown(step_->path);
    place_ = TRY(root_.find_existing(step_->path, Last::keep));
    hidden_ = str(hidden_prefix, place_->name);
    if (::renameat(place_->dir.get(), place_->name.c_str(), place_->dir.get(), hidden_.c_str()) < 0)
      return fail("rename", shown_);
    file_ = TRY(open_at(place_->dir.get(), hidden_, O_RDWR | O_NOFOLLOW, 0, shown_));
    return true;
  }

  // Over the old content, not after a truncation: the blocks must not be free for somebody else in between.
  Result<> data(std::span<const char> piece) override {
    return write_all(file_.get(), {piece.data(), piece.size()}, shown_);
  }

  Result<> end() override {
    if (!file_)
      return {};
    if (::ftruncate(file_.get(), static_cast<off_t>(entry_->size)) < 0)
      return fail("cut to its size", shown_);
    if (::fchown(file_.get(), entry_->uid, entry_->gid) < 0 || ::fchmod(file_.get(), entry_->mode) < 0)
      return fail("set owner and mode", shown_);
    const struct timespec times[2] = {{extras_->mtime, extras_->mtime_nsec}, {extras_->mtime, extras_->mtime_nsec}};
    if (::futimens(file_.get(), times) < 0)
      return fail("set the times", shown_);
    TRY(sync_fd(file_.get(), shown_));
    if (::lseek(file_.get(), 0, SEEK_SET) < 0)
      return fail("read back", shown_);
    if (TRY(sha256_fd(file_.get(), shown_)) != entry_->sha256)
      return fail("read back", shown_, "the disk does not give back what was written");
    TRY(file_.close(shown_));
    if (::renameat(place_->dir.get(), hidden_.c_str(), place_->dir.get(), place_->name.c_str()) < 0)
      return fail("rename into place", shown_);
    const UniqueFd dir = TRY(open_at(place_->dir.get(), ".", O_RDONLY | O_DIRECTORY, 0, shown_));
    return sync_fd(dir.get(), shown_);
  }

 private:
  const Root& root_;
  const Bundle& bundle_;
  const Plan& plan_;
  const std::vector<size_t>& steps_;
  const Step* step_ = nullptr;
  const ManifestEntry* entry_ = nullptr;
  const MemberExtras* extras_ = nullptr;
  std::string shown_;
  std::optional<Found> place_;
  std::string hidden_;
  UniqueFd file_;
};

// The directories in which a hidden file of ours can be: those for libraries, and Debian's below them.
std::vector<std::string> library_dirs(const Root& root) {
  std::vector<std::string> dirs;
  for (const char* const dir : {"usr/lib", "usr/lib64", "lib", "lib64"}) {
    dirs.emplace_back(dir);
    const auto fd = root.open_dir(dir);
    if (!fd)
      continue;
    if (const auto entries = list_dir(fd->get(), dir))
      for (const DirEntry& entry : *entries)
        if (entry.name.find("-linux-gnu") != std::string::npos)
          dirs.push_back(str(dir, '/', entry.name));
  }
  return dirs;
}

Result<> put_back_in(const Root& root, const std::string& path, std::vector<std::string>& done) {
  const UniqueFd dir = TRY(root.open_dir(path));
  for (const DirEntry& entry : TRY(list_dir(dir.get(), root.shown(path)))) {
    if (!entry.name.starts_with(hidden_prefix))
      continue;
    const std::string name = entry.name.substr(hidden_prefix.size());
    const std::string shown = root.shown(str(path, '/', name));
    struct stat info{};
    const bool free = ::fstatat(dir.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
    if (free && ::renameat(dir.get(), entry.name.c_str(), dir.get(), name.c_str()) < 0)
      return fail("rename", shown);
    if (free)
      done.push_back(shown);
  }
  return {};
}

}  // namespace

std::vector<size_t> find_dead_files(const Root& root, const Plan& plan, const Manifest& manifest) {
  std::vector<size_t> dead;
  const auto mapped = mapped_inodes();
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    if (step.action != Action::put || step.kind != NodeKind::file || step.old_kind != NodeKind::file ||
        !is_library_name(step.path) || plan.entry_of_step[i] < 0)
      continue;
    const auto found = root.find_existing(step.path, Last::keep);
    if (!found || found->info.st_nlink != 1 || !is_dead(*found, step.path))
      continue;
    if (found->info.st_size != 0 && (!mapped || mapped->contains(found->info.st_ino)))
      continue;
    const auto flags = inode_flags(found->dir.get(), found->name, step.path);
    if (!flags || (flags->value_or(0) & protecting_flags) != 0)
      continue;
    if (manifest.entries[static_cast<size_t>(plan.entry_of_step[i])].nlink == 1)
      dead.push_back(i);
  }
  return dead;
}

Result<> reuse_dead_files(const Root& root, Bundle& bundle, const Plan& plan, const std::vector<size_t>& steps) {
  Reuser reuser(root, bundle, plan, steps);
  return bundle.read_members(reuser);
}

Result<std::vector<std::string>> put_back_reused(const Root& root) {
  std::vector<std::string> done;
  for (const std::string& dir : library_dirs(root))
    if (const auto found = root.find(dir); found && found->exists && S_ISDIR(found->info.st_mode))
      TRY(put_back_in(root, dir, done));
  return done;
}

}  // namespace rescue
