// Removing files and trees: what rm and mv share. Trees are walked by descriptor; a link is removed, never followed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/stat.h>

#include "lib/base/error.h"
#include "lib/fs/descent.h"
#include "lib/fs/directory.h"

namespace rescue {

struct RemoveOptions {
  enum class Ask : uint8_t { never, protected_files, always };

  Ask ask = Ask::never;
  bool ignore_missing = false;  // and ask nothing
  bool recursive = false;
  bool empty_directories = false;  // remove these without `recursive`
  bool one_file_system = false;
  bool verbose = false;
};

class RemoveEvents {
 public:
  virtual void failed(const Error& error) = 0;
  virtual void said(const std::string& line) = 0;
  virtual bool agrees(const std::string& question) = 0;

 protected:
  ~RemoveEvents() = default;
};

class TreeRemover {
 public:
  TreeRemover(const RemoveOptions& options, RemoveEvents& events) : opt_(options), events_(events) {}

  // Removes a file, or a tree. False if anything could not be removed; what somebody wanted to keep is no failure.
  bool remove(const std::string& path);

 private:
  struct Level;
  struct Spot;
  enum class Verdict : uint8_t { gone, kept, failed, descend };

  Verdict remove_one(const Spot& spot, dev_t top_device);
  Verdict remove_file(const Spot& spot, const struct stat& info);
  Verdict finish_directory(const Spot& spot);
  bool walk(const Spot& top);
  bool wants(const Spot& spot, const struct stat& info, const char* verb);
  Verdict fail_with(const Error& error);

  const RemoveOptions& opt_;
  RemoveEvents& events_;
  DirectoryRoom room_;
};

}  // namespace rescue
