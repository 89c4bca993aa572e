// chgrp: change groups.
#include <cerrno>

#include <sys/stat.h>

#include "lib/base/applet.h"
#include "lib/fs/owner_change.h"

namespace rescue {
namespace {

Result<OwnerSpec> find_group(const OwnerOptions& opt, Args& args, Names& names) {
  OwnerSpec spec;
  if (opt.reference) {
    struct stat info{};
    if (::stat(opt.reference->c_str(), &info) < 0)
      return fail("look at", *opt.reference);
    const std::string_view name = names.groups.name_of(info.st_gid);
    spec.group = info.st_gid;
    spec.group_text = name.empty() ? str(info.st_gid) : std::string(name);
    return spec;
  }
  const std::string_view text = TRY(args.shift("GROUP"));
  if (text.empty())
    return spec;
  spec.group = TRY(parse_group(text, names));
  spec.group_text = text;
  return spec;
}

Result<int> run(const OwnerOptions& opt, Io& io, Args& args) {
  if (args.size() < (opt.reference ? 1 : 2))
    return fail("missing operand", "", args.empty() ? "give a GROUP and a FILE" : "give a FILE");
  Names names;
  const OwnerSpec spec = TRY(find_group(opt, args, names));
  return change_owners(opt, spec, false, names, io, args);
}

}  // namespace

extern const Applet chgrp_applet = {
    .name = "chgrp",
    .summary = "change groups",
    .usage = "[OPTION]... GROUP FILE...\n[OPTION]... --reference=RFILE FILE...",
    .options = describe<owner_options>,
    .run = entry<owner_options, run>,
};
}  // namespace rescue
