#include "lib/bundle/info.h"

#include <optional>

#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr uint64_t max_info = 1 << 20;

// The characters that a value may hold without quotes, and a name of a list without escapes.
bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._+~:-@/").contains(c);
}

std::unexpected<Error> bad(std::string_view path, std::string_view detail) {
  return with_status(corrupt("bundle information", path, detail).error(), Status::bad_data);
}

// --- Lists: "libc.so.6(GLIBC_2.2.5,GLIBC_2.3) libm.so.6(GLIBC_2.29)". A name's other characters are %XX.

std::string escape(std::string_view name) {
  std::string text;
  for (const char c : name)
    text += is_plain(c) ? std::string(1, c) : str('%', to_hex({&c, 1}));
  return text;
}

std::optional<std::string> unescape(std::string_view text) {
  std::string name;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      name += text[i];
      continue;
    }
    const auto byte = text.size() - i > 2 ? from_hex(text.substr(i + 1, 2)) : std::nullopt;
    if (!byte)
      return std::nullopt;
    name += *byte;
    i += 2;
  }
  if (name.empty() || name.contains('\0'))
    return std::nullopt;
  return name;
}

std::string print_names(const VersionNames& names) {
  std::string text;
  for (const auto& [soname, versions] : names) {
    text += text.empty() ? "" : " ";
    text += str(escape(soname), '(');
    for (bool first = true; const std::string& version : versions) {
      text += first ? "" : ",";
      text += escape(version);
      first = false;
    }
    text += ')';
  }
  return text;
}

std::optional<VersionNames> parse_names(std::string_view text) {
  VersionNames names;
  for (const std::string_view word : split(text, ' ')) {
    if (word.empty())
      continue;
    const size_t open = word.find('(');
    if (open == std::string_view::npos || !word.ends_with(')'))
      return std::nullopt;
    const auto soname = unescape(word.substr(0, open));
    if (!soname || names.contains(*soname))
      return std::nullopt;
    auto& versions = names[*soname];
    const std::string_view list = word.substr(open + 1, word.size() - open - 2);
    if (list.empty())
      continue;
    for (const std::string_view item : split(list, ',')) {
      auto version = unescape(item);
      if (!version)
        return std::nullopt;
      versions.insert(std::move(*version));
    }
  }
  return names;
}

// "libc6=2.36-9+deb12u14=SHA256": the digest may be empty.
std::string print_packages(const std::vector<SourcePackage>& packages) {
  std::string text;
  for (const SourcePackage& package : packages) {
    text += text.empty() ? "" : " ";
    text += str(escape(package.name), '=', escape(package.version), '=', package.sha256);
  }
  return text;
}

std::optional<std::vector<SourcePackage>> parse_packages(std::string_view text) {
  std::vector<SourcePackage> packages;
  for (const std::string_view word : split(text, ' ')) {
    if (word.empty())
      continue;
    const auto fields = split(word, '=');
    if (fields.size() != 3)
      return std::nullopt;
    auto name = unescape(fields[0]);
    auto version = unescape(fields[1]);
    if (!name || !version || !(fields[2].empty() || (fields[2].size() == 64 && from_hex(fields[2]))))
      return std::nullopt;
    packages.push_back({std::move(*name), std::move(*version), std::string(fields[2])});
  }
  return packages;
}

// --- Values: as in os-release(5), so that a shell can read the file too.

std::string quote(std::string_view value) {
  bool plain = true;
  std::string text;
  for (const char c : value) {
    plain = plain && is_plain(c);
    if (std::string_view("\\\"$`").contains(c))
      text += '\\';
    text += c;
  }
  return plain ? text : str('"', text, '"');
}

std::optional<std::string> unquote(std::string_view text) {
  char quote = 0;
  if (text.starts_with('"') || text.starts_with('\'')) {
    quote = text[0];
    if (text.size() < 2 || text.back() != quote)
      return std::nullopt;
    text = text.substr(1, text.size() - 2);
  }
  std::string value;
  for (size_t i = 0; i < text.size(); ++i) {
    if (static_cast<uint8_t>(text[i]) < 0x20 || text[i] == 0x7f || text[i] == quote)
      return std::nullopt;
    if (text[i] == '\\' && quote != '\'') {
      // A backslash does not make a control character fit for one line.
      ++i;
      if (i == text.size() || static_cast<uint8_t>(text[i]) < 0x20 || text[i] == 0x7f)
        return std::nullopt;
    } else if (quote == 0 && !is_plain(text[i])) {
      return std::nullopt;
    }
    value += text[i];
  }
  return value;
}

// The keys whose value is one text.
struct Key {
  std::string_view name;
  std::string BundleInfo::* member;
};
constexpr Key keys[] = {
    {"NAME", &BundleInfo::name},
    {"VERSION", &BundleInfo::version},
    {"ARCH", &BundleInfo::arch},
    {"OS_ID", &BundleInfo::os_id},
    {"OS_VERSION_ID", &BundleInfo::os_version_id},
    {"INTERP", &BundleInfo::interp},
    {"GLIBC_VERSION", &BundleInfo::glibc_version},
    {"GLIBC_BUILD", &BundleInfo::glibc_build},
    {"LIBC_BUILD_ID", &BundleInfo::libc_build_id},
    {"ISA", &BundleInfo::isa},
    {"SOURCE", &BundleInfo::source},
};

template <typename T>
bool take(T& member, std::optional<T> value) {
  if (value)
    member = std::move(*value);
  return value.has_value();
}

// Stores one value; false when it is not well-formed.
bool store(BundleInfo& info, std::string_view key, std::string value) {
  for (const Key& known : keys)
    if (known.name == key) {
      info.*known.member = std::move(value);
      return true;
    }
  if (key == "SOURCE_PACKAGES")
    return take(info.packages, parse_packages(value));
  if (key == "PROVIDES")
    return take(info.provides, parse_names(value));
  if (key == "REQUIRES")
    return take(info.requires_, parse_names(value));
  return true;  // of a later version of the kit
}

bool is_key(std::string_view text) {
  for (const char c : text)
    if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '_')
      return false;
  return !text.empty();
}

// Reads one line into `info`; `seen` holds the keys of earlier lines.
Result<> parse_line(BundleInfo& info, std::string_view line, std::map<std::string, std::string, std::less<>>& seen,
                    std::string_view path) {
  if (line.empty() || line.starts_with('#'))
    return {};
  const size_t equals = line.find('=');
  const std::string_view key = line.substr(0, equals);
  if (equals == std::string_view::npos || !is_key(key))
    return bad(path, str("not a line of KEY=value: ", Printable(line.substr(0, 60))));
  auto value = unquote(line.substr(equals + 1));
  if (!value)
    return bad(path, str("the value of ", key, " is not quoted as it must be"));
  if (!seen.emplace(key, *value).second)
    return bad(path, str(key, " is there twice"));
  if (!store(info, key, std::move(*value)))
    return bad(path, str("the value of ", key, " cannot be understood"));
  return {};
}

Result<> check(const BundleInfo& info, std::string_view path) {
  if (info.name.empty() || info.arch.empty())
    return bad(path, "NAME and ARCH must be given");
  // Scripts make file names of them.
  if (info.name.contains('/') || info.version.contains('/'))
    return bad(path, "NAME and VERSION must not hold a slash");
  if (info.source != "root" && info.source != "packages")
    return bad(path, "SOURCE must be root or packages");
  if (!info.interp.empty() && !info.interp.starts_with('/'))
    return bad(path, "INTERP must be an absolute path");
  if (!from_hex(info.libc_build_id))
    return bad(path, "LIBC_BUILD_ID must be hexadecimal");
  return {};
}

}  // namespace

Result<BundleInfo> BundleInfo::parse(const Bytes& text) {
  if (text.size() > max_info)
    return bad(text.path(), "it is too long");
  BundleInfo info;
  std::map<std::string, std::string, std::less<>> seen;
  for (const std::string_view line : split(text.text(), '\n'))
    TRY(parse_line(info, line, seen, text.path()));
  const auto format = seen.find("FORMAT");
  if (format == seen.end())
    return bad(text.path(), "it does not say its FORMAT");
  if (format->second != "1")
    return bad(text.path(), str("its format is ", Printable(format->second),
                                ", and this version of the kit reads format 1; use a newer kit"));
  TRY(check(info, text.path()));
  return info;
}

std::string BundleInfo::print() const {
  std::string text = "FORMAT=1\n";
  for (const Key& key : keys)
    text += str(key.name, '=', quote(this->*key.member), '\n');
  if (!packages.empty())
    text += str("SOURCE_PACKAGES=", quote(print_packages(packages)), '\n');
  text += str("PROVIDES=", quote(print_names(provides)), '\n');
  text += str("REQUIRES=", quote(print_names(requires_)), '\n');
  return text;
}

}  // namespace rescue
