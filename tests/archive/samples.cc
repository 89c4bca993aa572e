#include "tests/archive/samples.h"

#include <cstdlib>

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include "lib/archive/sink.h"
#include "lib/archive/tar.h"
#include "lib/archive/zstd.h"
#include "lib/base/text.h"
#include "tests/archive/rpm_builder.h"

namespace rescue {

namespace {

void must(bool fine) {
  if (!fine)
    std::abort();
}

Sample file(std::string path, std::string data) {
  Sample sample;
  sample.entry.path = std::move(path);
  sample.entry.mode = 0644;
  sample.entry.mtime = 1700000000;
  sample.entry.size = data.size();
  sample.data = std::move(data);
  return sample;
}

Sample special(EntryType type, std::string path, std::string link = {}) {
  Sample sample = file(std::move(path), {});
  sample.entry.type = type;
  sample.entry.link = std::move(link);
  return sample;
}

Sample device(EntryType type, std::string path, uint32_t major, uint32_t minor) {
  Sample sample = special(type, std::move(path));
  sample.entry.device_major = major;
  sample.entry.device_minor = minor;
  return sample;
}

unsigned mode_of(const Entry& entry) {
  switch (entry.type) {
    case EntryType::directory: return S_IFDIR | entry.mode;
    case EntryType::symlink: return S_IFLNK | entry.mode;
    default: return S_IFREG | entry.mode;
  }
}

la_ssize_t append(archive*, void* text, const void* bytes, size_t size) {
  static_cast<std::string*>(text)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

void add_filter(archive* writer, std::string_view filter) {
  if (filter == "gzip")
    must(archive_write_add_filter_gzip(writer) == ARCHIVE_OK);
  else if (filter == "bzip2")
    must(archive_write_add_filter_bzip2(writer) == ARCHIVE_OK);
  else if (filter == "xz")
    must(archive_write_add_filter_xz(writer) == ARCHIVE_OK);
  else if (filter == "lzma")
    must(archive_write_add_filter_lzma(writer) == ARCHIVE_OK);
}

// The samples in a format of libarchive's.
std::string by_libarchive(const std::vector<Sample>& samples, int (*format)(archive*), std::string_view filter) {
  std::string bytes;
  archive* writer = archive_write_new();
  must(format(writer) == ARCHIVE_OK);
  add_filter(writer, filter);
  must(archive_write_set_bytes_in_last_block(writer, 1) == ARCHIVE_OK);
  must(archive_write_open(writer, &bytes, nullptr, append, nullptr) == ARCHIVE_OK);
  for (const Sample& sample : samples) {
    archive_entry* header = archive_entry_new();
    archive_entry_set_pathname(header, sample.entry.path.c_str());
    archive_entry_set_mode(header, static_cast<__LA_MODE_T>(mode_of(sample.entry)));
    if (sample.entry.type == EntryType::symlink)
      archive_entry_set_symlink(header, sample.entry.link.c_str());
    archive_entry_set_mtime(header, sample.entry.mtime, 0);
    archive_entry_set_size(header, static_cast<la_int64_t>(sample.data.size()));
    must(archive_write_header(writer, header) == ARCHIVE_OK);
    archive_write_data(writer, sample.data.data(), sample.data.size());
    archive_entry_free(header);
  }
  must(archive_write_close(writer) == ARCHIVE_OK);
  archive_write_free(writer);
  return bytes;
}

std::string_view filter_of(std::string_view ending) {
  if (ending == ".gz")
    return "gzip";
  if (ending == ".bz2")
    return "bzip2";
  return ending.empty() ? ending : ending.substr(1);
}

}  // namespace

std::vector<Sample> plain_samples() {
  return {special(EntryType::directory, "dir"), file("dir/file", "content\n"),
          special(EntryType::symlink, "link", "dir/file")};
}

std::vector<Sample> odd_samples() {
  std::vector<Sample> samples = {special(EntryType::directory, "."),
                                 special(EntryType::directory, "dir"),
                                 file("dir/file", std::string(100000, 'x')),
                                 special(EntryType::hardlink, "dir/hard", "dir/file"),
                                 file("dir/empty", ""),
                                 file("dir/block", std::string(512, 'y')),
                                 file("new\nline \\ \"quote\"", "1"),
                                 file("latin\xe9", "2"),
                                 file("utf8-\xc3\xa9", "3"),
                                 file(str("long/", std::string(200, 'n')), "4"),
                                 file(str("latin-long-\xe9", std::string(150, 'n')), "5"),
                                 file(str("utf8-long-\xc3\xa9", std::string(90, 'n')), "6"),
                                 file(std::string(100, 'e'), "7"),
                                 file(std::string(101, 'e'), "8"),
                                 special(EntryType::symlink, "link", "../absent"),
                                 special(EntryType::symlink, "long-link", str(std::string(300, 'l'), "\xff")),
                                 device(EntryType::character, "null", 1, 3),
                                 device(EntryType::block, "disk", 259, 1048575),
                                 special(EntryType::fifo, "fifo"),
                                 file("old", "9"),
                                 file("older", "10"),
                                 file("future", "11"),
                                 file("precise", "12"),
                                 file("owner", "13"),
                                 file("setuid", "14"),
                                 file("attributes", "15")};
  const auto named = [&](std::string_view path) -> Entry& {
    for (Sample& sample : samples)
      if (sample.entry.path == path)
        return sample.entry;
    std::abort();
  };
  named("old").mtime = -1;
  named("old").mtime_ns = 500000000;
  named("older").mtime = -315619200;
  named("future").mtime = 253402300799;
  named("precise").mtime_ns = 1;
  named("owner").uid = 4294967294;
  named("owner").gid = 2097152;
  named("setuid").mode = 06755;
  named("attributes").xattrs = {{"security.capability", std::string("\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20)},
                                {"security.selinux", std::string("system_u:object_r:lib_t:s0\0", 27)},
                                {"user.a=b%c", "=\n"},
                                {"user.empty", ""}};
  return samples;
}

std::string tar_of(const std::vector<Sample>& samples) {
  std::string bytes;
  StringSink sink(bytes);
  TarWriter writer(sink);
  for (const Sample& sample : samples)
    must(writer.add(sample.entry, sample.data).has_value());
  must(writer.finish().has_value());
  return bytes;
}

std::string zstd_of(std::string_view bytes, int level) {
  std::string out;
  StringSink sink(out);
  const auto writer = ZstdSink::open(sink, level, "test");
  must(writer.has_value());
  must((*writer)->write(bytes).has_value());
  must((*writer)->finish().has_value());
  return out;
}

std::string compressed(std::string_view bytes, std::string_view filter) {
  if (filter.empty())
    return std::string(bytes);
  if (filter == "zst")
    return zstd_of(bytes);
  std::vector<Sample> one = {file("x", std::string(bytes))};
  return by_libarchive(one, archive_write_set_format_raw, filter);
}

std::string ar_of(const std::vector<std::pair<std::string, std::string>>& members) {
  const auto padded = [](std::string text, size_t width) {
    text.resize(width, ' ');
    return text;
  };
  std::string bytes = "!<arch>\n";
  for (const auto& [name, content] : members) {
    bytes += str(padded(name, 16), padded("1700000000", 12), padded("0", 6), padded("0", 6), padded("100644", 8),
                 padded(str(content.size()), 10), "`\n", content);
    if (content.size() % 2 != 0)
      bytes += '\n';
  }
  return bytes;
}

std::string deb_of(const std::vector<Sample>& samples, std::string_view ending) {
  const std::string control = tar_of(
      {special(EntryType::directory, "./"),
       file("./control", "Package: libc6\nVersion: 2.36-9\nArchitecture: amd64\nDescription: one\n two\n .\n"),
       file("./md5sums", "0123456789abcdef0123456789abcdef  dir/file\n"), file("./postinst", "#!/bin/sh\nexit 1\n")});
  return ar_of({{"debian-binary", "2.0\n"},
                {str("control.tar", ending), compressed(control, filter_of(ending))},
                {str("data.tar", ending), compressed(tar_of(samples), filter_of(ending))}});
}

std::string rpm_header_of(const std::vector<Sample>& samples) {
  using rpm::Tag;
  std::vector<std::string> bases, dirs, links;
  std::vector<uint64_t> indexes, modes, sizes, mtimes;
  for (const Sample& sample : samples) {
    const Entry& entry = sample.entry;
    bases.emplace_back(base_name(entry.path));
    dirs.push_back(entry.path.contains('/') ? str('/', dir_name(entry.path), '/') : "/");
    indexes.push_back(indexes.size());
    modes.push_back(mode_of(entry));
    sizes.push_back(entry.type == EntryType::symlink ? entry.link.size() : sample.data.size());
    mtimes.push_back(static_cast<uint64_t>(entry.mtime));
    links.push_back(entry.link);
  }
  RpmHeaderBuilder header;
  header.text(Tag::name, "glibc").text(Tag::version, "2.28").text(Tag::release, "251.el8").text(Tag::arch, "x86_64");
  header.texts(Tag::base_names, bases).texts(Tag::dir_names, dirs).numbers(Tag::dir_indexes, indexes);
  header.numbers(Tag::file_modes, modes, rpm::Type::int16).numbers(Tag::file_sizes, sizes);
  header.numbers(Tag::file_mtimes, mtimes).texts(Tag::file_link_tos, links);
  return header.bytes();
}

std::string rpm_around(std::string_view header, std::string_view payload) {
  std::string bytes = "\xed\xab\xee\xdb\x03";
  bytes.resize(96, '\0');
  bytes += RpmHeaderBuilder().text(rpm::Tag::sig_md5, "not looked at").bytes();
  bytes.append((8 - bytes.size() % 8) % 8, '\0');
  return str(bytes, header, payload);
}

std::string rpm_of(const std::vector<Sample>& samples, std::string_view filter) {
  return rpm_around(rpm_header_of(samples), by_libarchive(samples, archive_write_set_format_cpio_newc, filter));
}

std::string stripped_rpm_of(const std::vector<Sample>& samples) {
  std::string payload;
  const auto pad = [&] { payload.append((4 - payload.size() % 4) % 4, '\0'); };
  for (size_t i = 0; i < samples.size(); ++i) {
    const Entry& entry = samples[i].entry;
    payload += str("07070X", to_hex(RpmHeaderBuilder::big_endian(i, 4)));
    pad();
    payload += entry.type == EntryType::symlink ? entry.link : samples[i].data;
    pad();
  }
  std::string trailer = str("070701", std::string(88, '0'), "0000000b", "00000000", "TRAILER!!!");
  trailer.append(4, '\0');
  return rpm_around(rpm_header_of(samples), payload + trailer);
}

}  // namespace rescue
