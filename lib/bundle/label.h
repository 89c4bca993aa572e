// SELinux labels of files that a repair puts in place, where nothing says what they were.
#pragma once

#include <map>
#include <string>

#include "lib/bundle/journal.h"
#include "lib/fs/root.h"

namespace rescue {

class LabelFinder {
 public:
  // `root` must outlive this.
  explicit LabelFinder(const Root& root) : root_(root) {}

  // Gives the open file, which `step` will put in its place, the label of what it replaces, else of a library beside
  // it. Does nothing on a system without labels; a label that the kernel refuses is left at the directory's default.
  void set_label(int fd, const Step& step);

 private:
  bool is_labelled(const std::string& path);
  std::string label_for(const Step& step);

  const Root& root_;
  std::map<std::string, bool> labelled_;  // by directory
};

extern const char* const label_name;

}  // namespace rescue
