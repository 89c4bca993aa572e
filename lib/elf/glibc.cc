#include "lib/elf/glibc.h"

#include <algorithm>
#include <array>

#include "lib/base/fd.h"
#include "lib/base/text.h"

namespace rescue::elf {

namespace {

constexpr std::string_view digits = "0123456789";
constexpr uint64_t longest_segment = 64 << 20;

// The strings of a program stand in its read-only segments: first those without code, which are small.
Result<std::optional<std::string>> read_segment(int fd, const Image& image, const Segment& segment,
                                                std::string_view path) {
  if (segment.type != PT_LOAD || (segment.flags & PF_W) != 0 || segment.offset >= image.file_size)
    return std::nullopt;
  const uint64_t size = std::min({segment.file_size, image.file_size - segment.offset, longest_segment});
  std::string bytes(size, '\0');
  bytes.resize(TRY(pread_full(fd, bytes, segment.offset, path)));
  return bytes;
}

// Calls `look` with the read-only segments in turn until it gives true.
template <typename F>
Result<> search_segments(int fd, const Image& image, std::string_view path, F look) {
  for (const bool code : {false, true}) {
    for (const Segment& segment : image.segments) {
      if (((segment.flags & PF_X) != 0) != code)
        continue;
      const auto bytes = TRY(read_segment(fd, image, segment, path));
      if (bytes && look(*bytes))
        return {};
    }
  }
  return {};
}

// Reads the banner around the words "release version " at `words`.
std::optional<Banner> banner_at(std::string_view bytes, size_t words, size_t words_size) {
  // Upstream glibc 2.12 has no parenthesis. A line far longer than any banner is something else.
  const std::string_view before = bytes.substr(words > 256 ? words - 256 : 0, std::min<size_t>(words, 256));
  const size_t start = before.find_last_of(std::string_view("\0\n", 2));
  std::string_view head = start == std::string_view::npos ? before : before.substr(start + 1);
  const size_t last_word = head.rfind(' ');
  if (last_word == std::string_view::npos)
    return std::nullopt;
  Banner banner;
  banner.release = head.substr(last_word + 1);
  head = head.substr(0, last_word);
  if (const size_t open = head.find(" ("); open != std::string_view::npos && head.ends_with(')')) {
    banner.package = head.substr(open + 2, head.size() - open - 3);
    head = head.substr(0, open);
  }
  banner.program = head;
  std::string_view number = bytes.substr(words + words_size, 32);
  number = number.substr(0, number.find_first_not_of("0123456789."));
  while (number.ends_with('.'))
    number.remove_suffix(1);
  banner.version = number;
  const bool ours = banner.program == "GNU C Library" || banner.program == "ld.so" || banner.program == "ldconfig";
  if (!ours || number.empty() || digits.find(number[0]) == std::string_view::npos)
    return std::nullopt;
  return banner;
}

// "2.31" of "ld-2.31.so" and "libc-2.31.so".
std::string_view version_in_file_name(std::string_view name) {
  for (const std::string_view prefix : {"ld-", "libc-"}) {
    if (!name.starts_with(prefix) || !name.ends_with(".so"))
      continue;
    const std::string_view number = name.substr(prefix.size(), name.size() - prefix.size() - 3);
    if (!number.empty() && number.find_first_not_of("0123456789.") == std::string_view::npos &&
        number.find('.') != std::string_view::npos)
      return number;
  }
  return {};
}

std::string newest_of(const std::vector<VersionName>& names) {
  std::string_view newest;
  for (const VersionName& name : names) {
    const std::string_view release = glibc_release_in(name.name);
    if (!release.empty() && (newest.empty() || compare_versions(release, newest) > 0))
      newest = release;
  }
  return std::string(newest);
}

constexpr std::array<std::string_view, 24> family = {
    "libc.so.6",           "libm.so.6",          "libmvec.so.1",      "libpthread.so.0",      "libdl.so.2",
    "librt.so.1",          "libutil.so.1",       "libanl.so.1",       "libresolv.so.2",       "libnss_files.so.2",
    "libnss_dns.so.2",     "libnss_compat.so.2", "libnss_db.so.2",    "libnss_hesiod.so.2",   "libnss_nis.so.2",
    "libnss_nisplus.so.2", "libnsl.so.1",        "libthread_db.so.1", "libBrokenLocale.so.1", "libc_malloc_debug.so.0",
    "libSegFault.so",      "libmemusage.so",     "libpcprofile.so",   "libcidn.so.1",
};

bool is_path_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("/._+-").find(c) != std::string_view::npos;
}

// A directory as the loader holds it: absolute, with a closing slash, and more than the root itself.
bool is_search_dir(std::string_view text) {
  return text.size() > 2 && text.starts_with('/') && text.ends_with('/') && std::ranges::all_of(text, is_path_byte) &&
         text.find_first_not_of('/') != std::string_view::npos;
}

// One directory per line of thought: doubled slashes go, and so does the closing one.
std::string tidy_dir(std::string_view text) {
  std::string dir;
  for (const char c : text)
    if (c != '/' || !dir.ends_with('/'))
      dir += c;
  if (dir.ends_with('/'))
    dir.pop_back();
  return dir;
}

// "x86-64-v4:x86-64-v3:x86-64-v2", "power10:power9", "z16:z15:z14:z13".
std::vector<std::string> find_hwcaps(std::string_view bytes) {
  for (const std::string_view last : {"x86-64-v2", "power9", "z13"}) {
    const std::string ending = str(':', last, '\0');
    const size_t end = bytes.find(ending);
    if (end == std::string_view::npos)
      continue;
    const std::string_view list = bytes.substr(0, end + 1 + last.size());
    std::vector<std::string> names;
    for (const std::string_view name : split(list.substr(list.rfind('\0') + 1), ':'))
      names.emplace_back(name);
    return names;
  }
  return {};
}

}  // namespace

std::optional<Banner> find_banner(std::string_view bytes) {
  constexpr std::string_view words = " release version ";
  for (size_t at = bytes.find(words); at != std::string_view::npos; at = bytes.find(words, at + 1))
    if (auto banner = banner_at(bytes, at, words.size()))
      return banner;
  return std::nullopt;
}

Result<std::optional<GlibcVersion>> glibc_version(int fd, const Image& image, std::string_view path) {
  std::optional<Banner> banner;
  TRY(search_segments(fd, image, path, [&](std::string_view bytes) {
    banner = find_banner(bytes);
    return banner.has_value();
  }));
  if (banner)
    return GlibcVersion{std::move(banner->version), std::move(banner->package), VersionSource::banner};
  if (!is_libc_soname(image.soname) && !is_loader_soname(image.soname))
    return std::nullopt;
  if (const std::string_view version = version_in_file_name(base_name(path)); !version.empty())
    return GlibcVersion{std::string(version), {}, VersionSource::file_name};
  if (std::string version = newest_of(image.version_definitions); !version.empty())
    return GlibcVersion{std::move(version), {}, VersionSource::version_names};
  return std::nullopt;
}

bool is_glibc_soname(std::string_view soname) {
  return std::ranges::find(family, soname) != family.end() || is_libc_soname(soname) || is_loader_soname(soname);
}

bool is_libc_soname(std::string_view soname) {
  return soname == "libc.so.6" || soname == "libc.so.6.1";  // .1 on Alpha and Itanium
}

bool is_loader_soname(std::string_view soname) {
  return soname.starts_with("ld-linux") || soname == "ld.so.1" || soname == "ld64.so.1" || soname == "ld64.so.2";
}

int compare_versions(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    const auto take = [](std::string_view& text) {
      const std::string_view piece = text.substr(0, text.find('.'));
      text.remove_prefix(std::min(text.size(), piece.size() + 1));
      return piece;
    };
    const std::string_view x = take(a), y = take(b);
    const auto left = to_number<uint32_t>(x), right = to_number<uint32_t>(y);
    // Anything that is no number comes before numbers, an absent piece before all.
    const int order = left && right ? (*left > *right) - (*left < *right) : x.compare(y);
    if (order != 0)
      return order < 0 ? -1 : 1;
  }
  return 0;
}

std::string_view glibc_release_in(std::string_view version_name) {
  constexpr std::string_view prefix = "GLIBC_";
  if (!version_name.starts_with(prefix))
    return {};
  const std::string_view rest = version_name.substr(prefix.size());
  const bool number = !rest.empty() && digits.find(rest[0]) != std::string_view::npos;
  return number ? rest : std::string_view{};
}

std::string newest_glibc_needed(const Image& image) {
  std::string newest;
  for (const VersionNeed& need : image.version_needs) {
    if (!is_glibc_soname(need.library))
      continue;
    if (std::string one = newest_of(need.versions);
        !one.empty() && (newest.empty() || compare_versions(one, newest) > 0))
      newest = std::move(one);
  }
  return newest;
}

// The longest run of such strings that stand directly behind each other; the loader has its table once or twice.
std::vector<std::string> search_dirs_in(std::string_view bytes) {
  std::vector<std::string> best, run;
  size_t offset = 0;
  while (offset < bytes.size()) {
    const size_t zero = bytes.find('\0', offset);
    if (zero == std::string_view::npos)
      break;
    const std::string_view text = bytes.substr(offset, zero - offset);
    if (is_search_dir(text))
      run.push_back(tidy_dir(text));
    else
      run.clear();
    if (run.size() > best.size())
      best = run;
    offset = zero + 1;
  }
  return best;
}

LoaderFacts loader_facts_in(std::string_view bytes) {
  LoaderFacts facts;
  facts.default_dirs = search_dirs_in(bytes);
  facts.hwcaps = find_hwcaps(bytes);
  facts.glibc_hwcaps = bytes.find("glibc-hwcaps") != std::string_view::npos;
  facts.legacy_hwcaps = bytes.find(std::string_view("\0tls\0", 5)) != std::string_view::npos;
  if (!facts.default_dirs.empty()) {
    // $LIB is compiled in as well, but nothing marks it; it is the library directory without its prefix.
    std::string_view lib = facts.default_dirs[0];
    if (lib.starts_with("/usr/"))
      lib.remove_prefix(4);
    facts.lib = lib.substr(1);
  }
  return facts;
}

Result<LoaderFacts> read_loader_facts(int fd, const Image& image, std::string_view path) {
  std::string all;
  TRY(search_segments(fd, image, path, [&](std::string_view bytes) {
    all += bytes;
    all += '\0';
    return false;
  }));
  return loader_facts_in(all);
}

}  // namespace rescue::elf
