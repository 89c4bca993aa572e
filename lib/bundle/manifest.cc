#include "lib/bundle/manifest.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr uint64_t max_manifest = 64 << 20;
constexpr size_t max_line = 64 << 10;
constexpr size_t max_path = 4095;      // PATH_MAX of Linux, without the closing zero
constexpr size_t max_component = 255;  // NAME_MAX
constexpr uint32_t set_id_bits = 06000;

// --- Names. mtree(8) reads * ? [ in a name as a pattern, so they are escaped too, like the blank and the rest.

std::string encode(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte > 0x20 && byte < 0x7f && !std::string_view("\\#*?[=").contains(c)) {
      text += c;
      continue;
    }
    text += '\\';
    for (const int shift : {6, 3, 0})
      text += static_cast<char>('0' + ((byte >> shift) & 7));
  }
  return text;
}

std::optional<std::string> decode(std::string_view text) {
  std::string name;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      name += text[i];
      continue;
    }
    const auto byte = text.size() - i > 3 ? to_number<uint32_t>(text.substr(i + 1, 3), 8) : std::nullopt;
    if (!byte || *byte == 0 || *byte > 255)
      return std::nullopt;
    name += static_cast<char>(*byte);
    i += 3;
  }
  return name;
}

// What is wrong with a path as an entry of a bundle; empty if nothing.
std::string_view path_fault(std::string_view path) {
  if (path.empty())
    return "it names nothing";
  if (path.starts_with('/'))
    return "it is an absolute path";
  if (path.size() > max_path)
    return "it is too long";
  if (!is_bundle_name(path))
    return "it has bytes that are no text";
  for (const std::string_view part : split(path, '/')) {
    if (part == "..")
      return "it leads out of the root";
    if (part.empty() || part == ".")
      return "it is not written in its plain form";
    if (part.size() > max_component)
      return "it is too long";
  }
  if (path == ".rescue" || path.starts_with(".rescue/"))
    return "the name .rescue is the bundle's own";
  return {};
}

// --- Keywords

struct Keyword {
  std::string_view name;
  std::string_view value;
};

// Few: looked through one by one.
using Keywords = std::vector<Keyword>;

// Reads one manifest. Every line is `PATH KEYWORD[=VALUE]...`, or /set or /unset with keywords.
class Parser {
 public:
  explicit Parser(const Bytes& text) : text_(text.text()), path_(text.path()) {}

  Result<Manifest> run() {
    if (text_.size() > max_manifest)
      return bad("it is too long");
    if (!text_.starts_with("#mtree\n"))
      return bad("its first line is not #mtree");
    std::string line;
    while (TRY(next_line(line)))
      TRY(take_line(line));
    return std::move(manifest_);
  }

 private:
  std::unexpected<Error> bad(std::string_view detail) const {
    const std::string place = line_number_ == 0 ? std::string(detail) : str("line ", line_number_, ": ", detail);
    return with_status(corrupt("manifest", path_, place).error(), Status::bad_data);
  }

  // The next line with those that a backslash at the end adds to it.
  Result<bool> next_line(std::string& line) {
    line.clear();
    if (text_.empty())
      return false;
    while (!text_.empty()) {
      ++line_number_;
      const size_t end = text_.find('\n');
      if (end == std::string_view::npos)
        return bad("it breaks off");
      if (end > max_line - line.size())
        return bad("it is too long");
      line += text_.substr(0, end);
      text_.remove_prefix(end + 1);
      // An escaped name never ends in a backslash: they are written as three digits.
      if (!line.ends_with('\\'))
        return true;
      line.back() = ' ';
    }
    return bad("it breaks off");
  }

  Result<> take_line(std::string_view line) {
    if (const size_t start = line.find_first_not_of(" \t"); start == std::string_view::npos || line[start] == '#')
      return {};
    words_.clear();
    while (!line.empty()) {
      const size_t end = std::min(line.find_first_of(" \t"), line.size());
      if (end > 0)
        words_.push_back(line.substr(0, end));
      line.remove_prefix(std::min(end + 1, line.size()));
    }
    const std::span<const std::string_view> words = words_;
    if (words[0] == "/set")
      return set_defaults(words);
    if (words[0] == "/unset")
      return unset_defaults(words);
    // The root itself, which is no member.
    if (words[0] == "." && words.size() == 2 && words[1] == "type=dir")
      return {};
    return take_entry(words);
  }

  static const Keyword* find(const Keywords& keywords, std::string_view name) {
    const auto at = std::ranges::find(keywords, name, &Keyword::name);
    return at == keywords.end() ? nullptr : &*at;
  }

  Result<> read_keyword(Keywords& keywords, std::string_view word) {
    const size_t equals = word.find('=');
    std::string_view name = word.substr(0, equals);
    if (name == "sha256")
      name = "sha256digest";
    if (find(keywords, name) != nullptr)
      return bad(str("the keyword ", Printable(name), " is there twice"));
    keywords.push_back({name, equals == std::string_view::npos ? std::string_view() : word.substr(equals + 1)});
    return {};
  }

  Result<> set_defaults(std::span<const std::string_view> words) {
    Keywords fresh;
    for (const std::string_view word : words.subspan(1))
      TRY(read_keyword(fresh, word));
    for (const auto& [name, value] : fresh)
      defaults_[std::string(name)] = value;
    return {};
  }

  Result<> unset_defaults(std::span<const std::string_view> words) {
    for (const std::string_view word : words.subspan(1)) {
      if (word == "all")
        defaults_.clear();
      else if (const auto at = defaults_.find(word == "sha256" ? "sha256digest" : word); at != defaults_.end())
        defaults_.erase(at);
    }
    return {};
  }

  Result<> take_entry(std::span<const std::string_view> words) {
    keywords_.clear();
    for (const std::string_view word : words.subspan(1))
      TRY(read_keyword(keywords_, word));
    for (const auto& [name, value] : defaults_)
      if (find(keywords_, name) == nullptr)
        keywords_.push_back({name, value});
    auto path = decode(words[0]);
    // Full paths only: the other form of mtree(5), names within a current directory, is not ours.
    if (!path || !path->starts_with("./"))
      return bad("the path does not begin with ./");
    path->erase(0, 2);
    entry_ = {};
    entry_.path = std::move(*path);
    if (const std::string_view fault = path_fault(entry_.path); !fault.empty())
      return bad(str(Printable(entry_.path), ": ", fault));
    TRY(read_type());
    TRY(read_tags());
    TRY(read_numbers());
    return add();
  }

  const std::string_view* value_of(std::string_view keyword) const {
    const Keyword* const found = find(keywords_, keyword);
    return found == nullptr ? nullptr : &found->value;
  }

  template <typename T>
  Result<T> number(std::string_view keyword, int base = 10) {
    const std::string_view* const text = value_of(keyword);
    const auto value = text == nullptr ? std::nullopt : to_number<T>(*text, base);
    if (!value)
      return bad(str(Printable(entry_.path), ": ", keyword, text == nullptr ? " is missing" : " is no number"));
    return *value;
  }

  Result<> read_type() {
    const std::string_view* const type = value_of("type");
    if (type != nullptr && *type == "file")
      entry_.type = EntryKind::file;
    else if (type != nullptr && *type == "dir")
      entry_.type = EntryKind::dir;
    else if (type != nullptr && *type == "link")
      entry_.type = EntryKind::link;
    else
      return bad(str(Printable(entry_.path), ": a bundle holds files, directories and links, and not ",
                     type == nullptr ? "this" : *type));
    return {};
  }

  Result<> read_tags() {
    const std::string_view* const tags = value_of("tags");
    if (tags == nullptr)
      return {};
    bool has_tier = false;
    for (const std::string_view tag : split(*tags, ',')) {
      if (tag == "setid")
        entry_.privileged = true;
      if (tag.size() != 2 || tag[0] != 't' || tag[1] < '0' || tag[1] > '3')
        continue;
      if (has_tier)
        return bad(str(Printable(entry_.path), ": it has two tiers"));
      has_tier = true;
      entry_.tier = static_cast<Tier>(tag[1] - '0');
    }
    return {};
  }

  Result<> read_numbers() {
    entry_.mode = TRY(number<uint32_t>("mode", 8));
    entry_.uid = TRY(number<uint32_t>("uid"));
    entry_.gid = TRY(number<uint32_t>("gid"));
    // chown(2) takes this number for "leave the owner as it is".
    if (entry_.uid == std::numeric_limits<uint32_t>::max() || entry_.gid == std::numeric_limits<uint32_t>::max())
      return bad(str(Printable(entry_.path), ": its owner is nobody's number"));
    if (entry_.mode > 07777)
      return bad(str(Printable(entry_.path), ": its mode has more than permissions"));
    switch (entry_.type) {
      case EntryKind::file: return read_file();
      case EntryKind::link: return read_link();
      case EntryKind::dir: return {};
    }
    return {};
  }

  Result<> read_file() {
    entry_.size = TRY(number<uint64_t>("size"));
    entry_.nlink = value_of("nlink") == nullptr ? 1 : TRY(number<uint32_t>("nlink"));
    if (entry_.nlink == 0)
      return bad(str(Printable(entry_.path), ": it has no names"));
    if ((entry_.mode & set_id_bits) != 0 && !entry_.privileged)
      return bad(str(Printable(entry_.path), ": it would run as another user, and the recipe does not name it so"));
    const std::string_view* const digest = value_of("sha256digest");
    const auto bytes = digest == nullptr ? std::nullopt : from_hex(*digest);
    if (!bytes || bytes->size() != entry_.sha256.size())
      return bad(str(Printable(entry_.path), ": sha256digest is ", digest == nullptr ? "missing" : "no digest"));
    std::ranges::copy(*bytes, entry_.sha256.begin());
    // A sum that wraps would make every later bound useless.
    if (entry_.size > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) - total_)
      return bad("the sizes add up to more than can be");
    total_ += entry_.size;
    return {};
  }

  Result<> read_link() {
    const std::string_view* const text = value_of("link");
    auto target = text == nullptr ? std::nullopt : decode(*text);
    if (!target || target->empty() || target->size() > max_path || !is_bundle_name(*target))
      return bad(str(Printable(entry_.path), ": its link target is ", text == nullptr ? "missing" : "not usable"));
    entry_.link = std::move(*target);
    return {};
  }

  // What is above must be there already, and be a directory: so nothing is ever below a file or a link.
  Result<> add() {
    const std::string_view parent = dir_name(entry_.path);
    if (parent != ".") {
      const auto above = types_.find(parent);
      if (above == types_.end())
        return bad(str(Printable(entry_.path), ": the directory that holds it is not listed before it"));
      if (above->second != EntryKind::dir)
        return bad(str(Printable(entry_.path), ": what should hold it is no directory"));
    }
    if (!types_.emplace(entry_.path, entry_.type).second)
      return bad(str(Printable(entry_.path), ": it is listed twice"));
    manifest_.entries.push_back(std::move(entry_));
    return {};
  }

  std::string_view text_;
  std::string_view path_;
  uint64_t line_number_ = 0;
  std::vector<std::string_view> words_;                       // of the line
  std::map<std::string, std::string, std::less<>> defaults_;  // what /set said, until /unset
  Keywords keywords_;                                         // of the entry, in the line or defaults_
  ManifestEntry entry_;
  uint64_t total_ = 0;
  std::map<std::string, EntryKind, std::less<>> types_;
  Manifest manifest_;
};

}  // namespace

bool is_bundle_name(std::string_view name) {
  const std::string shown = printable(name);
  // printable() escapes the backslash as well, which is allowed here.
  return shown.size() == name.size() + 3 * static_cast<size_t>(std::ranges::count(name, '\\'));
}

Result<Manifest> Manifest::parse(const Bytes& text) {
  return Parser(text).run();
}

std::string Manifest::print() const {
  static constexpr std::string_view types[] = {"file", "dir", "link"};
  // mtree(8) insists on the directory in which all of it is.
  std::string text = "#mtree\n. type=dir\n";
  for (const ManifestEntry& entry : entries) {
    text += str("./", encode(entry.path), " type=", types[static_cast<size_t>(entry.type)], " mode=0",
                to_octal(entry.mode), " uid=", entry.uid, " gid=", entry.gid);
    if (entry.type == EntryKind::file) {
      const std::string_view digest(reinterpret_cast<const char*>(entry.sha256.data()), entry.sha256.size());
      text += str(" nlink=", entry.nlink, " size=", entry.size, " sha256digest=", to_hex(digest));
    } else if (entry.type == EntryKind::link) {
      text += str(" link=", encode(entry.link));
    }
    text += str(" tags=t", static_cast<int>(entry.tier), entry.privileged ? ",setid" : "", '\n');
  }
  return text;
}

const ManifestEntry* Manifest::find(std::string_view path) const {
  const auto at = std::ranges::find(entries, path, &ManifestEntry::path);
  return at == entries.end() ? nullptr : &*at;
}

uint64_t Manifest::total_size() const {
  uint64_t total = 0;
  for (const ManifestEntry& entry : entries)
    total += entry.size;
  return total;
}

}  // namespace rescue
