// Fuzzes the readers of dpkg's database, one input for all of its files, and of /proc/PID/maps.
#include <algorithm>
#include <cstdlib>

#include "lib/health/dpkg_db.h"
#include "lib/sys/process_files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& stanza : dpkg::parse_status(text)) {
    if (stanza.package.name.empty() || stanza.package.version.empty())
      std::abort();
    for (const auto& [path, md5] : stanza.conffiles)
      if (!is_digest_text(DigestAlgorithm::md5, md5))
        std::abort();
  }
  const auto lines = dpkg::parse_md5sums(text);
  if (!std::ranges::is_sorted(lines, {}, &dpkg::Md5Line::path))
    std::abort();
  for (const auto& line : lines)
    if (const auto found = dpkg::find_md5(text, line.path); found && !is_digest_text(DigestAlgorithm::md5, *found))
      std::abort();
  if (!std::ranges::is_sorted(dpkg::parse_diversions(text), {}, &dpkg::Diversion::from))
    std::abort();
  (void)dpkg::parse_overrides(text);
  for (const MappedFile& file : parse_maps(text))
    if (!file.path.starts_with('/') || file.inode == 0)
      std::abort();
  return 0;
}
