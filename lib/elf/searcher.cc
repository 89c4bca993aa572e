#include "lib/elf/searcher.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>

#include "lib/base/text.h"

namespace rescue::elf {

namespace {

constexpr std::string_view cache_path = "/etc/ld.so.cache";
constexpr std::string_view preload_path = "/etc/ld.so.preload";
constexpr uint64_t largest_cache = 64 << 20;

std::string cut_slashes(std::string_view dir) {
  while (dir.size() > 1 && dir.ends_with('/'))
    dir.remove_suffix(1);
  return std::string(dir);
}

std::string join(std::string_view dir, std::string_view name) {
  return dir == "/" ? str('/', name) : str(dir, '/', name);
}

// Whether a musl loader has this library inside itself.
bool is_inside_musl(std::string_view name) {
  if (name == "libc.so" || name.starts_with("libc.musl-"))
    return true;
  if (!name.starts_with("lib"))
    return false;
  const std::string_view stem = name.substr(3, name.substr(3).find('.'));
  constexpr std::array<std::string_view, 7> inside = {"c", "pthread", "rt", "m", "dl", "util", "xnet"};
  return std::ranges::find(inside, stem) != inside.end();
}

}  // namespace

std::vector<std::string> pieces_of(std::string_view text, std::string_view separators, bool keep_empty) {
  std::vector<std::string> pieces;
  while (true) {
    const size_t end = text.find_first_of(separators);
    const std::string_view piece = text.substr(0, end);
    if (keep_empty || !piece.empty())
      pieces.emplace_back(piece);
    if (end == std::string_view::npos)
      return pieces;
    text.remove_prefix(end + 1);
  }
}

Searcher::Searcher(const Root& root, SearchOptions options) : options_(std::move(options)), files_(root) {
  read_cache();
  read_preloads();
}

void Searcher::read_cache() {
  if (!options_.use_cache)
    return;
  auto bytes = files_.root().read_file(cache_path, largest_cache);
  if (!bytes && bytes.error().code() == ENOENT)
    return;
  auto parsed = std::move(bytes).and_then(
      [&](std::string data) { return Cache::parse(std::move(data), files_.root().shown(cache_path)); });
  if (parsed)
    cache_ = *std::move(parsed);
  else
    cache_error_ = std::move(parsed).error();
}

void Searcher::read_preloads() {
  if (!options_.use_preload_file)
    return;
  if (const auto text = files_.root().read_file(preload_path))
    file_preloads_ = preload_file_entries(*text);
}

std::string Searcher::absolute(std::string_view path) const {
  if (path.starts_with('/'))
    return cut_slashes(path);
  return path.empty() ? options_.working_directory : cut_slashes(join(options_.working_directory, path));
}

namespace {

bool is_trusted(const Abi& abi, std::string_view dir) {
  return std::ranges::any_of(abi.facts.default_dirs, [&](std::string_view trusted) {
    return dir.starts_with(trusted) && (dir.size() == trusted.size() || dir[trusted.size()] == '/');
  });
}

}  // namespace

std::vector<Directory*> Searcher::search_path(Abi& abi, std::string_view text, std::string_view separators,
                                              std::string_view origin) {
  std::vector<Directory*> dirs;
  for (const std::string& piece : pieces_of(text, separators, true)) {
    const std::string dir = absolute(expand_tokens(piece, origin, abi));
    if (options_.secure && piece.find("ORIGIN") != std::string::npos && !is_trusted(abi, dir))
      continue;
    Directory* found = &files_.directory(dir);
    if (std::ranges::find(dirs, found) == dirs.end())
      dirs.push_back(found);
  }
  return dirs;
}

const std::vector<Directory*>& Searcher::layers_of(Abi& abi, Directory& dir) {
  const auto [place, is_new] = abi.layers.try_emplace(&dir);
  if (!is_new || !dir.exists())
    return place->second;
  for (const std::string& subdirectory : abi.subdirectories) {
    // Only the first component is asked for where it is missing: nearly always.
    const std::string_view first = std::string_view(subdirectory).substr(0, subdirectory.find('/'));
    if (!files_.directory(join(dir.path, first)).exists())
      continue;
    if (Directory& layer = files_.directory(join(dir.path, subdirectory)); layer.exists())
      place->second.push_back(&layer);
  }
  place->second.push_back(&dir);
  return place->second;
}

bool Searcher::take(const Abi& abi, const Library* library, std::string path, Rule rule, Hit& hit) const {
  if (library == nullptr)
    return false;
  Verdict verdict = judge(abi, *library, files_.root().shown(path));
  if (verdict.kind == Verdict::Kind::passed_over) {
    hit.mismatched.push_back(std::move(path));
    return false;
  }
  hit.library = library;
  hit.path = std::move(path);
  hit.rule = rule;
  hit.error = std::move(verdict.error);
  return true;
}

bool Searcher::search(Abi& abi, std::span<Directory* const> dirs, const std::string& name, Rule rule, Hit& hit) {
  for (Directory* dir : dirs) {
    for (Directory* layer : layers_of(abi, *dir))
      if (take(abi, files_.file_in(*layer, name), join(layer->path, name), rule, hit))
        return true;
    hit.tried.push_back(dir->path);
  }
  return false;
}

bool Searcher::search_cache(Abi& abi, const std::string& name, bool no_default_dirs, Hit& hit) {
  if (!cache_ || abi.is_musl)
    return false;
  const auto path = cache_->find(name, abi.cache_wish());
  if (!path)
    return false;
  if (no_default_dirs && is_trusted(abi, *path))
    return false;
  const Library* library = files_.file_in(files_.directory(dir_name(*path)), base_name(*path));
  if (take(abi, library, std::string(*path), Rule::cache, hit))
    return true;
  hit.tried.push_back(str(*path, " (from the cache)"));
  return false;
}

void Searcher::search_common(Abi& abi, const std::string& name, bool no_default_dirs, Hit& hit) {
  if (abi.is_musl && is_inside_musl(name)) {
    hit = abi.loader;
    return;
  }
  if (!search_cache(abi, name, no_default_dirs, hit) && !no_default_dirs)
    (void)search(abi, abi.default_dirs, name, Rule::default_dir, hit);
}

const Hit& Searcher::common(Abi& abi, Name& name) {
  if (!name.common)
    search_common(abi, name.text, false, name.common.emplace());
  return *name.common;
}

const Hit& Searcher::plain(Abi& abi, Name& name) {
  if (options_.library_path.empty() || options_.secure)
    return common(abi, name);
  if (!name.plain) {
    Hit& hit = name.plain.emplace();
    std::vector<Directory*> dirs;
    for (const std::string& dir : options_.library_path)
      for (Directory* found : search_path(abi, dir, {}, {}))
        dirs.push_back(found);
    if (!search(abi, dirs, name.text, Rule::environment, hit))
      search_common(abi, name.text, false, hit);
  }
  return *name.plain;
}

Abi& Searcher::abi_of(const Image& image) {
  std::string interpreter = image.interpreter;
  const Arch* arch = architecture_of(image);
  if (interpreter.empty() && arch != nullptr)
    interpreter = image.c_library() == CLibrary::musl ? str("/lib/ld-musl-", arch->name, ".so.1") : arch->interpreter;
  const std::string key = str(image.machine, ' ', image.is64 ? 64 : 32, ' ', image.order == std::endian::big ? 1 : 0,
                              ' ', arch != nullptr ? arch->name : "", ' ', interpreter);
  auto& abi = abis_[key];
  if (!abi) {
    abi = std::make_unique<Abi>();
    set_up(*abi, interpreter, image);
  }
  return *abi;
}

void Searcher::set_up(Abi& abi, const std::string& interpreter, const Image& image) {
  abi.arch = architecture_of(image);
  abi.is64 = image.is64;
  abi.order = image.order;
  abi.machine = image.machine;
  abi.flags = image.flags;
  abi.is_musl = base_name(interpreter).starts_with("ld-musl-");
  abi.loader = find_loader(abi, interpreter);
  if (abi.loader.library != nullptr && !abi.loader.library->error && !abi.is_musl) {
    const std::string& path = abi.loader.library->path;
    const auto fd = files_.root().open_file(path, O_RDONLY | O_NONBLOCK);
    if (fd)
      abi.facts = read_loader_facts(fd->get(), abi.loader.library->image, path).value_or(LoaderFacts{});
  }
  set_up_directories(abi, interpreter);
}

void Searcher::set_up_directories(Abi& abi, const std::string& interpreter) {
  if (abi.facts.default_dirs.empty())
    abi.facts.default_dirs = abi.is_musl ? musl_directories(interpreter) : likely_default_dirs(abi.arch);
  abi.hwcaps = options_.hwcaps ? *options_.hwcaps : usable_hwcaps(abi.arch, abi.facts);
  abi.subdirectories = hwcaps_subdirectories(abi.facts, abi.hwcaps);
  for (const std::string& dir : abi.facts.default_dirs)
    abi.default_dirs.push_back(&files_.directory(dir));
}

std::vector<std::string> Searcher::musl_directories(std::string_view interpreter) const {
  // "/lib/ld-musl-x86_64.so.1" reads "/etc/ld-musl-x86_64.path".
  const std::string_view base = base_name(interpreter);
  const std::string file = str("/etc/", base.substr(0, base.find(".so")), ".path");
  const auto text = files_.root().read_file(file, 65536);
  return pieces_of(text ? std::string_view(*text) : "/lib:/usr/local/lib:/usr/lib", ":\n", false);
}

// The kernel opens it, not the loader's search: any fault is final.
Hit Searcher::find_loader(const Abi& abi, const std::string& interpreter) {
  Hit hit;
  hit.rule = Rule::loader;
  const Library* library = interpreter.empty() ? nullptr : files_.file(absolute(interpreter));
  if (library == nullptr) {
    hit.tried.push_back(interpreter);
    return hit;
  }
  const std::string shown = files_.root().shown(interpreter);
  Verdict verdict = judge(abi, *library, shown);
  hit.library = library;
  hit.path = interpreter;
  hit.error = std::move(verdict.error);
  if (verdict.kind == Verdict::Kind::passed_over)
    hit.error = Error("load", shown, 0, "is for another machine than the program", Status::unset);
  else if (!hit.error && (library->mode & 0111) == 0)
    hit.error = Error("run loader", shown, EACCES, {}, Status::unset);
  return hit;
}

const Node::Paths& Searcher::paths_of(Abi& abi, Node& node, std::string_view path) {
  const Image& image = node.file->image;
  const std::string& text = image.has_runpath ? image.runpath : image.rpath;
  const std::string_view origin = text.find('$') != std::string::npos ? dir_name(path) : std::string_view();
  if (const auto known = node.paths.find(origin); known != node.paths.end())
    return known->second;
  Node::Paths& paths = node.paths.emplace(origin, Node::Paths{}).first->second;
  // musl passes both kinds on to what a library brings in.
  if (image.has_runpath && !abi.is_musl)
    paths.runpath = search_path(abi, text, ":", origin);
  else if (image.has_runpath || image.has_rpath)
    paths.rpath = search_path(abi, text, ":", origin);
  return paths;
}

Node& Searcher::node_of(Abi& abi, const Library& library) {
  auto& node = abi.nodes[&library];
  if (node)
    return *node;
  node = std::make_unique<Node>();
  const Image& image = library.image;
  node->file = &library;
  if (!image.soname.empty())
    node->soname = &abi.name(image.soname);
  for (const std::string& name : image.filters)
    node->needed.push_back(&abi.name(name));
  for (const std::string& name : image.needed)
    node->needed.push_back(&abi.name(name));
  for (const std::string& name : image.auxiliary)
    node->auxiliary.push_back(&abi.name(name));
  if (!abi.is_musl)
    for (const VersionNeed& need : image.version_needs)
      node->needs.push_back({&abi.name(need.library), &need});
  node->no_default_dirs = (image.flags_1 & DF_1_NODEFLIB) != 0;
  return *node;
}

}  // namespace rescue::elf
