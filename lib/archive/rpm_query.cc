#include "lib/archive/rpm_query.h"

#include <algorithm>
#include <map>

#include <sys/stat.h>

#include "lib/base/base64.h"
#include "lib/base/text.h"
#include "lib/base/time_text.h"
#include "lib/fs/mode.h"

namespace rescue::rpm {

namespace {

constexpr std::string_view none = "(none)";

// strftime's %c in the C locale.
constexpr std::string_view date_format = "%a %b %e %H:%M:%S %Y";

std::string date(int64_t seconds, std::string_view format) {
  const auto fields = local_time(seconds);
  return fields ? time_text(format, *fields, seconds, 0) : str(seconds);
}

std::string padded(std::string_view text, size_t width) {
  std::string result(text);
  result.resize(std::max(width, text.size()), ' ');
  return result;
}

std::string right(std::string_view text, size_t width) {
  return text.size() < width ? str(std::string(width - text.size(), ' '), text) : std::string(text);
}

std::string signature_text(const Package& package) {
  const auto signatures = signatures_of(package);
  if (signatures.empty())
    return std::string(none);
  const SignatureFacts& facts = signatures.front().facts;
  return str(facts.method, ", ", facts.made_at ? date(*facts.made_at, date_format) : std::string(none), ", Key ID ",
             facts.key_id.empty() ? none : facts.key_id);
}

std::vector<std::string> capabilities(const Header& header, Tag names_tag, Tag flags_tag, Tag versions_tag) {
  constexpr uint64_t less = 2;
  constexpr uint64_t greater = 4;
  constexpr uint64_t equal = 8;
  const auto names = header.texts(names_tag);
  const auto flags = header.numbers(flags_tag);
  const auto versions = header.texts(versions_tag);
  std::vector<std::string> result;
  for (size_t i = 0; i < names.size(); ++i) {
    const uint64_t flag = i < flags.size() ? flags[i] : 0;
    std::string& text = result.emplace_back(names[i]);
    if ((flag & (less | greater | equal)) == 0 || i >= versions.size() || versions[i].empty())
      continue;
    text += str(' ', (flag & less) != 0 ? "<" : "", (flag & greater) != 0 ? ">" : "", (flag & equal) != 0 ? "=" : "",
                ' ', versions[i]);
  }
  return result;
}

}  // namespace

std::vector<PackageSignature> signatures_of(const Package& package) {
  std::vector<PackageSignature> found;
  const auto take = [&](std::string_view packet, bool of_header) {
    if (auto facts = read_signature(packet))
      found.push_back({of_header, *std::move(facts)});
  };
  const Header& signatures = package.signatures();
  for (const std::string_view text : signatures.texts(Tag::sig_openpgp))
    if (const auto packet = from_base64(text))
      take(*packet, true);
  for (const Tag tag : {Tag::sig_dsa, Tag::sig_rsa})
    take(signatures.binary(tag), true);
  for (const Tag tag : {Tag::sig_gpg, Tag::sig_pgp})
    take(signatures.binary(tag), false);
  return found;
}

std::string info_text(const Package& package) {
  const Header& header = package.header();
  std::string text;
  const auto line = [&](std::string_view name, std::string_view value) {
    text += str(padded(name, 12), ": ", value, '\n');
  };
  const auto line_of = [&](std::string_view name, Tag tag, bool always) {
    const std::string_view value = header.text(tag);
    if (always || header.has(tag))
      line(name, header.has(tag) ? value : none);
  };
  const auto number_of = [&](Tag tag) {
    const auto number = header.number(tag);
    return number ? str(*number) : std::string(none);
  };
  line_of("Name", Tag::name, true);
  if (header.has(Tag::epoch))
    line("Epoch", number_of(Tag::epoch));
  line_of("Version", Tag::version, true);
  line_of("Release", Tag::release, true);
  line_of("Architecture", Tag::arch, true);
  line("Install Date", "(not installed)");
  line_of("Group", Tag::group, true);
  line("Size", number_of(header.has(Tag::long_size) ? Tag::long_size : Tag::size));
  line_of("License", Tag::license, false);
  line("Signature", signature_text(package));
  line_of("Source RPM", Tag::source_rpm, true);
  const auto built = header.number(Tag::build_time);
  line("Build Date", built ? date(static_cast<int64_t>(*built), date_format) : std::string(none));
  line_of("Build Host", Tag::build_host, true);
  line_of("Packager", Tag::packager, false);
  line_of("Vendor", Tag::vendor, false);
  line_of("URL", Tag::url, false);
  line_of("Bug URL", Tag::bug_url, false);
  line_of("Summary", Tag::summary, true);
  text += str("Description :\n", header.has(Tag::description) ? header.text(Tag::description) : none, '\n');
  return text;
}

std::string scripts_text(const Header& header) {
  constexpr struct {
    std::string_view name;
    Tag script;
    Tag program;
  } scripts[] = {{"pretrans", Tag::pre_trans, Tag::pre_trans_prog},
                 {"preinstall", Tag::pre_in, Tag::pre_in_prog},
                 {"postinstall", Tag::post_in, Tag::post_in_prog},
                 {"preuninstall", Tag::pre_un, Tag::pre_un_prog},
                 {"postuninstall", Tag::post_un, Tag::post_un_prog},
                 {"posttrans", Tag::post_trans, Tag::post_trans_prog},
                 {"preuntrans", Tag::pre_untrans, Tag::pre_untrans_prog},
                 {"postuntrans", Tag::post_untrans, Tag::post_untrans_prog},
                 {"verify", Tag::verify_script, Tag::verify_script_prog}};
  std::string text;
  for (const auto& [name, script, program_tag] : scripts) {
    std::string program;
    for (const std::string_view word : header.texts(program_tag))
      program += str(' ', word);
    if (header.has(script))
      text += str(name, " scriptlet", program.empty() ? "" : str(" (using", program, ')'), ":\n", header.text(script),
                  '\n');
    else if (!program.empty())
      text += str(name, " program:", program, '\n');
  }
  return text;
}

std::string changelog_text(const Header& header) {
  const auto times = header.numbers(Tag::changelog_time);
  const auto names = header.texts(Tag::changelog_name);
  const auto texts = header.texts(Tag::changelog_text);
  std::string text;
  for (size_t i = 0; i < std::min({times.size(), names.size(), texts.size()}); ++i)
    text += str("* ", date(static_cast<int64_t>(times[i]), "%a %b %d %Y"), ' ', names[i], '\n', texts[i], "\n\n");
  return text;
}

std::vector<std::string> requires_of(const Header& header) {
  return capabilities(header, Tag::require_name, Tag::require_flags, Tag::require_version);
}

std::vector<std::string> provides_of(const Header& header) {
  return capabilities(header, Tag::provide_name, Tag::provide_flags, Tag::provide_version);
}

std::string long_line(const File& file, uint32_t names, int64_t now) {
  constexpr int64_t half_a_year = int64_t{6} * 30 * 24 * 60 * 60;
  const bool is_device = S_ISCHR(file.mode) || S_ISBLK(file.mode);
  const std::string size =
      is_device ? str(right(str(file.rdev >> 8 & 0xff), 3), ", ", right(str(file.rdev & 0xff), 3)) : str(file.size);
  const int64_t when = file.mtime;
  const bool recent = now <= when + half_a_year && now >= when - 60 * 60;
  return str(mode_text(file.mode), ' ', right(str(names), 4), ' ', padded(file.user.substr(0, 8), 8), ' ',
             padded(file.group.substr(0, 8), 8), ' ', right(size, 20), ' ',
             date(when, recent ? "%b %e %H:%M" : "%b %e  %Y"), ' ', file.path,
             S_ISLNK(file.mode) ? str(" -> ", file.link) : "");
}

std::vector<uint32_t> name_counts(const std::vector<File>& files) {
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> counts;
  const auto is_counted = [](const File& file) {
    return S_ISREG(file.mode) && (file.flags & file_ghost) == 0 && file.inode != 0;
  };
  for (const File& file : files)
    if (is_counted(file))
      ++counts[{file.device, file.inode}];
  std::vector<uint32_t> names;
  names.reserve(files.size());
  for (const File& file : files)
    names.push_back(is_counted(file) ? counts[{file.device, file.inode}] : S_ISDIR(file.mode) ? 2 : 1);
  return names;
}

}  // namespace rescue::rpm
