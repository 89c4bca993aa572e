#include "lib/bundle/plan.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <numeric>
#include <optional>
#include <set>

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/bundle/state_dir.h"
#include "lib/crypto/digest.h"
#include "lib/fs/node.h"

namespace rescue {

namespace {

std::string join(std::string_view dir, std::string_view name) {
  return dir.empty() ? std::string(name) : str(dir, '/', name);
}

std::string_view parent_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

NodeKind kind_of(EntryKind type) {
  switch (type) {
    case EntryKind::dir: return NodeKind::dir;
    case EntryKind::link: return NodeKind::link;
    case EntryKind::file: break;
  }
  return NodeKind::file;
}

std::string_view words_for(NodeKind kind) {
  constexpr std::array<std::string_view, 5> words = {"nothing", "a file", "a directory", "a symbolic link",
                                                     "a FIFO, socket or device"};
  return words[static_cast<size_t>(kind)];
}

Attributes attributes_of(const struct stat& info) {
  return {info.st_mode & 07777U, info.st_uid, info.st_gid};
}

// What a person writes has no control characters but blanks and line ends, whatever its encoding.
bool is_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<uint8_t>(c);
    return (byte >= 0x20 && byte != 0x7f) || (byte >= '\t' && byte <= '\r');
  });
}

// Order of the commit: room is made first, then what everything else stands on is put last and back to back.
enum class Phase : uint8_t {
  flags,
  attributes,
  dirs,
  moves,
  aliases,
  rest,
  packages,
  login,
  loader_files,
  loader_links
};

struct Planned {
  Phase phase;
  Step step;
  int entry;
  Change change;
};

class Planner {
 public:
  Planner(const Root& root, const Bundle& bundle, const PlanOptions& options)
      : root_(root), bundle_(bundle), entries_(bundle.manifest().entries), options_(options) {}

  Result<Plan> run() {
    TRY(check_merged());
    plan_.place_of_entry.resize(entries_.size());
    // Aliases first: the directories behind them are looked up as they will be.
    for (const bool aliases : {true, false})
      for (size_t i = 0; i < entries_.size(); ++i)
        if (is_alias(entries_[i]) == aliases)
          TRY(place(i));
    for (const size_t i : waiting_aliases_)
      TRY(adopt_strays(i));
    TRY(plan_flags());
    return finished();
  }

 private:
  // A link at the top of the root that stands for a directory: bin -> usr/bin.
  static bool is_alias(const ManifestEntry& entry) {
    return entry.type == EntryKind::link && entry.path.find('/') == std::string::npos;
  }

  std::string shown(std::string_view path) const { return root_.shown(path); }

  // A bundle of a system whose /bin and /lib are links must not turn the real directories of another into links.
  Result<> check_merged() {
    std::vector<std::string_view> real;
    for (const ManifestEntry& entry : entries_) {
      if (!is_alias(entry) || (entry.path != "bin" && entry.path != "sbin" && entry.path != "lib"))
        continue;
      const Found found = TRY(root_.find(entry.path, Last::keep));
      if (found.exists && S_ISDIR(found.info.st_mode))
        real.push_back(entry.path);
    }
    if (real.size() < 2)
      return {};
    return with_status(fail("compare the layout", root_.path(), "/", real[0], " and /", real[1],
                            " are directories here, and links into /usr in the "
                            "bundle: it was made for a system with merged /usr")
                           .error(),
                       Status::refused);
  }

  Result<> place(size_t i) {
    const ManifestEntry& entry = entries_[i];
    const std::string_view parent = parent_of(entry.path);
    std::string dir;
    if (const auto known = dir_places_.find(parent); known != dir_places_.end())
      dir = known->second;
    const std::string path = join(dir, base_name(entry.path));
    plan_.place_of_entry[i] = path;
    if (entry.tier > options_.up_to && entry.type != EntryKind::dir)
      return {};
    const Found found = TRY(look(path));
    if (entry.type == EntryKind::dir)
      return place_dir(i, path, found);
    if (!TRY(is_first_at(path, i)))
      return {};
    return entry.type == EntryKind::link ? place_link(i, path, found) : place_file(i, path, found);
  }

  // What stands at `path`. Below a directory that is yet to be made, or in one that is to be cleared, is nothing.
  Result<Found> look(const std::string& path) {
    if (new_dirs_.contains(std::string(parent_of(path))))
      return Found{path, {}, std::string(base_name(path)), false, {}};
    const std::string parent(parent_of(path));
    auto dir = dirs_.find(parent);
    if (dir == dirs_.end()) {
      Found found = TRY(root_.find(path, Last::keep, &assumed_));
      if (parent_of(found.path) != parent)
        return found;  // through a link that is about to change
      dir = dirs_.emplace(parent, TRY(open_at(found.dir.get(), ".", O_PATH | O_DIRECTORY, 0, shown(parent)))).first;
    }
    Found found{path, {}, std::string(base_name(path)), true, {}};
    found.dir = TRY(open_at(dir->second.get(), ".", O_PATH | O_DIRECTORY, 0, shown(path)));
    found.exists = ::fstatat(found.dir.get(), found.name.c_str(), &found.info, AT_SYMLINK_NOFOLLOW) == 0;
    if (!found.exists && errno != ENOENT)
      return fail("find", shown(path));
    return found;
  }

  // Two entries of the bundle may come together in this root (a bundle's /lib and /usr/lib, in a merged root).
  Result<bool> is_first_at(const std::string& path, size_t i) {
    const auto [at, first] = entry_at_.emplace(path, i);
    if (first)
      return true;
    const ManifestEntry& other = entries_[at->second];
    const ManifestEntry& entry = entries_[i];
    if (other.type == entry.type && other.sha256 == entry.sha256 && other.link == entry.link)
      return false;
    return with_status(fail("compare the layout", shown(path), "two entries of the bundle belong here: ",
                            Printable(other.path), " and ", Printable(entry.path))
                           .error(),
                       Status::refused);
  }

  Result<> place_dir(size_t i, const std::string& path, const Found& found) {
    const ManifestEntry& entry = entries_[i];
    std::string& target = dir_places_[entry.path];
    target = path;
    if (found.exists && S_ISLNK(found.info.st_mode)) {
      // The root's own layout: its link is followed, unless it leads nowhere.
      const auto followed = root_.find(path, Last::follow, &assumed_);
      if (followed && followed->exists && S_ISDIR(followed->info.st_mode)) {
        target = followed->path;
        ++plan_.kept;
        return {};
      }
    }
    const Attributes wanted{entry.mode, entry.uid, entry.gid};
    if (found.exists && S_ISDIR(found.info.st_mode)) {
      const Attributes have = attributes_of(found.info);
      if (have == wanted) {
        ++plan_.kept;
        return {};
      }
      return add_attributes(path, have, wanted);
    }
    new_dirs_.insert(path);
    return add_put(i, path, found, Phase::dirs);
  }

  Result<> place_link(size_t i, const std::string& path, const Found& found) {
    const ManifestEntry& entry = entries_[i];
    if (found.exists && S_ISLNK(found.info.st_mode)) {
      const std::string text = TRY(read_link_at(found.dir.get(), found.name, shown(path)));
      if (text == entry.link && found.info.st_uid == entry.uid && found.info.st_gid == entry.gid) {
        ++plan_.kept;
        return {};
      }
    }
    if (is_alias(entry)) {
      assumed_[path] = entry.link;
      if (found.exists && S_ISDIR(found.info.st_mode))
        waiting_aliases_.push_back(i);
    }
    const Phase phase = is_alias(entry) ? Phase::aliases : phase_of(entry);
    return add_put(i, path, found, phase);
  }

  static Phase phase_of(const ManifestEntry& entry) {
    switch (entry.tier) {
      case Tier::loader: return entry.type == EntryKind::link ? Phase::loader_links : Phase::loader_files;
      case Tier::login: return Phase::login;
      case Tier::packages: return Phase::packages;
      case Tier::rest: break;
    }
    return Phase::rest;
  }

  Result<> place_file(size_t i, const std::string& path, const Found& found) {
    const ManifestEntry& entry = entries_[i];
    if (!found.exists || !S_ISREG(found.info.st_mode))
      return add_put(i, path, found, phase_of(entry));
    const auto why = TRY(difference(i, path, found));
    if (why.empty()) {
      const Attributes have = attributes_of(found.info);
      const Attributes wanted{entry.mode, entry.uid, entry.gid};
      if (have == wanted) {
        ++plan_.kept;
        return {};
      }
      // A file with other names elsewhere (a backup made with `cp -al`) gets a successor of its own.
      if (found.info.st_nlink == 1)
        return add_attributes(path, have, wanted);
      return add_put(i, path, found, phase_of(entry), "its mode or owner differs");
    }
    if (!options_.replace_config && TRY(is_own_config(entry, path, found))) {
      plan_.changes.push_back({Verb::keep_config, path, "differs from the bundle's; kept, as it is configuration"});
      ++plan_.kept;
      return entry.successor.empty() ? Result<>() : place_beside(i, str(path, entry.successor));
    }
    return add_put(i, path, found, phase_of(entry), why);
  }

  // New configuration, beside what was kept.
  Result<> place_beside(size_t i, const std::string& path) {
    const Found found = TRY(root_.find(path, Last::keep));
    if (found.exists && S_ISREG(found.info.st_mode) && TRY(difference(i, path, found)).empty())
      return {};
    return add_put(i, path, found, phase_of(entries_[i]), "the package's, beside the one that was kept");
  }

  // Why the file at `path` is not the bundle's; empty if it is, apart from mode and owner.
  Result<std::string> difference(size_t i, const std::string& path, const Found& found) const {
    const ManifestEntry& entry = entries_[i];
    const auto size = static_cast<uint64_t>(found.info.st_size);
    if (size != entry.size)
      return size == 0 ? "is empty" : str("has ", size, " bytes, not ", entry.size);
    const auto fd = open_at(found.dir.get(), found.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, shown(path));
    if (!fd)
      return fd.error().code() == EIO ? "cannot be read" : Result<std::string>(std::unexpected(fd.error()));
    const auto same = has_content(fd->get(), i, path);
    if (!same)
      return same.error().code() == EIO ? "cannot be read" : Result<std::string>(std::unexpected(same.error()));
    if (!*same)
      return "its content differs";
    for (const auto& [name, value] : bundle_.extras(i).xattrs)
      if (!has_xattr(fd->get(), name, value))
        return str("its attribute ", Printable(name), " differs");
    return "";
  }

  // To compare is quicker than to work out a digest.
  Result<bool> has_content(int fd, size_t i, const std::string& path) const {
    if (const std::string_view content = bundle_.in_memory() ? bundle_.content(i) : ""; !content.empty())
      return reads_as(fd, content, shown(path));
    return TRY(sha256_fd(fd, shown(path))) == entries_[i].sha256;
  }

  // A file system without extended attributes has the right ones.
  static bool has_xattr(int fd, const std::string& name, const std::string& value) {
    std::string have(value.size() + 1, '\0');
    const ssize_t length = ::fgetxattr(fd, name.c_str(), have.data(), have.size());
    if (length < 0)
      return errno == EOPNOTSUPP;
    return std::string_view(have).substr(0, static_cast<size_t>(length)) == value;
  }

  // Configuration is the administrator's: what is not empty, and text where no package says so, is not damage.
  Result<bool> is_own_config(const ManifestEntry& entry, const std::string& path, const Found& found) const {
    if (entry.config == ConfigMark::yes)
      return found.info.st_size > 0;
    if (entry.config == ConfigMark::no || !entry.path.starts_with("etc/") || found.info.st_size == 0 ||
        found.info.st_size > 1 << 20)
      return false;
    const UniqueFd fd = TRY(open_at(found.dir.get(), found.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, shown(path)));
    const auto text = read_all(fd.get(), 1 << 20, shown(path));
    return text && is_text(*text);
  }

  // What stands in an alias's place as a directory may hold what its owner needs: what the real directory does not
  // have yet moves there, the rest goes to the undo area with the directory.
  Result<> adopt_strays(size_t i) {
    const std::string& alias = plan_.place_of_entry[i];
    const auto target = root_.find(entries_[i].link, Last::follow, &assumed_);
    if (!target || !target->exists || !S_ISDIR(target->info.st_mode))
      return {};  // the bundle makes the directory anew; the old one is kept whole
    return adopt_from(alias, target->path);
  }

  Result<> adopt_from(const std::string& from, const std::string& to) {
    const UniqueFd dir = TRY(root_.open_dir(from));
    for (const DirEntry& stray : TRY(list_dir(dir.get(), shown(from)))) {
      const std::string source = join(from, stray.name);
      const std::string target = join(to, stray.name);
      const Found there = TRY(root_.find(target, Last::keep));
      const Found here = TRY(root_.find(source, Last::keep));
      const bool is_dir = S_ISDIR(here.info.st_mode);
      if (there.exists && S_ISDIR(there.info.st_mode) && is_dir) {
        TRY(adopt_from(source, target));
        continue;
      }
      if (there.exists || new_dirs_.contains(target) || entry_at_.contains(target))
        continue;
      Step step;
      step.action = Action::move;
      step.path = source;
      step.to = target;
      planned_.push_back({Phase::moves, step, -1, {Verb::move, source, str("moves to ", shown(target))}});
    }
    return {};
  }

  Result<> add_attributes(const std::string& path, const Attributes& have, const Attributes& wanted) {
    Step step;
    step.action = Action::attributes;
    step.path = path;
    step.attributes = wanted;
    step.old_attributes = have;
    planned_.push_back({Phase::attributes,
                        step,
                        -1,
                        {Verb::attributes, path,
                         str("mode ", to_octal(have.mode), " owner ", have.uid, ':', have.gid, " becomes ",
                             to_octal(wanted.mode), ' ', wanted.uid, ':', wanted.gid)}});
    return {};
  }

  Result<> add_put(size_t i, const std::string& path, const Found& found, Phase phase, std::string why = {}) {
    const ManifestEntry& entry = entries_[i];
    Step step;
    step.path = path;
    step.kind = kind_of(entry.type);
    step.old_kind = found.exists ? rescue::kind_of(found.info.st_mode) : NodeKind::nothing;
    step.attributes = {entry.mode, entry.uid, entry.gid};
    step.sha256 = entry.sha256;
    step.link = entry.link;
    if (found.exists && is_mount_point(found.dir.get(), found.name))
      return with_status(fail("plan", shown(path),
                              "something is mounted on it, which hides the file itself. Unmount that (umount) and run "
                              "this again. Nothing was changed")
                             .error(),
                         Status::refused);
    const bool same_kind = step.old_kind == step.kind;
    Verb verb = Verb::replace;
    if (!found.exists) {
      verb = Verb::create;
      if (why.empty())
        why = "is missing";
    } else if (!same_kind) {
      verb = Verb::clear;
      why = str("is ", words_for(step.old_kind), ", not ", words_for(step.kind));
    } else if (step.kind == NodeKind::link) {
      verb = Verb::relink;
      why = str("becomes a link to ", Printable(entry.link));
    }
    planned_.push_back({phase, step, static_cast<int>(i), {verb, path, std::move(why)}});
    return {};
  }

  // Immutable and append-only files and directories in the way of the other steps.
  Result<> plan_flags() {
    std::set<std::string> seen;
    const size_t count = planned_.size();
    for (size_t i = 0; i < count; ++i) {
      const Step step = planned_[i].step;
      for (const std::string& path : {step.path, std::string(parent_of(step.path)), std::string(parent_of(step.to))})
        if (!path.empty() && seen.insert(path).second)
          TRY(plan_flags_of(path));
    }
    return {};
  }

  Result<> plan_flags_of(const std::string& path) {
    const auto found = look(path);
    if (!found || !found->exists || (!S_ISREG(found->info.st_mode) && !S_ISDIR(found->info.st_mode)))
      return {};
    const auto flags = TRY(inode_flags(found->dir.get(), found->name, shown(path)));
    if (!flags || (*flags & protecting_flags) == 0)
      return {};
    Step step;
    step.action = Action::flags;
    step.path = path;
    step.flags = *flags;
    planned_.push_back(
        {Phase::flags,
         step,
         -1,
         {Verb::attributes, path, "is immutable or append-only; made writable, and put back at the end"}});
    return {};
  }

  Result<Plan> finished() {
    rescue::sort(planned_, {}, &Planned::phase);
    for (Planned& one : planned_) {
      plan_.steps.push_back(std::move(one.step));
      plan_.entry_of_step.push_back(one.entry);
      plan_.changes.push_back(std::move(one.change));
    }
    return std::move(plan_);
  }

  const Root& root_;
  const Bundle& bundle_;
  const std::vector<ManifestEntry>& entries_;
  const PlanOptions& options_;
  Plan plan_;
  std::vector<Planned> planned_;
  std::map<std::string, std::string, std::less<>> dir_places_;  // a bundle's directory -> the root's
  std::map<std::string, size_t> entry_at_;                      // a place in the root -> the entry that belongs there
  std::set<std::string> new_dirs_;
  std::vector<size_t> waiting_aliases_;
  AssumedLinks assumed_;
  std::map<std::string, UniqueFd> dirs_;  // directories of the root that were looked into
};

}  // namespace

Result<Plan> make_plan(const Root& root, const Bundle& bundle, const PlanOptions& options) {
  return Planner(root, bundle, options).run();
}

}  // namespace rescue
