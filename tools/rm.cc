// rm: remove files and trees.
#include <cerrno>

#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/choice.h"
#include "lib/base/confirm.h"
#include "lib/base/quote.h"
#include "lib/fs/directory.h"
#include "lib/fs/remove_console.h"
#include "lib/fs/tree_remove.h"

namespace rescue {
namespace {

enum class Prompt : uint8_t { unset, never, once, always };

struct Options {
  RemoveOptions remove;
  Prompt prompt = Prompt::unset;
  bool preserve_root = true;
  bool keep_mounts = false;
};

constexpr Choice<Prompt> prompt_words[] = {{"never", Prompt::never},   {"no", Prompt::never},
                                           {"none", Prompt::never},    {"once", Prompt::once},
                                           {"always", Prompt::always}, {"yes", Prompt::always}};

template <bool RemoveOptions::* member>
Result<> enable(Options& o, std::string_view /*none*/) {
  o.remove.*member = true;
  return {};
}

Result<> force(Options& o, std::string_view /*none*/) {
  o.prompt = Prompt::never;
  o.remove.ignore_missing = true;
  return {};
}

template <Prompt prompt>
Result<> ask(Options& o, std::string_view /*none*/) {
  o.prompt = prompt;
  o.remove.ignore_missing = false;
  return {};
}

Result<> choose_prompt(Options& o, std::string_view word) {
  o.prompt = word.empty() ? Prompt::always : TRY(choose("--interactive", word, prompt_words));
  if (o.prompt != Prompt::never)
    o.remove.ignore_missing = false;
  return {};
}

Result<> keep_root(Options& o, std::string_view word) {
  if (!word.empty() && word != "all")
    return fail("--preserve-root", "", '\'', Printable(word), "' is not all");
  o.preserve_root = true;
  o.keep_mounts = o.keep_mounts || !word.empty();
  return {};
}

constexpr Opt<Options> options[] = {
    {'d', "dir", enable<&RemoveOptions::empty_directories>, "remove empty directories too"},
    {'f', "force", force, "ask nothing, and do not mind what is not there"},
    {'i', nullptr, ask<Prompt::always>, "ask before each"},
    {'I', nullptr, ask<Prompt::once>, "ask once, before more than three files or a tree are removed"},
    {0, "interactive", choose_prompt, "ask never, once (-I) or always (-i)", "[WHEN]"},
    {0, "no-preserve-root", set<&Options::preserve_root, false>, "do not refuse to remove /"},
    {0, "preserve-root", keep_root, "refuse to remove / (default); with all, whatever is a file system of its own",
     "[all]"},
    {0, "one-file-system", enable<&RemoveOptions::one_file_system>, "do not go into other file systems"},
    {'r', "recursive", enable<&RemoveOptions::recursive>, "remove directories with all that is in them"},
    {'R', nullptr, enable<&RemoveOptions::recursive>, "the same"},
    {'v', "verbose", enable<&RemoveOptions::verbose>, "say what is removed"},
};

// What nobody means to remove.
Result<> check(const Options& opt, const std::string& path) {
  const std::string_view name = base_name(path);
  struct stat info{};
  if (!opt.remove.recursive || ::lstat(path.c_str(), &info) < 0)
    return {};
  if (is_dot_or_dot_dot(name) && S_ISDIR(info.st_mode))
    return fail("refused", path, "is the directory that we are in, or one above it");
  struct stat root{};
  if (opt.preserve_root && ::lstat("/", &root) == 0 && root.st_dev == info.st_dev && root.st_ino == info.st_ino)
    return fail("refused", path, "is the root of the system; --no-preserve-root removes it all the same");
  struct stat parent{};
  if (opt.keep_mounts && S_ISDIR(info.st_mode) && ::lstat(str(path, "/..").c_str(), &parent) == 0 &&
      parent.st_dev != info.st_dev)
    return fail("refused", path, "is a file system of its own");
  return {};
}

Result<int> run(Options& opt, Io& io, Args& args) {
  if (args.empty()) {
    if (opt.remove.ignore_missing)
      return 0;
    return fail("missing operand", "", "give a FILE");
  }
  using Ask = RemoveOptions::Ask;
  const bool terminal = ::isatty(io.in) == 1;
  opt.remove.ask = opt.prompt == Prompt::always               ? Ask::always
                   : opt.prompt == Prompt::never || !terminal ? Ask::never
                                                              : Ask::protected_files;
  if (opt.prompt == Prompt::once && (opt.remove.recursive || args.size() > 3) &&
      !confirm(io, str("remove ", count_of(args.size(), "argument"), opt.remove.recursive ? " recursively" : "")))
    return 0;
  RemoveConsole console(io);
  TreeRemover remover(opt.remove, console);
  for (const std::string_view word : args) {
    const std::string path(word);
    if (const auto fine = check(opt, path); !fine)
      io.warn(fine.error());
    else
      remover.remove(path);
  }
  return io.status();
}

}  // namespace

extern const Applet rm_applet = {
    .name = "rm",
    .summary = "remove files or directories",
    .usage = "[OPTION]... FILE...",
    .notes = dense<"A name that begins with a dash: rm -- -name, or rm ./-name.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
