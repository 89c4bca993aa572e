// Fuzzes what a boot reads before it trusts anything: the tables of modules, LVM, the kernel's words and its header,
// shadow.
#include <algorithm>
#include <cstdlib>

#include "lib/base/text.h"
#include "lib/boot/image.h"
#include "lib/boot/kernel_line.h"
#include "lib/boot/lvm.h"
#include "lib/boot/modules.h"
#include "lib/boot/password.h"

namespace {

// The tables in one text: what begins with "alias " or "softdep " is for those, the rest is modules.dep.
void modules(std::string_view text) {
  using namespace rescue;
  Modules::Tables tables;
  for (const std::string_view line : split(text, '\n'))
    (line.starts_with("alias ")     ? tables.alias
     : line.starts_with("softdep ") ? tables.softdep
                                    : tables.dep) += str(line, '\n');
  const Modules modules = Modules::of_tables("fuzz", std::move(tables));
  for (const std::string_view name : {"a", "fs-ext4", "pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00"})
    for (const std::string& module : modules.find(name))
      if (auto files = modules.files_of(module)) {
        // Each is loaded once.
        std::ranges::sort(*files);
        if (std::ranges::adjacent_find(*files) != files->end())
          std::abort();
      }
}

// As a disk, whose sums no fuzzer guesses, and as the text that is in it.
void volumes(std::string_view text) {
  using namespace rescue;
  TextDisk disk(text);
  if (const auto member = read_lvm_member(disk); member && member->id.size() != 32)
    std::abort();
  const auto group = parse_lvm_group(text, "fuzz");
  if (!group)
    return;
  for (const LvmVolume& volume : group->volumes) {
    uint64_t end = 0;
    for (const LvmSegment& segment : volume.segments) {
      if (segment.start != end || segment.length == 0 || segment.areas.empty())
        std::abort();
      end += segment.length;
    }
    if (volume.name.contains('/') || (!volume.problem.empty() && !volume.segments.empty()))
      std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  modules(text);
  volumes(text);
  const KernelLine line(text);
  if (line.has("root") != !line.values("root").empty())
    std::abort();
  if (version_in_kernel(text, "fuzz").size() > size)
    std::abort();
  if (const auto hash = hash_of_user(text, "root", "fuzz"); hash && !hash->starts_with('$'))
    std::abort();
  return 0;
}
