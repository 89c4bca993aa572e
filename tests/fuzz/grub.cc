// Fuzzes the readers of boot loader configurations and of rescue.conf: what an entry is made of, and that ours is taken
// out of a file as it was put in.
#include <cstdlib>

#include "lib/boot/config.h"
#include "lib/boot/grub.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto entry = first_entry(text, "6.1.0", "fuzz")) {
    const std::string rest = without_block(text);
    if (without_block(rest).size() > rest.size() || block_of(*entry).empty())
      std::abort();
  }
  (void)parse_loader_entry(text, "fuzz");
  const BootConfig config = parse_boot_config(text);
  if (!config.problem.empty() && !config.require_password)
    std::abort();
  return 0;
}
