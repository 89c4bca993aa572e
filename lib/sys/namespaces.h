// The kinds of namespaces (namespaces(7)), for unshare and nsenter.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "lib/base/error.h"

namespace rescue {

struct NamespaceKind {
  char letter;            // of the option
  std::string_view name;  // of the long option
  std::string_view file;  // below /proc/PID/ns
  int flag;               // CLONE_NEW...
};

// In the order in which they must be entered: the user namespace first, for it gives the right to the others.
std::span<const NamespaceKind> namespace_kinds();

// Goes into the mount namespace of a process (by its number), or the one that a file keeps; stays for "".
Result<> enter_mount_namespace(const std::string& where);

}  // namespace rescue
