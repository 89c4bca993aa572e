#include "lib/fs/copy_console.h"

#include "lib/base/confirm.h"
#include "lib/base/quote.h"
#include "lib/base/text.h"
#include "lib/fs/mode.h"

namespace rescue {

bool CopyConsole::may_replace(const std::string& target, mode_t mode, bool writable) {
  const std::string name = quoted_word(target);
  if (writable)
    return confirm(io_, str("overwrite ", name));
  std::string digits = to_octal(mode & 07777);
  digits.insert(0, 4 - std::min<size_t>(digits.size(), 4), '0');
  const std::string letters = mode_text(mode).substr(1);
  if (replaces_)
    return confirm(io_, str("replace ", name, ", overriding mode ", digits, " (", letters, ')'));
  return confirm(io_, str("unwritable ", name, " (mode ", digits, ", ", letters, "); try anyway"));
}

}  // namespace rescue
