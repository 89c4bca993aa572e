// Copying what is in a file, in the fastest way that the kernel and the file systems have.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <sys/types.h>

#include "lib/base/error.h"

struct stat;

namespace rescue {

// Where the copy has holes: where the file has them, wherever there are zeros, or nowhere.
enum class Sparse : uint8_t { automatic, always, never };

// Whether the copy shares its blocks with the file until one of them is written to.
enum class Reflink : uint8_t { automatic, always, never };

struct DataPolicy {
  Sparse sparse = Sparse::automatic;
  Reflink reflink = Reflink::automatic;
};

// Copies files one after another, and remembers what did not work between two file systems.
class DataCopier {
 public:
  explicit DataCopier(DataPolicy policy) : policy_(policy) {}

  // Copies all of `in` to `out`, which is empty; both stand at their starts, as they were opened. `in_info` and
  // `out_info` are what fstat says.
  Result<> copy(int in, const struct stat& in_info, std::string_view in_path, int out, const struct stat& out_info,
                std::string_view out_path);

 private:
  static constexpr size_t buffer_size = 262144;
  struct Job;

  Result<bool> clone(const Job& job);
  Result<> copy_extents(const Job& job);
  Result<uint64_t> copy_range(const Job& job, uint64_t offset, uint64_t length);
  Result<uint64_t> copy_in_kernel(const Job& job, uint64_t offset, uint64_t length);
  Result<uint64_t> copy_by_hand(const Job& job, uint64_t offset, uint64_t length);
  Result<> write_out(const Job& job, std::string_view data, uint64_t offset);
  Result<> write_zeros(const Job& job, uint64_t offset, uint64_t length);
  char* buffer();

  DataPolicy policy_;
  std::unique_ptr<char[]> buffer_;
  // The pair of file systems last met, and what they cannot do.
  dev_t from_ = 0;
  dev_t to_ = 0;
  bool no_clone_ = false;
  bool no_kernel_copy_ = false;
};

}  // namespace rescue
