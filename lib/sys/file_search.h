// The files that lsof is asked for by name, alone or as what is in a directory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>
#include <sys/types.h>

#include "lib/base/error.h"

namespace rescue {

class FileSearch {
 public:
  struct Crossing {
    bool links = false;         // what symbolic links in it lead to
    bool file_systems = false;  // what is mounted in it
  };

  Result<> add(const std::string& path);
  // A directory and what is in it; `deep`: and below. What cannot be looked at is left out.
  Result<> add_directory(std::string path, bool deep, Crossing crossing);
  void add(std::string_view asked, std::string_view name, const struct stat& info);

  bool empty() const { return files_.empty(); }
  // The name it was last asked for by, or null. That one counts as found from then on. No file may be added after the
  // first call.
  const std::string* find(dev_t device, ino_t inode);
  // The names that were not found, the last first.
  std::vector<std::string_view> missing() const;

 private:
  struct File {
    dev_t device;
    ino_t inode;
    size_t order;
    std::string asked, name;  // they differ where a link was named
    bool found = false;
  };

  std::vector<File> files_;
  bool sorted_ = false;
};

}  // namespace rescue
