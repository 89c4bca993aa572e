// elf-info: show what an ELF file is, what it needs, and which glibc it is.
#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/elf/arch.h"
#include "lib/elf/glibc.h"
#include "lib/elf/image.h"
#include "lib/fs/root.h"

namespace rescue {
namespace {

using elf::Image, elf::Linkage;

struct Options {
  bool json = false;
  std::string root = "/";
};

constexpr Opt<Options> options[] = {
    {0, "json", &Options::json, "print JSON"},
    {0, "root", &Options::root, "look in the system at DIR; the FILEs are paths within it", "DIR"},
};

std::string_view kind_of(const Image& image) {
  switch (image.linkage()) {
    case Linkage::dynamic_program: return "program";
    case Linkage::library: return "library";
    case Linkage::static_program: return "static program";
    case Linkage::static_pie: return "static program, position-independent";
    case Linkage::relocatable: return "object file or kernel module";
    case Linkage::core: return "core dump";
    case Linkage::other: break;
  }
  return "of an unknown type";
}

std::string machine_of(const Image& image) {
  const std::string_view name = elf::machine_name(image.machine);
  return name.empty() ? str("machine ", image.machine) : std::string(name);
}

// "x86-64-v2": the highest of the levels that the file asks for.
std::string isa_of(const Image& image) {
  const uint32_t needed = image.x86_isa_needed.value_or(0);
  if (needed >= 16)
    return "beyond x86-64-v4";
  for (int level = 4; level > 1; --level)
    if ((needed >> (level - 1) & 1) != 0)
      return str("x86-64-v", level);
  return (needed & 1) != 0 ? "x86-64" : "";
}

std::string_view source_of(const elf::GlibcVersion& version) {
  switch (version.source) {
    case elf::VersionSource::banner: return "banner";
    case elf::VersionSource::file_name: return "file name";
    case elf::VersionSource::version_names: break;
  }
  return "version names";
}

// What is said about a file, in order; the same in both forms.
class Facts {
 public:
  void add(std::string_view name, std::string_view value) {
    if (!value.empty())
      rows_.push_back({name, {std::string(value)}, false});
  }
  void add(std::string_view name, std::vector<std::string> values) {
    if (!values.empty())
      rows_.push_back({name, std::move(values), true});
  }

  void print(Output& out) const {
    for (const Row& row : rows_)
      for (const std::string& value : row.values)
        out.put("  ", row.name, ':', std::string(row.name.size() < 17 ? 17 - row.name.size() : 1, ' '),
                Printable(value), '\n');
  }

  void print(JsonWriter& json) const {
    for (const Row& row : rows_) {
      std::string name(row.name);
      for (char& c : name)
        c = c == ' ' || c == '-' ? '_' : c;
      json.key(name);
      if (!row.is_list) {
        json.value(std::string_view(row.values[0]));
        continue;
      }
      json.begin_array();
      for (const std::string& value : row.values)
        json.value(std::string_view(value));
      json.end_array();
    }
  }

 private:
  struct Row {
    std::string_view name;
    std::vector<std::string> values;
    bool is_list;
  };
  std::vector<Row> rows_;
};

std::vector<std::string> needs_of(const Image& image) {
  std::vector<std::string> lines;
  for (const elf::VersionNeed& need : image.version_needs) {
    std::string line = need.library;
    for (const elf::VersionName& version : need.versions)
      line += str(' ', version.name, version.weak ? " (weak)" : "");
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> definitions_of(const Image& image) {
  std::vector<std::string> names;
  for (const elf::VersionName& version : image.version_definitions)
    if (!version.base)
      names.push_back(version.name);
  return names;
}

std::string truncation_of(const Image& image) {
  if (image.truncated())
    return str(image.file_size, " of ", image.loads_end, " bytes that are loaded are there");
  return image.cut_short()
             ? str("behind what is loaded: ", image.file_size, " of ", image.sections_end, " bytes are there")
             : "";
}

void add_glibc(Facts& facts, const elf::GlibcVersion& version) {
  facts.add("glibc", version.version);
  facts.add("glibc package", version.package);
  facts.add("version from", source_of(version));
}

Result<Facts> facts_of(int fd, const std::string& path, std::string_view real_name) {
  const Image image = TRY(Image::salvage(fd, path));
  const elf::Arch* arch = elf::architecture_of(image);
  Facts facts;
  facts.add("type", kind_of(image));
  facts.add("class", image.is64 ? "64-bit" : "32-bit");
  facts.add("byte order", image.order == std::endian::little ? "little" : "big");
  facts.add("machine", machine_of(image));
  if (arch != nullptr)
    facts.add("architecture", arch->name);
  facts.add("processor", isa_of(image));
  facts.add("interpreter", image.interpreter);
  facts.add("soname", image.soname);
  facts.add("needed", image.needed);
  facts.add("rpath", image.rpath);
  facts.add("runpath", image.runpath);
  facts.add("build-id", image.build_id);
  facts.add("least kernel", image.abi_tag);
  facts.add("needs glibc", elf::newest_glibc_needed(image));
  facts.add("needs versions", needs_of(image));
  facts.add("defines versions", definitions_of(image));
  if (image.c_library() == elf::CLibrary::musl)
    facts.add("C library", "musl");
  if (const auto version = TRY(elf::glibc_version(fd, image, real_name)))
    add_glibc(facts, *version);
  facts.add("cut short", truncation_of(image));
  if (image.damage)
    facts.add("damage", str(image.damage->attempt(), ": ", image.damage->detail()));
  return facts;
}

struct Opened {
  UniqueFd fd;
  std::string real_name;  // links followed: it tells a version too
};

// Only plain files: a FIFO would keep us waiting, and a device may do anything.
Result<Opened> open_found(const Found& found, const std::string& shown) {
  if (!S_ISREG(found.info.st_mode))
    return fail("read", shown, S_ISDIR(found.info.st_mode) ? EISDIR : EINVAL);
  return Opened{TRY(open_at(found.dir.get(), found.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, shown)), found.name};
}

Result<Facts> examine(const Root& root, std::string_view file) {
  const Found found = TRY(root.find_existing(file));
  const std::string shown = root.shown(file);
  const Opened opened = TRY(open_found(found, shown));
  return facts_of(opened.fd.get(), shown, opened.real_name);
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (args.empty())
    return usage_error("missing operand FILE");
  const Root root = TRY(Root::open(opt.root));
  // In another system's root nobody stands anywhere.
  const std::string here = opt.root == "/" ? TRY(working_directory()) : "/";
  JsonWriter json(io.out);
  if (opt.json)
    json.begin_array();
  for (const std::string_view file : args) {
    const auto facts = examine(root, file.starts_with('/') ? std::string(file) : str(here, '/', file));
    if (!facts) {
      io.warn(facts.error());
      continue;
    }
    if (!opt.json) {
      io.out.put(Printable(file), ":\n");
      facts->print(io.out);
      continue;
    }
    json.begin_object();
    json.field("file", file);
    facts->print(json);
    json.end_object();
  }
  if (opt.json) {
    json.end_array();
    json.finish();
  }
  return io.status();
}

}  // namespace

extern const Applet elf_info_applet = {
    .name = "elf-info",
    .summary = "show what an ELF file is, needs and offers",
    .usage = "[OPTION]... FILE...",
    .options = describe<options>,
    .run = entry<options, run>,
};

}  // namespace rescue
