#include "lib/elf/notes.h"

#include "lib/base/text.h"

namespace rescue::elf {

namespace {

uint64_t align_up(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

Result<> read_abi_tag(Bytes body, Image& image) {
  constexpr std::string_view what = "ABI note";
  const auto system = TRY(body.read<uint32_t>(0, what));
  const auto major = TRY(body.read<uint32_t>(4, what));
  const auto minor = TRY(body.read<uint32_t>(8, what));
  const auto patch = TRY(body.read<uint32_t>(12, what));
  if (system != 0)
    return {};  // 0 is Linux
  image.abi_tag = str(major, '.', minor, '.', patch);
  image.abi_kernel = (major & 0xff) << 16 | (minor & 0xff) << 8 | (patch & 0xff);
  return {};
}

Result<> read_properties(Bytes body, Image& image) {
  constexpr std::string_view what = "property note";
  const uint64_t alignment = image.is64 ? 8 : 4;
  const bool x86 = image.machine == EM_X86_64 || image.machine == EM_386;
  uint64_t offset = 0;
  while (body.size() - offset >= 8) {
    const auto type = TRY(body.read<uint32_t>(offset, what));
    const auto size = TRY(body.read<uint32_t>(offset + 4, what));
    const Bytes value = TRY(body.slice(offset + 8, size, what));
    if (type == GNU_PROPERTY_X86_ISA_1_NEEDED && x86)
      image.x86_isa_needed = TRY(value.read<uint32_t>(0, what));
    offset += 8 + align_up(size, alignment);
    if (offset > body.size())
      break;
  }
  return {};
}

Result<> take_note(uint32_t type, Bytes body, Image& image) {
  switch (type) {
    case NT_GNU_ABI_TAG: return read_abi_tag(body, image);
    case NT_GNU_PROPERTY_TYPE_0: return read_properties(body, image);
    case NT_GNU_BUILD_ID: image.build_id = to_hex(body.text()); break;
    default: break;
  }
  return {};
}

Result<> walk(Bytes notes, uint64_t alignment, Image& image) {
  constexpr std::string_view what = "note";
  uint64_t offset = 0;
  while (notes.size() - offset >= 12) {
    const uint64_t name_size = TRY(notes.read<uint32_t>(offset, what));
    const uint64_t body_size = TRY(notes.read<uint32_t>(offset + 4, what));
    const auto type = TRY(notes.read<uint32_t>(offset + 8, what));
    // Sizes have 32 bits, so that these sums cannot wrap.
    const uint64_t body = align_up(12 + name_size, alignment);
    const std::string_view name = TRY(notes.slice(offset + 12, name_size, what)).text();
    const Bytes content = TRY(notes.slice(offset + body, body_size, what));
    if (name == std::string_view("GNU\0", 4))
      TRY(take_note(type, content, image));
    offset += align_up(body + body_size, alignment);
    if (offset > notes.size())
      break;
  }
  return {};
}

}  // namespace

void read_notes(Bytes notes, uint64_t alignment, Image& image) {
  // Alignment 8 is used for property notes; all else, whatever the header says, is packed by 4.
  (void)walk(notes, alignment == 8 ? 8 : 4, image);
}

}  // namespace rescue::elf
