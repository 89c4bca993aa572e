#include "lib/bundle/programs.h"

#include "lib/base/text.h"
#include "lib/elf/search.h"

namespace rescue {

namespace {

constexpr std::string_view names[] = {
    "/bin/sh",
    "/bin/bash",
    "/bin/ls",
    "/bin/true",
    "/bin/cat",
    "/bin/mount",
    "/bin/login",
    "/bin/su",
    "/sbin/init",
    "/usr/sbin/sshd",
    "/usr/bin/sudo",
    "/usr/bin/apt-get",
    "/usr/bin/dpkg",
    "/bin/rpm",
    "/usr/bin/python3",
    "/usr/bin/tar",
    "/sbin/agetty",
    "/usr/bin/systemctl",
    "/usr/libexec/platform-python",
};

}  // namespace

std::vector<std::string> key_programs(const Root& root) {
  std::vector<std::string> there;
  for (const std::string_view name : names)
    if (root.exists(name))
      there.emplace_back(name);
  return there;
}

std::unique_ptr<elf::Library> sample_program(const Root& root) {
  for (const std::string_view name : names) {
    auto program = elf::read_program(root, name);
    if (program && *program && (*program)->image.linkage() == elf::Linkage::dynamic_program)
      return std::move(*program);
  }
  return nullptr;
}

}  // namespace rescue
