#include "lib/health/dpkg_db.h"

#include <algorithm>
#include <cerrno>
#include <ranges>

#include "lib/base/sort.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr std::string_view place = "var/lib/dpkg/";
constexpr uint64_t largest_file = 256 << 20;
constexpr size_t path_column = 34;  // of a line of md5sums: 32 digits and two blanks

std::string_view without_slash(std::string_view path) {
  while (path.starts_with('/'))
    path.remove_prefix(1);
  return path;
}

std::string_view next_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

// The first blank-separated word, which is taken off.
std::string_view next_word(std::string_view& text) {
  text = trim(text);
  const size_t end = text.find(' ');
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end);
  return word;
}

// "/etc/gai.conf 28fa76ff5a9e0566eaa1e11f1ce51f09", and perhaps "obsolete".
void take_conffile(std::string_view line, dpkg::Stanza& stanza) {
  // The path may have blanks in it: the digest is the last word that looks like one.
  line = trim(line);
  if (line.ends_with(" obsolete"))
    line.remove_suffix(9);
  const size_t blank = line.rfind(' ');
  if (blank == std::string_view::npos || !is_digest_text(DigestAlgorithm::md5, line.substr(blank + 1)))
    return;
  stanza.conffiles.emplace_back(without_slash(trim(line.substr(0, blank))), line.substr(blank + 1));
}

// The package's files are there, whatever is left to be done for others.
bool is_complete(std::string_view state) {
  const std::string_view word = state.substr(state.rfind(' ') + 1);
  return word == "installed" || word == "triggers-pending" || word == "triggers-awaited";
}

void take_field(std::string_view name, std::string_view value, dpkg::Stanza& stanza) {
  InstalledPackage& package = stanza.package;
  if (name == "Package")
    package.name = value;
  else if (name == "Version" || (name == "Config-Version" && package.version.empty()))
    package.version = value;
  else if (name == "Architecture")
    package.architecture = value;
  else if (name == "Source")
    package.source = value.substr(0, value.find(' '));
  else if (name == "Status")
    package.state = value;
}

}  // namespace

namespace dpkg {

std::vector<Stanza> parse_status(std::string_view text) {
  std::vector<Stanza> stanzas;
  Stanza stanza;
  bool in_conffiles = false;
  const auto finish = [&] {
    InstalledPackage& package = stanza.package;
    if (package.source.empty())
      package.source = package.name;
    package.installed = is_complete(package.state);
    if (!package.name.empty() && !package.version.empty())
      stanzas.push_back(std::move(stanza));
    stanza = {};
  };
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    if (line.empty()) {
      finish();
    } else if (line[0] == ' ' || line[0] == '\t') {
      if (in_conffiles)
        take_conffile(line, stanza);
      continue;
    } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
      take_field(line.substr(0, colon), trim(line.substr(colon + 1)), stanza);
    }
    in_conffiles = line.starts_with("Conffiles:");
  }
  finish();
  return stanzas;
}

std::vector<Md5Line> parse_md5sums(std::string_view text) {
  std::vector<Md5Line> lines;
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    if (line.size() > path_column && is_digest_text(DigestAlgorithm::md5, line.substr(0, 32)))
      lines.push_back({.path = without_slash(line.substr(path_column)), .md5 = line.substr(0, 32)});
  }
  rescue::sort(lines, {}, &Md5Line::path);
  return lines;
}

std::optional<std::string_view> find_md5(std::string_view md5sums, std::string_view path) {
  for (size_t at = 0; (at = md5sums.find(path, at)) != std::string_view::npos; ++at) {
    const size_t start = md5sums.substr(0, at).rfind('\n') + 1;  // npos + 1 is the beginning
    const size_t end = std::min(md5sums.find('\n', at), md5sums.size());
    const std::string_view line = md5sums.substr(start, end - start);
    if (line.size() > path_column && line.substr(path_column) == path &&
        is_digest_text(DigestAlgorithm::md5, line.substr(0, 32)))
      return line.substr(0, 32);
  }
  return std::nullopt;
}

std::vector<Diversion> parse_diversions(std::string_view text) {
  std::vector<Diversion> diversions;
  while (!text.empty()) {
    Diversion diversion;
    diversion.from = without_slash(next_line(text));
    diversion.to = without_slash(next_line(text));
    diversion.package = next_line(text);
    if (diversion.package == ":")
      diversion.package.clear();
    if (!diversion.from.empty() && !diversion.to.empty())
      diversions.push_back(std::move(diversion));
  }
  rescue::sort(diversions, {}, &Diversion::from);
  return diversions;
}

std::map<std::string, Override, std::less<>> parse_overrides(std::string_view text) {
  std::map<std::string, Override, std::less<>> overrides;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    Override entry;
    entry.user = next_word(line);
    entry.group = next_word(line);
    const auto mode = to_number<uint32_t>(next_word(line), 8);
    const std::string_view path = without_slash(trim(line));
    if (!mode || path.empty())
      continue;
    entry.mode = *mode;
    overrides.emplace(path, std::move(entry));
  }
  return overrides;
}

}  // namespace dpkg

Result<std::unique_ptr<PackageDb>> DpkgDb::open(const Root& root) {
  if (!root.exists(str(place, "status")) && !root.exists(str(place, "status-old")))
    return nullptr;
  auto db = std::make_unique<DpkgDb>(root);
  TRY(db->read_status());
  // Most systems have neither.
  if (const auto text = root.read_file(str(place, "diversions"), largest_file))
    db->diversions_ = dpkg::parse_diversions(*text);
  if (const auto text = root.read_file(str(place, "statoverride"), largest_file))
    db->overrides_ = dpkg::parse_overrides(*text);
  return db;
}

// dpkg writes `status` anew and renames it; the one before is in `status-old`.
Result<> DpkgDb::read_status() {
  Error first;
  for (const std::string_view name : {"status", "status-old"}) {
    path_ = str(place, name);
    const auto text = root_.read_file(path_, largest_file);
    if (!text) {
      if (first.path().empty())
        first = text.error();
      continue;
    }
    auto stanzas = dpkg::parse_status(*text);
    if (stanzas.empty()) {
      if (first.path().empty())
        first = corrupt("read package database", root_.shown(path_), "knows of no package").error();
      continue;
    }
    if (!first.path().empty())
      faults_.push_back(str(message(first), "; ", root_.shown(path_), " was read instead"));
    for (dpkg::Stanza& stanza : stanzas) {
      packages_.push_back(std::move(stanza.package));
      records_.push_back({.conffiles = std::move(stanza.conffiles), .list = {}, .md5sums = {}});
    }
    return {};
  }
  return std::unexpected(std::move(first));
}

// A file of info/: of packages that may be installed for several architectures at once, the name has theirs in it.
const std::string& DpkgDb::text_of(size_t package, std::optional<std::string>& text, std::string_view ending) {
  if (text)
    return *text;
  const InstalledPackage& of = packages_[package];
  const std::string paths[] = {str(place, "info/", of.name, ':', of.architecture, '.', ending),
                               str(place, "info/", of.name, '.', ending)};
  for (const std::string& path : paths) {
    auto read = root_.read_file(path, largest_file);
    if (read)
      return text.emplace(*std::move(read));
    if (read.error().code() != ENOENT)
      faults_.push_back(message(read.error()));
  }
  if (ending == "list" && of.installed)
    faults_.push_back(str(root_.shown(paths[1]), ": the list of this package's files is missing"));
  return text.emplace();
}

// Where the file of that package is in truth.
std::string_view DpkgDb::diverted(size_t package, std::string_view path) const {
  const auto found = std::ranges::lower_bound(diversions_, path, {}, &dpkg::Diversion::from);
  const bool is_diverted =
      found != diversions_.end() && found->from == path && found->package != packages_[package].name;
  return is_diverted ? std::string_view(found->to) : path;
}

PackageFile DpkgDb::file_of(size_t package, std::string_view path, std::optional<std::string_view> md5) {
  const Records& records = records_[package];
  PackageFile file;
  file.path = diverted(package, path);
  const auto conffile = std::ranges::find(records.conffiles, path, [](const auto& entry) { return entry.first; });
  if (conffile != records.conffiles.end()) {
    file.config = true;
    file.digest = {DigestAlgorithm::md5, conffile->second};
  } else if (md5) {
    file.digest = {DigestAlgorithm::md5, std::string(*md5)};
  }
  if (const auto found = overrides_.find(file.path); found != overrides_.end()) {
    file.mode = found->second.mode;
    file.user = found->second.user;
    file.group = found->second.group;
  }
  return file;
}

Result<std::vector<PackageFile>> DpkgDb::files(size_t i) {
  std::vector<PackageFile> files;
  const auto md5sums = dpkg::parse_md5sums(md5sums_of(i));
  std::string_view text = list_of(i);
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    if (line.empty() || line == "/.")
      continue;
    const std::string_view path = without_slash(line);
    const auto known = std::ranges::lower_bound(md5sums, path, {}, &dpkg::Md5Line::path);
    const bool has_md5 = known != md5sums.end() && known->path == path;
    files.push_back(file_of(i, path, has_md5 ? std::optional(known->md5) : std::nullopt));
  }
  return files;
}

Result<> DpkgDb::list_paths(PathTaker& taker) {
  for (size_t i = 0; i < packages_.size(); ++i) {
    const std::string_view list = list_of(i);
    std::string_view text = list;
    while (!text.empty()) {
      const size_t at = list.size() - text.size();
      if (const std::string_view line = next_line(text); !line.empty() && line != "/.")
        taker.take(i, at, diverted(i, without_slash(line)));
    }
  }
  return {};
}

Result<PackageFile> DpkgDb::file_at(size_t package, size_t at) {
  std::string_view text = std::string_view(list_of(package)).substr(at);
  const std::string_view path = without_slash(next_line(text));
  return file_of(package, path, dpkg::find_md5(md5sums_of(package), path));
}

}  // namespace rescue
