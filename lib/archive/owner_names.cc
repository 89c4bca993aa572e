#include "lib/archive/owner_names.h"

#include "lib/base/text.h"

namespace rescue {

OwnerNames::OwnerNames(const Root& root) {
  constexpr uint64_t limit = 64 << 20;
  if (auto users = root.read_file("etc/passwd", limit))
    names_.users = NameFile::of_text(*std::move(users));
  if (auto groups = root.read_file("etc/group", limit))
    names_.groups = NameFile::of_text(*std::move(groups));
}

void OwnerNames::apply(NameFile& file, std::string_view kind, const std::string& name, uint32_t& number) {
  if (name.empty())
    return;
  // Has the same number everywhere, and most files have no other owner.
  if (name == "root")
    number = 0;
  else if (const auto id = file.id_of(name))
    number = *id;
  else
    unknown_.insert(str(kind, ' ', Printable(name)));
}

void OwnerNames::apply(Entry& entry) {
  apply(names_.users, "user", entry.user, entry.uid);
  apply(names_.groups, "group", entry.group, entry.gid);
}

}  // namespace rescue
