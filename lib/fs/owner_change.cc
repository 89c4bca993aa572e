#include "lib/fs/owner_change.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/quote.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

using Say = OwnerOptions::Say;

std::string name_or_number(NameFile& file, uint32_t id) {
  const std::string_view name = file.name_of(id);
  return name.empty() ? str(id) : std::string(name);
}

class OwnerChanger final : public WalkVisitor {
 public:
  OwnerChanger(const OwnerOptions& opt, const OwnerSpec& spec, bool with_user, const OwnerSpec& from, bool referents,
               Names& names, Io& io)
      : opt_(opt), spec_(spec), with_user_(with_user), from_(from), referents_(referents), names_(names), io_(io) {}

  bool enter(const WalkEntry& entry) override {
    const bool directory = S_ISDIR(entry.info.st_mode);
    if (opt_.recursive && directory && opt_.preserve_root && is_root(entry)) {
      io_.warn(fail("refused", entry.path, "is the root of the system").error());
      return false;
    }
    // A directory comes after what is in it: it may be closed to us when it is no longer ours.
    if (!directory || !opt_.recursive)
      change(entry);
    return opt_.recursive;
  }

  void leave(const WalkEntry& entry, bool complete) override {
    if (complete)
      change(entry);
    else if (opt_.say == Say::everything)
      describe_failure(entry.path, nullptr);
  }

  void failed(const Error& error) override {
    complain(error);
    struct stat info{};
    if (opt_.say == Say::everything && ::lstat(std::string(error.path()).c_str(), &info) < 0)
      describe_failure(error.path(), nullptr);
  }

 private:
  void complain(const Error& error) {
    if (opt_.silent)
      io_.fail_silently();
    else
      io_.warn(error);
  }

  static bool is_root(const WalkEntry& entry) {
    struct stat root{};
    return ::lstat("/", &root) == 0 && root.st_dev == entry.info.st_dev && root.st_ino == entry.info.st_ino;
  }

  void change(const WalkEntry& entry) {
    struct stat info = entry.info;
    if (referents_ && S_ISLNK(info.st_mode) && ::fstatat(entry.dir, entry.name, &info, 0) < 0) {
      complain(fail("follow link", entry.path).error());
      if (opt_.say == Say::everything)
        describe_failure(entry.path, &entry.info);
      return;
    }
    const bool wanted = (!from_.user || *from_.user == info.st_uid) && (!from_.group || *from_.group == info.st_gid);
    constexpr auto as_it_is = static_cast<uint32_t>(-1);
    const int flags = referents_ ? 0 : AT_SYMLINK_NOFOLLOW;
    if (wanted &&
        ::fchownat(entry.dir, entry.name, spec_.user.value_or(as_it_is), spec_.group.value_or(as_it_is), flags) < 0) {
      complain(fail(with_user_ ? "change owner" : "change group", entry.path).error());
      if (opt_.say == Say::everything)
        describe_failure(entry.path, &info);
      return;
    }
    const bool changed =
        wanted && ((spec_.user && *spec_.user != info.st_uid) || (spec_.group && *spec_.group != info.st_gid));
    if (opt_.say == Say::everything || (opt_.say == Say::changes && changed))
      describe(entry.path, info, changed);
  }

  bool has_user() const { return with_user_ && (spec_.user || spec_.group); }

  // "root:daemon", or what of it is to be shown.
  std::string old_text(const struct stat& info) {
    std::string group = spec_.group ? name_or_number(names_.groups, info.st_gid) : std::string();
    if (!has_user())
      return group;
    const std::string user = name_or_number(names_.users, info.st_uid);
    return spec_.group ? str(user, ':', group) : user;
  }
  std::string new_text() const {
    if (!has_user())
      return spec_.group_text;
    return spec_.group ? str(spec_.user_text, ':', spec_.group_text) : spec_.user_text;
  }

  void describe(std::string_view path, const struct stat& info, bool changed) {
    const std::string name = quoted_word(path);
    const std::string_view what = has_user() || !spec_.group ? "ownership" : "group";
    if (!changed) {
      const bool known = has_user() || spec_.group;
      io_.out.put(what, " of ", name, " retained", known ? " as " : "", known ? old_text(info) : "", '\n');
      return;
    }
    io_.out.put("changed ", what, " of ", name, " from ", old_text(info), " to ", new_text(), '\n');
  }

  void describe_failure(std::string_view path, const struct stat* info) {
    io_.out.put("failed to change ", has_user() || !spec_.group ? "ownership" : "group", " of ", Quoted(path));
    if (has_user() || spec_.group) {
      if (info != nullptr)
        io_.out.put(" from ", old_text(*info));
      io_.out.put(" to ", new_text());
    }
    io_.out.put('\n');
  }

  const OwnerOptions& opt_;
  const OwnerSpec& spec_;
  const bool with_user_;
  const OwnerSpec& from_;
  const bool referents_;  // change what links lead to
  Names& names_;
  Io& io_;
};

}  // namespace

Result<int> change_owners(const OwnerOptions& opt, const OwnerSpec& spec, bool with_user, Names& names, Io& io,
                          const Args& files) {
  const auto links = opt.recursive ? opt.links : TreeWalk::Links::keep;
  bool referents = opt.dereference.value_or(true);
  if (opt.recursive && links == TreeWalk::Links::keep) {
    if (opt.dereference.value_or(false))
      return fail("-R with --dereference", "", "needs -H or -L");
    referents = false;
  }
  OwnerSpec from;
  if (opt.from)
    from = TRY(parse_owner(*opt.from, names));
  OwnerChanger changer(opt, spec, with_user, from, referents, names, io);
  TreeWalk walk({.links = links}, changer);
  for (const std::string_view path : files)
    walk.run(std::string(path));
  return io.status();
}

}  // namespace rescue
