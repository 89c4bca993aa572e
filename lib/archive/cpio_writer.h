// Writes cpio archives in the forms that people still use; an initramfs is one of form newc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/archive/entry.h"
#include "lib/archive/sink.h"
#include "lib/base/error.h"

namespace rescue {

enum class CpioFormat : uint8_t {
  newc,  // SVR4, "070701": what RPM and the kernel's initramfs use; files below 4 GiB
  crc,   // the same with a sum of each file's bytes, "070702"
  odc,   // POSIX.1, "070707": numbers of 18 bits, files below 8 GiB
  bin,   // the old binary one, in this machine's byte order: numbers of 16 bits, files below 2 GiB
};

// A member as cpio has it: a hard link is a member like any other, known by its device and inode.
struct CpioMember {
  std::string name;
  uint32_t mode = 0;  // with the type, as in struct stat
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t links = 1;
  int64_t mtime = 0;
  uint64_t size = 0;
  uint64_t inode = 0;
  uint32_t device_major = 0;  // where the file is
  uint32_t device_minor = 0;
  uint32_t special_major = 0;  // what a device node stands for
  uint32_t special_minor = 0;
  uint32_t sum = 0;  // form crc: the sum of the bytes of the content, modulo 2^32
};

class CpioWriter {
 public:
  explicit CpioWriter(Sink& sink, CpioFormat format = CpioFormat::newc) : sink_(sink), format_(format) {}

  // Begins a member; `size` bytes (of a symbolic link: its target) must follow by write() before the next one. What
  // the form has no room for is an error; inode and device numbers alone are cut to fit.
  Result<> add(const CpioMember& member);
  Result<> write(std::string_view data);
  // Ends the archive with its trailer, and zeros up to a multiple of `block`.
  Result<> finish(uint64_t block = 512);

  // An entry as the other writers take it, numbered by the order in which they come; `size` bytes must follow for a
  // file, and nothing for what else there is. Hard links cannot be said in this way: an error. Same entries, same
  // bytes.
  Result<> add(const Entry& entry);
  // The same with its content at hand; its size is set from it.
  Result<> add(Entry entry, std::string_view data);

  // All that was written so far.
  uint64_t written() const { return written_; }

 private:
  Result<> end_member();
  Result<> put(std::string_view bytes);
  std::string ascii_header(const CpioMember& member) const;
  static std::string odc_header(const CpioMember& member);
  static std::string binary_header(const CpioMember& member);
  std::string_view objection(const CpioMember& member) const;

  Sink& sink_;
  CpioFormat format_;
  std::string path_;  // of the current member, for errors
  uint64_t left_ = 0;
  uint64_t padding_ = 0;
  uint64_t written_ = 0;
  uint32_t count_ = 0;  // of entries without an inode of their own
};

}  // namespace rescue
