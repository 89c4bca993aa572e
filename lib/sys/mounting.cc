#include "lib/sys/mounting.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <linux/loop.h>

#include "lib/base/text.h"
#include "lib/sys/block.h"
#include "lib/sys/superblock.h"

namespace rescue {

namespace {

// LOOP_CONFIGURE (5.8), for kernel headers that are older; its argument is not needed, see set_up().
constexpr unsigned loop_major = 7;
constexpr int loop_tries = 32;

// The types of disks that the kernel has at hand: those without "nodev".
std::vector<std::string> kernel_types() {
  std::vector<std::string> types;
  const std::string path = "/proc/filesystems";
  const auto fd = open_file(path, O_RDONLY);
  const auto text = fd ? read_all(fd->get(), 1 << 16, path) : Result<std::string>(std::string());
  for (const std::string_view line : split(text.value_or(""), '\n'))
    if (line.starts_with('\t'))
      types.emplace_back(line.substr(1));
  return types;
}

// Whether such a file system lies on a disk; a file may be called "none" or "tmpfs" as well.
bool is_disk_type(const std::string& type) {
  return type.empty() || type == "auto" || std::ranges::contains(kernel_types(), type);
}

bool is_regular(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

bool is_read_only_error(int code) {
  return code == EROFS || code == EACCES || code == EBUSY;
}

// Changes of an existing mount, and new views of one: the type does not matter, and nothing is read from a disk.
bool needs_no_type(unsigned long flags) {
  return (flags & (MS_BIND | MS_MOVE | MS_REMOUNT)) != 0;
}

// A bind mount takes no other flags along; they are set by a second call.
Result<> bind(const std::string& source, const MountRequest& request) {
  const unsigned long flags = request.options.flags;
  TRY(mount_once(source, request.target, "", flags & (MS_BIND | MS_REC), ""));
  const unsigned long others = flags & ~static_cast<unsigned long>(MS_BIND | MS_REC | MS_SILENT);
  if (others == 0)
    return {};
  return mount_once(source, request.target, "", MS_REMOUNT | MS_BIND | others, "");
}

Result<> propagate(const MountRequest& request) {
  if (request.options.propagation == 0)
    return {};
  return mount_once("none", request.target, "", request.options.propagation, "");
}

// The first type that the kernel takes. Read-only where the disk is.
Result<MountDone> mount_disk(const std::string& source, const MountRequest& request) {
  Error last;
  const auto types = TRY(candidate_types(source, request.type));
  for (const std::string& type : types) {
    unsigned long flags = request.options.flags;
    Result<> done = mount_once(source, request.target, type, flags, request.options.data);
    if (!done && (flags & MS_RDONLY) == 0 && is_read_only_error(done.error().code()) && done.error().code() != EBUSY) {
      flags |= MS_RDONLY;
      done = mount_once(source, request.target, type, flags, request.options.data);
    }
    if (done)
      return MountDone{source, type, (flags & MS_RDONLY) != 0};
    last = done.error();
    if (last.code() != EINVAL && last.code() != ENODEV)
      return std::unexpected(std::move(last));
  }
  // EINVAL alone would leave a person to guess.
  return fail(str("mount ", Printable(source)), request.target,
              last.code() == ENODEV ? str("this kernel does not know ", types.back())
                                    : "holds no file system that could be mounted so, or an option is wrong");
}

Result<Loop> set_up(const LoopRequest& request, std::string device, int file) {
  Loop loop{.device = std::move(device), .fd = {}};
  loop.fd = TRY(open_file(loop.device, request.read_only ? O_RDONLY : O_RDWR));
  if (::ioctl(loop.fd.get(), LOOP_SET_FD, file) < 0)
    return fail(str("attach to ", loop.device), request.file);
  struct loop_info64 info{};
  info.lo_offset = request.offset;
  info.lo_sizelimit = request.size_limit;
  info.lo_flags = (request.clear_at_end ? LO_FLAGS_AUTOCLEAR : 0U) | (request.partitions ? LO_FLAGS_PARTSCAN : 0U);
  const std::string_view name = std::string_view(request.file).substr(0, LO_NAME_SIZE - 1);
  std::memcpy(info.lo_file_name, name.data(), name.size());
  Result<> done;
  if (::ioctl(loop.fd.get(), LOOP_SET_STATUS64, &info) < 0)
    done = fail("set up", loop.device);
  else if (request.sector_size != 0 && ::ioctl(loop.fd.get(), LOOP_SET_BLOCK_SIZE, request.sector_size) < 0)
    done = fail("set the sector size", loop.device);
  else if (request.direct_io && ::ioctl(loop.fd.get(), LOOP_SET_DIRECT_IO, 1UL) < 0)
    done = fail("switch on direct I/O", loop.device);
  if (!done) {
    (void)::ioctl(loop.fd.get(), LOOP_CLR_FD, 0);
    return std::unexpected(done.error());
  }
  return loop;
}

}  // namespace

Result<std::string> free_loop() {
  const UniqueFd control = TRY(open_file("/dev/loop-control", O_RDWR));
  const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
  if (number < 0)
    return fail("find a free loop device", "/dev/loop-control");
  std::string device = str("/dev/loop", number);
  // Without devtmpfs nobody makes the node.
  if (::mknod(device.c_str(), S_IFBLK | 0660, makedev(loop_major, static_cast<unsigned>(number))) < 0 &&
      errno != EEXIST)
    return fail("make a device node", device);
  return device;
}

Result<Loop> attach_loop(const LoopRequest& request) {
  LoopRequest wanted = request;
  auto file = open_file(request.file, request.read_only ? O_RDONLY : O_RDWR);
  if (!file && is_read_only_error(file.error().code()) && !request.read_only) {
    wanted.read_only = true;
    file = open_file(request.file, O_RDONLY);
  }
  if (!file)
    return std::unexpected(file.error());
  if (!request.device.empty())
    return set_up(wanted, request.device, file->get());
  // Another one may take the free device meanwhile.
  for (int i = 0;; ++i) {
    auto loop = set_up(wanted, TRY(free_loop()), file->get());
    if (loop || loop.error().code() != EBUSY || i == loop_tries)
      return loop;
  }
}

Result<> detach_loop(const std::string& device) {
  const UniqueFd fd = TRY(open_file(device, O_RDONLY));
  if (::ioctl(fd.get(), LOOP_CLR_FD, 0) < 0)
    return fail("detach", device);
  return {};
}

Result<> mount_once(const std::string& source, const std::string& target, const std::string& type, unsigned long flags,
                    const std::string& data) {
  if (::mount(source.c_str(), target.c_str(), type.empty() ? nullptr : type.c_str(), flags,
              data.empty() ? nullptr : data.c_str()) < 0)
    return fail((flags & MS_REMOUNT) != 0 ? std::string("remount") : str("mount ", Printable(source)), target);
  return {};
}

Result<> mount_kernel_file_system(const std::string& type, const std::string& target, unsigned long flags,
                                  const std::string& data) {
  auto done = mount_once(type, target, type, flags, data);
  if (!done && done.error().code() == EBUSY)
    return {};
  return done;
}

Result<std::vector<std::string>> candidate_types(const std::string& source, std::string_view type) {
  std::vector<std::string> types;
  if (!type.empty() && type != "auto") {
    for (const std::string_view one : split(type, ','))
      types.emplace_back(one);
    return types;
  }
  const UniqueFd fd = TRY(open_file(source, O_RDONLY));
  FdDisk disk = TRY(FdDisk::open(fd.get(), source));
  const auto block = TRY(probe_superblock(disk));
  if (!block)
    return kernel_types();
  if (!block->is_mountable())
    return fail("mount", source, "holds no file system, but ", block->type());
  // A kernel without ext2 or ext3 reads both with ext4.
  types.emplace_back(block->type());
  if (block->type() == "ext2" || block->type() == "ext3")
    types.emplace_back("ext4");
  return types;
}

Result<MountDone> mount_file_system(const MountRequest& request) {
  const unsigned long flags = request.options.flags;
  if (!request.options.problem.empty())
    return fail("mount", request.target, Printable(request.options.problem), " is no size");
  MountDone done{request.source, request.type, (flags & MS_RDONLY) != 0};
  if (needs_no_type(flags)) {
    if ((flags & MS_BIND) != 0 && (flags & MS_REMOUNT) == 0)
      TRY(bind(request.source, request));
    else
      TRY(mount_once(request.source, request.target, "", flags, request.options.data));
    TRY(propagate(request));
    return done;
  }
  if (request.source.empty() && request.options.propagation != 0) {
    TRY(propagate(request));
    return done;
  }
  std::string source = TRY(resolve_device(request.source));
  Loop loop;
  if (request.options.loop || (is_regular(source) && is_disk_type(request.type))) {
    loop = TRY(attach_loop({.file = source,
                            .device = request.options.loop_device,
                            .offset = request.options.offset,
                            .size_limit = request.options.size_limit,
                            .read_only = (flags & MS_RDONLY) != 0,
                            .clear_at_end = true}));
    source = loop.device;
  }
  done = TRY(mount_disk(source, request));
  TRY(propagate(request));
  return done;
}

}  // namespace rescue
