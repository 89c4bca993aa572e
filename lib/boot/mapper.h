// Device-mapper, by its control device: disks that are made of pieces of others.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

#include "lib/base/error.h"
#include "lib/base/fd.h"

namespace rescue {

struct MapperRow {
  uint64_t start = 0;  // sectors of 512 bytes
  uint64_t length = 0;
  std::string target;      // "linear", "striped"
  std::string parameters;  // "8:2 2048"
};

class Mapper {
 public:
  // ENODEV or ENOENT where the kernel has none, or not yet.
  static Result<Mapper> open();

  // Makes /dev/mapper/NAME, ready for use; its number. EBUSY where there is one of that name or uuid.
  Result<dev_t> create(const std::string& name, const std::string& uuid, const std::vector<MapperRow>& rows,
                       bool writable);

  // EBUSY while somebody uses it.
  Result<> remove(const std::string& name);

 private:
  explicit Mapper(UniqueFd fd) : fd_(std::move(fd)) {}
  Result<dev_t> load(const std::string& name, const std::vector<MapperRow>& rows, bool writable);

  UniqueFd fd_;
};

}  // namespace rescue
