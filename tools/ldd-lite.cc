// ldd-lite: tell which libraries a program needs and where they are found, without running it.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/applet.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/elf/copy_closure.h"
#include "lib/elf/search.h"
#include "lib/elf/sweep.h"
#include "lib/elf/symbols.h"
#include "lib/fs/root.h"

namespace rescue {
namespace {

using elf::Closure, elf::Edge, elf::LoadedObject, elf::Rule, elf::VersionProblem;

struct Options {
  bool tree = false;
  bool json = false;
  bool unused = false;
  bool relocations = false;
  bool check = false;
  bool no_cache = false;
  std::string root = "/";
  std::string library_path;
  std::string preload;
  std::string copy_to;
};

constexpr Opt<Options> options[] = {
    {'r', "function-relocs", &Options::relocations, "name the symbols that nothing defines, too"},
    {'u', "unused", &Options::unused, "name the direct dependencies that the program takes nothing from"},
    {'t', "tree", &Options::tree, "show each library under what asked for it, with the rule that found it"},
    {0, "check", &Options::check, "look at every program and library below; print only what does not resolve"},
    {0, "copy-to", &Options::copy_to, "copy each FILE with all that it loads to DIR, as a tree for chroot", "DIR"},
    {0, "json", &Options::json, "print JSON"},
    Opt<Options>("Where to look"),
    {0, "root", &Options::root, "look in the system at DIR; the FILEs are paths within it", "DIR"},
    {0, "ld-library-path", &Options::library_path, "as if LD_LIBRARY_PATH were PATH", "PATH"},
    {0, "preload", &Options::preload, "as if LD_PRELOAD were LIST", "LIST"},
    {0, "inhibit-cache", &Options::no_cache, "do not use /etc/ld.so.cache"},
};

// One file with all that was found out about it.
struct Report {
  std::string file;
  Closure closure;
  std::vector<elf::UndefinedSymbol> undefined;
  std::vector<uint32_t> unused;

  bool resolves() const { return closure.resolves() && undefined.empty(); }
};

Result<elf::SearchOptions> search_options(const Options& opt) {
  elf::SearchOptions search;
  search.library_path = elf::split_library_path(opt.library_path);
  search.preload = elf::split_preload(opt.preload);
  search.use_cache = !opt.no_cache;
  // Only in the system that we are in ourselves does it mean anything where we stand.
  if (opt.root == "/")
    search.working_directory = TRY(working_directory());
  return search;
}

std::string absolute(std::string_view file, const elf::SearchOptions& search) {
  return file.starts_with('/') ? std::string(file) : str(search.working_directory, '/', file);
}

// Nothing is loaded, so there is no address; scripts that know ldd expect one.
std::string_view no_address(const Closure& closure) {
  return closure.objects[0].library()->image.is64 ? " (0x0000000000000000)" : " (0x00000000)";
}

void print_object(const Closure& closure, const LoadedObject& object, Output& out) {
  if (object.library() == nullptr) {
    out.put('\t', Printable(object.name), " => not found\n");
    return;
  }
  if (object.name != object.hit->path)
    out.put('\t', Printable(object.name), " => ");
  else
    out.put('\t');
  out.put(Printable(object.hit->path), no_address(closure));
  if (object.hit->error)
    out.put(" ", object.hit->error->code() != 0 ? errno_text(object.hit->error->code()) : object.hit->error->detail());
  out.put('\n');
}

void print_versions(const Closure& closure, Output& out) {
  for (const VersionProblem& problem : closure.version_problems) {
    if (problem.kind == VersionProblem::Kind::untold)
      continue;
    out.put('\t', Printable(closure.objects[problem.provider].hit->path),
            problem.kind == VersionProblem::Kind::weak ? ": weak version `" : ": version `", Printable(problem.version),
            "' not found (required by ", Printable(closure.objects[problem.requester].hit->path), ")\n");
  }
}

void print_extras(const Report& report, Output& out) {
  const auto& objects = report.closure.objects;
  for (const elf::UndefinedSymbol& symbol : report.undefined) {
    out.put("\tundefined symbol: ", Printable(symbol.name));
    if (!symbol.version.empty())
      out.put(", version ", Printable(symbol.version));
    out.put("\t(", Printable(objects[symbol.object].hit->path), ")\n");
  }
  if (!report.unused.empty())
    out.put("Unused direct dependencies:\n");
  for (const uint32_t object : report.unused)
    out.put('\t', Printable(objects[object].hit->path), '\n');
  for (const LoadedObject& preload : report.closure.failed_preloads)
    out.put("\tcannot be preloaded, and will be ignored: ", Printable(preload.name), '\n');
}

void print_list(const Report& report, Output& out) {
  const Closure& closure = report.closure;
  if (closure.is_static)
    out.put("\tstatically linked\n");
  // The loader prints itself last.
  for (const bool loader : {false, true})
    for (const LoadedObject& object : closure.objects)
      if (object.hit->rule != Rule::program && (object.hit->rule == Rule::loader) == loader)
        print_object(closure, object, out);
  print_versions(closure, out);
  print_extras(report, out);
}

// Prints what `object` asked for; each library's own needs once, where it was loaded.
void print_branch(const Closure& closure, uint32_t object, size_t depth, std::vector<bool>& done, Output& out) {
  done[object] = true;
  for (const Edge& edge : closure.edges) {
    if (edge.from != object)
      continue;
    const LoadedObject& needed = closure.objects[edge.to];
    out.put(std::string(depth * 4, ' '), Printable(needed.name));
    if (needed.library() != nullptr)
      out.put(" => ", Printable(needed.hit->path));
    out.put(" [", elf::rule_name(needed.hit->rule), "]");
    if (needed.hit->error)
      out.put(" ", message(*needed.hit->error));
    out.put('\n');
    if (needed.library() == nullptr)
      for (const std::string& place : needed.hit->tried)
        out.put(std::string(depth * 4 + 4, ' '), "looked in ", Printable(place), '\n');
    for (const std::string& place : needed.hit->mismatched)
      out.put(std::string(depth * 4 + 4, ' '), "passed over ", Printable(place), ": for another machine\n");
    if (!done[edge.to])
      print_branch(closure, edge.to, depth + 1, done, out);
  }
}

void print_tree(const Report& report, Output& out) {
  const Closure& closure = report.closure;
  out.put(Printable(report.file), closure.is_static ? " (statically linked)\n" : "\n");
  std::vector<bool> done(closure.objects.size());
  for (const LoadedObject& object : closure.objects) {
    if (object.hit->rule == Rule::preload)
      out.put("    ", Printable(object.name), " => ", Printable(object.hit->path), " [preload]\n");
    else if (object.hit->rule == Rule::loader)
      out.put("    ", Printable(object.name), object.usable() ? " [loader]\n" : " [loader] not usable\n");
  }
  print_branch(closure, 0, 1, done, out);
  print_versions(closure, out);
  print_extras(report, out);
}

void json_list(JsonWriter& json, std::string_view name, const std::vector<std::string>& words) {
  json.key(name).begin_array();
  for (const std::string& word : words)
    json.value(std::string_view(word));
  json.end_array();
}

void json_object(JsonWriter& json, const Closure& closure, const LoadedObject& object) {
  json.begin_object();
  json.field("name", object.name);
  json.field("rule", elf::rule_name(object.hit->rule));
  json.field("requester", closure.objects[object.requester].name);
  if (object.library() != nullptr) {
    json.field("path", std::string_view(object.hit->path));
    json.field("real", std::string_view(str('/', object.library()->path)));
  } else {
    json_list(json, "tried", object.hit->tried);
  }
  if (!object.hit->mismatched.empty())
    json_list(json, "passed_over", object.hit->mismatched);
  if (object.hit->error)
    json.field("error", std::string_view(message(*object.hit->error)));
  json.end_object();
}

void json_report(JsonWriter& json, const Report& report) {
  const Closure& closure = report.closure;
  const auto path = [&](uint32_t object) { return std::string_view(closure.objects[object].hit->path); };
  json.begin_object();
  json.field("file", std::string_view(report.file));
  json.field("static", closure.is_static);
  json.field("resolves", report.resolves());
  json.key("objects").begin_array();
  for (size_t i = 1; i < closure.objects.size(); ++i)
    json_object(json, closure, closure.objects[i]);
  json.end_array();
  json.key("versions").begin_array();
  for (const VersionProblem& problem : closure.version_problems) {
    json.begin_object();
    json.field("version", problem.version);
    json.field("library", path(problem.provider));
    json.field("needed_by", path(problem.requester));
    json.field("problem", problem.kind == VersionProblem::Kind::missing ? "missing"
                          : problem.kind == VersionProblem::Kind::weak  ? "weak"
                                                                        : "library names no versions");
    json.end_object();
  }
  json.end_array();
  json.key("undefined").begin_array();
  for (const elf::UndefinedSymbol& symbol : report.undefined) {
    json.begin_object();
    json.field("symbol", symbol.name);
    json.field("version", symbol.version);
    json.field("needed_by", path(symbol.object));
    json.end_object();
  }
  json.end_array();
  json.key("unused").begin_array();
  for (const uint32_t object : report.unused)
    json.value(path(object));
  json.end_array();
  json.key("failed_preloads").begin_array();
  for (const LoadedObject& preload : closure.failed_preloads)
    json.value(preload.name);
  json.end_array();
  json.end_object();
}

Result<Report> examine(const Options& opt, elf::Resolver& resolver, elf::SymbolCheck& symbols, std::string file,
                       std::string_view path) {
  Report report{std::move(file), TRY(resolver.resolve(path)), {}, {}};
  if (opt.relocations && !report.closure.is_static)
    report.undefined = TRY(symbols.undefined(report.closure));
  if (opt.unused && !report.closure.is_static)
    report.unused = TRY(symbols.unused(report.closure));
  return report;
}

Result<int> list(const Options& opt, Io& io, const Args& args) {
  const Root root = TRY(Root::open(opt.root));
  const elf::SearchOptions search = TRY(search_options(opt));
  elf::Resolver resolver(root, search);
  elf::SymbolCheck symbols(root);
  std::optional<elf::ClosureCopy> copy;
  if (!opt.copy_to.empty())
    copy = TRY(elf::ClosureCopy::into(root, opt.copy_to));
  JsonWriter json(io.out);
  bool all_resolve = true;
  if (opt.json)
    json.begin_array();
  for (const std::string_view file : args) {
    const std::string path = absolute(file, search);
    const auto report = examine(opt, resolver, symbols, std::string(file), path);
    if (!report) {
      io.warn(report.error());
      continue;
    }
    all_resolve = all_resolve && report->resolves();
    if (opt.json) {
      json_report(json, *report);
    } else if (opt.tree) {
      print_tree(*report, io.out);
    } else {
      if (args.size() > 1)
        io.out.put(Printable(file), ":\n");
      print_list(*report, io.out);
    }
    if (copy)
      if (const auto copied = copy->add(report->closure, path); !copied)
        io.warn(copied.error());
  }
  if (opt.json) {
    json.end_array();
    json.finish();
  }
  return all_resolve ? io.status() : io.failure_status;
}

// What does not resolve, a line each.
void print_check(Io& io, JsonWriter& json, bool as_json, std::string_view file,
                 const std::vector<std::string>& problems) {
  if (!as_json) {
    for (const std::string& problem : problems)
      io.out.put(Printable(file), ": ", problem, '\n');
    return;
  }
  json.begin_object();
  json.field("file", file);
  json_list(json, "problems", problems);
  json.end_object();
}

std::vector<std::string> problems_in(elf::Resolver& resolver, elf::SymbolCheck& symbols, bool relocations,
                                     std::unique_ptr<elf::Library> file) {
  const auto closure = file->error ? Result<Closure>(std::unexpected(*file->error)) : resolver.resolve(std::move(file));
  if (!closure)
    return {closure.error().detail().empty() ? message(closure.error())
                                             : str(closure.error().attempt(), ": ", closure.error().detail())};
  std::vector<std::string> problems = elf::problems_of(*closure);
  if (!relocations || closure->is_static)
    return problems;
  const auto undefined = symbols.undefined(*closure);
  if (!undefined)
    problems.push_back(message(undefined.error()));
  else
    for (const elf::UndefinedSymbol& symbol : *undefined)
      problems.push_back(str("undefined symbol ", Printable(symbol.name), symbol.version.empty() ? "" : ", version ",
                             Printable(symbol.version), " (", Printable(closure->objects[symbol.object].hit->path),
                             ')'));
  return problems;
}

Result<int> check(const Options& opt, Io& io, const Args& args) {
  if (opt.tree || opt.unused || !opt.copy_to.empty())
    return usage_error("--check goes with --json and -r only");
  const Root root = TRY(Root::open(opt.root));
  const elf::SearchOptions search = TRY(search_options(opt));
  std::vector<std::string> paths;
  for (const std::string_view file : args)
    paths.push_back(absolute(file, search));
  elf::Sweep swept = elf::sweep(root, paths);
  for (const Error& error : swept.errors)
    io.warn(error);
  // Never freed: the process ends with this, and to give back many thousand small pieces takes a tenth of its time.
  elf::Resolver& resolver = *std::make_unique<elf::Resolver>(root, search).release();
  elf::SymbolCheck symbols(root);
  JsonWriter json(io.out);
  if (opt.json)
    json.begin_array();
  bool all_resolve = true;
  for (std::unique_ptr<elf::Library>& file : swept.files) {
    const std::string shown = root.shown(file->path);
    const auto problems = problems_in(resolver, symbols, opt.relocations, std::move(file));
    if (problems.empty())
      continue;
    all_resolve = false;
    print_check(io, json, opt.json, shown, problems);
  }
  if (opt.json) {
    json.end_array();
    json.finish();
  }
  return all_resolve ? io.status() : io.failure_status;
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (args.empty())
    return usage_error("missing operand FILE");
  return opt.check ? check(opt, io, args) : list(opt, io, args);
}

}  // namespace

extern const Applet ldd_lite_applet = {
    .name = "ldd-lite",
    .summary = "tell which libraries a program needs and where they are found",
    .usage = "[OPTION]... FILE...\n--check [OPTION]... DIR|FILE...",
    .notes = dense<"Nothing is ever run. Exit status: 0 if all resolves, 1 if not, 2 for wrong usage.">,
    .options = describe<options>,
    .run = entry<options, run>,
};

}  // namespace rescue
