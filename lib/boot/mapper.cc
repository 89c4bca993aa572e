#include "lib/boot/mapper.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/dm-ioctl.h>

#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr const char* control = "/dev/mapper/control";
constexpr unsigned misc_major = 10;
constexpr unsigned mapper_minor = 236;

std::string node_of(const std::string& name) {
  return str("/dev/mapper/", name);
}

// One call: the head, and behind it what belongs to it. Gives the device's number.
Result<dev_t> call(int fd, unsigned request, const std::string& name, const std::string& uuid, uint32_t flags,
                   const std::string& data = "", uint32_t rows = 0) {
  if (name.size() >= DM_NAME_LEN || uuid.size() >= DM_UUID_LEN)
    return fail("set up", name, "its name is too long");
  struct dm_ioctl head{};
  head.version[0] = DM_VERSION_MAJOR;
  head.data_start = sizeof head;
  head.data_size = static_cast<uint32_t>(sizeof head + data.size());
  head.flags = flags;
  head.target_count = rows;
  std::memcpy(head.name, name.data(), name.size());
  std::memcpy(head.uuid, uuid.data(), uuid.size());
  std::string buffer(reinterpret_cast<const char*>(&head), sizeof head);
  buffer += data;
  if (::ioctl(fd, request, buffer.data()) < 0)
    return fail("set up", node_of(name));
  std::memcpy(&head, buffer.data(), sizeof head);
  // The kernel's wide form: the minor's lower 8 bits, the major's 12, the minor's others.
  const auto number = static_cast<uint32_t>(head.dev);
  return makedev(number >> 8 & 0xfff, (number & 0xff) | (number >> 12 & 0xfff00));
}

std::string packed(const std::vector<MapperRow>& rows) {
  std::string data;
  for (const MapperRow& row : rows) {
    struct dm_target_spec spec{};
    std::string parameters = row.parameters;
    parameters.resize((parameters.size() / 8 + 1) * 8);
    spec.sector_start = row.start;
    spec.length = row.length;
    spec.next = static_cast<uint32_t>(sizeof spec + parameters.size());
    std::memcpy(spec.target_type, row.target.data(), std::min(row.target.size(), sizeof spec.target_type - 1));
    data.append(reinterpret_cast<const char*>(&spec), sizeof spec);
    data += parameters;
  }
  return data;
}

}  // namespace

Result<Mapper> Mapper::open() {
  (void)::mkdir("/dev/mapper", 0755);
  (void)::mknod(control, S_IFCHR | 0600, makedev(misc_major, mapper_minor));
  return Mapper(TRY(open_file(control, O_RDWR)));
}

Result<dev_t> Mapper::create(const std::string& name, const std::string& uuid, const std::vector<MapperRow>& rows,
                             bool writable) {
  TRY(call(fd_.get(), DM_DEV_CREATE, name, uuid, 0));
  auto number = load(name, rows, writable);
  if (!number)
    (void)remove(name);
  return number;
}

// The table is loaded, and taken into use by the end of a suspension that has never begun.
Result<dev_t> Mapper::load(const std::string& name, const std::vector<MapperRow>& rows, bool writable) {
  const uint32_t flags = writable ? 0 : DM_READONLY_FLAG;
  TRY(call(fd_.get(), DM_TABLE_LOAD, name, "", flags, packed(rows), static_cast<uint32_t>(rows.size())));
  const dev_t number = TRY(call(fd_.get(), DM_DEV_SUSPEND, name, "", 0));
  if (::mknod(node_of(name).c_str(), S_IFBLK | 0660, number) < 0 && errno != EEXIST)
    return fail("make a device node", node_of(name));
  return number;
}

Result<> Mapper::remove(const std::string& name) {
  TRY(call(fd_.get(), DM_DEV_REMOVE, name, "", 0));
  (void)::unlink(node_of(name).c_str());
  return {};
}

}  // namespace rescue
