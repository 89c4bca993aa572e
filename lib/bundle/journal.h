// The journal of a change to a root: every step, with what it needs to be finished or taken back by another process.
//
// It is written, whole and synced, before anything is staged, and never changed in place. Its name in the
// transaction's directory says how far things are: see transaction.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/error.h"
#include "lib/bundle/manifest.h"

namespace rescue {

enum class Action : uint8_t {
  put,         // a new file, link or directory takes the place `path`
  attributes,  // mode and owner of `path` change
  remove,      // `path` goes to the undo area
  move,        // `path` is renamed to `to`, where nothing stands
  flags,       // `path` cannot be changed while it has the inode flags `flags`: cleared first, set again at the end
};

// What stands at a path; `other` is a FIFO, socket or device.
enum class NodeKind : uint8_t { nothing, file, dir, link, other };

struct Attributes {
  uint32_t mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  bool operator==(const Attributes&) const = default;
};

struct Step {
  Action action = Action::put;
  std::string path;                       // in the root, without links in it
  std::string to;                         // of a move
  NodeKind kind = NodeKind::file;         // put: what is put
  NodeKind old_kind = NodeKind::nothing;  // put, remove: what stood there
  Attributes attributes;                  // put, attributes: the new ones
  Attributes old_attributes;              // attributes: the old ones
  Sha256Digest sha256{};                  // put of a file: its content
  std::string link;                       // put of a link: its text
  uint32_t flags = 0;                     // flags
  uint32_t area = 0;                      // put, remove: index into Journal::areas
};

struct Journal {
  std::string what;                // for people: "glibc-2.36.tzst"
  bool continues = false;          // it belongs to the transaction before it: an undo takes both back
  std::vector<std::string> made;   // directories made to hold the state, parents first; removed after an undo
  std::vector<std::string> areas;  // where new files wait (new-N) and replaced ones are kept (old-N), N the step
  std::vector<Step> steps;

  static Result<Journal> parse(const Bytes& text);
  std::string print() const;
};

}  // namespace rescue
