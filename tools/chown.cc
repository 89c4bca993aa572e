// chown: change owners and groups.
#include <cerrno>

#include <sys/stat.h>

#include "lib/base/applet.h"
#include "lib/base/quote.h"
#include "lib/fs/owner_change.h"

namespace rescue {
namespace {

std::string name_or_number(NameFile& file, uint32_t id) {
  const std::string_view name = file.name_of(id);
  return name.empty() ? str(id) : std::string(name);
}

Result<OwnerSpec> find_owner(const OwnerOptions& opt, Args& args, Names& names, Io& io) {
  if (opt.reference) {
    struct stat info{};
    if (::stat(opt.reference->c_str(), &info) < 0)
      return fail("look at", *opt.reference);
    return OwnerSpec{.user = info.st_uid,
                     .group = info.st_gid,
                     .user_text = name_or_number(names.users, info.st_uid),
                     .group_text = name_or_number(names.groups, info.st_gid)};
  }
  const std::string_view text = TRY(args.shift("OWNER"));
  OwnerSpec spec = TRY(parse_owner(text, names));
  if (spec.had_dot)
    io.note("take a colon for the dot: ", Quoted(text));
  return spec;
}

Result<int> run(const OwnerOptions& opt, Io& io, Args& args) {
  if (args.size() < (opt.reference ? 1 : 2))
    return fail("missing operand", "", args.empty() ? "give an OWNER and a FILE" : "give a FILE");
  Names names;
  const OwnerSpec spec = TRY(find_owner(opt, args, names, io));
  return change_owners(opt, spec, true, names, io, args);
}

}  // namespace

extern const Applet chown_applet = {
    .name = "chown",
    .summary = "change owners and groups",
    .usage = "[OPTION]... [OWNER][:[GROUP]] FILE...\n[OPTION]... --reference=RFILE FILE...",
    .notes = dense<
        "OWNER: is the owner and the group that OWNER logs in with. Numbers are taken too; with a plus sign before\n"
        "them they are never names.">,
    .options = describe<owner_options>,
    .run = entry<owner_options, run>,
};
}  // namespace rescue
