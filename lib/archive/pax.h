// pax extended headers: records that say of a tar entry what its old header has no room for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/archive/entry.h"
#include "lib/archive/tar.h"
#include "lib/base/error.h"

namespace rescue {

// A time as pax records have it: nanoseconds are to be added, of times before 1970 too.
struct PaxTime {
  int64_t seconds;
  uint32_t nanoseconds;
};

// "1234.5678", "-1.25": seconds as a decimal fraction.
std::optional<PaxTime> parse_pax_time(std::string_view text);
std::string pax_time_text(int64_t seconds, uint32_t nanoseconds);

// GNU tar writes `=` and `%` of an attribute's name as %3D and %25; libarchive escapes whatever is not plain.
std::string pax_decode(std::string_view text);
std::string pax_encode(std::string_view name);

struct PaxRecord {
  std::string_view key;
  std::string_view value;
};

// Takes the first of the records off, or says in the error's detail what is wrong with it.
Result<PaxRecord> take_pax_record(std::string_view& records);

// One record: "12 path=x\n".
std::string pax_record(std::string_view key, std::string_view value);

struct TarReader::Extra {
  std::optional<std::string> path;
  std::optional<std::string> link;
  std::optional<std::string> user;
  std::optional<std::string> group;
  std::optional<uint64_t> size;
  std::optional<uint64_t> uid;
  std::optional<uint64_t> gid;
  using Time = PaxTime;
  std::optional<Time> mtime;
  std::vector<Xattr> xattrs;

  // Takes over what the records say; keys that do not matter to us are passed over. Later records win.
  // The error's detail says what is wrong with them.
  Result<> apply(std::string_view records, const EntryLimits& limits);

 private:
  Result<> set(std::string_view key, std::string_view value);
  Result<> add_xattr(std::string name, std::string value);
};

// The records for what `entry` holds and the old header cannot: "12 path=x\n" and so on; empty where there is nothing.
std::string pax_records(const Entry& entry);

// What of an entry fits into the old header.
bool fits_name(std::string_view name);
bool fits_number(uint64_t number, size_t field_size);
bool fits_mtime(const Entry& entry);

}  // namespace rescue
