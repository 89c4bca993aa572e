// Which known form of file bytes are: archives, what compressors make, and a few more that are met in repairs, in the
// words of file(1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/bytes.h"

namespace rescue {

struct FileFormat {
  std::string words;
  std::string_view mime = "application/octet-stream";
  bool is_text = false;  // the encoding is to be said too
};

// By the first bytes of a file, some KiB of which are enough. ELF files and disks have readers of their own.
std::optional<FileFormat> file_format(Bytes start);

}  // namespace rescue
