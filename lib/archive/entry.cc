#include "lib/archive/entry.h"

namespace rescue {

Result<std::string> read_all(EntryReader& reader, uint64_t limit) {
  std::string text;
  while (true) {
    const std::string_view block = TRY(reader.read());
    if (block.empty())
      return text;
    if (block.size() > limit - text.size())
      return with_status(fail("read", "", "a member of the archive is larger than it can be").error(),
                         Status::bad_data);
    text += block;
  }
}

}  // namespace rescue
