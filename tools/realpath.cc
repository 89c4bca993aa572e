// realpath: print where paths lead to.
#include <cerrno>

#include <sys/stat.h>

#include "lib/base/applet.h"
#include "lib/fs/canonical.h"

namespace rescue {
namespace {

struct Options {
  CanonicalOptions canonical;
  std::optional<std::string> relative_to;
  std::optional<std::string> relative_base;
  bool logical = false;
  bool quiet = false;
  bool zero = false;
};

template <Missing missing>
Result<> allow_missing(Options& o, std::string_view /*none*/) {
  o.canonical.missing = missing;
  return {};
}

template <bool keep_links, bool logical>
Result<> choose_links(Options& o, std::string_view /*none*/) {
  o.canonical.keep_links = keep_links;
  o.logical = logical;
  return {};
}

constexpr Opt<Options> options[] = {
    {'e', "canonicalize-existing", allow_missing<Missing::none>, "all components must exist"},
    {'m', "canonicalize-missing", allow_missing<Missing::any>, "no component need exist"},
    {'L', "logical", choose_links<true, true>, "take .. off before links are resolved"},
    {'P', "physical", choose_links<false, false>, "resolve links as they are met (default)"},
    {'q', "quiet", &Options::quiet, "say nothing of what cannot be resolved"},
    {0, "relative-to", &Options::relative_to, "print the path as seen from DIR", "DIR"},
    {0, "relative-base", &Options::relative_base, "do so for what is below DIR, and print others absolute", "DIR"},
    {'s', "strip", choose_links<true, false>, "do not resolve links"},
    {0, "no-symlinks", choose_links<true, false>, "the same"},
    {'z', "zero", &Options::zero, "end each with a zero byte instead of a newline"},
};

Result<std::string> resolve(const Options& opt, std::string_view path) {
  std::string found = TRY(canonical_path(path, opt.canonical));
  if (!opt.logical)
    return found;
  return canonical_path(found, {.missing = opt.canonical.missing});
}

Result<std::string> resolve_directory(const Options& opt, const std::string& path) {
  std::string found = TRY(resolve(opt, path));
  struct stat info{};
  if (opt.canonical.missing == Missing::none && (::stat(found.c_str(), &info) < 0 || !S_ISDIR(info.st_mode)))
    return fail("start from", path, ENOTDIR);
  return found;
}

// The directory to print paths from, and the one that they must be below.
struct From {
  std::optional<std::string> to;
  std::optional<std::string> base;
};

Result<From> find_from(const Options& opt) {
  From from;
  if (!opt.relative_to && !opt.relative_base)
    return from;
  from.to = TRY(resolve_directory(opt, opt.relative_to ? *opt.relative_to : *opt.relative_base));
  if (!opt.relative_base)
    return from;
  from.base = opt.relative_to ? TRY(resolve_directory(opt, *opt.relative_base)) : *from.to;
  if (!is_below(*from.to, *from.base))
    from.to.reset();
  return from;
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (args.empty())
    return fail("missing operand", "", "give a FILE");
  const From from = TRY(find_from(opt));
  for (const std::string_view path : args) {
    const auto found = resolve(opt, path);
    if (!found) {
      if (!opt.quiet)
        io.warn(found.error());
      else
        io.fail_silently();
      continue;
    }
    const bool relative = from.to && (!from.base || is_below(*found, *from.base));
    io.out.put(relative ? relative_path(*found, *from.to) : *found, opt.zero ? '\0' : '\n');
  }
  return io.status();
}

}  // namespace

extern const Applet realpath_applet = {
    .name = "realpath",
    .summary = "print the absolute path that each file has",
    .usage = "[OPTION]... FILE...",
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
