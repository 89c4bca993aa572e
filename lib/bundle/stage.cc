#include "lib/bundle/stage.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/side_by_side.h"
#include "lib/base/text.h"
#include "lib/bundle/label.h"

namespace rescue {

namespace {

// A file of the bundle, written where it waits for the commit.
struct NewFile {
  size_t step = 0;
  const MemberExtras* extras = nullptr;
  std::string shown;
  UniqueFd fd;
};

class Stager : public MemberSink {
 public:
  Stager(const Root& root, const Bundle& bundle, const Plan& plan, Transaction& transaction)
      : root_(root),
        bundle_(bundle),
        plan_(plan),
        transaction_(transaction),
        step_of_entry_(bundle.manifest().entries.size(), -1),
        labels_(root) {
    for (size_t i = 0; i < plan.entry_of_step.size(); ++i)
      if (plan.entry_of_step[i] >= 0)
        step_of_entry_[static_cast<size_t>(plan.entry_of_step[i])] = static_cast<int>(i);
  }

  // What is in memory is written by several threads: most of the time goes to the kernel's copying.
  Result<> run_from_memory() {
    TRY(transaction_.open_areas());
    make_room_for_descriptors();
    const auto& entries = bundle_.manifest().entries;
    for (size_t i = 0; i < entries.size(); ++i)
      if (step_of_entry_[i] >= 0 && !is_other_name(i) && !TRY(make_other(i)))
        waiting_.push_back({i, std::nullopt});
    for (written_upto_ = 0; written_upto_ < waiting_.size(); written_upto_ += max_open)
      TRY(write_group(std::min(max_open, waiting_.size() - written_upto_)));
    for (size_t i = 0; i < entries.size(); ++i)
      if (step_of_entry_[i] >= 0 && is_other_name(i))
        TRY(link_to(i));
    return {};
  }

  // What is not: one after the other, as they are decoded.
  Result<bool> begin(const ManifestEntry& entry, const MemberExtras& extras) override {
    const auto index = static_cast<size_t>(&entry - bundle_.manifest().entries.data());
    if (step_of_entry_[index] < 0 || TRY(make_other(index)))
      return false;
    if (!extras.hard_link_to.empty()) {
      TRY(link_to(index));
      return false;
    }
    file_ = TRY(create(index));
    return true;
  }

  Result<> data(std::span<const char> piece) override {
    return write_all(file_.fd.get(), {piece.data(), piece.size()}, file_.shown);
  }

  Result<> end() override {
    TRY(complete(file_));
    written_.push_back(std::move(file_));
    return written_.size() < max_open ? Result<>() : sync_written();
  }

  // Files are synced in groups: the first one's sync takes much of the others' with it.
  Result<> sync_written() {
    for (NewFile& one : written_) {
      TRY(sync_fd(one.fd.get(), one.shown));
      TRY(one.fd.close(one.shown));
    }
    written_.clear();
    return {};
  }

 private:
  static constexpr size_t max_open = 512;

  size_t step_of(size_t index) const { return static_cast<size_t>(step_of_entry_[index]); }
  bool is_other_name(size_t index) const { return !bundle_.extras(index).hard_link_to.empty(); }

  // A directory or link; false where the entry is a file.
  Result<bool> make_other(size_t index) {
    switch (bundle_.manifest().entries[index].type) {
      case EntryKind::dir: TRY(transaction_.create_dir(step_of(index))); return true;
      case EntryKind::link: TRY(transaction_.create_link(step_of(index))); return true;
      case EntryKind::file: break;
    }
    return false;
  }

  Result<> link_to(size_t index) {
    const std::string& path = bundle_.extras(index).hard_link_to;
    const ManifestEntry* const other = bundle_.manifest().find(path);
    if (other == nullptr)
      return corrupt("hard link", root_.shown(plan_.steps[step_of(index)].path), "names ", Printable(path),
                     ", which the bundle does not have");
    const auto first = static_cast<size_t>(other - bundle_.manifest().entries.data());
    return step_of_entry_[first] >= 0
               ? transaction_.create_hard_link(step_of(index), step_of(first))
               : transaction_.create_hard_link_to_existing(step_of(index), plan_.place_of_entry[first]);
  }

  Result<NewFile> create(size_t index) {
    const size_t step = step_of(index);
    return NewFile{step, &bundle_.extras(index), root_.shown(plan_.steps[step].path),
                   TRY(transaction_.create_file(step))};
  }

  // What a file has beside its content.
  Result<> complete(const NewFile& file) {
    const int fd = file.fd.get();
    const Attributes& a = plan_.steps[file.step].attributes;
    // Owner before mode: changing the owner clears the set-id bits. Attributes last: it clears capabilities too.
    if (::fchown(fd, a.uid, a.gid) < 0)
      return fail("set the owner", file.shown);
    if (::fchmod(fd, a.mode) < 0)
      return fail("set the mode", file.shown);
    TRY(set_xattrs(file));
    const struct timespec time{file.extras->mtime, file.extras->mtime_nsec};
    const struct timespec times[2] = {time, time};
    if (::futimens(fd, times) < 0)
      return fail("set the times", file.shown);
    // Started now, so that the syncs below wait for all of it at once and not for one file after another.
    (void)::sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    return {};
  }

  Result<> set_xattrs(const NewFile& file) {
    for (const auto& [name, value] : file.extras->xattrs) {
      // A file system without extended attributes cannot have had them either.
      if (::fsetxattr(file.fd.get(), name.c_str(), value.data(), value.size(), 0) < 0 && errno != EOPNOTSUPP)
        return fail(str("set the attribute ", name), file.shown);
    }
    if (file.extras->xattrs.contains(label_name))
      return {};
    const std::lock_guard lock(labels_lock_);
    labels_.set_label(file.fd.get(), plan_.steps[file.step]);
    return {};
  }

  struct Waiting {
    size_t index;
    std::optional<Error> error;
    NewFile file;
  };

  // The kernel's table of them grows at once while there is one thread; with several, each time takes ten milliseconds.
  static void make_room_for_descriptors() {
    const UniqueFd any = UniqueFd(::open("/", O_PATH | O_CLOEXEC));
    const UniqueFd high(::fcntl(any.get(), F_DUPFD_CLOEXEC, static_cast<int>(max_open + 64)));
  }

  static void write_one(void* self, size_t i) {
    auto& stager = *static_cast<Stager*>(self);
    Waiting& one = stager.waiting_[stager.written_upto_ + i];
    if (stager.failed_.load())
      return;
    if (auto done = stager.write_whole(one); !done) {
      one.error = std::move(done).error();
      stager.failed_.store(true);
    }
  }

  Result<> write_whole(Waiting& one) {
    one.file = TRY(create(one.index));
    TRY(write_all(one.file.fd.get(), bundle_.content(one.index), one.file.shown));
    return complete(one.file);
  }

  Result<> write_group(size_t count) {
    side_by_side(count, 4, write_one, this);
    for (Waiting& one : std::span(waiting_).subspan(written_upto_, count)) {
      if (one.error)
        return std::unexpected(std::move(*one.error));
      written_.push_back(std::move(one.file));
    }
    return sync_written();
  }

  const Root& root_;
  const Bundle& bundle_;
  const Plan& plan_;
  Transaction& transaction_;
  std::vector<int> step_of_entry_;
  NewFile file_;
  std::vector<Waiting> waiting_;  // to be written from memory
  size_t written_upto_ = 0;       // of these
  std::atomic<bool> failed_ = false;
  std::vector<NewFile> written_;
  std::mutex labels_lock_;
  LabelFinder labels_;
};

}  // namespace

Result<> stage_all(const Root& root, Bundle& bundle, const Plan& plan, Transaction& transaction) {
  Stager stager(root, bundle, plan, transaction);
  if (bundle.in_memory())
    return stager.run_from_memory();
  TRY(bundle.read_members(stager));
  return stager.sync_written();
}

}  // namespace rescue
