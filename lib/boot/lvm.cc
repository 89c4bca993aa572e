#include "lib/boot/lvm.h"

#include <algorithm>

#include <zlib.h>

#include "lib/base/bytes.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr std::string_view what = "LVM";
constexpr uint64_t sector = 512;
constexpr uint64_t id_length = 32;
constexpr uint64_t largest_metadata = 16 << 20;
constexpr uint64_t area_header = 512;
constexpr uint32_t ignored_area = 1;
constexpr unsigned deepest = 8;
constexpr unsigned most_areas = 64;  // of a disk; LVM makes two

// That of zlib, with another beginning and without the turn at the end.
uint32_t lvm_sum(std::string_view text) {
  constexpr uint32_t beginning = 0xf597a6cf;
  return ~static_cast<uint32_t>(::crc32_z(~beginning, reinterpret_cast<const Bytef*>(text.data()), text.size()));
}

Result<std::string> read_whole(Disk& disk, uint64_t offset, uint64_t length) {
  if (offset > disk.size() || length > disk.size() - offset)
    return corrupt(what, disk.path(), "the metadata lies outside the disk");
  std::string bytes = TRY(disk.read(offset, static_cast<size_t>(length)));
  if (bytes.size() != length)
    return corrupt(what, disk.path(), "the metadata is cut off");
  return bytes;
}

// The text of a metadata area, which goes round within the area; empty where it holds none.
Result<std::string> read_area(Disk& disk, uint64_t start, uint64_t size) {
  const std::string head = TRY(read_whole(disk, start, area_header));
  const Bytes bytes(head, disk.path());
  if (TRY(bytes.slice(4, 16, what)).text() != " LVM2 x[5A%r0N*>" ||
      TRY(bytes.read<uint32_t>(0, what)) != lvm_sum(std::string_view(head).substr(4)))
    return corrupt(what, disk.path(), "the head of the metadata is damaged");
  const auto offset = TRY(bytes.read<uint64_t>(40, what));
  const auto length = TRY(bytes.read<uint64_t>(48, what));
  if (offset == 0 || length == 0 || (TRY(bytes.read<uint32_t>(60, what)) & ignored_area) != 0)
    return std::string();
  if (size > disk.size() || offset < area_header || offset >= size || length > size - area_header ||
      length > largest_metadata)
    return corrupt(what, disk.path(), "the metadata lies outside its area");
  const uint64_t first = std::min(length, size - offset);
  std::string text = TRY(read_whole(disk, start + offset, first));
  text += TRY(read_whole(disk, start + area_header, length - first));
  if (lvm_sum(text) != TRY(bytes.read<uint32_t>(56, what)))
    return corrupt(what, disk.path(), "the metadata is damaged");
  return text.substr(0, text.find('\0'));
}

// ---- the text: NAME { ... }, NAME = "TEXT", NAME = 12, NAME = [ "a", 0 ]

struct Node {
  std::string_view name;
  std::vector<std::string> values;
  std::vector<Node> children;

  const Node* child(std::string_view wanted) const {
    const auto found = std::ranges::find(children, wanted, &Node::name);
    return found == children.end() ? nullptr : &*found;
  }
  std::string_view text(std::string_view wanted) const {
    const Node* const node = child(wanted);
    return node == nullptr || node->values.empty() ? std::string_view() : node->values[0];
  }
  Result<uint64_t> number(std::string_view wanted, std::string_view path) const {
    if (const auto value = to_number<uint64_t>(text(wanted)))
      return *value;
    return corrupt(what, path, name, " has no ", wanted);
  }
  bool has_status(std::string_view word) const {
    const Node* const node = child("status");
    return node != nullptr && std::ranges::contains(node->values, word);
  }
};

class Reader {
 public:
  Reader(std::string_view text, std::string_view path) : text_(text), path_(path) {}

  Result<> read(Node& into, unsigned depth) {
    for (;;) {
      skip_blanks();
      if (text_.empty() || text_[0] == '}') {
        if (text_.empty() != (depth == 0))
          return wrong();
        text_.remove_prefix(depth == 0 ? 0 : 1);
        return {};
      }
      into.children.push_back({.name = word(), .values = {}, .children = {}});
      Node& node = into.children.back();
      if (node.name.empty() || depth == deepest)
        return wrong();
      if (take('{'))
        TRY(read(node, depth + 1));
      else if (take('='))
        TRY(values(node));
      else
        return wrong();
    }
  }

 private:
  std::unexpected<Error> wrong() const { return corrupt(what, path_, "the metadata makes no sense"); }

  void skip_blanks() {
    for (;;) {
      text_ = trim_start(text_);
      if (!text_.starts_with('#'))
        return;
      text_.remove_prefix(std::min(text_.find('\n'), text_.size()));
    }
  }

  static std::string_view trim_start(std::string_view text) {
    const size_t start = text.find_first_not_of(" \t\r\n");
    return start == std::string_view::npos ? std::string_view() : text.substr(start);
  }

  bool take(char c) {
    skip_blanks();
    if (!text_.starts_with(c))
      return false;
    text_.remove_prefix(1);
    return true;
  }

  std::string_view word() {
    const size_t end = std::min(text_.find_first_of(" \t\r\n={}[],\"#"), text_.size());
    const std::string_view found = text_.substr(0, end);
    text_.remove_prefix(end);
    return found;
  }

  Result<> values(Node& node) {
    if (!take('['))
      return value(node);
    while (!take(']')) {
      TRY(value(node));
      if (!take(',') && !text_.starts_with(']'))
        return wrong();
    }
    return {};
  }

  Result<> value(Node& node) {
    if (!take('"')) {
      node.values.emplace_back(word());
      return node.values.back().empty() ? Result<>(wrong()) : Result<>();
    }
    std::string text;
    for (size_t i = 0; i < text_.size(); ++i) {
      if (text_[i] == '"') {
        text_.remove_prefix(i + 1);
        node.values.push_back(std::move(text));
        return {};
      }
      i += text_[i] == '\\' && i + 1 < text_.size() ? 1 : 0;
      text += text_[i];
    }
    return wrong();
  }

  std::string_view text_;
  std::string_view path_;
};

std::string plain_id(std::string_view text) {
  std::string id(text);
  std::erase(id, '-');
  return id;
}

// ---- what it means

// LVM allows no others; these become names of files.
bool is_name(std::string_view name) {
  return !name.starts_with('.') && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '+' || c == '-';
  });
}

struct Context {
  const Node& group;
  const Node* disks;
  uint64_t extent;
  std::string_view path;
};

// The start and the length of things in extents may not run over when counted in sectors.
Result<uint64_t> in_sectors(const Context& context, uint64_t extents) {
  uint64_t sectors = 0;
  if (__builtin_mul_overflow(extents, context.extent, &sectors) || sectors > UINT64_MAX / sector / 2)
    return corrupt(what, context.path, "a volume is larger than can be");
  return sectors;
}

Result<LvmArea> read_stripe(const Context& context, std::string_view name, std::string_view extent) {
  const Node* const disk = context.disks == nullptr ? nullptr : context.disks->child(name);
  const auto start = to_number<uint64_t>(extent);
  if (disk == nullptr || !start)
    return corrupt(what, context.path, "a segment lies on a disk that is not named");
  const auto first = TRY(disk->number("pe_start", context.path));
  if (first > UINT64_MAX / sector / 2)
    return corrupt(what, context.path, "a disk begins past its end");
  return LvmArea{plain_id(disk->text("id")), first + TRY(in_sectors(context, *start))};
}

Result<LvmSegment> read_segment(const Context& context, const Node& node) {
  LvmSegment segment;
  segment.start = TRY(in_sectors(context, TRY(node.number("start_extent", context.path))));
  segment.length = TRY(in_sectors(context, TRY(node.number("extent_count", context.path))));
  const Node* const stripes = node.child("stripes");
  if (stripes == nullptr || stripes->values.empty() || stripes->values.size() % 2 != 0 || segment.length == 0)
    return corrupt(what, context.path, "a segment has no areas");
  for (size_t i = 0; i < stripes->values.size(); i += 2)
    segment.areas.push_back(TRY(read_stripe(context, stripes->values[i], stripes->values[i + 1])));
  if (segment.areas.size() > 1)
    segment.stripe = TRY(node.number("stripe_size", context.path));
  return segment;
}

// Writing to what a snapshot was taken of, past the snapshot, would spoil it.
bool has_snapshot(const Node& volumes, std::string_view name) {
  for (const Node& volume : volumes.children)
    for (const Node& segment : volume.children)
      if (segment.text("origin") == name || segment.text("cow_store") == name || segment.text("merging_store") == name)
        return true;
  return false;
}

Result<LvmVolume> read_volume(const Context& context, const Node& volumes, const Node& node) {
  LvmVolume volume{.name = std::string(node.name),
                   .id = plain_id(context.group.text("id")) + plain_id(node.text("id")),
                   .problem = {},
                   .writable = node.has_status("WRITE"),
                   .segments = {}};
  uint64_t end = 0;
  if (!is_name(node.name))
    return corrupt(what, context.path, "a volume has no proper name");
  if (has_snapshot(volumes, node.name))
    volume.problem = "it has a snapshot";
  for (const Node& child : node.children) {
    if (!child.name.starts_with("segment") || child.child("type") == nullptr || !volume.problem.empty())
      continue;
    if (child.text("type") != "striped") {
      volume.problem = str("it is of type ", Printable(child.text("type")));
      break;
    }
    volume.segments.push_back(TRY(read_segment(context, child)));
    // One after the other, without a gap: all that LVM makes is so, and the kernel demands it.
    if (std::exchange(end, volume.segments.back().start + volume.segments.back().length) !=
        volume.segments.back().start)
      return corrupt(what, context.path, "the segments of a volume do not fit together");
  }
  if (!volume.problem.empty())
    volume.segments.clear();
  return volume;
}

}  // namespace

Result<LvmMember> read_lvm_member(Disk& disk) {
  const std::string start = TRY(disk.read(0, 4 * sector));
  const Bytes bytes(start, disk.path());
  for (uint64_t at = 0; at < 4 * sector; at += sector) {
    const auto label = bytes.slice(at, sector, what);
    if (!label || !label->text().starts_with("LABELONE") || label->text().substr(24, 8) != "LVM2 001")
      continue;
    if (TRY(label->read<uint32_t>(16, what)) != lvm_sum(label->text().substr(20)))
      return corrupt(what, disk.path(), "its label is damaged");
    uint64_t place = TRY(label->read<uint32_t>(20, what));
    LvmMember member{.id = std::string(TRY(label->slice(place, id_length, what)).text()), .metadata = {}};
    // After the disk's size a list of data areas, and one of metadata areas; a zero ends each.
    place += id_length + 8;
    unsigned ends = 0;
    for (unsigned i = 0; i < most_areas && ends < 2; ++i, place += 16) {
      const auto offset = TRY(label->read<uint64_t>(place, what));
      const auto size = TRY(label->read<uint64_t>(place + 8, what));
      if (offset == 0)
        ++ends;
      else if (ends == 1 && member.metadata.empty())
        member.metadata = TRY(read_area(disk, offset, size));
    }
    return member;
  }
  return fail("look at", disk.path(), "is no part of an LVM group");
}

Result<LvmGroup> parse_lvm_group(std::string_view metadata, std::string_view path) {
  Node all;
  TRY(Reader(metadata, path).read(all, 0));
  const auto group = std::ranges::find_if(all.children, [](const Node& node) { return node.child("extent_size"); });
  if (group == all.children.end() || !is_name(group->name))
    return corrupt(what, path, "the metadata names no group");
  LvmGroup result{.name = std::string(group->name),
                  .id = plain_id(group->text("id")),
                  .generation = TRY(group->number("seqno", path)),
                  .volumes = {}};
  const Context context{*group, group->child("physical_volumes"), TRY(group->number("extent_size", path)), path};
  const Node* const volumes = group->child("logical_volumes");
  if (volumes == nullptr)
    return result;
  const bool foreign = group->has_status("EXPORTED") || group->has_status("CLUSTERED") || group->child("lock_type");
  for (const Node& node : volumes->children)
    if (node.has_status("VISIBLE")) {
      result.volumes.push_back(TRY(read_volume(context, *volumes, node)));
      if (foreign)
        result.volumes.back() = {
            .name = std::string(node.name), .id = {}, .problem = "its group is another machine's", .segments = {}};
    }
  return result;
}

std::string lvm_device_name(std::string_view group, std::string_view volume) {
  std::string name;
  for (const char c : group)
    name += c == '-' ? "--" : std::string(1, c);
  name += '-';
  for (const char c : volume)
    name += c == '-' ? "--" : std::string(1, c);
  return name;
}

}  // namespace rescue
