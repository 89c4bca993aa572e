#include "lib/elf/search.h"

#include <algorithm>
#include <cerrno>

#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/elf/abi.h"
#include "lib/elf/searcher.h"

namespace rescue::elf {

namespace {

// The making of one closure.
class Loading {
 public:
  Loading(Searcher& searcher, Abi& abi, Closure& closure) : searcher_(searcher), abi_(abi), closure_(closure) {}

  void run(const Library& program);

 private:
  // What an object adds to the search of those that it brings in.
  struct Context {
    Node* node = nullptr;
    const Node::Paths* paths = nullptr;
    bool rpath_above = false;  // it, or one that led to it, has a DT_RPATH that counts
  };

  uint32_t add(std::string_view name, const Hit& hit, uint32_t requester);
  void name_object(Name& name, uint32_t object);
  void load_loader(const Library& program);
  void load_preloads();
  void load_preload(const std::string& entry);
  void load_needs(uint32_t object);
  void load(uint32_t requester, Name& name, bool optional);
  const Hit& find(uint32_t requester, Name& name);
  const Hit& find_by_paths(uint32_t requester, const std::string& name);
  const Hit& find_direct(uint32_t requester, const std::string& name);
  void check_versions();
  void check_need(uint32_t object, Node::Need& need);

  Searcher& searcher_;
  Abi& abi_;
  Closure& closure_;
  std::vector<Context> contexts_;
};

uint32_t Loading::add(std::string_view name, const Hit& hit, uint32_t requester) {
  const auto object = static_cast<uint32_t>(closure_.objects.size());
  closure_.objects.push_back({name, &hit, requester});
  Context context;
  if (closure_.objects.back().usable()) {
    Node& node = searcher_.node_of(abi_, *hit.library);
    node.epoch = searcher_.epoch();
    node.object = object;
    if (node.soname != nullptr)
      name_object(*node.soname, object);
    context.node = &node;
    context.paths = &searcher_.paths_of(abi_, node, hit.path);
    context.rpath_above = !context.paths->rpath.empty() || (object != 0 && contexts_[requester].rpath_above);
  }
  contexts_.push_back(context);
  return object;
}

// The first that bears a name keeps it.
void Loading::name_object(Name& name, uint32_t object) {
  if (name.epoch == searcher_.epoch())
    return;
  name.epoch = searcher_.epoch();
  name.object = object;
}

void Loading::run(const Library& program) {
  const Hit& hit = searcher_.keep(Hit{&program, str('/', program.path), Rule::program, {}, {}, {}});
  add(hit.path, hit, 0);
  load_loader(program);
  load_preloads();
  // The list grows while it is walked: breadth first, as the loader does.
  for (uint32_t object = 0; object < closure_.objects.size(); ++object)
    load_needs(object);
  check_versions();
}

void Loading::load_loader(const Library& program) {
  const Hit& hit = abi_.loader;
  // A library may be asked for where its loader is not: then only its own needs count.
  if (hit.library == &program || (hit.library == nullptr && program.image.interpreter.empty()))
    return;
  const std::string_view name = hit.library != nullptr ? hit.path : std::string_view(program.image.interpreter);
  const uint32_t object = add(name, hit, 0);
  name_object(abi_.name(name), object);
  // A loader that cannot be run is one problem, not also a library that libc misses.
  if (hit.library != nullptr && !hit.library->image.soname.empty())
    name_object(abi_.name(hit.library->image.soname), object);
}

void Loading::load_preloads() {
  for (const std::string& entry : searcher_.options().preload)
    load_preload(entry);
  if (!abi_.is_musl)
    for (const std::string& entry : searcher_.file_preloads())
      load_preload(entry);
}

void Loading::load_preload(const std::string& entry) {
  Name& name = abi_.name(entry);
  if (name.epoch == searcher_.epoch())
    return;
  const bool is_path = entry.find('/') != std::string::npos;
  const Hit& found = find(0, name);
  const bool from_file = std::ranges::find(searcher_.file_preloads(), entry) != searcher_.file_preloads().end();
  const bool forbidden = searcher_.options().secure && !from_file &&
                         (is_path || found.library == nullptr || (found.library->mode & S_ISUID) == 0);
  const LoadedObject object{name.text, &found, 0};
  if (!object.usable() || forbidden) {
    closure_.failed_preloads.push_back(object);
    return;
  }
  Hit& hit = searcher_.keep(found);
  hit.rule = Rule::preload;
  name_object(name, add(name.text, hit, 0));
}

void Loading::load_needs(uint32_t object) {
  const Node* node = contexts_[object].node;
  if (node == nullptr)
    return;
  for (Name* name : node->needed)
    load(object, *name, false);
  for (Name* name : node->auxiliary)
    load(object, *name, true);
}

void Loading::load(uint32_t requester, Name& name, bool optional) {
  if (name.epoch != searcher_.epoch()) {
    const Hit& hit = find(requester, name);
    const bool usable = hit.library != nullptr && !hit.error;
    if (!usable && optional)
      return;
    // One file may be asked for by several names.
    Node* node = usable ? &searcher_.node_of(abi_, *hit.library) : nullptr;
    const bool loaded = node != nullptr && node->epoch == searcher_.epoch();
    name_object(name, loaded ? node->object : add(name.text, hit, requester));
  }
  closure_.edges.push_back({requester, name.object});
}

const Hit& Loading::find(uint32_t requester, Name& name) {
  const Context& context = contexts_[requester];
  if (name.text.find_first_of("/$") != std::string::npos)
    return find_direct(requester, name.text);
  if (!context.rpath_above && context.paths->runpath.empty() && !context.node->no_default_dirs)
    return searcher_.plain(abi_, name);
  return find_by_paths(requester, name.text);
}

const Hit& Loading::find_direct(uint32_t requester, const std::string& name) {
  const std::string path = expand_tokens(name, dir_name(closure_.objects[requester].hit->path), abi_);
  if (path.find('/') == std::string::npos)
    return find_by_paths(requester, path);
  Hit& hit = searcher_.keep({});
  const std::string full = searcher_.absolute(path);
  if (!searcher_.take(abi_, searcher_.files().file(full), full, Rule::direct, hit))
    hit.tried.push_back(full);
  return hit;
}

const Hit& Loading::find_by_paths(uint32_t requester, const std::string& name) {
  Hit& hit = searcher_.keep({});
  const Node& asking = *contexts_[requester].node;
  const Node::Paths& paths = *contexts_[requester].paths;
  if (abi_.is_musl && !searcher_.options().library_path.empty() && !searcher_.options().secure) {
    hit = searcher_.plain(abi_, abi_.name(name));
    if (hit.rule == Rule::environment)
      return hit;
    hit = {};
  }
  // An own DT_RUNPATH silences DT_RPATH, its own and that of all above.
  if (abi_.is_musl || !asking.file->image.has_runpath) {
    for (uint32_t object = requester;; object = closure_.objects[object].requester) {
      const Node::Paths* above = contexts_[object].paths;
      if (above != nullptr && searcher_.search(abi_, above->rpath, name, Rule::rpath, hit))
        return hit;
      if (object == 0)
        break;
    }
  }
  if (!searcher_.options().secure && !searcher_.options().library_path.empty()) {
    const Hit& plain = searcher_.plain(abi_, abi_.name(name));
    if (plain.rule == Rule::environment)
      return plain;
  }
  if (!searcher_.search(abi_, paths.runpath, name, Rule::runpath, hit))
    searcher_.search_common(abi_, name, asking.no_default_dirs, hit);
  return hit;
}

void Loading::check_versions() {
  for (uint32_t object = 0; object < closure_.objects.size(); ++object)
    if (Node* node = contexts_[object].node)
      for (Node::Need& need : node->needs)
        check_need(object, need);
}

void Loading::check_need(uint32_t object, Node::Need& need) {
  if (need.library->epoch != searcher_.epoch())
    return;  // named here and not in DT_NEEDED: nothing to check against
  const uint32_t provider = need.library->object;
  const LoadedObject& loaded = closure_.objects[provider];
  if (!loaded.usable() || need.known_good == loaded.library())
    return;
  const Image& image = loaded.library()->image;
  const auto report = [&](std::string_view version, VersionProblem::Kind kind) {
    closure_.version_problems.push_back({object, provider, version, kind});
  };
  if (image.version_definitions.empty()) {
    report({}, VersionProblem::Kind::untold);
    return;
  }
  bool good = true;
  for (const VersionName& version : need.versions->versions) {
    if (image.defines(version))
      continue;
    good = false;
    report(version.name, version.weak ? VersionProblem::Kind::weak : VersionProblem::Kind::missing);
  }
  if (good)
    need.known_good = loaded.library();
}

}  // namespace

Resolver::Resolver(const Root& root, SearchOptions options)
    : searcher_(std::make_unique<Searcher>(root, std::move(options))) {}
Resolver::~Resolver() = default;
Resolver::Resolver(Resolver&&) noexcept = default;
Resolver& Resolver::operator=(Resolver&&) noexcept = default;

const Root& Resolver::root() const {
  return searcher_->root();
}

const std::optional<Error>& Resolver::cache_error() const {
  return searcher_->cache_error();
}

Result<Closure> Resolver::resolve(std::string_view path) {
  return resolve(TRY(read_program(root(), path)));
}

Result<Closure> Resolver::resolve(std::unique_ptr<Library> program) {
  const Library& library = *searcher_->files().adopt(std::move(program));
  if (auto damage = damage_of(library, root().shown(library.path)))
    return std::unexpected(*std::move(damage));
  Closure closure;
  closure.c_library = library.image.c_library();
  const Linkage linkage = library.image.linkage();
  closure.is_static = linkage == Linkage::static_program || linkage == Linkage::static_pie;
  if (closure.is_static) {
    const Hit& hit = searcher_->keep(Hit{&library, str('/', library.path), Rule::program, {}, {}, {}});
    closure.objects.push_back({hit.path, &hit, 0});
    return closure;
  }
  searcher_->begin_closure();
  Loading(*searcher_, searcher_->abi_of(library.image), closure).run(library);
  return closure;
}

std::vector<std::string> Resolver::files_of(const Closure& closure) {
  std::vector<std::string> paths;
  for (const LoadedObject& object : closure.objects)
    if (object.library() != nullptr)
      paths.push_back(object.library()->path);
  rescue::sort(paths);
  const auto rest = std::ranges::unique(paths);
  paths.erase(rest.begin(), rest.end());
  return paths;
}

Result<std::unique_ptr<Library>> read_program(const Root& root, std::string_view path) {
  const Found found = TRY(root.find_existing(path));
  auto library = read_library(root, found);
  if (!library)
    return fail("open", root.shown(path), EACCES);
  if (library->error)
    return std::unexpected(*std::move(library->error));
  return library;
}

bool Closure::resolves() const {
  return std::ranges::all_of(objects, &LoadedObject::usable) &&
         std::ranges::none_of(version_problems, [](const VersionProblem& problem) {
           return problem.kind == VersionProblem::Kind::missing;
         });
}

std::string_view rule_name(Rule rule) {
  switch (rule) {
    case Rule::program: return "program";
    case Rule::loader: return "loader";
    case Rule::preload: return "preload";
    case Rule::direct: return "path";
    case Rule::rpath: return "DT_RPATH";
    case Rule::environment: return "LD_LIBRARY_PATH";
    case Rule::runpath: return "DT_RUNPATH";
    case Rule::cache: return "ld.so.cache";
    case Rule::default_dir: return "default directory";
    case Rule::not_found: return "not found";
  }
  return "";
}

std::vector<std::string> split_library_path(std::string_view text) {
  return text.empty() ? std::vector<std::string>{} : pieces_of(text, ":;", true);
}

std::vector<std::string> split_preload(std::string_view text) {
  return pieces_of(text, " :", false);
}

std::vector<std::string> preload_file_entries(std::string_view text) {
  std::vector<std::string> entries;
  for (std::string_view line : split(text, '\n')) {
    line = line.substr(0, line.find('#'));
    for (std::string& entry : pieces_of(line, " \t:", false))
      entries.push_back(std::move(entry));
  }
  return entries;
}

namespace {

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty())
      text += ", ";
    text += printable(word);
  }
  return text;
}

std::string object_problem(const LoadedObject& object) {
  const Hit& hit = *object.hit;
  if (hit.error)
    return message(*hit.error);
  std::string text = str(Printable(object.name), ": not found");
  if (!hit.mismatched.empty())
    text += str("; for another machine: ", listed(hit.mismatched));
  else if (!hit.tried.empty())
    text += str(" (looked in ", listed(hit.tried), ')');
  return text;
}

}  // namespace

std::vector<std::string> problems_of(const Closure& closure) {
  std::vector<std::string> problems;
  for (const LoadedObject& object : closure.objects)
    if (!object.usable())
      problems.push_back(object_problem(object));
  for (const VersionProblem& problem : closure.version_problems)
    if (problem.kind == VersionProblem::Kind::missing)
      problems.push_back(str(Printable(closure.objects[problem.provider].hit->path), ": version ",
                             Printable(problem.version), " is missing (needed by ",
                             Printable(closure.objects[problem.requester].hit->path), ')'));
  return problems;
}

}  // namespace rescue::elf
