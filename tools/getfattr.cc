// getfattr: print extended attributes.
#include <algorithm>
#include <cerrno>

#include <sys/stat.h>
#include <sys/xattr.h>

#include "lib/base/applet.h"
#include "lib/base/choice.h"
#include "lib/base/sort.h"
#include "lib/fs/tree_walk.h"
#include "lib/fs/xattr_text.h"
#include "lib/text/regex.h"

namespace rescue {
namespace {

struct Options {
  std::optional<std::string> name;
  std::string pattern = "^user\\.";
  XattrEncoding encoding = XattrEncoding::automatic;
  std::optional<TreeWalk::Links> links;
  bool absolute = false;
  bool dump = false;
  bool no_dereference = false;
  bool one_file_system = false;
  bool only_values = false;
  bool recursive = false;
};

constexpr Choice<XattrEncoding> encoding_words[] = {
    {"text", XattrEncoding::text}, {"hex", XattrEncoding::hex}, {"base64", XattrEncoding::base64}};

Result<> choose_encoding(Options& o, std::string_view word) {
  o.encoding = TRY(choose("--encoding", word, encoding_words));
  return {};
}

constexpr Opt<Options> options[] = {
    {'n', "name", &Options::name, "print this attribute", "NAME"},
    {'d', "dump", &Options::dump, "print the values of all, not only their names"},
    {'e', "encoding", choose_encoding, "write values as text, hex or base64", "HOW"},
    {'m', "match", &Options::pattern, "those whose names match this expression (default: ^user\\.); - for all",
     "PATTERN"},
    {0, "only-values", &Options::only_values, "print nothing but the values, as they are"},
    {'h', "no-dereference", &Options::no_dereference, "of symbolic links themselves"},
    {0, "one-file-system", &Options::one_file_system, "do not go into other file systems"},
    {0, "absolute-names", &Options::absolute, "leave the slash at the start of paths"},
    {'R', "recursive", &Options::recursive, "of directories with all that is in them"},
    {'L', "logical", set<&Options::links, TreeWalk::Links::follow>, "with -R, go into all that links lead to"},
    {'P', "physical", set<&Options::links, TreeWalk::Links::keep>, "with -R, pass over links"},
};

class Printer final : public WalkVisitor {
 public:
  Printer(const Options& opt, std::optional<Regex> pattern, Io& io)
      : opt_(opt), pattern_(std::move(pattern)), io_(io) {}

  bool enter(const WalkEntry& entry) override {
    if (const auto done = print(std::string(entry.path)); !done)
      io_.warn(done.error());
    return opt_.recursive;
  }
  void leave(const WalkEntry& /*entry*/, bool /*complete*/) override {}
  void failed(const Error& error) override { io_.warn(error); }

 private:
  // What `read` gives, however long it is.
  template <typename F>
  static Result<std::string> read_all_of(F read, std::string_view what, std::string_view path) {
    while (true) {
      const ssize_t size = read(nullptr, 0);
      std::string data(size > 0 ? static_cast<size_t>(size) : 0, '\0');
      const ssize_t got = size > 0 ? read(data.data(), data.size()) : size;
      if (got >= 0) {
        data.resize(static_cast<size_t>(got));
        return data;
      }
      if (errno != ERANGE)
        return fail(what, path);
    }
  }

  Result<std::string> value_of(const std::string& path, const std::string& name) const {
    return read_all_of(
        [&](char* data, size_t size) {
          return opt_.no_dereference ? ::lgetxattr(path.c_str(), name.c_str(), data, size)
                                     : ::getxattr(path.c_str(), name.c_str(), data, size);
        },
        name, path);
  }

  Result<std::vector<std::string>> names_of(const std::string& path) {
    if (opt_.name)
      return std::vector{*opt_.name};
    const std::string list = TRY(read_all_of(
        [&](char* data, size_t size) {
          return opt_.no_dereference ? ::llistxattr(path.c_str(), data, size) : ::listxattr(path.c_str(), data, size);
        },
        "list attributes", path));
    std::vector<std::string> names;
    for (const std::string_view name : split(list, '\0'))
      if (!name.empty() && (!pattern_ || pattern_->matches(name)))
        names.emplace_back(name);
    rescue::sort(names);
    return names;
  }

  std::string shown(std::string_view path) {
    if (!opt_.absolute && path.starts_with('/')) {
      if (!told_)
        io_.note("the slash at the start of paths is left out");
      told_ = true;
      path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    } else if (!opt_.absolute && path.starts_with("./")) {
      path.remove_prefix(std::min(path.find_first_not_of('/', 1), path.size()));
    }
    return quote_xattr(path.empty() ? "." : path, {});
  }

  Result<> print(const std::string& path) {
    const auto names = TRY(names_of(path));
    bool first = true;
    for (const std::string& name : names) {
      std::string value;
      if (opt_.dump || opt_.name || opt_.only_values)
        value = TRY(value_of(path, name));
      if (opt_.only_values) {
        io_.out.put(value);
        continue;
      }
      if (first)
        io_.out.put("# file: ", shown(path), '\n');
      first = false;
      io_.out.put(quote_xattr(name, "="));
      if ((opt_.dump || opt_.name) && !value.empty())
        io_.out.put('=', encode_xattr(value, opt_.encoding));
      else if (opt_.dump || opt_.name)
        io_.out.put("=\"\"");
      io_.out.put('\n');
    }
    if (!first)
      io_.out.put('\n');
    return {};
  }

  const Options& opt_;
  std::optional<Regex> pattern_;
  Io& io_;
  bool told_ = false;
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (args.empty())
    return usage_error("give a FILE");
  std::optional<Regex> pattern;
  if (opt.pattern != "-")
    pattern = TRY(Regex::compile(opt.pattern, {.flavor = RegexSyntax::Flavor::extended}));
  Printer printer(opt, std::move(pattern), io);
  const auto links = opt.no_dereference ? TreeWalk::Links::keep : opt.links.value_or(TreeWalk::Links::follow_named);
  TreeWalk walk({.links = links, .one_file_system = opt.one_file_system}, printer);
  for (const std::string_view path : args)
    walk.run(std::string(path));
  return io.status();
}

}  // namespace

extern const Applet getfattr_applet = {
    .name = "getfattr",
    .summary = "print extended attributes",
    .usage = "[OPTION]... FILE...",
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
