// Copying files and trees: what cp, mv (across file systems) and install share.
//
// Trees are walked by descriptor on both sides, so that no path is too long and no link that appears meanwhile is
// followed. A failure is reported and the rest is copied: save what can be saved.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/stat.h>

#include "lib/base/error.h"
#include "lib/fs/backup.h"
#include "lib/fs/copy_data.h"
#include "lib/fs/descent.h"
#include "lib/fs/directory.h"

namespace rescue {

struct CopyOptions {
  enum class Links : uint8_t { follow, follow_named, keep };
  enum class Existing : uint8_t { replace, ask, skip };
  enum class Update : uint8_t { all, older };

  Links links = Links::follow;
  Existing existing = Existing::replace;
  Update update = Update::all;
  BackupPolicy backup;
  DataPolicy data;
  bool recursive = false;
  bool copy_contents = false;  // with `recursive`: what is in FIFOs and devices
  bool hard_link = false;      // link instead of copying
  bool symbolic_link = false;
  bool attributes_only = false;
  bool one_file_system = false;
  bool force = false;               // remove a target that cannot be opened
  bool remove_destination = false;  // remove each target first
  bool verbose = false;
  bool keep_mode = false;
  bool keep_owner = false;
  bool keep_times = false;
  bool keep_links = false;       // hard links among what is copied
  bool removes_sources = false;  // mv: one copy after the other, whose sources are gone then, links and all
  bool keep_xattrs = false;
  bool keep_label = false;
  bool need_xattrs = false;   // an attribute that cannot be copied is a failure
  bool quiet_xattrs = false;  // and is not even mentioned
  bool default_mode = false;  // permissions as for any new file
};

// What a copier has to say and to ask.
class CopyEvents {
 public:
  virtual void failed(const Error& error) = 0;
  virtual void warned(const std::string& text) = 0;
  virtual void said(const std::string& line) = 0;
  // Whether an existing target may be replaced.
  virtual bool may_replace(const std::string& target, mode_t mode, bool writable) = 0;

 protected:
  ~CopyEvents() = default;
};

class TreeCopier {
 public:
  TreeCopier(const CopyOptions& options, CopyEvents& events);

  // Copies `source` to `target` (not into it). `several`: more is copied to the same place, so that two files of one
  // name would overwrite each other. False if anything failed.
  bool copy(const std::string& source, const std::string& target, bool several);

  // A copy goes by another name now: later links to its source are made to that.
  void renamed(const std::string& copy, const std::string& name);

  mode_t umask() const { return umask_; }

 private:
  struct Place;
  struct Item;
  struct Level;
  enum class Next : uint8_t { done, descend };
  using Inode = std::pair<dev_t, ino_t>;

  Result<Next> copy_item(Item& item);
  Result<bool> look(Item& item);
  Result<bool> clear_target(Item& item);
  Result<bool> is_same_file_fine(const Item& item, bool& nothing_to_do) const;
  Result<bool> check_types(const Item& item);
  Result<> set_aside(Item& item);
  bool has_copy(const Item& item) const;
  void remember_copy(const Item& item);
  Result<std::optional<Next>> link_to_earlier_copy(Item& item, bool aloud);
  Result<Next> check_earlier_directory(const Item& item, bool& stop);
  Result<Next> create(Item& item);
  Result<Next> make_directory(Item& item);
  Result<> make_link(Item& item);
  Result<> make_symbolic_link(const Item& item, const std::string& text);
  Result<> make_special(Item& item);
  Result<> copy_symbolic_link(Item& item);
  Result<> copy_regular(Item& item);
  Result<UniqueFd> open_target(Item& item);
  Result<> finish_file(const Item& item, int in, int out, mode_t made_mode);
  Result<> finish_named(const Item& item);
  Result<> copy_attributes(const Item& item, const struct FileRef& from, const struct FileRef& to, mode_t mode);

  bool walk(Item& top);
  bool step(Item& item, Descent& from, Descent& to, std::vector<Level>& levels);
  bool enter(const Item& item, Descent& from, Descent& to, std::vector<Level>& levels);
  bool give_up(const Item& item, const Error& error);
  Result<> finish_directory(const Level& level, int from, int to);
  void say_copied(const Item& item);
  bool follows(const Item& item) const;

  const CopyOptions& opt_;
  CopyEvents& events_;
  DataCopier data_;
  DirectoryRoom room_;
  mode_t umask_;
  bool ok_ = true;
  std::map<Inode, std::string> copies_;       // of files with several links: where the first one went
  std::map<Inode, Inode> made_;               // what is there now: whose copy it is
  std::map<Inode, std::string> directories_;  // named, and made: where they went
  std::set<Inode> made_directories_;
  std::set<std::pair<std::string, Inode>> named_targets_;  // what was made for operands
  std::set<std::pair<std::string, Inode>> named_sources_;
};

}  // namespace rescue
