#include "lib/archive/ar.h"

#include <algorithm>
#include <array>

#include <sys/stat.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr size_t name_size = 16;
constexpr uint64_t max_names = 16 << 20;
constexpr size_t max_members = 1'000'000;

std::unexpected<Error> bad(std::string_view path, std::string_view detail) {
  return with_status(corrupt("read archive", path, detail).error(), Status::bad_data);
}

std::string_view field(std::string_view header, size_t at, size_t size) {
  std::string_view text = header.substr(at, size);
  const size_t end = text.find_last_not_of(' ');
  return text.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

// Empty fields count as zero: GNU's own table of names has them.
template <typename T>
std::optional<T> number(std::string_view text, int base = 10) {
  return text.empty() ? T{} : to_number<T>(text, base);
}

class Reader {
 public:
  Reader(int fd, std::string_view path) : fd_(fd), path_(path) {}

  Result<std::vector<ArMember>> run() {
    struct stat info{};
    if (::fstat(fd_, &info) < 0)
      return fail("look at", path_);
    size_ = static_cast<uint64_t>(info.st_size);
    std::array<char, 8> magic;
    const size_t count = TRY(pread_full(fd_, magic, 0, path_));
    if (std::string_view(magic.data(), count) != ar_magic)
      return bad(path_, "is no ar archive");
    std::vector<ArMember> members;
    for (uint64_t offset = ar_magic.size(); offset < size_;) {
      ArMember member;
      const bool table = TRY(take(offset, member));
      offset = member.offset + member.size + (member.offset + member.size) % 2;
      if (!table)
        members.push_back(std::move(member));
      if (members.size() > max_members)
        return bad(path_, "holds too many members");
    }
    return members;
  }

 private:
  Result<std::string> text_at(uint64_t offset, uint64_t size) {
    if (size > max_names)
      return bad(path_, "a name is longer than it can be");
    std::string text(static_cast<size_t>(size), '\0');
    if (TRY(pread_full(fd_, text, offset, path_)) != size)
      return bad(path_, "ends too early; was it cut off?");
    return text;
  }

  // True for what is no member but a table.
  Result<bool> take(uint64_t offset, ArMember& member) {
    const std::string header = TRY(text_at(offset, ar_header_size));
    const auto size = number<uint64_t>(field(header, 48, 10));
    const auto mtime = number<int64_t>(field(header, 16, 12));
    const auto uid = number<uint32_t>(field(header, 28, 6));
    const auto gid = number<uint32_t>(field(header, 34, 6));
    const auto mode = number<uint32_t>(field(header, 40, 8), 8);
    if (!header.ends_with("`\n") || !size || !mtime || !uid || !gid || !mode)
      return bad(path_, "a header is damaged");
    member = {
        .mtime = *mtime, .uid = *uid, .gid = *gid, .mode = *mode, .offset = offset + ar_header_size, .size = *size};
    if (member.size > size_ - std::min(size_, member.offset))
      return bad(path_, "ends too early; was it cut off?");
    const std::string_view name = field(header, 0, name_size);
    if (name == "/" || name == "/SYM64/" || name == "__.SYMDEF" || name == "__.SYMDEF SORTED")
      return true;
    if (name == "//") {
      names_ = TRY(text_at(member.offset, member.size));
      return true;
    }
    TRY(set_name(name, member));
    return false;
  }

  Result<> set_name(std::string_view name, ArMember& member) {
    if (name.starts_with("#1/")) {
      const auto length = to_number<uint64_t>(name.substr(3));
      if (!length || *length > member.size)
        return bad(path_, "a name is damaged");
      member.name = TRY(text_at(member.offset, *length));
      member.name.resize(std::min(member.name.find('\0'), member.name.size()));
      member.offset += *length;
      member.size -= *length;
    } else if (name.size() > 1 && name[0] == '/') {
      const auto place = to_number<size_t>(name.substr(1));
      if (!place || *place >= names_.size())
        return bad(path_, "a name is damaged");
      const std::string_view rest = std::string_view(names_).substr(*place);
      member.name = rest.substr(0, rest.find_first_of(std::string_view("\n\0", 2)));
      if (member.name.ends_with('/'))
        member.name.pop_back();
    } else {
      member.name = name.ends_with('/') ? name.substr(0, name.size() - 1) : name;
    }
    return member.name.empty() ? Result<>(bad(path_, "a name is damaged")) : Result<>();
  }

  int fd_;
  std::string_view path_;
  uint64_t size_ = 0;
  std::string names_;
};

}  // namespace

Result<std::vector<ArMember>> read_ar(int fd, std::string_view path) {
  return Reader(fd, path).run();
}

std::string ar_header(const ArMember& member, std::optional<uint64_t> long_name_at) {
  std::string header;
  const auto put = [&](std::string text, size_t width) {
    text.resize(width, ' ');
    header += text;
  };
  put(long_name_at ? str('/', *long_name_at) : member.name + "/", name_size);
  put(str(member.mtime), 12);
  put(str(member.uid), 6);
  put(str(member.gid), 6);
  put(to_octal(member.mode), 8);
  put(str(member.size), 10);
  return header + "`\n";
}

std::string ar_long_names(const std::vector<ArMember>& members, std::vector<std::optional<uint64_t>>& places) {
  std::string table;
  for (const ArMember& member : members) {
    places.emplace_back();
    if (member.name.size() < name_size)
      continue;
    places.back() = table.size();
    table += member.name + "/\n";
  }
  if (table.empty())
    return table;
  if (table.size() % 2 != 0)
    table += '\n';
  std::string header = "//";
  header.resize(48, ' ');
  std::string size = str(table.size());
  size.resize(10, ' ');
  return str(header, size, "`\n", table);
}

}  // namespace rescue
