// Putting the members of an archive into a directory, so that nothing outside of it is ever touched.
//
// Each place is reached from the directory's own descriptor, name by name. A link that the archive itself made is never
// followed; one that was there before is followed where it leads to a place in the directory (/lib, where that is
// usr/lib), and refused where it leads out. A file that exists is replaced by rename when its successor is whole.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/stat.h>

#include "lib/archive/entry.h"
#include "lib/base/error.h"
#include "lib/base/fd.h"

namespace rescue {

struct ExtractOptions {
  // What becomes of a file that exists.
  enum class Existing : uint8_t { replace, fail, skip, keep_newer, overwrite, unlink_first };

  Existing existing = Existing::replace;
  bool anywhere = false;    // absolute paths, `..` and links that lead out are followed: tar -P
  bool owner = false;       // give files to their owners
  bool exact_mode = false;  // permissions as archived; else without the bits of `mask` and without set-ID
  bool times = true;
  bool xattrs = false;             // extended attributes but for those of the next two
  bool access_lists = false;       // system.posix_acl_*
  bool label = false;              // security.selinux
  bool only_whole = false;         // a new file, too, gets its name when all of it is there
  bool make_parents = true;        // make directories on the way that are missing
  bool directories_exist = false;  // leave the attributes of directories that exist as they are
  mode_t mask = 022;               // the umask
};

class Extractor {
 public:
  // Extracts into the directory `dir`, which `shown` names in messages. While files are extracted with exact
  // permissions, the process should have no umask.
  Extractor(UniqueFd dir, std::string shown, const ExtractOptions& options);

  enum class Outcome : uint8_t { done, skipped };

  // Makes what `entry` says, but for the content of a file: that follows by write(), and end_file().
  Result<Outcome> add(const Entry& entry);
  // Data of the current file from `offset` on, which never goes back; what is left out becomes a hole.
  Result<> write(uint64_t offset, std::string_view data);
  Result<> end_file();
  // Makes `entry` another name of a file by its path; false where that cannot be, on another file system say.
  Result<bool> link_from(const std::string& path, const Entry& entry);
  // Gives up on the current file: nothing of it stays.
  void abandon_file();

  // Sets the attributes of directories, which files made in them would have changed. Call it last.
  Result<> finish(std::vector<Error>& errors);

  // Removes a file or tree of the directory, as tar -g does with what was removed meanwhile.
  Result<> remove(const std::string& path);

  // Opens a directory or a file that exists, by the same rules.
  Result<UniqueFd> open(const std::string& path, int flags);

 private:
  struct Place {
    int dir = -1;
    std::string name;
    bool sets_group = false;  // what is made in it belongs to its group
  };
  struct Level {
    std::string name;
    UniqueFd fd;
    bool sets_group = false;
  };
  using Inode = std::pair<dev_t, ino_t>;

  Result<Place> locate(std::string_view path, bool make);
  Result<> descend(std::vector<std::string>& rest, std::vector<Level>& way, bool make);
  Result<> follow(const std::string& name, int dir, std::vector<std::string>& rest, std::vector<Level>& way);
  Result<std::vector<std::string>> components(std::string_view path) const;
  Result<> make_parent(int dir, const std::string& name);
  Result<Outcome> make_directory(const Entry& entry, const Place& place);
  Result<Outcome> make_file(const Entry& entry, const Place& place);
  Result<Outcome> make_named(const Entry& entry, const Place& place);
  Result<> make_node(const Entry& entry, const Place& place, const std::string& name);
  Result<Outcome> clear(const Entry& entry, const Place& place, bool& beside);
  Result<> set_attributes(const Entry& entry, const struct FileRef& file, bool owned);
  Result<> set_xattrs(const Entry& entry, const struct FileRef& file) const;
  mode_t mode_of(const Entry& entry) const;
  bool is_own_link(const struct stat& info) const { return own_links_.contains({info.st_dev, info.st_ino}); }

  UniqueFd dir_;
  std::string shown_;
  ExtractOptions opt_;
  uid_t user_;
  gid_t group_;
  bool is_system_root_ = false;
  std::vector<Level> way_;  // the directories open below dir_, of the last place
  std::set<Inode> own_links_;
  std::vector<Entry> directories_;

  // Where the file is that a hard link is made to.
  UniqueFd link_dir_;
  std::string link_name_;

  // The file being written.
  Entry entry_;
  UniqueFd file_;
  int file_dir_ = -1;
  std::string made_name_;   // what it is called until it is whole
  std::string final_name_;  // empty where that is its name already
  uint64_t position_ = 0;
  bool is_new_ = false;
  bool owned_ = false;
};

}  // namespace rescue
