#include "lib/bundle/gather.h"

#include <array>
#include <cerrno>

#include <fcntl.h>

#include "lib/base/text.h"

namespace rescue {

namespace {

// Links at the top of a root that stand for directories of /usr.
constexpr std::string_view top_links[] = {"bin", "lib", "lib32", "lib64", "libx32", "sbin"};

constexpr std::string_view libdir = "${LIBDIR}";

elf::SearchOptions plain_search() {
  elf::SearchOptions options;
  options.use_preload_file = false;
  // The libraries that every processor can use: the bundle must not depend on the machine that makes it.
  options.hwcaps = elf::Hwcaps{};
  return options;
}

enum class FileKind : uint8_t { other, elf, script };

// What the first bytes say; `interpreter` gets a script's.
Result<FileKind> look_into(const Root& root, const std::string& path, std::string& interpreter) {
  const UniqueFd fd = TRY(root.open_file(path, O_RDONLY | O_NONBLOCK));
  std::array<char, 256> head{};
  const size_t size = TRY(pread_full(fd.get(), head, 0, root.shown(path)));
  std::string_view text(head.data(), size);
  if (elf::is_elf(text))
    return FileKind::elf;
  if (!text.starts_with("#!") || !text.contains('\n'))
    return FileKind::other;
  text = trim(text.substr(2, text.find('\n') - 2));
  interpreter = text.substr(0, text.find_first_of(" \t"));
  return FileKind::script;
}

}  // namespace

Gatherer::Gatherer(Collector& collector, const GlibcFamily& family)
    : collector_(collector),
      family_(family),
      machine_(family.libc     ? &family.libc->image
               : family.loader ? &family.loader->image
                               : nullptr),
      resolver_(collector.root(), plain_search()) {}

void Gatherer::missing(const RecipeRule& rule, std::string_view what) {
  if (!rule.optional)
    faults_.push_back(str(what, " is missing (asked for in ", rule.place, ")"));
}

bool Gatherer::is_for_this_machine(std::string_view path) const {
  return machine_ != nullptr && is_for_machine(collector_.root(), path, *machine_);
}

Result<> Gatherer::apply(const Recipe& recipe) {
  for (const RecipeRule& rule : recipe.rules)
    TRY(apply(rule));
  TRY(take_top_links());
  return check_libraries();
}

Result<> Gatherer::apply(const RecipeRule& rule) {
  switch (rule.kind) {
    case RuleKind::loader: return take_loader(rule);
    case RuleKind::soname: return take_soname(rule);
    case RuleKind::pattern:
    case RuleKind::closure: return take_matches(rule);
  }
  return {};
}

Result<> Gatherer::take_loader(const RecipeRule& rule) {
  if (TRY(collector_.take(family_.interp, rule.tier)) == nullptr)
    missing(rule, family_.interp);
  // The same name in a library directory: there it is the loader's soname, which libraries ask for.
  for (const std::string& dir : family_.library_dirs) {
    const std::string path = str(dir, '/', base_name(family_.interp));
    if (is_for_this_machine(path))
      TRY(collector_.take(path, rule.tier));
  }
  return {};
}

Result<> Gatherer::take_soname(const RecipeRule& rule) {
  bool found = false;
  for (const std::string& dir : family_.library_dirs) {
    const std::string path = str(dir, '/', rule.word);
    if (is_for_this_machine(path))
      found = TRY(collector_.take(path, rule.tier)) != nullptr || found;
  }
  if (!found)
    missing(rule, rule.word);
  return {};
}

Result<> Gatherer::take_matches(const RecipeRule& rule) {
  const std::string_view word = rule.word;
  const bool in_library_dir = word.starts_with(libdir);
  bool found = false;
  const auto take_all = [&](const std::string& pattern) -> Result<> {
    for (const std::string& path : TRY(collector_.expand(pattern)))
      found = TRY(take_one(rule, path, in_library_dir)) || found;
    return {};
  };
  if (!in_library_dir)
    TRY(take_all(rule.word));
  else
    for (const std::string& dir : family_.library_dirs)
      TRY(take_all(str(dir, word.substr(libdir.size()))));
  if (!found)
    missing(rule, rule.word);
  return {};
}

// False where there is nothing, or a library of another machine among this machine's.
Result<bool> Gatherer::take_one(const RecipeRule& rule, const std::string& path, bool in_library_dir) {
  const Root& root = collector_.root();
  const auto found = root.find(path);
  if (!found || !found->exists) {
    // A link that leads nowhere, say: nobody misses what it would name.
    if (!found && found.error().code() != ENOENT && found.error().code() != ENOTDIR && found.error().code() != ELOOP)
      return std::unexpected(found.error());
    return false;
  }
  std::string interpreter;
  FileKind kind = FileKind::other;
  if (S_ISREG(found->info.st_mode))
    kind = TRY(look_into(root, path, interpreter));
  if (in_library_dir && kind == FileKind::elf && !is_for_this_machine(path))
    return false;
  Item* const item = TRY(collector_.take(path, rule.tier));
  if (item == nullptr)
    return false;
  item->entry.privileged = item->entry.privileged || rule.privileged;
  if (rule.kind != RuleKind::closure)
    return true;
  if (kind == FileKind::elf)
    TRY(take_closure(rule, found->path));
  else if (kind == FileKind::script && root.exists(interpreter))
    TRY(take_one(RecipeRule{RuleKind::closure, interpreter, rule.tier, true, false, rule.place}, interpreter, false));
  return true;
}

Result<> Gatherer::take_closure(const RecipeRule& rule, const std::string& path) {
  if (!closures_done_.insert(str(static_cast<int>(rule.tier), path)).second)
    return {};
  const auto closure = resolver_.resolve(path);
  if (!closure) {
    (rule.optional ? notes_ : faults_).push_back(message(closure.error()));
    return {};
  }
  for (const elf::LoadedObject& object : closure->objects)
    if (object.library() != nullptr)
      TRY(collector_.take(object.hit->path, rule.tier));
  // A program that does not start here will not start from the bundle either; but the recipe can do without it.
  for (std::string& problem : elf::problems_of(*closure))
    (rule.optional ? notes_ : faults_).push_back(str(collector_.root().shown(path), ": ", problem));
  return {};
}

Result<> Gatherer::take_top_links() {
  for (const std::string_view name : top_links) {
    const Item* const item = TRY(collector_.look(std::string(name)));
    if (item != nullptr && item->entry.type == EntryKind::link)
      TRY(collector_.take(name, Tier::loader));
  }
  return {};
}

// Each library of the family must find all that it needs, down to the version names, and be of libc's release: that
// tells two glibcs that were mixed.
Result<> Gatherer::check_libraries() {
  for (const Item* const item : collector_.items()) {
    const ManifestEntry& entry = item->entry;
    if (entry.type != EntryKind::file || entry.tier > Tier::login || !base_name(entry.path).contains(".so"))
      continue;
    const auto closure = resolver_.resolve(entry.path);
    // Not ELF, or damaged: that is told where it matters.
    if (!closure || !elf::is_glibc_soname(closure->objects[0].library()->image.soname))
      continue;
    for (std::string& problem : elf::problems_of(*closure))
      faults_.push_back(str(entry.path, ": ", problem));
    check_release(entry.path, closure->objects[0].library()->image);
  }
  return {};
}

void Gatherer::check_release(const std::string& path, const elf::Image& image) {
  const std::string libc = family_.version();
  if (libc.empty() || elf::is_libc_soname(image.soname) || elf::is_loader_soname(image.soname))
    return;
  std::string found;
  // Up to 2.33 the file's name tells: libm-2.31.so.
  const std::string_view name = base_name(path);
  if (const size_t dash = name.rfind('-'); dash != std::string_view::npos && name.ends_with(".so")) {
    const std::string_view version = name.substr(dash + 1, name.size() - dash - 4);
    if (version.starts_with("2.") && version != libc)
      found = version;
  }
  // A library cannot define what came after its own release. (The loader can: distributions give it later names.)
  for (const elf::VersionName& version : image.version_definitions)
    if (const std::string_view release = elf::glibc_release_in(version.name);
        !release.empty() && elf::compare_versions(release, libc) > 0)
      found = release;
  if (!found.empty())
    faults_.push_back(str(path, " is of glibc ", found, ", and libc.so.6 of glibc ", libc));
}

}  // namespace rescue
