// readlink: print what symbolic links say, or where paths lead to.
#include <cstdlib>

#include <fcntl.h>

#include "lib/base/applet.h"
#include "lib/fs/canonical.h"
#include "lib/fs/root.h"

namespace rescue {
namespace {

struct Options {
  std::optional<Missing> missing;
  bool no_newline = false;
  bool verbose = false;
  bool zero = false;
};

template <Missing missing>
Result<> canonicalize(Options& o, std::string_view /*none*/) {
  o.missing = missing;
  return {};
}

constexpr Opt<Options> options[] = {
    {'f', "canonicalize", canonicalize<Missing::last>,
     "print where FILE leads to, links followed; all but the last "
     "component must exist"},
    {'e', "canonicalize-existing", canonicalize<Missing::none>, "the same; all components must exist"},
    {'m', "canonicalize-missing", canonicalize<Missing::any>, "the same; no component need exist"},
    {'n', "no-newline", &Options::no_newline, "print no newline behind the only FILE"},
    {'q', "quiet", set<&Options::verbose, false>, "say nothing of what cannot be read (default)"},
    {'s', "silent", set<&Options::verbose, false>, "the same"},
    {'v', "verbose", &Options::verbose, "say what cannot be read"},
    {'z', "zero", &Options::zero, "end each with a zero byte instead of a newline"},
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (args.empty())
    return fail("missing operand", "", "give a FILE");
  const bool bare = opt.no_newline && args.size() == 1;
  if (opt.no_newline && !bare)
    io.note("--no-newline is ignored, for there is more than one FILE");
  const bool verbose = opt.verbose || ::getenv("POSIXLY_CORRECT") != nullptr;
  for (const std::string_view path : args) {
    const auto found =
        opt.missing ? canonical_path(path, {.missing = *opt.missing}) : read_link_at(AT_FDCWD, std::string(path), path);
    if (found)
      io.out.put(*found, bare ? std::string_view() : std::string_view(opt.zero ? "\0" : "\n", 1));
    else if (verbose)
      io.warn(found.error());
    else
      io.fail_silently();
  }
  return io.status();
}

}  // namespace

extern const Applet readlink_applet = {
    .name = "readlink",
    .summary = "print what symbolic links lead to",
    .usage = "[OPTION]... FILE...",
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
