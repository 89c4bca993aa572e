#include "lib/elf/cache_style.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <fcntl.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/elf/glibc.h"

namespace rescue::elf {

namespace {

constexpr uint64_t longest_segment = 16 << 20;

// Ubuntu's ldconfig is a script around the real one.
constexpr std::array<std::string_view, 4> ldconfig_paths = {
    "/sbin/ldconfig",
    "/usr/sbin/ldconfig",
    "/usr/bin/ldconfig",
    "/sbin/ldconfig.real",
};

struct Program {
  Image image;
  std::string bytes;  // of its read-only segments
};

// The segments in which a program's texts stand; code is left out, unless it has no segment of its own.
Result<std::string> texts_of(int fd, const Image& image, std::string_view path) {
  const bool apart = std::ranges::any_of(image.segments, [](const Segment& segment) {
    return segment.type == PT_LOAD && (segment.flags & (PF_W | PF_X)) == 0;
  });
  std::string all;
  for (const Segment& segment : image.segments) {
    if (segment.type != PT_LOAD || (segment.flags & PF_W) != 0 || (apart && (segment.flags & PF_X) != 0) ||
        segment.offset >= image.file_size)
      continue;
    const size_t start = all.size();
    const uint64_t size = std::min({segment.file_size, image.file_size - segment.offset, longest_segment});
    Result<size_t> got = 0;
    all.resize_and_overwrite(start + size, [&](char* data, size_t) {
      got = pread_full(fd, std::span(data + start, size), segment.offset, path);
      return start + got.value_or(0);
    });
    TRY(got);
    all += '\0';
  }
  return all;
}

Result<Program> read_program_texts(const Root& root, std::string_view path) {
  const UniqueFd fd = TRY(root.open_file(path, O_RDONLY | O_NONBLOCK));
  const std::string shown = root.shown(path);
  Program program{TRY(Image::open(fd.get(), shown)), {}};
  if (architecture_of(program.image) == nullptr)
    return corrupt("read program", shown, "is for a machine that is not known here");
  program.bytes = TRY(texts_of(fd.get(), program.image, shown));
  return program;
}

// For long words in much text this skips as far as the words are long.
size_t find_words(std::string_view bytes, std::string_view words, size_t from = 0) {
  const void* found = ::memmem(bytes.data() + from, bytes.size() - from, words.data(), words.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<size_t>(static_cast<const char*>(found) - bytes.data());
}

// The library directories that a program holds, most of which begin with "/usr/lib": to look for long words is fast.
std::vector<std::string> library_dirs_in(std::string_view bytes) {
  constexpr size_t longest_list = 512;
  std::vector<std::string> best, best_of_usr;
  const auto take = [&](size_t start, std::vector<std::string>& most) {
    auto dirs = search_dirs_in(bytes.substr(start, longest_list));
    if (dirs.size() > most.size())
      most = std::move(dirs);
  };
  for (const std::string_view words : {std::string_view("\0/usr/lib", 9), std::string_view("\0/lib", 5)}) {
    for (size_t at = find_words(bytes, words); at != std::string_view::npos; at = find_words(bytes, words, at + 1)) {
      // A directory among them ends with a slash. The one of `/` stands before that of /usr.
      if (!bytes.substr(0, bytes.find('\0', at + 1)).ends_with('/'))
        continue;
      take(at + 1, best_of_usr);
      const size_t before = bytes.substr(0, at).rfind('\0') + 1;
      if (bytes.substr(before).starts_with("/lib"))
        take(before, best);
    }
    if (!best_of_usr.empty())
      break;
  }
  return best_of_usr.size() > best.size() ? best_of_usr : best;
}

bool is_multiarch(const std::vector<std::string>& dirs) {
  return std::ranges::any_of(dirs, [](const std::string& dir) { return dir.find("-linux-gnu") != std::string::npos; });
}

// The built-in directories, as the macros of each architecture make them from the library directory.
std::vector<std::string> expand_lib_dir(const Arch& arch, std::string dir) {
  std::vector<std::string_view> others;
  const auto ends = [&](std::string_view tail) { return dir.ends_with(tail); };
  if (arch.machine == EM_RISCV) {
    for (const std::string_view tail : {"/lib64/lp64d", "/lib64/lp64"})
      if (ends(tail))
        dir.resize(dir.size() - tail.size() + 4);
    others = {"32/ilp32", "32/ilp32d", "64/lp64", "64/lp64d"};
  } else if (arch.machine == EM_LOONGARCH) {
    others = {"32", "64"};
  } else if (arch.machine == EM_X86_64 || arch.machine == EM_386) {
    others = {"64", "x32"};
  } else if (arch.machine != EM_ARM) {
    others = {"64"};
  }
  if (ends("/lib64"))
    dir.resize(dir.size() - 2);
  else if (ends("/libx32"))
    dir.resize(dir.size() - 3);
  std::vector<std::string> all = {dir};
  if (dir.ends_with("/lib"))
    for (const std::string_view other : others)
      all.push_back(str(dir, other));
  return all;
}

// Debian's ldconfig takes its loader's own list; glibc's takes the two library directories (or the one), widened.
std::vector<std::string> scanned_dirs(const Arch& arch, const std::vector<std::string>& loader_dirs) {
  if (is_multiarch(loader_dirs) || loader_dirs.size() > 2)
    return loader_dirs;
  std::vector<std::string> all;
  const std::vector<std::string> fallback = {str('/', arch.lib64), str("/usr/", arch.lib64)};
  for (const std::string& dir : loader_dirs.empty() ? fallback : loader_dirs)
    for (std::string& one : expand_lib_dir(arch, dir))
      all.push_back(std::move(one));
  return all;
}

uint8_t order_mark_of(const Arch& arch) {
  return arch.order == std::endian::little ? 2 : 3;
}

std::string generator_of(const Banner& banner) {
  const std::string package = banner.package.empty() ? std::string() : str('(', banner.package, ") ");
  return str("ldconfig ", package, banner.release, " release version ", banner.version);
}

// What the ldconfig's own words say. They tell more than its version: distributions carry changes back to older ones.
void take_words(CacheStyle& style, std::string_view bytes) {
  const auto has = [&](std::string_view words) { return find_words(bytes, words) != std::string_view::npos; };
  style.format = has("Format to use: new, old or compat (default)") ? CacheFormat::compat : CacheFormat::new_format;
  style.named_hwcaps = has("%s/glibc-hwcaps");
  style.old_libcs = style.legacy_hwcaps = has("libc4 library %s in wrong directory");
  style.os_versions = has(", OS ABI: %s %d.%d.%d");
  style.keeps_loader_link = has("is the dynamic linker, ignoring");
  // Debian and Ubuntu mark the byte order since 2.31, glibc itself since 2.33.
  const bool marks = style.named_hwcaps ||
                     (style.format == CacheFormat::new_format && (has("(Debian GLIBC 2.") || has("(Ubuntu GLIBC 2.")));
  style.order_mark = marks ? order_mark_of(*style.arch) : 0;
}

class Detective {
 public:
  explicit Detective(const Root& root) : root_(root) {}

  Result<CacheStyle> run(std::string_view cache_path) {
    read_cache(cache_path);
    for (const std::string_view path : ldconfig_paths)
      if (auto program = read_program_texts(root_, path);
          program && program->bytes.find("ld.so.cache") != std::string::npos)
        return from_ldconfig(*program);
    find_loader();
    if (arch_ == nullptr && !find_arch_by_libc())
      return fail("write cache", root_.shown(cache_path), "nothing in this system tells which glibc it has");
    return from_libc();
  }

 private:
  void read_cache(std::string_view path) {
    auto bytes = root_.read_file(path);
    if (!bytes)
      return;
    if (auto cache = Cache::parse(std::move(*bytes), path))
      cache_ = std::move(*cache);
  }

  CacheStyle from_ldconfig(const Program& program) {
    arch_ = architecture_of(program.image);
    dirs_ = library_dirs_in(program.bytes);
    // Before 2.33 an ldconfig does not name its version in one piece, and does not write it into the cache either.
    const auto banner = find_banner(program.bytes);
    CacheStyle style = style_of_version(*arch_, banner ? banner->version : "2.32", "");
    take_words(style, program.bytes);
    finish(style, banner);
    return style;
  }

  Result<CacheStyle> from_libc() {
    auto banner = libc_banner();
    if (!banner && cache_)
      banner = find_banner(cache_->generator());
    if (!banner)
      return fail("write cache", root_.path(), "the version of this system's glibc cannot be told");
    CacheStyle style = style_of_version(*arch_, banner->version, banner->package);
    style.keeps_loader_link = is_multiarch(dirs_);
    finish(style, banner);
    return style;
  }

  void finish(CacheStyle& style, const std::optional<Banner>& banner) const {
    style.default_dirs = scanned_dirs(*arch_, dirs_);
    if (style.named_hwcaps && banner)
      style.generator = generator_of(*banner);
    // The last ldconfig shows best whether it marks the byte order: some distributions carried that back.
    if (cache_ && cache_->format() != CacheFormat::old_format && !style.named_hwcaps)
      style.order_mark = cache_->order_mark();
  }

  // The first loader that is there and is what its name says. The table has the 64-bit ones first.
  void find_loader() {
    for (const Arch& arch : architectures()) {
      if (arch_ != nullptr && &arch != arch_)
        continue;
      auto program = read_program_texts(root_, arch.interpreter);
      if (!program || architecture_of(program->image) != &arch)
        continue;
      arch_ = &arch;
      loader_banner_ = find_banner(program->bytes);
      if (dirs_.empty())
        dirs_ = library_dirs_in(program->bytes);
      return;
    }
  }

  static std::vector<std::string> libc_dirs(const Arch& arch) {
    return {str("/lib/", arch.triplet),
            str("/usr/lib/", arch.triplet),
            str('/', arch.lib64),
            str("/usr/", arch.lib64),
            "/lib",
            "/usr/lib"};
  }

  bool find_arch_by_libc() {
    for (const Arch& arch : architectures()) {
      for (const std::string& dir : libc_dirs(arch)) {
        const auto program = read_program_texts(root_, str(dir, "/libc.so.6"));
        if (!program || architecture_of(program->image) != &arch)
          continue;
        arch_ = &arch;
        if (dir.ends_with(arch.triplet))
          dirs_ = {str("/lib/", arch.triplet), str("/usr/lib/", arch.triplet), "/lib", "/usr/lib"};
        return true;
      }
    }
    return false;
  }

  std::optional<Banner> libc_banner() const {
    std::vector<std::string> dirs = dirs_;
    std::ranges::copy(libc_dirs(*arch_), std::back_inserter(dirs));
    for (const std::string& dir : dirs) {
      const auto program = read_program_texts(root_, str(dir, "/libc.so.6"));
      if (!program || architecture_of(program->image) != arch_)
        continue;
      if (auto banner = find_banner(program->bytes))
        return banner;
    }
    return loader_banner_;
  }

  const Root& root_;
  std::optional<Cache> cache_;
  const Arch* arch_ = nullptr;
  std::vector<std::string> dirs_;
  std::optional<Banner> loader_banner_;
};

}  // namespace

CacheStyle style_of_version(const Arch& arch, std::string_view version, std::string_view package) {
  const auto since = [&](std::string_view other) { return version.empty() || compare_versions(version, other) >= 0; };
  const bool debian = package.starts_with("Debian") || package.starts_with("Ubuntu");
  CacheStyle style;
  style.arch = &arch;
  style.format = since(debian ? "2.31" : "2.32") ? CacheFormat::new_format : CacheFormat::compat;
  style.order_mark = since(debian ? "2.31" : "2.33") ? order_mark_of(arch) : 0;
  style.named_hwcaps = since("2.33");
  style.legacy_hwcaps = !since("2.37");
  style.os_versions = !since("2.36");
  style.old_libcs = !since("2.37");
  style.skips_temporaries = since("2.39");
  return style;
}

Result<CacheStyle> cache_style(const Root& root, std::string_view cache_path) {
  return Detective(root).run(cache_path);
}

}  // namespace rescue::elf
