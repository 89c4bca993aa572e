// Fuzzes the readers that tar, cpio, ar, unzip and the compressors stand on: the first byte says which.
#include <cstdlib>

#include <sys/mman.h>
#include <unistd.h>

#include "lib/archive/acl_text.h"
#include "lib/archive/ar.h"
#include "lib/archive/ar_symbols.h"
#include "lib/archive/codec.h"
#include "lib/archive/cpio_scan.h"
#include "lib/archive/pack_list.h"
#include "lib/archive/tar_scan.h"
#include "lib/archive/tar_snapshot.h"
#include "lib/archive/zip.h"
#include "lib/base/fd.h"

namespace rescue { namespace {

constexpr uint64_t limit = 1 << 20;

void scan_tar(std::string_view bytes) {
  TarScanner scanner(std::make_unique<MemorySource>(bytes, "fuzz"), false);
  while (true) {
    const auto item = scanner.next();
    if (!item || *item == nullptr)
      return;
    uint64_t end = 0;
    while (true) {
      const auto piece = scanner.read();
      if (!piece || piece->data.empty())
        break;
      // Data never goes back, nor beyond the end of the file.
      if (piece->offset < end ||
          ((*item)->entry.type == EntryType::file && piece->offset + piece->data.size() > (*item)->entry.size))
        std::abort();
      end = piece->offset + piece->data.size();
    }
  }
}

void scan_cpio(std::string_view bytes) {
  CpioScanner scanner(std::make_unique<MemorySource>(bytes, "fuzz"));
  while (true) {
    const auto item = scanner.next();
    if (!item || *item == nullptr)
      return;
    if ((*item)->name.empty())
      std::abort();
    while (true) {
      const auto block = scanner.read();
      if (!block || block->empty())
        break;
    }
  }
}

void decompress(std::string_view bytes) {
  const DecodeOptions options{.limit = limit, .window_log = 20, .memory = 16 << 20};
  const auto source = decode(std::make_unique<MemorySource>(bytes, "fuzz"), codec_of(bytes), options);
  const auto text = read_all(*source, 2 * limit);
  if (text && codec_of(bytes) != Codec::none && text->size() > limit)
    std::abort();
}

// For readers of files.
int in_memory(std::string_view bytes) {
  const int fd = ::memfd_create("fuzz", MFD_CLOEXEC);
  if (fd < 0 || !write_all(fd, bytes, "fuzz"))
    std::abort();
  (void)::lseek(fd, 0, SEEK_SET);
  return fd;
}

void scan_ar(std::string_view bytes) {
  const UniqueFd fd(in_memory(bytes));
  const auto members = read_ar(fd.get(), "fuzz");
  if (members)
    for (const ArMember& member : *members)
      if (member.offset + member.size > bytes.size() || member.name.empty())
        std::abort();
}

void list_symbols(std::string_view bytes) {
  ArSymbols symbols;
  symbols.add(Bytes(bytes, "fuzz"));
  const std::vector<ArMember> members{{.name = "fuzz", .size = bytes.size()}};
  const auto table = symbols.member(members, 0, 0);
  // Nothing is said of what is no object.
  if (!table || (!symbols.any() && table->size() != ar_header_size + 4))
    std::abort();
}

void scan_zip(std::string_view bytes) {
  const UniqueFd fd(in_memory(bytes));
  const auto archive = read_zip(fd.get(), "fuzz");
  if (!archive)
    return;
  for (const ZipMember& member : archive->members) {
    const auto source = open_zip_member(fd.get(), "fuzz", member);
    if (!source)
      continue;
    const auto text = read_all(**source, limit);
    if (text && text->size() != member.size)
      std::abort();
  }
}

void list_packed(std::string_view bytes) {
  std::string out;
  std::string err;
  Io io("fuzz", 1, out, err);
  for (const Codec codec : {Codec::gzip, Codec::xz, Codec::zstd}) {
    const UniqueFd fd(in_memory(bytes));
    PackLister lister(codec);
    (void)lister.add(fd.get(), "fuzz", "fuzz", true, io);
  }
}

}}  // namespace rescue

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  if (size == 0)
    return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 't': scan_tar(bytes); break;
    case 'c': scan_cpio(bytes); break;
    case 'd': decompress(bytes); break;
    case 'a': scan_ar(bytes); break;
    case 'o': list_symbols(bytes); break;
    case 'z': scan_zip(bytes); break;
    case 'l': list_packed(bytes); break;
    case 's': (void)TarSnapshot::parse(bytes, "fuzz"); break;
    case 'x': (void)acl_to_text(bytes, nullptr, ','); break;
    case 'y': (void)acl_from_text(bytes, nullptr); break;
    default: break;
  }
  return 0;
}
