// ndb, openSUSE's: a table of slots at the beginning, and blobs of 16-byte blocks behind it.
#include "lib/archive/rpm_database.h"
#include "lib/base/bytes.h"

namespace rescue::rpm {

namespace {

constexpr uint64_t page_size = 4096;
constexpr uint64_t slot_size = 16;
constexpr uint64_t first_slot = 2;  // the file's own header takes the place of two
constexpr uint64_t block_size = 16;
constexpr uint64_t blob_head = 16;  // magic, package, generation, length
constexpr std::string_view slot_magic = "Slot";
constexpr std::string_view blob_magic = "BlbS";

class Ndb final : public Database {
 public:
  Ndb(int fd, uint64_t size, std::string_view path) : Database(fd, size, path) {}

  Result<> read_slots() {
    const std::string head = TRY(bytes_at(0, first_slot * slot_size));
    const Bytes bytes(head, path_);
    if (TRY(bytes.read<uint32_t>(4, "version")) != 0)
      return bad("is of a version of ndb that is not known");
    slots_ = TRY(bytes_at(0, TRY(bytes.read<uint32_t>(12, "slots")) * page_size));
    return {};
  }

  std::vector<uint64_t> headers() override {
    std::vector<uint64_t> found;
    const Bytes slots(slots_, path_);
    for (uint64_t slot = first_slot; slot < slots.size() / slot_size; ++slot) {
      const auto package = slots.read<uint32_t>(slot * slot_size + 4, "slot");
      if (!slots.text().substr(slot * slot_size).starts_with(slot_magic)) {
        faults_.push_back(message(bad("one of its slots is damaged").error()));
        continue;
      }
      if (package && *package != 0)
        found.push_back(slot);
    }
    return found;
  }

  Result<std::string> read(uint64_t slot) override {
    const Bytes slots(slots_, path_);
    const uint32_t package = TRY(slots.read<uint32_t>(slot * slot_size + 4, "slot"));
    const uint64_t offset = TRY(slots.read<uint32_t>(slot * slot_size + 8, "slot")) * block_size;
    const uint64_t length = TRY(slots.read<uint32_t>(slot * slot_size + 12, "slot")) * block_size;
    const std::string head = TRY(bytes_at(offset, blob_head));
    const Bytes bytes(head, path_);
    const uint32_t size = TRY(bytes.read<uint32_t>(12, "blob"));
    if (!head.starts_with(blob_magic) || TRY(bytes.read<uint32_t>(4, "blob")) != package || size > length ||
        size > largest_header)
      return bad("one of its headers is damaged");
    return bytes_at(offset + blob_head, size);
  }

 private:
  std::string slots_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_ndb(int fd, uint64_t size, std::string_view path) {
  auto database = std::make_unique<Ndb>(fd, size, path);
  TRY(database->read_slots());
  return database;
}

}  // namespace rescue::rpm
