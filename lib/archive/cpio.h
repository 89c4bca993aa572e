// cpio in the form of RPM's payloads (SVR4 "newc").
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/archive/entry.h"
#include "lib/archive/intake.h"
#include "lib/base/error.h"

namespace rescue {

// What a file of this st_mode is in an archive.
std::optional<EntryType> entry_type_of(uint32_t file_mode);

// In cpio the data of a file with several names comes with one of them, mostly the last. The reader puts that name
// first, as a file, and the others behind it as hard links, as a tar archive has them. Owners are as archived; RPM's
// payloads say 0 for every file, whoever the header says owns it: see rpm_payload.h.
class CpioReader : public EntryReader {
 public:
  // What may come behind the end mark: zeros alone, or, as in an initramfs, zeros and more archives of this kind.
  enum class Behind : uint8_t { zeros, archives };

  CpioReader(std::unique_ptr<Source> source, EntryLimits limits, Behind behind = Behind::zeros)
      : intake_(std::move(source)), limits_(limits), behind_(behind) {}
  Result<const Entry*> next() override;
  Result<std::string_view> read() override;

 protected:
  struct Member {
    Entry entry;
    uint64_t names = 1;  // how many the file has
    std::pair<uint64_t, uint64_t> inode;
    bool skipped = false;  // not to be handed out
  };

  // What more is known of a member than the archive says; called for each, a link's target read already.
  virtual Result<> describe(Member& /*member*/) { return {}; }
  // Makes a member of the form that has but a number in place of a header ("07070X"), its size included.
  virtual Result<> make_member(uint32_t number, Member& member);
  // Called at the end of the archive.
  virtual Result<> check_end() { return {}; }

  std::unexpected<Error> bad(std::string_view detail) const { return intake_.bad(detail); }

 private:
  // The names of one file.
  struct Names {
    std::vector<Member> held;  // seen before the data
    std::string first;         // the one that was handed out as the file; empty until then
    bool lost = false;         // that one was skipped, and the data with it
    uint64_t seen = 0;
  };

  Result<> take_one();
  Result<bool> take_member(Member& member);
  Result<bool> take_header(uint32_t inode, Member& member);
  Result<> take_link(Entry& entry);
  Result<> check(const Entry& entry);
  Result<> sort_out(Member member);
  void hand_out(Names& names, Member file);
  void hand_out_rest();
  Result<bool> end_archive();

  Intake intake_;
  EntryLimits limits_;
  Behind behind_;
  std::map<std::pair<uint64_t, uint64_t>, Names> files_;
  std::vector<Member> ready_;  // from next_ready_ on; the first may have data, which comes next
  size_t next_ready_ = 0;
  Entry entry_;
  uint64_t left_ = 0;
  uint64_t padding_ = 0;
  uint64_t entries_ = 0;
  uint64_t total_ = 0;
  bool ended_ = false;
};

}  // namespace rescue
