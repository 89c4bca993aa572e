// Tests of what writes the library cache: the formats, the configuration, what a library tells, and the whole plan.
#include "lib/elf/cache_writer.h"

#include <cstdlib>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/elf/aux_cache.h"
#include "lib/elf/cache_plan.h"
#include "lib/elf/cache_print.h"
#include "lib/elf/ld_so_conf.h"
#include "lib/elf/library_dirs.h"
#include "lib/elf/library_head.h"
#include "tests/elf/builder.h"

namespace rescue::elf { namespace {

// A literal with the zeros in it.
template <size_t n>
std::string_view raw(const char (&text)[n]) {
  return {text, n - 1};
}

CacheStyle style(std::string_view version, std::string_view package = "") {
  CacheStyle style = style_of_version(*architecture_named("x86_64"), version, package);
  style.generator = style.named_hwcaps ? "ldconfig (GNU libc) stable release version 2.36" : "";
  return style;
}

Cache parsed(const std::string& bytes) {
  auto cache = Cache::parse(bytes, "cache");
  REQUIRE(cache);
  return std::move(*cache);
}

CacheLine line(std::string_view soname, std::string_view dir, int32_t flags = 0x303) {
  CacheLine line;
  line.soname = soname;
  line.path = str(dir, '/', soname);
  line.flags = flags;
  return line;
}

template <typename T>
void put(std::string& bytes, T number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

// What ldconfig remembers of one library: inode 7, changed at 8, of 9 bytes, on device 10.
std::string memory(std::string_view magic, uint32_t third, uint32_t fourth) {
  std::string bytes(magic);
  put<uint32_t>(bytes, 1);
  put<uint32_t>(bytes, 12);
  for (const uint64_t number : {7, 8, 9, 10})
    put(bytes, number);
  for (const uint32_t number : {0x303U, 1U, third, fourth})
    put(bytes, number);
  bytes += raw("\0libx.so.1\0");
  bytes.resize(92);
  return bytes;
}

// A folder of its own that goes when the test ends.
class Folder {
 public:
  Folder() {
    std::string name = "/tmp/rescue-cache-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { (void)std::system(str("rm -rf ", path).c_str()); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void file(const std::string& name, std::string_view bytes) const {
    for (size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1))
      (void)::mkdir(str(path, '/', name.substr(0, slash)).c_str(), 0755);
    auto fd = open_file(str(path, '/', name), O_WRONLY | O_CREAT | O_TRUNC, 0755);
    REQUIRE(fd);
    REQUIRE(write_all(fd->get(), bytes, name));
  }
  void lib(const std::string& name, const std::string& soname) const {
    file(name, test::Elf{.needed = {"libc.so.6"}, .soname = soname}.build());
  }
  void link(const std::string& name, const std::string& target) const {
    REQUIRE(::symlink(target.c_str(), str(path, '/', name).c_str()) == 0);
  }
  Root root() const { return *Root::open(path); }

  std::string path;
};

// A root as small as can be: a libc that tells its version, and the loader with its directories.
void make_root(const Folder& folder) {
  test::Elf loader{.soname = "ld-linux-x86-64.so.2"};
  loader.rodata = std::string(raw("\0/lib64/\0/usr/lib64/\0")) + "ld.so (GNU libc) stable release version 2.36.\n";
  folder.file("lib64/ld-linux-x86-64.so.2", loader.build());
  test::Elf libc{.soname = "libc.so.6"};
  libc.rodata = std::string(raw("\0GNU C Library (GNU libc) stable release version 2.36.\n"));
  folder.file("lib64/libc.so.6", libc.build());
  folder.file("etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n/opt/lib\n");
}

TEST_CASE("cache writer: bytes of the smallest cache since 2.33") {
  const std::string bytes = write_cache({line("libz.so.1", "/lib")}, {}, style("2.36"));
  const std::string expected = std::string(raw("glibc-ld.so.cache1.1\x01\0\0\0\x0f\0\0\0\x02\0\0\0")) +
                               std::string(raw("\x58\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")) +
                               std::string(raw("\x03\x03\0\0\x4d\0\0\0\x48\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")) +
                               std::string(raw("/lib/libz.so.1\0\0")) +
                               std::string(raw("\x74\x21\xa4\xea\x01\0\0\0\0\0\0\0\0\0\0\0\x70\0\0\0\x2f\0\0\0")) +
                               "ldconfig (GNU libc) stable release version 2.36";
  CHECK(to_hex(bytes) == to_hex(expected));
}

TEST_CASE("cache writer: what is written reads back, in the loader's order") {
  for (const auto format : {CacheFormat::old_format, CacheFormat::compat, CacheFormat::new_format}) {
    for (const std::string_view version : {"2.17", "2.31", "2.36", "2.41"}) {
      CacheStyle with = style(version);
      with.format = format;
      const Cache cache = parsed(write_cache(
          {line("liba.so.2", "/lib"), line("libb.so.1", "/lib"), line("liba.so.10", "/x"), line("liba.so.10", "/lib")},
          {}, with));
      REQUIRE(cache.entries().size() == 4);
      CHECK(cache.format() == format);
      CHECK(cache.entries()[0].path == "/lib/libb.so.1");
      CHECK(cache.entries()[1].path == "/x/liba.so.10");
      CHECK(cache.entries()[2].path == "/lib/liba.so.10");
      CHECK(cache.entries()[3].path == "/lib/liba.so.2");
      CHECK(cache.find("liba.so.10", {.flags = 0x303}) == "/x/liba.so.10");
    }
  }
}

TEST_CASE("cache writer: an odd count is filled up where two formats stand behind each other") {
  CacheStyle compat = style("2.31");
  compat.format = CacheFormat::compat;
  const std::string bytes = write_cache({line("liba.so.1", "/lib")}, {}, compat);
  CHECK(bytes[12] == 2);
  CHECK(bytes.substr(16, 12) == bytes.substr(28, 12));
  CHECK(bytes.substr(40, 20) == "glibc-ld.so.cache1.1");
}

TEST_CASE("cache writer: names of hwcaps subdirectories are in the strings, the used ones in the list") {
  CacheLine fast = line("libz.so.1", "/lib/glibc-hwcaps/x86-64-v3");
  fast.hwcaps = "x86-64-v3";
  fast.isa_level = 2;
  const std::string bytes = write_cache({line("libz.so.1", "/lib"), fast}, {"x86-64-v3", "unused-name"}, style("2.36"));
  CHECK(bytes.find("unused-name") != std::string::npos);
  const Cache cache = parsed(bytes);
  REQUIRE(cache.hwcaps().size() == 1);
  CHECK(cache.hwcaps()[0] == "x86-64-v3");
  CHECK(cache.entries()[0].hwcap == 0x4000000200000000);
  CHECK(cache.entries()[1].hwcap == 0);
  const std::vector<std::string> usable = {"x86-64-v3"};
  CHECK(cache.find("libz.so.1", {.flags = 0x303, .hwcaps = usable}) == "/lib/glibc-hwcaps/x86-64-v3/libz.so.1");
}

TEST_CASE("cache writer: big-endian caches are written too") {
  CacheStyle big = style_of_version(*architecture_named("s390x"), "2.36", "");
  const Cache cache = parsed(write_cache({line("libz.so.1", "/lib64", 0x403)}, {}, big));
  CHECK(cache.byte_order() == std::endian::big);
  CHECK(cache.order_mark() == 3);
  CHECK(cache.entries()[0].path == "/lib64/libz.so.1");
}

TEST_CASE("cache style: what each version writes") {
  CHECK(style("2.17").format == CacheFormat::compat);
  CHECK(style("2.31").order_mark == 0);
  CHECK(style("2.31", "Debian GLIBC 2.31-13").order_mark == 2);
  CHECK(style("2.31", "Debian GLIBC 2.31-13").format == CacheFormat::new_format);
  CHECK(style("2.32").format == CacheFormat::new_format);
  CHECK(!style("2.32").named_hwcaps);
  CHECK(style("2.33").named_hwcaps);
  CHECK(style("2.35").os_versions);
  CHECK(!style("2.36").os_versions);
  CHECK(style("2.36").legacy_hwcaps);
  CHECK(!style("2.37").old_libcs);
  CHECK(style("2.39").skips_temporaries);
}

TEST_CASE("ld.so.conf: lines, includes, comments and blanks") {
  const auto lines =
      parse_ld_so_conf(raw("  /a \n#/b\ninclude x*.conf\ty\n\ninclude\nHWCAP 1 n\n/c#d\ninclude\tz\n/e\0/f\n"));
  REQUIRE(lines.size() == 8);
  CHECK(lines[0].text == "/a ");
  CHECK(lines[1].kind == ConfLine::Kind::include);
  CHECK(lines[1].text == "x*.conf");
  CHECK(lines[2].text == "y");
  CHECK(lines[3].kind == ConfLine::Kind::directory);
  CHECK(lines[4].kind == ConfLine::Kind::hwcap);
  CHECK(lines[5].text == "/c");
  CHECK(lines[5].number == 7);
  CHECK(lines[6].kind == ConfLine::Kind::include);
  CHECK(lines[7].text == "/e");
}

TEST_CASE("ld.so.conf: globs are sorted, leave out hidden names, and stay in the root") {
  const Folder folder;
  for (const char* name : {"etc/b.conf", "etc/a.conf", "etc/.h.conf", "etc/a.txt", "etc/d/1/x", "etc/d/2/x"})
    folder.file(name, "");
  const Root root = folder.root();
  CHECK(glob_in_root(root, "/etc/*.conf") == std::vector<std::string>{"/etc/a.conf", "/etc/b.conf"});
  CHECK(glob_in_root(root, "/etc/d/*/x") == std::vector<std::string>{"/etc/d/1/x", "/etc/d/2/x"});
  CHECK(glob_in_root(root, "/etc/a.txt") == std::vector<std::string>{"/etc/a.txt"});
  CHECK(glob_in_root(root, "/etc/none").empty());
  CHECK(glob_in_root(root, "/../etc/[a]*").size() == 2);
}

TEST_CASE("ld.so.conf: a file that includes itself ends") {
  const Folder folder;
  folder.file("etc/ld.so.conf", "/a\ninclude /etc/ld.so.conf\n");
  const LdSoConf conf = read_ld_so_conf(folder.root(), "/etc/ld.so.conf", false);
  CHECK(conf.directories.size() == 33);
  CHECK(conf.warnings.size() == 1);
}

TEST_CASE("library head: soname, mark and notes") {
  const CacheStyle old = style("2.31");
  test::Elf elf{.needed = {"libc.so.6"}, .soname = "libz.so.1", .abi_tag = true};
  auto head = parse_library_head(elf.build(), "x", old);
  REQUIRE(head);
  REQUIRE(*head);
  CHECK((*head)->soname == "libz.so.1");
  CHECK((*head)->flags == 0x303);
  CHECK((*head)->os_version == 0x030200);
  elf.is64 = false;
  CHECK((*parse_library_head(elf.build(), "x", old))->flags == 0x803);
  elf.machine = EM_386;
  CHECK((*parse_library_head(elf.build(), "x", old))->flags == 3);
  elf.needed.clear();
  CHECK((*parse_library_head(elf.build(), "x", old))->flags == 1);
  CHECK((*parse_library_head(elf.build(), "x", style("2.37")))->flags == 3);
}

TEST_CASE("library head: what is no library is passed over, what is damaged is complained of") {
  const CacheStyle now = style("2.36");
  CHECK(!*parse_library_head("/* GNU ld script */ GROUP ( libc.so.6 )                             ", "x", now));
  CHECK(!parse_library_head("", "x", now));
  CHECK(!parse_library_head(std::string(100, 'x'), "x", now));
  CHECK(!*parse_library_head(test::Elf{.type = ET_EXEC}.build(), "x", now));
  CHECK(!*parse_library_head(test::Elf{.has_dynamic = false}.build(), "x", now));
  CHECK(!parse_library_head(test::Elf{.machine = EM_AARCH64}.build(), "x", now));
}

TEST_CASE("library head: each shorter length and each changed byte gives a value or an error") {
  const std::string whole =
      test::Elf{.needed = {"libc.so.6"}, .soname = "libz.so.1", .abi_tag = true, .isa = 4}.build();
  for (const std::string_view version : {"2.31", "2.36"}) {
    for (size_t length = 0; length < whole.size(); ++length)
      (void)parse_library_head(whole.substr(0, length), "x", style(version));
    for (size_t i = 0; i < whole.size(); ++i) {
      for (const char flip : {'\x01', '\x80', '\xff'}) {
        std::string other = whole;
        other[i] = static_cast<char>(other[i] ^ flip);
        (void)parse_library_head(other, "x", style(version));
      }
    }
  }
}

TEST_CASE("legacy hwcaps: the bits of a path's last names are summed up") {
  CHECK(legacy_hwcaps_of(style("2.31"), "/lib/tls/haswell") == (uint64_t{1} << 63) + (uint64_t{1} << 50));
  CHECK(legacy_hwcaps_of(style("2.31"), "/haswell/lib") == 0);
  CHECK(legacy_hwcaps_of(style("2.31"), "/lib/tls/tls") == 0);
}

TEST_CASE("plan: nothing is changed, and applying it does all that it says") {
  const Folder folder;
  make_root(folder);
  folder.lib("opt/lib/libx.so.1.10", "libx.so.1");
  folder.lib("opt/lib/libx.so.1.9", "libx.so.1");
  folder.link("opt/lib/libx.so.1", "libx.so.1.9");
  folder.link("opt/lib/libgone.so.3", "nowhere");
  folder.lib("opt/lib/libnew.so.2.0", "libnew.so.2");
  const Root root = folder.root();
  const auto plan = plan_cache(root);
  REQUIRE(plan);
  CHECK(plan->cache_changes);
  CHECK(plan->cache_path == "etc/ld.so.cache");
  REQUIRE(plan->links.size() == 3);
  CHECK(!root.exists("/etc/ld.so.cache"));
  CHECK(root.read_link("/opt/lib/libx.so.1") == "libx.so.1.9");
  REQUIRE(apply_links(root, *plan));
  REQUIRE(apply_cache(root, *plan));
  CHECK(root.read_link("/opt/lib/libx.so.1") == "libx.so.1.10");
  CHECK(root.read_link("/opt/lib/libnew.so.2") == "libnew.so.2.0");
  CHECK(!root.read_link("/opt/lib/libgone.so.3"));
  CHECK(root.read_file("/etc/ld.so.cache") == plan->bytes);
  CHECK(!root.exists("/etc/ld.so.cache~"));
  const auto again = plan_cache(root);
  REQUIRE(again);
  CHECK(again->changes_nothing());
  CHECK(parsed(again->bytes).generator() == "ldconfig (GNU libc) stable release version 2.36");
}

TEST_CASE("plan: a soname that climbs out of its directory makes no link") {
  const Folder folder;
  make_root(folder);
  folder.lib("opt/lib/libevil.so.1", "../../etc/evil.so.1");
  const auto plan = plan_cache(folder.root());
  REQUIRE(plan);
  CHECK(plan->links.empty());
  CHECK(!plan->warnings.empty());
}

TEST_CASE("plan: a link that another directory's new link makes whole is not removed") {
  const Folder folder;
  make_root(folder);
  folder.file("etc/ld.so.conf", "/opt/a\n/opt/b\n");
  folder.lib("opt/a/libx.so.1.0", "libx.so.1");
  folder.file("opt/b/keep", "");
  folder.link("opt/b/libx.so.1", "/opt/a/libx.so.1");
  const auto plan = plan_cache(folder.root());
  REQUIRE(plan);
  REQUIRE(plan->links.size() == 1);
  CHECK(plan->links[0].path == "opt/a/libx.so.1");
  CHECK(parsed(plan->bytes).find("libx.so.1", {.flags = 0x303}) == "/opt/a/libx.so.1");
}

TEST_CASE("plan: a root that tells nothing gets no cache") {
  const Folder folder;
  folder.file("etc/ld.so.conf", "/opt/lib\n");
  folder.lib("opt/lib/libx.so.1", "libx.so.1");
  CHECK(!plan_cache(folder.root()));
}

TEST_CASE("cache print: as glibc words it") {
  CacheLine with = line("libz.so.1", "/lib", 0x803);
  with.os_version = 0x030200;
  std::string text, errors;
  Io io("ldconfig", 1, text, errors);
  print_cache(parsed(write_cache({with}, {}, style("2.31"))), "/etc/ld.so.cache", io.out);
  CHECK(text ==
        "1 libs found in cache `/etc/ld.so.cache'\n\tlibz.so.1 (libc6,x32, OS ABI: Linux 3.2.0) => /lib/libz.so.1\n");
}

TEST_CASE("elf: what ldconfig remembers answers for the very file only, and for none where it is damaged") {
  const std::string old = memory("glibc-ld.so.auxcache-1.0", 0x30200, 0),
                    now = memory("glibc-ld.so.auxcache-2.0", 2, 99);
  struct stat info{};
  info.st_ino = 7, info.st_ctime = 8, info.st_size = 9, info.st_dev = 10;
  const auto before = AuxCache::parse(old, style("2.31")).find(info);
  REQUIRE(before);
  CHECK(before->soname == "libx.so.1");
  CHECK(before->flags == 0x303);
  CHECK(before->os_version == 0x30200);
  const AuxCache known = AuxCache::parse(now, style("2.36"));
  REQUIRE(known.find(info));
  CHECK(known.find(info)->isa_level == 2);
  CHECK(known.find(info)->os_version == 0);
  for (auto* field : {&info.st_ino, &info.st_dev}) {
    ++*field;
    CHECK(!known.find(info));
    --*field;
  }
  ++info.st_ctime;
  CHECK(!known.find(info));
  --info.st_ctime;
  ++info.st_size;
  CHECK(!known.find(info));
  // Each glibc has its own kind.
  CHECK(AuxCache::parse(old, style("2.36")).empty());
  CHECK(AuxCache::parse(now, style("2.35")).empty());
  for (size_t size = 0; size < now.size(); ++size)
    CHECK(AuxCache::parse(now.substr(0, size), style("2.36")).empty());
  CHECK(AuxCache::parse(now + '\0', style("2.36")).empty());
  for (size_t at = 0; at < now.size(); ++at) {
    std::string bytes = now;
    bytes[at] = static_cast<char>(~bytes[at]);
    (void)AuxCache::parse(bytes, style("2.36")).find(info);
  }
}

}  // namespace
}  // namespace rescue::elf
