// What is on a disk or an image of one, in the words of file(1).
#pragma once

#include <optional>
#include <string>

#include "lib/sys/superblock.h"

namespace rescue {

// "Linux rev 1.0 ext4 filesystem data, UUID=..."; nothing where neither a superblock nor a partition table is known.
std::optional<std::string> disk_words(Disk& disk);

}  // namespace rescue
