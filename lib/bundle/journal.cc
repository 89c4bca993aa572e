#include "lib/bundle/journal.h"

#include <algorithm>
#include <array>
#include <optional>

#include "lib/base/text.h"
#include "lib/crypto/digest.h"

namespace rescue {

namespace {

constexpr std::string_view first_line = "rescue-journal 1";
constexpr std::array<std::string_view, 5> action_names = {"put", "attributes", "remove", "move", "flags"};
constexpr std::array<std::string_view, 5> kind_names = {"nothing", "file", "dir", "link", "other"};

// Blanks, `=`, backslashes and all that is not plain ASCII as \ooo: one word per value, one line per step.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte > 0x20 && byte < 0x7f && c != '\\' && c != '=') {
      out += c;
      continue;
    }
    out += '\\';
    for (const int shift : {6, 3, 0})
      out += static_cast<char>('0' + ((byte >> shift) & 7));
  }
  return out;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text[0] != '\\') {
      out += text[0];
      text.remove_prefix(1);
      continue;
    }
    const auto byte = text.size() >= 4 ? to_number<uint16_t>(text.substr(1, 3), 8) : std::nullopt;
    if (!byte || *byte > 255)
      return std::nullopt;
    out += static_cast<char>(*byte);
    text.remove_prefix(4);
  }
  return out;
}

std::string print_attributes(const Attributes& a) {
  return str(to_octal(a.mode), ',', a.uid, ',', a.gid);
}

std::string print_step(const Step& step) {
  std::string line = str(action_names[static_cast<size_t>(step.action)], " path=", escaped(step.path));
  const auto add = [&line](std::string_view key, std::string_view value) {
    line += ' ';
    line += key;
    line += '=';
    line += value;
  };
  switch (step.action) {
    case Action::put:
      add("kind", kind_names[static_cast<size_t>(step.kind)]);
      add("attributes", print_attributes(step.attributes));
      if (step.kind == NodeKind::file)
        add("sha256", to_hex({reinterpret_cast<const char*>(step.sha256.data()), step.sha256.size()}));
      if (step.kind == NodeKind::link)
        add("link", escaped(step.link));
      [[fallthrough]];
    case Action::remove:
      add("old", kind_names[static_cast<size_t>(step.old_kind)]);
      add("area", str(step.area));
      break;
    case Action::attributes:
      add("attributes", print_attributes(step.attributes));
      add("old-attributes", print_attributes(step.old_attributes));
      break;
    case Action::move: add("to", escaped(step.to)); break;
    case Action::flags: add("flags", str(step.flags)); break;
  }
  return line + '\n';
}

std::optional<Attributes> parse_attributes(std::string_view text) {
  const auto parts = split(text, ',');
  if (parts.size() != 3)
    return std::nullopt;
  const auto mode = to_number<uint32_t>(parts[0], 8);
  const auto uid = to_number<uint32_t>(parts[1]);
  const auto gid = to_number<uint32_t>(parts[2]);
  if (!mode || !uid || !gid || (*mode & ~07777U) != 0)
    return std::nullopt;
  return Attributes{*mode, *uid, *gid};
}

template <size_t n>
std::optional<size_t> index_of(const std::array<std::string_view, n>& names, std::string_view name) {
  const auto* const at = std::ranges::find(names, name);
  if (at == names.end())
    return std::nullopt;
  return static_cast<size_t>(at - names.begin());
}

// A place inside the root that no `..` and no absolute path makes another one.
bool is_plain_path(std::string_view path) {
  if (path.empty() || path.size() > 4095 || path.find('\0') != std::string_view::npos)
    return false;
  return std::ranges::none_of(split(path, '/'),
                              [](std::string_view part) { return part.empty() || part == "." || part == ".."; });
}

// Reads one `key=value` into the step; false when it cannot be.
bool parse_field(Step& step, std::string_view key, std::string_view value) {
  const auto store = [](auto& member, const auto& parsed) {
    if (parsed)
      member = *parsed;
    return parsed.has_value();
  };
  const auto kind = [&](NodeKind& member) {
    const auto index = index_of(kind_names, value);
    if (index)
      member = static_cast<NodeKind>(*index);
    return index.has_value();
  };
  if (key == "path")
    return store(step.path, unescaped(value)) && is_plain_path(step.path);
  if (key == "to")
    return store(step.to, unescaped(value)) && is_plain_path(step.to);
  if (key == "link")
    return store(step.link, unescaped(value));
  if (key == "kind")
    return kind(step.kind);
  if (key == "old")
    return kind(step.old_kind);
  if (key == "attributes")
    return store(step.attributes, parse_attributes(value));
  if (key == "old-attributes")
    return store(step.old_attributes, parse_attributes(value));
  if (key == "flags")
    return store(step.flags, to_number<uint32_t>(value));
  if (key == "area")
    return store(step.area, to_number<uint32_t>(value));
  const auto bytes = key == "sha256" ? from_hex(value) : std::nullopt;
  if (!bytes || bytes->size() != step.sha256.size())
    return false;
  std::ranges::transform(*bytes, step.sha256.begin(), [](char c) { return static_cast<uint8_t>(c); });
  return true;
}

std::optional<Step> parse_step(std::string_view line) {
  Step step;
  bool first = true;
  for (const std::string_view word : split(line, ' ')) {
    if (first) {
      const auto action = index_of(action_names, word);
      if (!action)
        return std::nullopt;
      step.action = static_cast<Action>(*action);
      first = false;
      continue;
    }
    const size_t equals = word.find('=');
    if (equals == std::string_view::npos || !parse_field(step, word.substr(0, equals), word.substr(equals + 1)))
      return std::nullopt;
  }
  const bool complete = !step.path.empty() && (step.action != Action::move || !step.to.empty());
  const bool puttable = step.action != Action::put || (step.kind != NodeKind::nothing && step.kind != NodeKind::other);
  return complete && puttable ? std::optional(step) : std::nullopt;
}

std::string digest_line(std::string_view text) {
  Sha256 hash;
  hash.update(text);
  const auto digest = hash.finish();
  return str("end ", to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()}), '\n');
}

bool parse_line(Journal& journal, std::string_view line) {
  const size_t blank = line.find(' ');
  const std::string_view word = line.substr(0, blank);
  const std::string_view rest = blank == std::string_view::npos ? "" : line.substr(blank + 1);
  if (word == "made" || word == "area" || word == "what") {
    auto text = unescaped(rest);
    if (!text || (word != "what" && !is_plain_path(*text)))
      return false;
    if (word == "what")
      journal.what = std::move(*text);
    else
      (word == "made" ? journal.made : journal.areas).push_back(std::move(*text));
    return true;
  }
  if (line == "continues")
    return journal.continues = true;
  auto step = parse_step(line);
  if (!step)
    return false;
  journal.steps.push_back(std::move(*step));
  return true;
}

}  // namespace

Result<Journal> Journal::parse(const Bytes& bytes) {
  const std::string_view text = bytes.text();
  const auto bad = [&](std::string_view why) { return corrupt("read the journal", bytes.path(), why); };
  // The last line is the digest of all before it: a journal is used whole or not at all.
  const size_t end = text.size() < 2 ? std::string_view::npos : text.rfind('\n', text.size() - 2);
  if (end == std::string_view::npos || !text.ends_with('\n'))
    return bad("it is cut off");
  if (text.substr(end + 1) != digest_line(text.substr(0, end + 1)))
    return bad("its checksum is wrong");
  Journal journal;
  bool first = true;
  for (const std::string_view line : split(text.substr(0, end), '\n')) {
    if (first ? line != first_line : !parse_line(journal, line))
      return bad(str("unknown line '", Printable(line.substr(0, 80)), '\''));
    first = false;
  }
  for (const Step& step : journal.steps)
    if ((step.action == Action::put || step.action == Action::remove) && step.area >= journal.areas.size())
      return bad("a step names an area that is not there");
  return journal;
}

std::string Journal::print() const {
  std::string text = str(first_line, "\nwhat ", escaped(what), '\n');
  if (continues)
    text += "continues\n";
  for (const std::string& dir : made)
    text += str("made ", escaped(dir), '\n');
  for (const std::string& area : areas)
    text += str("area ", escaped(area), '\n');
  for (const Step& step : steps)
    text += print_step(step);
  return text + digest_line(text);
}

}  // namespace rescue
