// strings: print the texts in binary files.
#include <algorithm>
#include <memory>

#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/utf8.h"
#include "lib/base/version.h"
#include "lib/elf/data_sections.h"
#include "lib/text/input.h"
#include "lib/text/words.h"

namespace rescue {
namespace {

// What is made of UTF-8: nothing, or one of four ways to show it.
enum class Unicode : uint8_t { none, locale, escape, hex, highlight };

struct Options {
  bool data_only = false;
  bool file_names = false;
  bool show_version = false;
  uint64_t least = 4;
  bool as_bytes = false;
  char radix = 0;
  bool all_blanks = false;
  char encoding = 's';
  Unicode unicode = Unicode::none;
  std::string separator = "\n";
};

Result<> set_all(Options& o, std::string_view /*none*/) {
  o.data_only = false;
  return {};
}

// Of these too, a usage error is what binutils ends with.
Result<> set_least(Options& o, std::string_view text) {
  const auto number = c_number_argument(text, "minimum string length");
  if (!number || *number == 0)
    return fail("minimum string length", text, "must be a number of at least 1");
  o.least = *number;
  return {};
}

Result<> set_radix(Options& o, std::string_view text) {
  if (text.size() != 1 || !std::string_view("odx").contains(text[0]))
    return fail("radix", text, "must be one of o, d, x");
  o.radix = text[0];
  return {};
}

Result<> set_encoding(Options& o, std::string_view text) {
  if (text.size() != 1 || !std::string_view("sSblBL").contains(text[0]))
    return fail("encoding", text, "must be one of s, S, b, l, B, L");
  o.encoding = text[0];
  return {};
}

Result<> set_target(Options& o, std::string_view name) {
  // What is no ELF target has no sections that we know of.
  o.as_bytes = name != "default" && !name.starts_with("elf");
  return {};
}

struct UnicodeWord {
  std::string_view word;
  char letter;
  Unicode value;
};

constexpr UnicodeWord unicode_words[] = {
    {"default", 'd', Unicode::none}, {"locale", 'l', Unicode::locale}, {"escape", 'e', Unicode::escape},
    {"invalid", 'i', Unicode::none}, {"hex", 'x', Unicode::hex},       {"highlight", 'h', Unicode::highlight},
};

Result<> set_unicode(Options& o, std::string_view text) {
  for (const UnicodeWord& known : unicode_words)
    if (text == known.word || (text.size() == 1 && text[0] == known.letter)) {
      o.unicode = known.value;
      return {};
    }
  return fail("way of showing UTF-8", text, "is none: default, locale, invalid, hex, escape, highlight");
}

constexpr Opt<Options> options[] = {
    {'a', "all", set_all, "look at all of a file (default)"},
    {'d', "data", &Options::data_only, "look only at the sections of an ELF file that are loaded into memory"},
    {'e', "encoding", set_encoding,
     "s 7-bit bytes, S 8-bit bytes, b and l 16 bits (big- and little-endian), B and L 32 bits", "HOW"},
    {'f', "print-file-name", &Options::file_names, "print the name of the file before each text"},
    {'n', "bytes", set_least, "texts of N characters (4) and more; -N is the same", "N"},
    {'o', nullptr, set<&Options::radix, 'o'>, "the same as -t o"},
    {'s', "output-separator", &Options::separator, "end texts with STRING, not with a newline", "STRING"},
    {'t', "radix", set_radix, "print where the texts are, in base o (8), d (10), x (16)", "RADIX"},
    {'T', "target", set_target, "with -d: binary has no sections; of other names, the file itself says what it is",
     "NAME"},
    {'U', "unicode", set_unicode,
     "take UTF-8 for text, and show it: locale (as it is), hex, escape, highlight; or not: default, invalid", "HOW"},
    {'v', nullptr, &Options::show_version, "the same as -V"},
    {'w', "include-all-whitespace", &Options::all_blanks, "newlines and the like are part of texts"},
};

class Finder {
 public:
  Finder(const Options& opt, Output& out, std::string_view name) : opt_(opt), out_(out), name_(name) {
    step_ = std::string_view("bl").contains(opt.encoding) ? 2 : std::string_view("BL").contains(opt.encoding) ? 4 : 1;
    for (uint32_t c = 0; c < 256; ++c)
      graphic_[c] = is_graphic(c);
  }

  // Takes the next piece, which begins at `address`; `last`: nothing follows. Gives how much of it was used; the rest
  // is to come again, with more behind it.
  size_t take(std::string_view text, uint64_t address, bool last) {
    size_t at = 0;
    if (step_ == 1 && opt_.unicode == Unicode::none)
      return take_bytes(text, address, last);
    while (at < text.size() && (last || text.size() - at >= 4)) {
      const size_t length = graphic(text.substr(at));
      if (length == 0) {
        finish();
        ++at;
        continue;
      }
      if (count_ == 0)
        start_ = address + at;
      add(text.substr(at, length));
      at += length;
    }
    if (last)
      finish();
    return at;
  }

 private:
  // The same where each byte is a character: run by run.
  size_t take_bytes(std::string_view text, uint64_t address, bool last) {
    const auto graphic_byte = [&](size_t i) { return graphic_[static_cast<uint8_t>(text[i])]; };
    for (size_t at = 0; at < text.size();) {
      size_t end = at;
      while (end < text.size() && graphic_byte(end))
        ++end;
      if (end > at)
        add_run(text.substr(at, end - at), address + at);
      if (end < text.size())
        finish();
      while (end < text.size() && !graphic_byte(end))
        ++end;
      at = end;
    }
    if (last)
      finish();
    return text.size();
  }

  void add_run(std::string_view run, uint64_t address) {
    if (count_ == 0)
      start_ = address;
    const bool was_text = count_ >= opt_.least;
    count_ += run.size();
    if (count_ < opt_.least) {
      waiting_ += run;
      return;
    }
    if (!was_text)
      put_head();
    out_.put(waiting_, run);
    waiting_.clear();
  }

  bool is_graphic(uint32_t c) const {
    if (c == '\t' || (c >= ' ' && c < 0x7f))
      return true;
    return (opt_.all_blanks && c >= '\n' && c <= '\r') ||
           (opt_.encoding == 'S' && opt_.unicode == Unicode::none && c > 0x7f && c <= 0xff);
  }

  // The length of the character at the beginning, where it can be part of a text; else 0.
  size_t graphic(std::string_view text) const {
    if (text.size() < step_)
      return 0;
    const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(text[i])); };
    switch (opt_.encoding) {
      case 'b': return is_graphic(byte(0) << 8 | byte(1)) ? 2 : 0;
      case 'l': return is_graphic(byte(1) << 8 | byte(0)) ? 2 : 0;
      case 'B': return is_graphic(byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3)) ? 4 : 0;
      case 'L': return is_graphic(byte(3) << 24 | byte(2) << 16 | byte(1) << 8 | byte(0)) ? 4 : 0;
      default: break;
    }
    if (opt_.unicode != Unicode::none && byte(0) > 0x7f) {
      const Character c = first_character(text);
      if (c.valid)
        return c.length;
    }
    return is_graphic(byte(0)) ? 1 : 0;
  }

  std::string shown(std::string_view character) const {
    if (step_ > 1)
      return std::string(1, opt_.encoding == 'b' || opt_.encoding == 'B' ? character.back() : character.front());
    if (character.size() == 1 || opt_.unicode == Unicode::locale)
      return std::string(character);
    if (opt_.unicode == Unicode::hex)
      return str("<0x", to_hex(character), '>');
    char digits[8];
    const auto end = std::to_chars(digits, digits + sizeof digits, first_character(character).code, 16).ptr;
    std::string code(digits, end);
    const size_t width = character.size() == 4 ? 6 : 4;
    code.insert(0, width - std::min(width, code.size()), '0');
    const bool lit = opt_.unicode == Unicode::highlight && out_.is_terminal();
    return str(lit ? "\x1b[31;47m" : "", "\\u", code, lit ? "\x1b[0m" : "");
  }

  // Characters wait until there are enough of them for a text.
  void add(std::string_view character) {
    const bool was_text = count_ >= opt_.least;
    ++count_;
    if (was_text) {
      put(character);
      return;
    }
    waiting_ += character.size() == 1 ? std::string(character) : shown(character);
    if (count_ == opt_.least) {
      put_head();
      out_.put(waiting_);
      waiting_.clear();
    }
  }

  void put(std::string_view character) {
    if (character.size() == 1)
      out_.put(character[0]);
    else
      out_.put(shown(character));
  }

  void finish() {
    if (count_ >= opt_.least)
      out_.put(opt_.separator);
    count_ = 0;
    waiting_.clear();
  }

  void put_head() {
    if (opt_.file_names)
      out_.put(name_, ": ");
    if (opt_.radix == 0)
      return;
    char digits[24];
    const int base = opt_.radix == 'o' ? 8 : opt_.radix == 'd' ? 10 : 16;
    const std::string_view number(digits, std::to_chars(digits, digits + sizeof digits, start_, base).ptr);
    out_.put(std::string(number.size() < 7 ? 7 - number.size() : 0, ' '), number, ' ');
  }

  const Options& opt_;
  Output& out_;
  std::string_view name_;
  size_t step_ = 1;
  bool graphic_[256];
  uint64_t start_ = 0;
  uint64_t count_ = 0;
  std::string waiting_;
};

constexpr size_t piece = 65536;

// The file from where it stands, or so many bytes of it.
Result<> search(const Input& input, Finder& finder, uint64_t address, uint64_t left, Output& out) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(piece);
  size_t held = 0;
  while (out.ok()) {
    const auto room = static_cast<size_t>(std::min<uint64_t>(piece - held, left));
    const size_t count = room == 0 ? 0 : TRY(read_some(input.fd(), {buffer.get() + held, room}, input.name()));
    left -= count;
    const std::string_view text(buffer.get(), held + count);
    const size_t used = finder.take(text, address, count == 0);
    if (count == 0)
      break;
    held = text.size() - used;
    std::copy_n(buffer.get() + used, held, buffer.get());
    address += used;
  }
  return {};
}

// The sections to look at; nothing where this is no ELF file.
Result<std::vector<elf::Region>> find_regions(const Input& input) {
  char header[elf::header_size];
  const size_t count = TRY(pread_full(input.fd(), header, 0, input.name()));
  const elf::SectionTable where = TRY(elf::section_table(Bytes(std::string_view(header, count), input.name())));
  std::string table(where.size(), '\0');
  table.resize(TRY(pread_full(input.fd(), table, where.offset, input.name())));
  return elf::data_sections(Bytes(table, input.name()), where);
}

Result<> search_file(const Options& opt, const Input& input, std::string_view name, Output& out) {
  Finder finder(opt, out, name);
  if (opt.data_only && !opt.as_bytes)
    if (const auto regions = find_regions(input)) {
      for (const elf::Region& region : *regions) {
        if (::lseek(input.fd(), static_cast<off_t>(region.offset), SEEK_SET) < 0)
          return fail("seek", name);
        TRY(search(input, finder, region.offset, region.size, out));
      }
      return {};
    }
  return search(input, finder, 0, UINT64_MAX, out);
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (opt.show_version) {
    io.out.put("strings (rescue) ", version, '\n');
    return 0;
  }
  Args files;
  for (const std::string_view word : args)
    if (word != "-")
      files.push(word.data());
  each_input(io, files, [&](const Input& input) -> Result<> {
    const std::string_view name = input.is_standard() ? std::string_view("{standard input}") : input.name();
    return search_file(opt, input, name, io.out);
  });
  return io.status();
}

int run_strings(const Applet& applet, Io& io, std::span<const char* const> words) {
  const WordList all = with_files(words);
  return entry<options, run>(applet, io, with_numbers(all.words(), '-', "-n").words());
}

}  // namespace

extern const Applet strings_applet = {
    .name = "strings",
    .summary = "print the texts in binary files",
    .usage = "[OPTION]... [FILE]...",
    .dies_with_reader = true,
    .help_letter = 'h',
    .version_letter = 'V',
    .notes = dense<"Without a FILE, standard input is read. @FILE stands for the words that FILE holds.">,
    .options = describe<options>,
    .run = run_strings,
};
}  // namespace rescue
