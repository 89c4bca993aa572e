// Whether bytes are text, in which encoding, and how their lines end: what `file` says about what is none of the forms
// that it knows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rescue {

enum class Encoding : uint8_t { binary, ascii, utf8, utf8_bom, utf16_le, utf16_be, iso_8859, extended };

struct TextKind {
  Encoding encoding = Encoding::binary;
  uint64_t longest_line = 0;  // characters, without the end; 0 where none has more than 300
  bool crlf = false;
  bool cr = false;
  bool lf = false;
  bool nel = false;  // U+0085
  bool escapes = false;
  bool backspaces = false;

  bool is_text() const { return encoding != Encoding::binary; }
};

// What the first bytes of a file tell. `whole` says that there are no others: text may be cut within a character then
// only where it is damaged.
TextKind text_kind(std::string_view start, bool whole);

// "Unicode text, UTF-8", and as MIME has it: "utf-8".
std::string_view encoding_words(Encoding encoding);
std::string_view encoding_mime(Encoding encoding);

// ", with CRLF line terminators" and the like; empty for usual lines.
std::string line_words(const TextKind& kind);

// The interpreter's line of a script in the words of file(1): "POSIX shell script", "a /usr/bin/foo script"; empty
// where the text is none.
struct ScriptKind {
  std::string words;
  std::string_view mime;
};
ScriptKind script_kind(std::string_view start);

}  // namespace rescue
