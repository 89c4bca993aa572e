#include "lib/elf/glibc.h"

#include <cstdio>

#include <doctest/doctest.h>

#include "lib/base/bytes.h"
#include "lib/elf/arch.h"
#include "tests/elf/builder.h"

namespace rescue::elf {

using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

// A file without a name that holds `elf`.
class TempElf {
 public:
  explicit TempElf(const test::Elf& elf) : file_(std::tmpfile()) {
    const std::string bytes = elf.build();
    (void)std::fwrite(bytes.data(), 1, bytes.size(), file_);
    std::fflush(file_);
  }
  ~TempElf() { std::fclose(file_); }
  TempElf(const TempElf&) = delete;
  TempElf& operator=(const TempElf&) = delete;

  int fd() const { return ::fileno(file_); }
  Image image() const { return *Image::open(fd(), "test"); }

 private:
  std::FILE* file_;
};

std::optional<GlibcVersion> version_of(const test::Elf& elf, std::string_view path) {
  const TempElf file(elf);
  const auto version = glibc_version(file.fd(), file.image(), path);
  REQUIRE(version);
  return *version;
}

}  // namespace

TEST_CASE("glibc: the banner tells version and package") {
  const auto debian =
      find_banner("junk\0GNU C Library (Debian GLIBC 2.36-9+deb12u14) stable release version 2.36.\nCopyright\0"sv);
  REQUIRE(debian);
  CHECK(debian->program == "GNU C Library");
  CHECK(debian->package == "Debian GLIBC 2.36-9+deb12u14");
  CHECK(debian->release == "stable");
  CHECK(debian->version == "2.36");

  const auto old = find_banner("GNU C Library stable release version 2.12, by Roland McGrath et al.\n");
  REQUIRE(old);
  CHECK(old->package.empty());
  CHECK(old->version == "2.12");

  const auto development = find_banner("ld.so (GNU libc) development release version 2.36.9000.\n");
  REQUIRE(development);
  CHECK(development->program == "ld.so");
  CHECK(development->release == "development");
  CHECK(development->version == "2.36.9000");

  CHECK_FALSE(find_banner("musl libc (x86_64) release version 1.2.3"));
  CHECK_FALSE(find_banner("GNU C Library (x) stable release version ."));
  CHECK_FALSE(find_banner(" release version "));
}

TEST_CASE("glibc: a banner wins over the file's name, the name over the versions defined") {
  test::Elf elf;
  elf.soname = "libc.so.6";
  elf.version_definitions = {"GLIBC_2.2.5", "GLIBC_2.9", "GLIBC_2.30", "GLIBC_PRIVATE"};
  auto version = version_of(elf, "/lib/libc.so.6");
  REQUIRE(version);
  CHECK(version->version == "2.30");
  CHECK(version->source == VersionSource::version_names);

  version = version_of(elf, "/lib/libc-2.31.so");
  CHECK(version->version == "2.31");
  CHECK(version->source == VersionSource::file_name);

  elf.rodata = "\0GNU C Library (GNU libc) stable release version 2.32.\n\0"s;
  version = version_of(elf, "/lib/libc-2.31.so");
  CHECK(version->version == "2.32");
  CHECK(version->package == "GNU libc");
  CHECK(version->source == VersionSource::banner);
}

TEST_CASE("glibc: a library outside the family has no glibc version") {
  test::Elf elf;
  elf.soname = "libz.so.1";
  elf.version_definitions = {"ZLIB_1.2"};
  CHECK_FALSE(version_of(elf, "/lib/libc-2.31.so"));
}

TEST_CASE("glibc: versions compare as numbers") {
  CHECK(compare_versions("2.9", "2.10") < 0);
  CHECK(compare_versions("2.36", "2.36") == 0);
  CHECK(compare_versions("2.2.5", "2.2") > 0);
  CHECK(compare_versions("2.41", "2.4") > 0);
}

TEST_CASE("glibc: the newest need counts the family only, and no special name") {
  test::Elf elf;
  elf.version_needs = {{"libc.so.6", {"GLIBC_2.9", "GLIBC_2.17", "GLIBC_PRIVATE", "GLIBC_ABI_DT_RELR"}},
                       {"libgcc_s.so.1", {"GCC_3.0"}},
                       {"libother.so.1", {"GLIBC_2.99"}}};
  const std::string bytes = elf.build();
  CHECK(newest_glibc_needed(*Image::parse(Bytes(bytes, "test"))) == "2.17");
}

TEST_CASE("glibc: the family is known by its sonames") {
  for (const std::string_view name : {"libc.so.6", "libm.so.6", "libpthread.so.0", "libnss_files.so.2",
                                      "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "ld64.so.2"})
    CHECK_MESSAGE(is_glibc_soname(name), name);
  for (const std::string_view name : {"libgcc_s.so.1", "libcrypt.so.1", "libc.so", "libc++.so.1", ""})
    CHECK_FALSE_MESSAGE(is_glibc_soname(name), name);
}

TEST_CASE("glibc: the loader's own strings tell where it looks") {
  std::string rodata = "\0/etc/ld.so.cache\0"s;
  rodata += "/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0"s;
  rodata += "\0"s + "x86-64-v4:x86-64-v3:x86-64-v2\0--glibc-hwcaps-mask\0"s;
  LoaderFacts facts = loader_facts_in(rodata);
  CHECK(facts.default_dirs ==
        std::vector<std::string>{"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib"});
  CHECK(facts.hwcaps == std::vector<std::string>{"x86-64-v4", "x86-64-v3", "x86-64-v2"});
  CHECK(facts.glibc_hwcaps);
  CHECK_FALSE(facts.legacy_hwcaps);
  CHECK(facts.lib == "lib/x86_64-linux-gnu");

  facts = loader_facts_in("\0tls\0/lib64/////\0/usr/lib64/\0"sv);
  CHECK(facts.default_dirs == std::vector<std::string>{"/lib64", "/usr/lib64"});
  CHECK(facts.lib == "lib64");
  CHECK(facts.legacy_hwcaps);

  facts = loader_facts_in("\0/usr/lib/\0"sv);
  CHECK(facts.lib == "lib");
  CHECK(loader_facts_in("nothing here").default_dirs.empty());
}

TEST_CASE("glibc: architectures are known by machine, class, byte order and float marks") {
  const auto name_of = [](uint16_t machine, bool is64, std::endian order, uint32_t flags) {
    Image image;
    image.machine = machine;
    image.is64 = is64;
    image.order = order;
    image.flags = flags;
    const Arch* arch = architecture_of(image);
    return arch != nullptr ? arch->name : "";
  };
  const auto little = std::endian::little;
  CHECK(name_of(EM_X86_64, true, little, 0) == "x86_64");
  CHECK(name_of(EM_X86_64, false, little, 0) == "x32");
  CHECK(name_of(EM_386, false, little, 0) == "i386");
  CHECK(name_of(EM_ARM, false, little, 0x5000400) == "armhf");
  CHECK(name_of(EM_ARM, false, little, 0x5000200) == "armel");
  CHECK(name_of(EM_RISCV, true, little, 5) == "riscv64");
  CHECK(name_of(EM_PPC64, true, std::endian::big, 1) == "ppc64");
  CHECK(name_of(EM_AARCH64, true, std::endian::big, 0) == "");
  CHECK(architecture_named("aarch64")->interpreter == "/lib/ld-linux-aarch64.so.1");
}

}  // namespace rescue::elf
