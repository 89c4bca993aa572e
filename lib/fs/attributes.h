// What a file has beside its content: owner, permissions, times, extended attributes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

#include "lib/base/error.h"

namespace rescue {

// A file by its descriptor, or by its name in a directory where it cannot be opened (links, devices). Links are never
// followed.
struct FileRef {
  int fd = -1;
  int dir = -1;
  std::string name;
  std::string_view shown;  // its path, for messages
};

// Sets owner and group as `info` has them. False where the system does not allow it to somebody who is not root.
Result<bool> set_owner(const FileRef& file, const struct stat& info);

// Sets the permissions. Does nothing to a symbolic link, which has none.
Result<> set_mode(const FileRef& file, mode_t mode);

// Sets the times of access and modification as `info` has them, to the nanosecond.
Result<> set_times(const FileRef& file, const struct stat& info);

struct XattrChoice {
  bool access_lists = false;  // system.posix_acl_access and _default
  bool label = false;         // security.selinux
  bool others = false;        // among them security.capability, which a change of owner or content takes away
};

// Copies extended attributes. Tries them all, and gives the first error.
Result<> copy_xattrs(const FileRef& from, const FileRef& to, const XattrChoice& choice);

// One extended attribute.
struct Attribute {
  std::string name;
  std::string value;
};

// All of a file's extended attributes, in the file system's order; none where it has none.
Result<std::vector<Attribute>> read_xattrs(const FileRef& file);

// Takes away access control lists, as a directory gives them to what is made in it. No error where there are none.
void remove_access_lists(const FileRef& file);

// Whether what is made in the directory gets an access control list.
bool has_default_access_list(int dir);

}  // namespace rescue
