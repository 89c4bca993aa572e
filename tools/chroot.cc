// chroot: run a command with another root directory.
#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <grp.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/fs/names.h"
#include "lib/sys/process.h"

namespace rescue {
namespace {

struct Options {
  std::optional<std::string> groups;
  std::string user_group;
  bool skip_chdir = false;
};

constexpr Opt<Options> options[] = {
    {0, "groups", &Options::groups, "supplementary groups, of the new root's /etc/group", "LIST"},
    {0, "userspec", &Options::user_group, "run as USER and GROUP, of the new root's own files", "USER:GROUP"},
    {0, "skip-chdir", &Options::skip_chdir, "stay in the working directory; only where NEWROOT is /"},
};

constexpr int cannot_run = 126;
constexpr int not_found = 127;

Result<uint32_t> id_of(NameFile& names, std::string_view word, std::string_view what) {
  const bool number = word.starts_with('+');
  if (!number)
    if (const auto id = names.id_of(word))
      return *id;
  if (const auto id = to_number<uint32_t>(number ? word.substr(1) : word))
    return *id;
  return fail(str("invalid ", what), word, "is not known there");
}

struct Identity {
  std::optional<uint32_t> user;
  std::optional<uint32_t> group;
  std::vector<gid_t> groups;
  bool set_groups = false;
};

// The groups that the file names the user a member of.
std::vector<gid_t> groups_of(std::string_view user, uint32_t primary) {
  std::vector<gid_t> groups = {primary};
  const auto fd = open_file("/etc/group", 0);
  const std::string text = fd ? read_all(fd->get(), 1 << 24, "/etc/group").value_or("") : "";
  for (const std::string_view line : split(text, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 4 || !std::ranges::contains(split(fields[3], ','), user))
      continue;
    if (const auto id = to_number<gid_t>(fields[2]); id && !std::ranges::contains(groups, *id))
      groups.push_back(*id);
  }
  return groups;
}

// The user's own group, from passwd.
std::optional<uint32_t> primary_group(NameFile& users, std::string_view name) {
  const auto fields = split(users.line_of(name), ':');
  return fields.size() > 3 ? to_number<uint32_t>(fields[3]) : std::nullopt;
}

Result<Identity> find_identity(const Options& opt) {
  Names names;
  Identity identity;
  const size_t colon = opt.user_group.find(':');
  const std::string_view user = std::string_view(opt.user_group).substr(0, colon);
  const std::string_view group = colon == std::string::npos ? "" : std::string_view(opt.user_group).substr(colon + 1);
  if (!user.empty())
    identity.user = TRY(id_of(names.users, user, "user"));
  if (!group.empty()) {
    identity.group = TRY(id_of(names.groups, group, "group"));
  } else if (identity.user) {
    const std::string name(names.users.name_of(*identity.user));
    identity.group = primary_group(names.users, name);
    if (!identity.group)
      return fail("find the user's group", user, "has no line in /etc/passwd there");
    if (!opt.groups)
      identity.groups = groups_of(name, *identity.group);
  }
  identity.set_groups = opt.groups.has_value() || identity.user || identity.group;
  if (opt.groups && !opt.groups->empty())
    for (const std::string_view word : split(*opt.groups, ','))
      identity.groups.push_back(TRY(id_of(names.groups, word, "group")));
  return identity;
}

Result<> take_identity(const Identity& identity) {
  if (identity.set_groups && ::setgroups(identity.groups.size(), identity.groups.data()) < 0)
    return fail("set the groups", "");
  if (identity.group && ::setgid(*identity.group) < 0)
    return fail("set the group", "");
  if (identity.user && ::setuid(*identity.user) < 0)
    return fail("set the user", "");
  return {};
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  const std::string root(TRY(args.shift("NEWROOT")));
  char* const real = ::realpath(root.c_str(), nullptr);
  const bool stays = real != nullptr && std::string_view(real) == "/";
  ::free(real);
  if (opt.skip_chdir && !stays)
    return usage_error("--skip-chdir is only for a NEWROOT that is /");
  if (::chroot(root.c_str()) < 0)
    return fail("enter new root", root);
  // A working directory left outside is a way out of the new root.
  if (!opt.skip_chdir && ::chdir("/") < 0)
    return fail("change directory", "/");
  TRY(take_identity(TRY(find_identity(opt))));
  std::vector<std::string> words(args.begin(), args.end());
  if (words.empty()) {
    const char* const shell = ::getenv("SHELL");
    words = {shell != nullptr ? shell : "/bin/sh", "-i"};
  }
  reset_signals();
  const auto failed = execute_found(words);
  io.warn(failed.error());
  return failed.error().code() == ENOENT ? not_found : cannot_run;
}

}  // namespace

extern const Applet chroot_applet = {
    .name = "chroot",
    .summary = "run a command with another root directory",
    .usage = "[OPTION]... NEWROOT [COMMAND [ARG]...]",
    .section = 8,
    .failure_status = 125,
    .usage_status = 125,
    .operands_end_options = true,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
