// Fuzzes the readers of rpm's databases, SQLite, ndb and Berkeley DB, and of the headers that come out of them. What is
// behind a byte 0xff 0xff 0xff 0xff is a log beside the database.
#include <cstdlib>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

#include "lib/archive/rpm_database.h"
#include "lib/archive/rpm_header.h"
#include "lib/base/fd.h"

namespace rescue { namespace {

UniqueFd memory_file(std::string_view bytes) {
  UniqueFd fd(::memfd_create("database", MFD_CLOEXEC));
  if (!fd || !write_all(fd.get(), bytes, "fuzz"))
    std::abort();
  return fd;
}

}}  // namespace rescue

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  if (size > 1 << 16)
    return 0;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t mark = all.find("\xff\xff\xff\xff");
  const UniqueFd fd = memory_file(all.substr(0, mark));
  const UniqueFd log = memory_file(mark == std::string_view::npos ? std::string_view() : all.substr(mark + 4));
  const auto database = rpm::Database::open(fd.get(), "fuzz", log.get());
  if (!database)
    return 0;
  size_t left = 200;
  for (const uint64_t place : (*database)->headers()) {
    const auto header = (*database)->read(place);
    if (header)
      (void)rpm::Header::parse(Bytes(*header, "fuzz"));
    if (--left == 0)
      break;
  }
  return 0;
}
