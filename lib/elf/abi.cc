#include "lib/elf/abi.h"

#include <algorithm>
#include <array>
#include <utility>

#include "lib/base/text.h"

namespace rescue::elf {

Name& Abi::name(std::string_view text) {
  if (const auto known = names.find(text); known != names.end())
    return *known->second;
  auto made = std::make_unique<Name>();
  made->text = text;
  return *names.emplace(text, std::move(made)).first->second;
}

CacheWish Abi::cache_wish() const {
  CacheWish wish;
  // Without a row in the table the mark is unknown, and none fits.
  wish.flags = arch != nullptr ? arch->cache_flags : -1;
  wish.any_elf = arch != nullptr && arch->name == "i386";
  wish.hwcaps = hwcaps.named;
  wish.legacy_hwcaps = hwcaps.legacy_bits;
  return wish;
}

std::optional<Error> damage_of(const Library& library, std::string_view shown) {
  constexpr std::string_view attempt = "load";
  if (library.error)
    return library.error;
  const Image& image = library.image;
  if (image.type != ET_DYN && image.type != ET_EXEC)
    return Error(attempt, shown, 0, "neither a program nor a library", Status::unset);
  // What lies behind the end is why tables cannot be read, so this is said first.
  if (image.truncated())
    return Error(attempt, shown, 0,
                 str("the file is cut short: ", image.file_size, " of ", image.loads_end, " bytes are there"),
                 Status::unset);
  return image.damage;
}

Verdict judge(const Abi& abi, const Library& library, std::string_view shown) {
  const auto stop = [&](std::string_view why) {
    return Verdict{Verdict::Kind::stops, Error("load", shown, 0, why, Status::unset)};
  };
  if (library.error)
    return {Verdict::Kind::stops, library.error};
  const Image& image = library.image;
  if (image.is64 != abi.is64)
    return {Verdict::Kind::passed_over, {}};
  if (image.order != abi.order)
    return stop("the byte order is another machine's");
  const Arch* arch = architecture_of(image);
  // A library for ARM that is marked for neither kind of floating point suits both.
  const bool unmarked = image.machine == EM_ARM && (image.flags & 0x600) == 0;
  if (image.machine != abi.machine || (arch != abi.arch && !unmarked))
    return {Verdict::Kind::passed_over, {}};
  if (auto damage = damage_of(library, shown))
    return {Verdict::Kind::stops, std::move(damage)};
  if (image.type == ET_EXEC || (image.flags_1 & DF_1_PIE) != 0)
    return stop("is a program, not a library");
  if (!image.has_dynamic)
    return stop("has no dynamic section");
  return {};
}

std::vector<std::string> hwcaps_subdirectories(const LoaderFacts& facts, const Hwcaps& hwcaps) {
  std::vector<std::string> names;
  if (facts.glibc_hwcaps)
    for (const std::string& name : hwcaps.named)
      names.push_back(str("glibc-hwcaps/", name));
  const size_t count = std::min<size_t>(hwcaps.legacy.size(), 8);
  if (!facts.legacy_hwcaps || count == 0)
    return names;
  // All combinations, from all of them together down to the last one alone.
  for (size_t set = (size_t{1} << count) - 1; set != 0; --set) {
    std::string name;
    for (size_t i = 0; i < count; ++i) {
      if ((set >> (count - 1 - i) & 1) == 0)
        continue;
      if (!name.empty())
        name += '/';
      name += hwcaps.legacy[i];
    }
    if (std::ranges::find(names, name) == names.end())
      names.push_back(std::move(name));
  }
  return names;
}

std::vector<std::string> likely_default_dirs(const Arch* arch) {
  std::vector<std::string> dirs;
  const auto add = [&](std::string dir) {
    if (std::ranges::find(dirs, dir) == dirs.end())
      dirs.push_back(std::move(dir));
  };
  if (arch != nullptr) {
    add(str("/lib/", arch->triplet));
    add(str("/usr/lib/", arch->triplet));
    add(str('/', arch->lib64));
    add(str("/usr/", arch->lib64));
  }
  add("/lib");
  add("/usr/lib");
  return dirs;
}

std::string expand_tokens(std::string_view text, std::string_view origin, const Abi& abi) {
  const std::array<std::pair<std::string_view, std::string_view>, 3> tokens = {{
      {"ORIGIN", origin},
      {"LIB", abi.facts.lib},
      {"PLATFORM", abi.hwcaps.platform},
  }};
  std::string out;
  while (!text.empty()) {
    const size_t dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos)
      break;
    text.remove_prefix(dollar + 1);
    const bool braced = text.starts_with('{');
    const std::string_view rest = text.substr(braced ? 1 : 0);
    const auto token = std::ranges::find_if(tokens, [&](const auto& row) {
      if (!rest.starts_with(row.first))
        return false;
      const std::string_view after = rest.substr(row.first.size());
      // A bare token ends where a name would: $LIBRARY is none.
      const auto is_name = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      };
      return braced ? after.starts_with('}') : after.empty() || !is_name(after[0]);
    });
    if (token == tokens.end()) {
      out += '$';
      continue;
    }
    out += token->second;
    text.remove_prefix(token->first.size() + (braced ? 2 : 0));
  }
  return out;
}

}  // namespace rescue::elf
