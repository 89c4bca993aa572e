#include "lib/archive/rpm_files.h"

#include "lib/base/text.h"

namespace rescue::rpm {

namespace {

std::unexpected<Error> bad(std::string_view path, std::string_view detail) {
  return with_status(corrupt("read RPM header", path, detail).error(), Status::bad_data);
}

// Sets one member of every file from an array of the header, which may be missing.
template <typename Values, typename T>
Result<> set_all(std::vector<File>& files, const Values& values, T File::* member, std::string_view path) {
  if (values.empty())
    return {};
  if (values.size() != files.size())
    return bad(path, "its lists of files are of different lengths");
  for (size_t i = 0; i < files.size(); ++i)
    files[i].*member = static_cast<T>(values[i]);
  return {};
}

}  // namespace

Result<std::vector<std::string>> read_file_names(const Header& header, std::string_view path) {
  std::vector<std::string> names;
  const auto bases = header.texts(Tag::base_names);
  if (bases.empty()) {
    for (const std::string_view name : header.texts(Tag::old_file_names))
      names.emplace_back(name);
    return names;
  }
  const auto dirs = header.texts(Tag::dir_names);
  const auto indexes = header.numbers(Tag::dir_indexes);
  if (indexes.size() != bases.size())
    return bad(path, "its lists of files are of different lengths");
  names.reserve(bases.size());
  for (size_t i = 0; i < bases.size(); ++i) {
    if (indexes[i] >= dirs.size())
      return bad(path, "a file of it is in no directory");
    std::string& name = names.emplace_back(dirs[static_cast<size_t>(indexes[i])]);
    name += bases[i];
  }
  return names;
}

Result<std::vector<File>> read_files(const Header& header, std::string_view path) {
  auto names = TRY(read_file_names(header, path));
  std::vector<File> files(names.size());
  for (size_t i = 0; i < names.size(); ++i)
    files[i].path = std::move(names[i]);
  TRY(set_all(files, header.numbers(Tag::file_sizes), &File::size, path));
  TRY(set_all(files, header.numbers(Tag::long_file_sizes), &File::size, path));
  constexpr struct {
    Tag tag;
    uint32_t File::* member;
  } numbers[] = {{Tag::file_modes, &File::mode},     {Tag::file_mtimes, &File::mtime},
                 {Tag::file_rdevs, &File::rdev},     {Tag::file_flags, &File::flags},
                 {Tag::file_colors, &File::color},   {Tag::file_verify_flags, &File::verify_flags},
                 {Tag::file_devices, &File::device}, {Tag::file_inodes, &File::inode}};
  for (const auto& [tag, member] : numbers)
    TRY(set_all(files, header.numbers(tag), member, path));
  constexpr struct {
    Tag tag;
    std::string_view File::* member;
  } texts[] = {{Tag::file_digests, &File::digest},
               {Tag::file_link_tos, &File::link},
               {Tag::file_user_name, &File::user},
               {Tag::file_group_name, &File::group},
               {Tag::file_caps, &File::capabilities}};
  for (const auto& [tag, member] : texts)
    TRY(set_all(files, header.texts(tag), member, path));
  return files;
}

uint64_t file_digest_algorithm(const Header& header) {
  return header.number(Tag::file_digest_algo).value_or(1);
}

}  // namespace rescue::rpm
