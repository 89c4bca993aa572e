#include "lib/boot/pasted.h"

#include "lib/base/base64.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr size_t digest_letters = 64;

// "e3b0c442...  NAME", or with `*` before the name.
bool is_digest_line(std::string_view line) {
  return line.size() > digest_letters + 2 && line[digest_letters] == ' ' &&
         (line[digest_letters + 1] == ' ' || line[digest_letters + 1] == '*') &&
         from_hex(line.substr(0, digest_letters)).has_value();
}

}  // namespace

void PastedFile::take(std::string_view line, std::string& bytes) {
  while (line.ends_with('\r'))
    line.remove_suffix(1);
  line = trim(line);
  if (line.empty() || finished())
    return;
  if (is_digest_line(line)) {
    wanted_ = to_hex(from_hex(line.substr(0, digest_letters)).value_or(""));
    name_ = base_name(line.substr(digest_letters + 2));
    return;
  }
  const auto decoded = ended_ ? std::nullopt : from_base64(line);
  if (!decoded) {
    ++bad_lines_;
    return;
  }
  ended_ = line.ends_with('=');
  bytes += *decoded;
}

}  // namespace rescue
