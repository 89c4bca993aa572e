#include "lib/boot/modules.h"

#include <sys/stat.h>

#include <doctest/doctest.h>

#include "lib/base/text.h"
#include "lib/boot/image.h"
#include "tests/scratch.h"

namespace rescue { namespace {

TEST_CASE("modules: aliases match with stars over anything") {
  CHECK(alias_matches("pci:v00001AF4d*sv*sd*bc*sc*i*", "pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00"));
  CHECK(alias_matches("virtio:d00000002v*", "virtio:d00000002v00001AF4"));
  CHECK_FALSE(alias_matches("virtio:d00000003v*", "virtio:d00000002v00001AF4"));
  CHECK(alias_matches("of:N*T*Cx,y/z*", "of:NaTbCx,y/zq"));
  CHECK(alias_matches("fs-ext4", "fs-ext4"));
  CHECK_FALSE(alias_matches("fs-ext4", "fs-ext"));
  CHECK_FALSE(alias_matches("fs-ext", "fs-ext4"));
  CHECK(alias_matches("usb:v*ic0[0-2]*", "usb:v1ic01x"));
  CHECK_FALSE(alias_matches("usb:v*ic0[0-2]*", "usb:v1ic03x"));
  CHECK(alias_matches("", ""));
  CHECK(alias_matches("**", ""));
}

TEST_CASE("modules: many stars take no forever") {
  std::string pattern;
  for (int i = 0; i < 200; ++i)
    pattern += "*a";
  CHECK_FALSE(alias_matches(pattern + "b", std::string(5000, 'a')));
}

TEST_CASE("modules: what one needs is loaded first, and a circle ends") {
  const Scratch scratch;
  scratch.write(
      "modules.dep",
      "kernel/a.ko: kernel/b.ko kernel/c-d.ko\nkernel/b.ko: kernel/c-d.ko\nkernel/c-d.ko:\nkernel/e.ko.xz:\n");
  scratch.write("modules.alias", "# Aliases\nalias fs-a a\nalias pci:v1* c_d\nalias pci:v1* e\n");
  scratch.write("modules.softdep", "softdep a pre: e post: b\nsoftdep e pre: a\n");
  const auto modules = Modules::open(scratch.path("."));
  REQUIRE(modules);
  CHECK(modules->find("c-d") == std::vector<std::string>{"c_d"});
  CHECK(modules->find("fs-a") == std::vector<std::string>{"a"});
  CHECK(modules->find("pci:v12") == std::vector<std::string>{"c_d", "e"});
  CHECK(modules->find("nothing").empty());
  CHECK(modules->files_of("a") ==
        std::vector<std::string>{"kernel/c-d.ko", "kernel/b.ko", "kernel/e.ko.xz", "kernel/a.ko"});
  CHECK_FALSE(modules->files_of("x"));
}

TEST_CASE("modules: a chain without an end is no trouble") {
  Modules::Tables tables;
  for (int i = 0; i < 20000; ++i) {
    tables.dep += str("kernel/m", i, ".ko:\n");
    tables.softdep += str("softdep m", i, " pre: m", i + 1, '\n');
  }
  const auto files = Modules::of_tables("there", std::move(tables)).files_of("m0");
  REQUIRE(files);
  CHECK(files->size() == 500);
  CHECK(files->back() == "kernel/m0.ko");
}

TEST_CASE("image: the version in a kernel's header") {
  std::string kernel(4096, '\0');
  kernel.replace(0x202, 4, "HdrS");
  kernel[0x20e] = 0x00;
  kernel[0x20f] = 0x04;
  kernel.replace(0x600, 20, "6.1.0-50-amd64 (x@y)");
  CHECK(version_in_kernel(kernel, "vmlinuz") == "6.1.0-50-amd64");
  for (size_t length = 0; length < 0x610; ++length)
    (void)version_in_kernel(std::string_view(kernel).substr(0, length), "vmlinuz");
  CHECK(version_in_kernel("", "vmlinuz").empty());
}

}  // namespace
}  // namespace rescue
