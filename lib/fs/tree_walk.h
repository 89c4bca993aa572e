// Going through directory trees, for commands that do something to each file: chmod -R, chown -R, du, lsattr -R.
//
// Trees are walked by descriptor, so that no path is too long and no link that appears meanwhile is followed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

#include "lib/base/error.h"
#include "lib/fs/descent.h"
#include "lib/fs/directory.h"

namespace rescue {

// A file on the way. Everything in it is only there during the call that gets it.
struct WalkEntry {
  int dir;  // where `name` is; AT_FDCWD for what was named by the user
  const char* name;
  std::string_view path;  // as messages show it; a zero byte follows
  const struct stat& info;
  size_t depth;      // 0 for what was named
  bool is_followed;  // `info` is of what a symbolic link leads to
};

class WalkVisitor {
 public:
  // Called for each file, for a directory before what is in it. Whether to go into the directory.
  virtual bool enter(const WalkEntry& entry) = 0;
  // Called for a directory after what is in it, where enter() was true. `complete` is false where it could not be read.
  virtual void leave(const WalkEntry& entry, bool complete) = 0;
  virtual void failed(const Error& error) = 0;
  // A link that leads back up, which is not followed.
  virtual void looped(std::string_view /*path*/) {}

 protected:
  ~WalkVisitor() = default;
};

class TreeWalk {
 public:
  enum class Links : uint8_t { keep, follow_named, follow };
  struct Options {
    Links links = Links::keep;
    bool one_file_system = false;
  };

  TreeWalk(const Options& options, WalkVisitor& visitor) : opt_(options), visitor_(visitor) {}

  // Goes through `path` and all below it.
  void run(const std::string& path);

 private:
  struct Level {
    std::string names;  // each with a zero byte behind it
    size_t next = 0;
    size_t name_at = 0;    // where this directory's own name begins in path_
    size_t path_size = 0;  // how much of path_ is this directory
    struct stat info{};
    bool is_followed = false;
    bool complete = true;
  };

  bool look(int dir, const char* name, size_t depth, struct stat& info, bool& followed);
  bool wants_in(const WalkEntry& entry) const;
  void push(Descent& descent, const WalkEntry& entry, size_t name_at, bool is_top);
  void pop(std::optional<Descent>& descent);
  void step(Descent& descent);

  const Options opt_;
  WalkVisitor& visitor_;
  std::string path_;
  DirectoryRoom room_;
  std::vector<Level> levels_;  // those beyond depth_ are kept for their memory
  size_t depth_ = 0;
  dev_t device_ = 0;
};

}  // namespace rescue
