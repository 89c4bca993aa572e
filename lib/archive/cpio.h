// cpio in the form of RPM's payloads (SVR4 "newc").
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/archive/entry.h"
#include "lib/archive/intake.h"
#include "lib/base/error.h"

namespace rescue {

// In cpio the data of a file with several names comes with one of them, mostly the last. The reader puts that name
// first, as a file, and the others behind it as hard links, as a tar archive has them. Owners are as archived; RPM's
// payloads say 0 for every file, whoever the header says owns it.
class CpioReader : public EntryReader {
 public:
  // What may come behind the end mark: zeros alone, or, as in an initramfs, zeros and more archives of this kind.
  enum class Behind : uint8_t { zeros, archives };

  CpioReader(std::unique_ptr<Source> source, EntryLimits limits, Behind behind = Behind::zeros)
      : intake_(std::move(source)), limits_(limits), behind_(behind) {}
  Result<const Entry*> next() override;
  Result<std::string_view> read() override;

 private:
  struct Member {
    Entry entry;
    uint64_t names;  // how many the file has
    std::pair<uint64_t, uint64_t> inode;
  };
  // The names of one file.
  struct Names {
    std::vector<Entry> held;  // seen before the data
    std::string first;        // the one that was handed out as the file; empty until then
    uint64_t seen = 0;
  };

  Result<bool> take_member(Member& member);
  Result<> take_link(Entry& entry);
  Result<> check(const Entry& entry);
  void sort_out(Member member);
  void hand_out(Names& names, Entry file);
  void hand_out_rest();
  Result<bool> end_archive();

  Intake intake_;
  EntryLimits limits_;
  Behind behind_;
  std::map<std::pair<uint64_t, uint64_t>, Names> files_;
  std::deque<Entry> ready_;  // the first may have data, which comes next
  Entry entry_;
  uint64_t left_ = 0;
  uint64_t padding_ = 0;
  uint64_t entries_ = 0;
  uint64_t total_ = 0;
  bool ended_ = false;
};

}  // namespace rescue
