// Writes the seeds of the fuzzers of lib/sys and lib/boot below the folder that is named.
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/fd.h"
#include "tests/boot/lvm_disk.h"
#include "tests/boot/zmodem_sender.h"
#include "tests/sys/disks.h"

namespace {

bool write_seed(const std::string& folder, std::string_view name, std::string_view bytes) {
  using namespace rescue;
  (void)::mkdir(folder.c_str(), 0755);
  const std::string path = str(folder, '/', name);
  auto fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd && write_all(fd->get(), bytes, path) && fd->close(path))
    return true;
  std::fprintf(stderr, "%s: could not be written\n", path.c_str());
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace rescue;
  if (argc != 2)
    return 2;
  bool done = true;
  for (const auto& [name, bytes] : all_disks())
    done &= write_seed(str(argv[1], "/superblock"), name, bytes);
  const std::string content(3000, '\x18');
  done &= write_seed(str(argv[1], "/zmodem"), "crc16", ZmodemSender(false).whole("a/b", content));
  done &= write_seed(str(argv[1], "/zmodem"), "crc32", ZmodemSender(true).whole("c", "hello"));
  done &= write_seed(str(argv[1], "/zmodem"), "pasted", str("YWJj\nYQ==\n", std::string(64, 'a'), "  name\n"));
  done &= write_seed(str(argv[1], "/boot"), "lvm_disk", lvm_disk(lvm_metadata));
  done &= write_seed(str(argv[1], "/boot"), "lvm_text", lvm_metadata);
  return done ? 0 : 1;
}
