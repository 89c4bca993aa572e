// The payload of an RPM: a cpio archive whose members are what the package's header says of them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lib/archive/cpio.h"
#include "lib/archive/rpm_files.h"

namespace rescue::rpm {

// Entries have mode, owner (by name), time, link and capabilities from the header; what payload and header say
// differently is damage, as is a file that one of them lacks. %ghost files are in no payload. Payloads without headers
// of their own (of files of 4 GiB and more, and of format 6) are read too. Paths have no slash in front.
class PayloadReader : public CpioReader {
 public:
  // `files` must outlive this. Where `wanted` is given, files without a mark there are left out.
  PayloadReader(std::unique_ptr<Source> source, EntryLimits limits, const std::vector<File>& files,
                std::vector<bool> wanted = {});

  // The file of the list that an entry of that path is; null for none.
  const File* file_of(std::string_view entry_path) const;

 protected:
  Result<> describe(Member& member) override;
  Result<> make_member(uint32_t number, Member& member) override;
  Result<> check_end() override;

 private:
  struct Group {  // names of one file
    uint32_t names = 0;
    size_t last = 0;  // the one that the data is with
  };
  size_t index_of(std::string_view path) const;
  Result<> apply(size_t index, Member& member);

  const std::vector<File>& files_;
  std::vector<bool> wanted_;
  std::vector<uint32_t> by_path_;  // indexes, in the order of the paths
  std::map<std::pair<uint32_t, uint32_t>, Group> groups_;
  std::vector<bool> seen_;
};

// Whether payload and disk have something for it: %ghost files are made by the programs that use them.
inline bool is_in_payload(const File& file) {
  return (file.flags & file_ghost) == 0;
}

}  // namespace rescue::rpm
