// The glibc of a root: its loader, its libc, the directories that the loader looks into; and whether they are whole
// and belong together. Read from the files' bytes; nothing is run.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/bundle/info.h"
#include "lib/elf/arch.h"
#include "lib/elf/glibc.h"
#include "lib/elf/image.h"
#include "lib/fs/root.h"

namespace rescue {

// One file of it.
struct FamilyFile {
  std::string path;  // without links in it
  elf::Image image;
  std::optional<elf::GlibcVersion> version;
};

struct GlibcFamily {
  std::string interp;               // as programs name it: "/lib64/ld-linux-x86-64.so.2"
  const elf::Arch* arch = nullptr;  // null for one that we have no row for
  std::optional<FamilyFile> loader;
  std::optional<FamilyFile> libc;
  std::vector<std::string> library_dirs;  // in the loader's order, as it spells them
  std::vector<std::string> faults;        // why this glibc cannot be trusted to work, for people

  std::string version() const;
};

// Finds it. Fails only where there is no glibc at all to be found, or what cannot be read for another reason than
// being damaged.
Result<GlibcFamily> find_family(const Root& root);

// Whether the file at `path` is an ELF file for the same machine as `image`. False too for what is no ELF file.
bool is_for_machine(const Root& root, std::string_view path, const elf::Image& image);

// What the programs and libraries of the root need of the libraries that `provides` names. `unmet` gets a line for
// each name that is needed and not provided.
Result<VersionNames> root_needs(const Root& root, const elf::Image& machine, const VersionNames& provides,
                                std::vector<std::string>& unmet);

}  // namespace rescue
