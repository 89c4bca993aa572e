#include "lib/fs/copy_data.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/fd.h"

namespace rescue {

namespace {

constexpr uint64_t to_the_end = std::numeric_limits<uint64_t>::max();

// Below this, reading and writing is as fast as asking the kernel to copy.
constexpr off_t small_file = 65536;

bool has_holes(const struct stat& info) {
  return S_ISREG(info.st_mode) && info.st_blocks < info.st_size / 512;
}

bool all_zero(std::string_view data) {
  return data[0] == '\0' && std::memcmp(data.data(), data.data() + 1, data.size() - 1) == 0;
}

}  // namespace

struct DataCopier::Job {
  int in;
  const struct stat& in_info;
  std::string_view in_path;
  int out;
  const struct stat& out_info;
  std::string_view out_path;

  bool both_regular() const { return S_ISREG(in_info.st_mode) && S_ISREG(out_info.st_mode); }
};

char* DataCopier::buffer() {
  if (!buffer_)
    buffer_ = std::make_unique_for_overwrite<char[]>(buffer_size);
  return buffer_.get();
}

Result<> DataCopier::copy(int in, const struct stat& in_info, std::string_view in_path, int out,
                          const struct stat& out_info, std::string_view out_path) {
  const Job job{in, in_info, in_path, out, out_info, out_path};
  if (in_info.st_dev != from_ || out_info.st_dev != to_) {
    from_ = in_info.st_dev;
    to_ = out_info.st_dev;
    no_clone_ = no_kernel_copy_ = false;
  }
  if (TRY(clone(job)))
    return {};
  if (job.both_regular() && (has_holes(in_info) || policy_.sparse == Sparse::always))
    return copy_extents(job);
  // To the end, wherever it is: files of /proc have no size, and others grow.
  TRY(copy_range(job, 0, to_the_end));
  return {};
}

// True when the copy shares the file's blocks.
Result<bool> DataCopier::clone(const Job& job) {
  const bool must = policy_.reflink == Reflink::always;
  if (policy_.reflink == Reflink::never || (no_clone_ && !must))
    return false;
  if (policy_.sparse != Sparse::automatic || (!must && (!job.both_regular() || job.in_info.st_size == 0)))
    return false;
  if (::ioctl(job.out, FICLONE, job.in) == 0)
    return true;
  if (must)
    return fail("clone to it", job.out_path);
  // Anything else than a fault of the disk means that these file systems cannot, or not for this file.
  no_clone_ = errno == EOPNOTSUPP || errno == EXDEV || errno == ENOTTY || errno == ENOSYS;
  return false;
}

// Copies the parts of a sparse file that hold data, and leaves or writes zeros between them.
Result<> DataCopier::copy_extents(const Job& job) {
  auto size = static_cast<uint64_t>(job.in_info.st_size);
  uint64_t done = 0;
  while (done < size) {
    const off_t data = ::lseek(job.in, static_cast<off_t>(done), SEEK_DATA);
    if (data < 0 && errno == ENXIO)
      break;
    const off_t hole = data >= 0 ? ::lseek(job.in, data, SEEK_HOLE) : -1;
    // Where the file system cannot tell, all the rest is data.
    const uint64_t start = data >= 0 ? static_cast<uint64_t>(data) : done;
    const uint64_t end = hole > data ? static_cast<uint64_t>(hole) : size;
    if (policy_.sparse == Sparse::never)
      TRY(write_zeros(job, done, start - done));
    done = start + TRY(copy_range(job, start, end - start));
    if (done < end)
      size = done;  // it is shorter than it said: files of /sys, or cut meanwhile
  }
  if (policy_.sparse == Sparse::never && done < size)
    return write_zeros(job, done, size - done);
  if (::ftruncate(job.out, static_cast<off_t>(size)) < 0)
    return fail("set the size", job.out_path);
  return {};
}

// Copies up to `length` bytes at `offset`; gives how many there were.
Result<uint64_t> DataCopier::copy_range(const Job& job, uint64_t offset, uint64_t length) {
  uint64_t done = 0;
  const bool by_kernel = !no_kernel_copy_ && policy_.reflink != Reflink::never && policy_.sparse != Sparse::always &&
                         job.both_regular() && job.in_info.st_size > small_file;
  if (by_kernel)
    done = TRY(copy_in_kernel(job, offset, length));
  if (done == length)
    return done;
  // Also after a success: some file systems say that the file ends where it does not.
  return done + TRY(copy_by_hand(job, offset + done, length == to_the_end ? length : length - done));
}

Result<uint64_t> DataCopier::copy_in_kernel(const Job& job, uint64_t offset, uint64_t length) {
  constexpr uint64_t most = uint64_t{1} << 30;
  auto from = static_cast<loff_t>(offset);
  auto to = static_cast<loff_t>(offset);
  uint64_t done = 0;
  while (done < length) {
    const long count = ::syscall(SYS_copy_file_range, job.in, &from, job.out, &to, std::min(length - done, most), 0);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0 && done == 0)
      no_kernel_copy_ = errno == ENOSYS || errno == EXDEV || errno == EOPNOTSUPP || errno == EPERM;
    // What remains is copied by hand, and a real failure shows again there.
    if (count <= 0)
      break;
    done += static_cast<uint64_t>(count);
  }
  return done;
}

Result<uint64_t> DataCopier::copy_by_hand(const Job& job, uint64_t offset, uint64_t length) {
  const bool seekable = S_ISREG(job.in_info.st_mode);
  // Both stand at their beginnings as they were opened, unless parts of them are copied.
  const bool in_place = offset == 0 && length == to_the_end;
  if (!in_place && S_ISREG(job.out_info.st_mode) && ::lseek(job.out, static_cast<off_t>(offset), SEEK_SET) < 0)
    return fail("seek", job.out_path);
  if (!in_place && seekable && ::lseek(job.in, static_cast<off_t>(offset), SEEK_SET) < 0)
    return fail("seek", job.in_path);
  uint64_t done = 0;
  while (done < length) {
    const size_t wanted = static_cast<size_t>(std::min<uint64_t>(length - done, buffer_size));
    const size_t count = TRY(read_some(job.in, {buffer(), wanted}, job.in_path));
    if (count == 0)
      break;
    TRY(write_out(job, {buffer(), count}, offset + done));
    done += count;
    // A short read of an ordinary file is its end; /proc, whose files have no size, is not ordinary.
    if (count < wanted && seekable && offset + done == static_cast<uint64_t>(job.in_info.st_size))
      break;
  }
  return done;
}

// Writes at the output's position, which is `offset`; with Sparse::always goes over blocks of zeros.
Result<> DataCopier::write_out(const Job& job, std::string_view data, uint64_t offset) {
  if (policy_.sparse != Sparse::always || !S_ISREG(job.out_info.st_mode))
    return write_all(job.out, data, job.out_path);
  const auto block = static_cast<uint64_t>(std::max<blksize_t>(job.out_info.st_blksize, 512));
  while (!data.empty()) {
    const std::string_view piece = data.substr(0, static_cast<size_t>(block - offset % block));
    if (!all_zero(piece))
      TRY(write_all(job.out, piece, job.out_path));
    else if (::lseek(job.out, static_cast<off_t>(piece.size()), SEEK_CUR) < 0)
      return fail("seek", job.out_path);
    offset += piece.size();
    data.remove_prefix(piece.size());
  }
  return {};
}

Result<> DataCopier::write_zeros(const Job& job, uint64_t offset, uint64_t length) {
  if (::lseek(job.out, static_cast<off_t>(offset), SEEK_SET) < 0)
    return fail("seek", job.out_path);
  std::memset(buffer(), 0, buffer_size);
  while (length > 0) {
    const auto count = static_cast<size_t>(std::min<uint64_t>(length, buffer_size));
    TRY(write_all(job.out, {buffer(), count}, job.out_path));
    length -= count;
  }
  return {};
}

}  // namespace rescue
