// Writes the seeds of the fuzzers elf_image and elf_cache: elf_seeds tests/fuzz/corpus
#include <cstdio>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "tests/elf/builder.h"
#include "tests/elf/cache_builder.h"

namespace rescue::elf { namespace {

Result<> write_seed(std::string_view corpus, std::string_view name, std::string_view bytes) {
  const std::string path = str(corpus, '/', name);
  if (::mkdir(std::string(dir_name(path)).c_str(), 0777) < 0 && errno != EEXIST)
    return fail("make directory", dir_name(path), errno);
  UniqueFd fd = TRY(open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0666));
  TRY(write_all(fd.get(), bytes, path));
  return fd.close(path);
}

test::Elf program() {
  test::Elf elf;
  elf.interpreter = "/lib64/ld-linux-x86-64.so.2";
  elf.needed = {"libc.so.6"};
  elf.auxiliary = {"libaux.so"};
  elf.rpath = "/a";
  elf.runpath = "$ORIGIN";
  elf.flags_1 = DF_1_PIE;
  elf.has_relr = true;
  elf.version_needs = {{"libc.so.6", {"GLIBC_2.2.5", "?GLIBC_2.38"}}};
  elf.build_id = "abc";
  elf.abi_tag = true;
  elf.isa = 1;
  return elf;
}

test::Elf loader() {
  test::Elf elf;
  elf.soname = "ld-linux-x86-64.so.2";
  elf.version_definitions = {"GLIBC_2.3"};
  elf.rodata = std::string("\0/lib/\0/usr/lib/\0x86-64-v3:x86-64-v2\0glibc-hwcaps\0tls\0", 53);
  elf.rodata += "ld.so (GNU libc) stable release version 2.36.\n";
  return elf;
}

Result<> write_all_seeds(const std::string& corpus) {
  for (const bool is64 : {false, true}) {
    for (const auto order : {std::endian::little, std::endian::big}) {
      const std::string kind = str(is64 ? 64 : 32, order == std::endian::little ? "le" : "be");
      for (auto [name, elf] : {std::pair("program", program()), std::pair("loader", loader())}) {
        elf.is64 = is64;
        elf.order = order;
        TRY(write_seed(corpus, str("elf_image/", name, '-', kind), elf.build()));
      }
    }
  }
  TRY(write_seed(corpus, "elf_cache/new", test::new_cache(test::sample_lines(), {"x86-64-v2"})));
  TRY(write_seed(corpus, "elf_cache/big-endian", test::new_cache(test::sample_lines(), {}, std::endian::big, 3)));
  return write_seed(corpus, "elf_cache/old", test::old_cache(test::sample_lines()));
}

}  // namespace

}  // namespace rescue::elf

int main(int count, char** words) {
  if (count != 2)
    return 2;
  const auto done = rescue::elf::write_all_seeds(words[1]);
  if (!done)
    std::fprintf(stderr, "elf_seeds: %s\n", rescue::message(done.error()).c_str());
  return done ? 0 : 1;
}
