// basename: print the last component of paths.
#include "lib/base/applet.h"

namespace rescue {
namespace {

struct Options {
  std::optional<std::string> suffix;
  bool multiple = false;
  bool zero = false;
};

Result<> choose_suffix(Options& o, std::string_view word) {
  o.suffix = word;
  o.multiple = true;
  return {};
}

constexpr Opt<Options> options[] = {
    {'a', "multiple", &Options::multiple, "take all operands as NAMEs"},
    {'s', "suffix", choose_suffix, "take SUFFIX off the end of each; the same as -a otherwise", "SUFFIX"},
    {'z', "zero", &Options::zero, "end each with a zero byte instead of a newline"},
};

void print(std::string_view path, std::string_view suffix, bool zero, Output& out) {
  std::string_view name = base_name(path);
  if (name != "/" && name.size() > suffix.size() && name.ends_with(suffix))
    name.remove_suffix(suffix.size());
  out.put(name, zero ? '\0' : '\n');
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (args.empty())
    return fail("missing operand", "", "give a NAME");
  if (opt.multiple) {
    for (const std::string_view name : args)
      print(name, opt.suffix.value_or(""), opt.zero, io.out);
    return 0;
  }
  if (args.size() > 2)
    return fail("extra operand", args[2], "-a takes more than one NAME");
  print(args[0], args.size() == 2 ? args[1] : "", opt.zero, io.out);
  return 0;
}

}  // namespace

extern const Applet basename_applet = {
    .name = "basename",
    .summary = "print the last component of paths",
    .usage = "NAME [SUFFIX]\nOPTION... NAME...",
    .operands_end_options = true,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
