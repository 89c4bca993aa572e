// One member of an archive, and how archives hand them out.
//
// Entries are what the archive says, word for word: a path may be absolute, hold `..`, newlines or bytes that are
// no UTF-8, and may occur twice. Nothing here looks at the file system or at the names of users; whoever puts an
// entry into a root checks it first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"

namespace rescue {

enum class EntryType : uint8_t { file, directory, symlink, hardlink, character, block, fifo, socket };

// An extended attribute: its full name ("security.selinux") and its bytes.
struct Xattr {
  std::string name;
  std::string value;
  bool operator==(const Xattr&) const = default;
};

struct Entry {
  std::string path;  // raw bytes, as archived; of directories without the slashes at the end
  EntryType type = EntryType::file;
  uint32_t mode = 0;  // permission bits, 07777
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::string user;  // the owner's names, where the archive has them: they count before the numbers
  std::string group;
  uint64_t size = 0;          // bytes that read() will give; 0 for what is no file
  int64_t mtime = 0;          // seconds, and
  uint32_t mtime_ns = 0;      // nanoseconds to be added
  std::string link;           // target of a symlink; path of the earlier entry that a hard link is another name of
  std::vector<Xattr> xattrs;  // sorted by name
  uint32_t device_major = 0;  // of character and block devices
  uint32_t device_minor = 0;
  bool operator==(const Entry&) const = default;
};

// What a reader puts up with before it calls an archive hostile.
struct EntryLimits {
  uint64_t entries = 1'000'000;
  uint64_t entry_size = uint64_t{1} << 40;  // of one entry's data
  uint64_t total_size = uint64_t{1} << 40;  // of all entries' data
  uint32_t text = 65536;                    // a path or a link
  uint32_t xattrs = 1 << 20;                // all extended attributes of one entry together
};

class EntryReader {
 public:
  EntryReader() = default;
  EntryReader(const EntryReader&) = delete;
  EntryReader& operator=(const EntryReader&) = delete;
  virtual ~EntryReader() = default;

  // The next entry, or nullptr after the last one; by then the archive has been read, and checked, to its end.
  // What was not read of the entry before is skipped. The entry is valid until the next call.
  virtual Result<const Entry*> next() = 0;

  // The next block of the entry's data; empty when all `size` bytes have been given. The view is valid until the
  // next call of read() or next().
  virtual Result<std::string_view> read() = 0;
};

// The whole (rest of the) data of the current entry; an error when it is longer than `limit`.
Result<std::string> read_all(EntryReader& reader, uint64_t limit);

}  // namespace rescue
