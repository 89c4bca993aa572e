// What chown and chgrp have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/applet.h"
#include "lib/base/error.h"
#include "lib/fs/owner_spec.h"
#include "lib/fs/tree_walk.h"

namespace rescue {

struct OwnerOptions {
  enum class Say : uint8_t { nothing, changes, everything };

  Say say = Say::nothing;
  TreeWalk::Links links = TreeWalk::Links::keep;
  std::optional<bool> dereference;
  std::optional<std::string> from;
  std::optional<std::string> reference;
  bool silent = false;
  bool preserve_root = false;
  bool recursive = false;
};

inline constexpr Opt<OwnerOptions> owner_options[] = {
    {'c', "changes", set<&OwnerOptions::say, OwnerOptions::Say::changes>, "say what is changed"},
    {'f', "silent", &OwnerOptions::silent, "say nothing of what cannot be changed"},
    {0, "quiet", &OwnerOptions::silent, "the same"},
    {'v', "verbose", set<&OwnerOptions::say, OwnerOptions::Say::everything>, "say what is done to each file"},
    {0, "dereference", set<&OwnerOptions::dereference, true>, "change what a symbolic link leads to (default)"},
    {'h', "no-dereference", set<&OwnerOptions::dereference, false>, "change symbolic links themselves"},
    {0, "from", &OwnerOptions::from, "change only what has this owner, this group, or both", "USER:GROUP"},
    {0, "no-preserve-root", set<&OwnerOptions::preserve_root, false>, "do not refuse to go through all of / (default)"},
    {0, "preserve-root", &OwnerOptions::preserve_root, "refuse to go through all of /"},
    {0, "reference", &OwnerOptions::reference, "give what RFILE has", "RFILE"},
    {'R', "recursive", &OwnerOptions::recursive, "change directories with all that is in them"},
    {'H', nullptr, set<&OwnerOptions::links, TreeWalk::Links::follow_named>,
     "with -R, go into directories that a named link leads to"},
    {'L', nullptr, set<&OwnerOptions::links, TreeWalk::Links::follow>, "with -R, go into all that links lead to"},
    {'P', nullptr, set<&OwnerOptions::links, TreeWalk::Links::keep>, "with -R, follow no links (default)"},
};

// Gives `files` the owner. `spec.user_text` is set, if only to nothing, where the user is part of what is said.
Result<int> change_owners(const OwnerOptions& opt, const OwnerSpec& spec, bool with_user, Names& names, Io& io,
                          const Args& files);

}  // namespace rescue
