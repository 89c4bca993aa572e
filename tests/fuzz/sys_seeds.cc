// Writes the seeds of the fuzzers of lib/sys below the folder that is named.
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/fd.h"
#include "tests/sys/disks.h"

int main(int argc, char** argv) {
  using namespace rescue;
  if (argc != 2)
    return 2;
  const std::string folder = str(argv[1], "/superblock");
  (void)::mkdir(folder.c_str(), 0755);
  for (const auto& [name, bytes] : all_disks()) {
    const std::string path = str(folder, '/', name);
    auto fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (!fd || !write_all(fd->get(), bytes, path) || !fd->close(path)) {
      std::fprintf(stderr, "%s: could not be written\n", path.c_str());
      return 1;
    }
  }
  return 0;
}
