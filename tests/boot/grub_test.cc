#include "lib/boot/grub.h"

#include <doctest/doctest.h>

#include "lib/base/text.h"
#include "tests/boot/samples.h"

namespace rescue { namespace {

TEST_CASE("grub: the first entry says where the kernel and the root are") {
  const auto entry = first_entry(debian_grub, "", "grub.cfg");
  REQUIRE(entry);
  CHECK(entry->kernel == "/boot/vmlinuz-6.1.0-50-amd64");
  CHECK(entry->kernel_command == "linux");
  CHECK(entry->initrd_command == "initrd");
  CHECK(entry->before.size() == 6);
  CHECK(entry->before.back() == "search --no-floppy --fs-uuid --set=root 1111-2222");
}

TEST_CASE("grub: the entry of a kernel is preferred, also in a submenu") {
  const auto entry = first_entry(debian_grub, "6.1.0-49-amd64", "grub.cfg");
  REQUIRE(entry);
  CHECK(entry->kernel == "/boot/vmlinuz-6.1.0-49-amd64");
  CHECK(entry->before == std::vector<std::string>{"insmod ext2"});
}

TEST_CASE("grub: our block starts the same kernel with our image") {
  const std::string block = block_of(*first_entry(debian_grub, "", "grub.cfg"));
  CHECK(block.contains("menuentry 'Rescue (works without glibc)'"));
  CHECK(block.contains(
      "\tlinux /boot/vmlinuz-6.1.0-50-amd64 root=UUID=1111-2222 ro console=ttyS0,115200 rescue.timeout=10\n"
      "\tinitrd /boot/rescue.img\n"));
  CHECK_FALSE(block.contains("quiet"));
}

TEST_CASE("grub: the block is taken away without a trace") {
  const std::string block = block_of(*first_entry(debian_grub, "", "grub.cfg"));
  CHECK(without_block(str("before\n", block, "after\n")) == "before\nafter\n");
  CHECK(without_block(block).empty());
  CHECK(without_block("### BEGIN rescue ###\nno end\n") == "### BEGIN rescue ###\nno end\n");
}

TEST_CASE("grub: a configuration without an entry is an error") {
  CHECK_FALSE(first_entry("", "", "grub.cfg"));
  CHECK_FALSE(first_entry("menuentry 'x' {\n}\n", "", "grub.cfg"));
  CHECK_FALSE(parse_loader_entry("title x\n", "x.conf"));
}

TEST_CASE("grub: an entry of the loader specification") {
  const auto entry = parse_loader_entry(loader_entry, "x.conf");
  REQUIRE(entry);
  CHECK(entry->linux_file == "/vmlinuz-5.14.0-1.el9.x86_64");
  CHECK(entry->version == "5.14.0-1.el9.x86_64");
  CHECK(kept_words(entry->options) == "root=/dev/mapper/rl-root ro $tuned_params");
}

TEST_CASE("grub: what the hardware needs stays, what the system's own start is told goes") {
  CHECK(kept_words("root=/dev/sda1 ro quiet splash pci=nomsi nvme_core.default_ps_max_latency_us=0 rd.lvm.lv=rl/root "
                   "crashkernel=1G systemd.unit=rescue.target init=/bin/bash console=ttyS0,115200 rescue.fix") ==
        "root=/dev/sda1 ro pci=nomsi nvme_core.default_ps_max_latency_us=0 console=ttyS0,115200");
}

TEST_CASE("grub: each shorter configuration and each byte flipped is survived") {
  for (size_t length = 0; length < debian_grub.size(); ++length) {
    const std::string shorter(debian_grub.substr(0, length));
    if (const auto entry = first_entry(shorter, "", "grub.cfg"))
      CHECK(without_block(block_of(*entry)).empty());
    (void)parse_loader_entry(loader_entry.substr(0, length), "x.conf");
  }
  std::string changed(debian_grub);
  for (char& c : changed) {
    c = static_cast<char>(~c);
    (void)first_entry(changed, "", "grub.cfg");
    c = static_cast<char>(~c);
  }
}

}  // namespace
}  // namespace rescue
