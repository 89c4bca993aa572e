// An initramfs image as the kernel unpacks it: cpio archives one behind the other, the first ones mostly as they are
// (a processor's microcode), the last one compressed.
//
// A compressed archive is taken to reach to the end of the file, or to the next one in the same compression: that is
// how dracut, initramfs-tools and mkinitcpio make them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/archive/entry.h"
#include "lib/archive/source.h"
#include "lib/base/error.h"

namespace rescue {

struct InitramfsSegment {
  uint64_t offset = 0;
  uint64_t size = 0;
  bool compressed = false;
};

// Finds them; of what is not compressed only the headers are read. Damage gives an error of status bad_data.
Result<std::vector<InitramfsSegment>> find_initramfs_segments(int fd, uint64_t size, std::string_view path);

class InitramfsReader : public EntryReader {
 public:
  // Reads `fd`, which must be a file that can be read at any offset and stays the caller's; `path` names it in errors.
  static Result<std::unique_ptr<InitramfsReader>> open(int fd, std::string_view path, EntryLimits limits = {});

  Result<const Entry*> next() override;
  Result<std::string_view> read() override { return current_->read(); }

  InitramfsReader() = default;  // for open()

 private:
  Result<> open_segment();

  int fd_ = -1;
  std::string path_;
  EntryLimits limits_;
  std::vector<InitramfsSegment> segments_;
  size_t at_ = 0;  // the next one
  std::unique_ptr<EntryReader> current_;
};

}  // namespace rescue
