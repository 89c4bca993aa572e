#include "lib/bundle/stage.h"

#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/bundle/label.h"

namespace rescue {

namespace {

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

  Result<bool> begin(const ManifestEntry& entry, const MemberExtras& extras) override {
    const auto index = static_cast<size_t>(&entry - bundle_.manifest().entries.data());
    if (step_of_entry_[index] < 0)
      return false;
    step_ = static_cast<size_t>(step_of_entry_[index]);
    shown_ = root_.shown(plan_.steps[step_].path);
    extras_ = &extras;
    switch (entry.type) {
      case EntryKind::dir: TRY(transaction_.create_dir(step_)); return false;
      case EntryKind::link: TRY(transaction_.create_link(step_)); return false;
      case EntryKind::file: break;
    }
    if (!extras.hard_link_to.empty())
      return link_to(extras.hard_link_to);
    file_ = TRY(transaction_.create_file(step_));
    return true;
  }

  Result<> data(std::span<const char> piece) override {
    return write_all(file_.get(), {piece.data(), piece.size()}, shown_);
  }

  Result<> end() override {
    if (!file_)
      return {};
    const Attributes& a = plan_.steps[step_].attributes;
    // Owner before mode: changing the owner clears the set-id bits. Attributes last: it clears capabilities too.
    if (::fchown(file_.get(), a.uid, a.gid) < 0)
      return fail("set the owner", shown_, errno);
    if (::fchmod(file_.get(), a.mode) < 0)
      return fail("set the mode", shown_, errno);
    TRY(set_xattrs());
    const struct timespec times[2] = {{extras_->mtime, extras_->mtime_nsec}, {extras_->mtime, extras_->mtime_nsec}};
    if (::futimens(file_.get(), times) < 0)
      return fail("set the times", shown_, errno);
    // Started now, so that the syncs below wait for all of it at once and not for one file after another.
    (void)::sync_file_range(file_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
    written_.push_back({std::move(file_), shown_});
    return written_.size() < max_open ? Result<>() : sync_written();
  }

  // Files are synced in groups: the first one's sync takes much of the others' with it.
  Result<> sync_written() {
    for (Written& one : written_) {
      TRY(sync_fd(one.fd.get(), one.shown));
      TRY(one.fd.close(one.shown));
    }
    written_.clear();
    return {};
  }

 private:
  static constexpr size_t max_open = 512;
  struct Written {
    UniqueFd fd;
    std::string shown;
  };

  Result<bool> link_to(const std::string& path) {
    const ManifestEntry* const other = bundle_.manifest().find(path);
    if (other == nullptr)
      return corrupt("hard link", shown_, str("names ", printable(path), ", which the bundle does not have"));
    const auto index = static_cast<size_t>(other - bundle_.manifest().entries.data());
    if (const int step = step_of_entry_[index]; step >= 0)
      TRY(transaction_.create_hard_link(step_, static_cast<size_t>(step)));
    else
      TRY(transaction_.create_hard_link_to_existing(step_, plan_.place_of_entry[index]));
    return false;
  }

  Result<> set_xattrs() {
    for (const auto& [name, value] : extras_->xattrs) {
      // A file system without extended attributes cannot have had them either.
      if (::fsetxattr(file_.get(), name.c_str(), value.data(), value.size(), 0) < 0 && errno != EOPNOTSUPP)
        return fail(str("set the attribute ", name), shown_, errno);
    }
    if (extras_->xattrs.contains(label_name))
      return {};
    labels_.set_label(file_.get(), plan_.steps[step_]);
    return {};
  }

  const Root& root_;
  const Bundle& bundle_;
  const Plan& plan_;
  Transaction& transaction_;
  std::vector<int> step_of_entry_;
  size_t step_ = 0;
  std::string shown_;
  const MemberExtras* extras_ = nullptr;
  UniqueFd file_;
  std::vector<Written> written_;
  LabelFinder labels_;
};

}  // namespace

Result<> stage_all(const Root& root, Bundle& bundle, const Plan& plan, Transaction& transaction) {
  Stager stager(root, bundle, plan, transaction);
  TRY(bundle.read_members(stager));
  return stager.sync_written();
}

}  // namespace rescue
