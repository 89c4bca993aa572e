// tar, as bundles and Debian packages hold it: ustar with pax headers, and GNU's long names.
//
// Read and written by our own code and not by libarchive's: its reader converts names through the locale's
// character set, does not tell an archive without its end mark from a whole one, and leaves what follows the end
// mark unread, so that a checksum behind it would go unchecked. Its writer adds records that depend on the machine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "lib/archive/entry.h"
#include "lib/archive/intake.h"
#include "lib/archive/sink.h"
#include "lib/archive/source.h"
#include "lib/base/error.h"

namespace rescue {

// Reads the entries of a tar file. Strict: bad header checksums, a missing end mark, bytes other than zero after it,
// sparse files, multi-volume pieces and unknown types of members are errors (status bad_data).
class TarReader : public EntryReader {
 public:
  explicit TarReader(std::unique_ptr<Source> source, EntryLimits limits = {})
      : intake_(std::move(source)), limits_(limits) {}
  Result<const Entry*> next() override;
  Result<std::string_view> read() override;
  // For the entries from here on; those before count.
  void limit(const EntryLimits& limits) { limits_ = limits; }

  // What pax headers say of one entry.
  struct Extra;

 private:
  using Block = std::string_view;  // one header, 512 bytes

  // What the members before an entry say of it.
  struct Announced {
    std::string records;    // pax
    std::string long_name;  // GNU's ways
    std::string long_link;
    bool any = false;
  };

  Result<bool> take_special(Block header, Announced& announced);
  Result<Extra> extra_of(Announced announced) const;
  Result<> make_entry(Block header, Extra extra);
  Result<> set_device(Block header);
  Result<> check_entry();

  Intake intake_;
  EntryLimits limits_;
  std::string global_;  // pax records for all entries
  Entry entry_;
  uint64_t left_ = 0;     // data of the current entry still to come
  uint64_t padding_ = 0;  // zeros behind it
  uint64_t entries_ = 0;
  uint64_t total_ = 0;
  bool ended_ = false;
};

// Writes pax archives that any tar reads back exactly: numeric owners alone, no time but mtime, no inode or device
// of the file itself; a pax header only where the old one has no room. Same entries, same bytes.
class TarWriter {
 public:
  explicit TarWriter(Sink& sink) : sink_(sink) {}

  // Begins an entry. For files, `size` bytes of data must follow by write() before the next entry. Hard links carry
  // no data. Sockets have no form in tar: an error.
  Result<> add(const Entry& entry);
  Result<> write(std::string_view data);
  // Writes the end mark.
  Result<> finish();

  // An entry whose data is at hand; its size is set from it.
  Result<> add(Entry entry, std::string_view data);

 private:
  Result<> end_entry();

  Sink& sink_;
  std::string path_;  // of the current entry, for errors
  uint64_t left_ = 0;
  uint64_t padding_ = 0;
};

}  // namespace rescue
