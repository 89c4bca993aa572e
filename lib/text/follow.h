// Following files as they grow: what `tail -f` does once the ends of the files are printed.
//
// inotify tells at once that something changed, and nothing more is asked of it: what changed is seen by looking at the
// files. Where there is no inotify, or it does not see what others write (a network file system), the same look is
// taken every so often.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>
#include <sys/types.h>

#include "lib/base/error.h"
#include "lib/base/fd.h"
#include "lib/base/io.h"

namespace rescue {

struct FollowOptions {
  bool by_name = false;  // the file that has the name, whichever that is; else the one that was opened
  bool retry = false;    // wait for files that are not there
  bool headers = false;  // print whose text it is where that changes
  int interval_ms = 1000;
  std::vector<pid_t> writers;  // end when all of these have ended
};

class Follower {
 public:
  Follower(const FollowOptions& opt, Io& io) : opt_(opt), io_(io) {}

  // A file whose end has been printed, and whose offset is where to go on; `fd` is standard input where `owned` is
  // empty.
  void add(std::string_view name, UniqueFd owned, int fd);
  // One that could not be opened, for that reason.
  void add_missing(std::string_view name, int code);

  // Prints "==> NAME <==" where headers are wanted and the last text was another file's.
  void header(std::string_view name);

  // Follows until the writers have ended or nobody reads: true; false where nothing is left to follow.
  bool run();

 private:
  struct File {
    std::string name;
    UniqueFd owned;
    int fd = -1;   // -1: not there now
    int code = 0;  // why it cannot be read
    bool given_up = false;
    struct stat info{};
  };

  void look_at_name(File& file);
  void take_new(File& file, UniqueFd opened, const struct stat& info);
  void lose(File& file, int code);
  Result<> print_news(File& file);
  bool anything_left() const;
  bool writers_gone() const;
  void watch(const File& file) const;
  bool wait() const;

  const FollowOptions& opt_;
  Io& io_;
  std::vector<File> files_;
  std::string shown_;
  bool any_shown_ = false;
  UniqueFd inotify_;
};

}  // namespace rescue
