// unzip: what comes from other systems, and .jar, .whl, .apk and the like.
#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/archive/extract.h"
#include "lib/archive/zip.h"
#include "lib/base/applet.h"
#include "lib/base/confirm.h"
#include "lib/base/fd.h"
#include "lib/base/time_text.h"
#include "lib/text/wildcard.h"

namespace rescue {
namespace {

constexpr int nothing_matched = 11;
constexpr int no_archive = 9;
constexpr int damaged = 2;

struct Options {
  bool list = false;
  bool test = false;
  bool print = false;
  bool overwrite = false;
  bool never = false;
  bool freshen = false;
  bool junk_paths = false;
  bool ignore_case = false;
  bool owners = false;
  bool names_only = false;
  unsigned quiet = 0;
  unsigned verbose = 0;
  std::string directory;
  std::vector<std::string> excluded;
};

constexpr Opt<Options> options[] = {
    {'l', nullptr, &Options::list, "list members"},
    {'v', nullptr, &Options::verbose, "list in detail"},
    {'Z', nullptr, &Options::names_only, "list names alone"},
    {'1', nullptr, &Options::names_only, nullptr},
    {'t', nullptr, &Options::test, "read all, check its sums, write nothing"},
    {'p', nullptr, &Options::print, "print what members hold, and nothing else"},
    {'d', nullptr, &Options::directory, "extract into DIR", "DIR"},
    {'o', nullptr, &Options::overwrite, "replace files that exist without asking"},
    {'n', nullptr, &Options::never, "replace nothing"},
    {'u', nullptr, &Options::freshen, "replace only what is older"},
    {'j', nullptr, &Options::junk_paths, "without directories: all files into one"},
    {'C', nullptr, &Options::ignore_case, "patterns ignore case"},
    {'X', nullptr, &Options::owners, "give files their owners"},
    {'x', nullptr, &Options::excluded, "not the members that match PATTERN...", "PATTERN"},
    {'q', nullptr, &Options::quiet, "say less; twice: nothing"},
};

class Unzip {
 public:
  Unzip(const Options& opt, Io& io, const Args& patterns)
      : opt_(opt), io_(io), patterns_(patterns.begin(), patterns.end()), matched_(patterns_.size()) {}

  Result<int> run(std::string_view name) {
    if (!open(name))
      return no_archive;
    // -q is said less of: lists have a head until it is given twice.
    const bool lists = opt_.list || opt_.verbose > 0;
    const bool silent = opt_.print || opt_.names_only || opt_.quiet > 0;
    if (!silent)
      io_.out.put("Archive:  ", path_, '\n');
    auto archive = read_zip(file_.get(), path_);
    if (!archive) {
      (void)io_.out.flush();
      io_.report(archive.error());
      return no_archive;
    }
    if (archive->before > 0) {
      io_.note("warning: ", Printable(path_), " has ", archive->before, " other bytes before it");
      status_ = 1;
    }
    if (!silent && !archive->comment.empty())
      io_.out.put(archive->comment, '\n');
    if (opt_.names_only)
      list_names(*archive);
    else if (lists)
      opt_.verbose > 0 ? list_details(*archive) : list(*archive);
    else
      TRY(opt_.test || opt_.print ? read(*archive) : extract(*archive));
    for (size_t i = 0; i < patterns_.size(); ++i)
      if (!matched_[i] && !opt_.names_only) {
        any_unmatched_ = true;
        if (!lists)
          io_.err.put("caution: filename not matched:  ", patterns_[i], '\n');
      }
    return status_ != 0 ? status_ : any_unmatched_ ? nothing_matched : 0;
  }

 private:
  bool open(std::string_view name) {
    for (const std::string_view ending : {"", ".zip", ".ZIP"}) {
      path_ = str(name, ending);
      auto opened = open_file(path_, O_RDONLY);
      struct stat info{};
      if (opened && ::fstat(opened->get(), &info) == 0 && S_ISREG(info.st_mode)) {
        file_ = *std::move(opened);
        return true;
      }
    }
    io_.err.put(io_.name, ":  cannot find or open ", Printable(name), ", ", Printable(name), ".zip or ",
                Printable(name), ".ZIP.\n");
    return false;
  }

  bool chosen(const ZipMember& member) {
    bool any = patterns_.empty();
    for (size_t i = 0; i < patterns_.size(); ++i)
      if (wildcard_match(patterns_[i], member.name, opt_.ignore_case)) {
        matched_[i] = true;
        any = true;
        break;
      }
    return any && std::ranges::none_of(opt_.excluded, [&](const std::string& pattern) {
             return wildcard_match(pattern, member.name, opt_.ignore_case);
           });
  }

  void fault(const Error& error) {
    (void)io_.out.flush();
    io_.err.put(io_.name, ": ", message(error), '\n');
    status_ = damaged;
  }

  // --- lists

  static std::string padded(std::string text, size_t width) {
    text.insert(0, text.size() < width ? width - text.size() : 0, ' ');
    return text;
  }

  static std::string date_of(const ZipMember& member) {
    const auto fields = local_time(member.mtime);
    return fields ? time_text("%Y-%m-%d %H:%M", *fields, member.mtime, 0) : str(member.mtime);
  }

  static std::string count_text(uint64_t count) { return str(count, count == 1 ? " file" : " files"); }

  void list_names(const ZipArchive& archive) {
    for (const ZipMember& member : archive.members)
      if (chosen(member))
        io_.out.put(Printable(member.name), '\n');
  }

  void list(const ZipArchive& archive) {
    if (opt_.quiet < 2)
      io_.out.put("  Length      Date    Time    Name\n---------  ---------- -----   ----\n");
    uint64_t total = 0;
    uint64_t count = 0;
    for (const ZipMember& member : archive.members) {
      if (!chosen(member))
        continue;
      total += member.size;
      ++count;
      io_.out.put(padded(str(member.size), 9), "  ", date_of(member), "   ", Printable(member.name), '\n');
    }
    if (opt_.quiet < 2)
      io_.out.put("---------                     -------\n", padded(str(total), 9), std::string(21, ' '),
                  count_text(count), '\n');
  }

  static std::string method_of(const ZipMember& member) {
    constexpr std::string_view levels = "NXFS";
    switch (member.method) {
      case zip::stored: return "Stored";
      case zip::deflated: return str("Defl:", levels.substr(member.flags >> 1 & 3, 1));
      case zip::bzip2: return "BZip2 ";
      default: return str("Unk:", padded(str(member.method), 3).substr(0, 3));
    }
  }

  // How much was saved, in whole percent.
  static std::string saved(uint64_t size, uint64_t packed) {
    if (size == 0)
      return "0%";
    if (packed > size)
      return str('-', ((packed - size) * 200 / size + 1) / 2, '%');
    return str(((size - packed) * 200 / size + 1) / 2, '%');
  }

  void list_details(const ZipArchive& archive) {
    if (opt_.quiet < 2)
      io_.out.put(
          " Length   Method    Size  Cmpr    Date    Time   CRC-32   Name\n"
          "--------  ------  ------- ---- ---------- ----- --------  ----\n");
    uint64_t total = 0;
    uint64_t packed = 0;
    uint64_t count = 0;
    for (const ZipMember& member : archive.members) {
      if (!chosen(member))
        continue;
      total += member.size;
      packed += member.packed;
      ++count;
      std::string crc;
      for (int shift = 28; shift >= 0; shift -= 4)
        crc += "0123456789abcdef"[member.crc >> shift & 15];
      io_.out.put(padded(str(member.size), 8), "  ", method_of(member), ' ', padded(str(member.packed), 8), ' ',
                  padded(saved(member.size, member.packed), 4), ' ', date_of(member), ' ', crc, "  ",
                  Printable(member.name), '\n');
    }
    if (opt_.quiet < 2)
      io_.out.put("--------          -------  ---                            -------\n", padded(str(total), 8),
                  std::string(8, ' '), padded(str(packed), 9), ' ', padded(saved(total, packed), 4),
                  std::string(28, ' '), count_text(count), '\n');
  }

  // --- reading

  Result<> read(const ZipArchive& archive) {
    uint64_t count = 0;
    for (const ZipMember& member : archive.members) {
      if (!chosen(member))
        continue;
      ++count;
      const bool says = opt_.test && opt_.quiet == 0;
      std::string name = printable(member.name);
      name.resize(std::max<size_t>(name.size(), 22), ' ');
      if (says)
        io_.out.put("    testing: ", name, "  ");
      const auto done = member.is_directory() ? Result<>() : pour(member);
      if (!done) {
        if (says)
          io_.out.put('\n');
        fault(done.error());
      } else if (says) {
        io_.out.put(" OK\n");
      }
    }
    if (!opt_.test || opt_.quiet > 1 || count == 0)
      return {};
    if (status_ != 0)
      io_.out.put("At least one error was detected in ", path_, ".\n");
    else if (patterns_.empty() && opt_.excluded.empty())
      io_.out.put("No errors detected in compressed data of ", path_, ".\n");
    else
      io_.out.put("No errors detected in ", path_, " for the ", count_text(count), " tested.\n");
    return {};
  }

  Result<> pour(const ZipMember& member) {
    const auto source = TRY(open_zip_member(file_.get(), path_, member));
    while (true) {
      const std::string_view block = TRY(source->next());
      if (block.empty())
        return {};
      if (opt_.print)
        io_.out.write(block);
    }
  }

  // --- extracting

  Result<> extract(const ZipArchive& archive) {
    const std::string place = opt_.directory.empty() ? "." : opt_.directory;
    ExtractOptions settings;
    settings.mask = ::umask(0);
    settings.existing = ExtractOptions::Existing::replace;
    if (opt_.never)
      settings.existing = ExtractOptions::Existing::skip;
    if (opt_.freshen)
      settings.existing = ExtractOptions::Existing::keep_newer;
    settings.owner = opt_.owners;
    settings.exact_mode = true;
    mask_ = settings.mask;
    if (!opt_.directory.empty() && ::mkdir(place.c_str(), 0777 & ~mask_) < 0 && errno != EEXIST)
      return fail("make directory", place);
    Extractor extractor(TRY(open_file(place, O_RDONLY | O_DIRECTORY)), place, settings);
    for (const ZipMember& member : archive.members) {
      if (!chosen(member) || (opt_.junk_paths && member.is_directory()))
        continue;
      if (const auto done = extract(member, extractor); !done) {
        extractor.abandon_file();
        fault(done.error());
      }
    }
    std::vector<Error> errors;
    (void)extractor.finish(errors);
    for (const Error& error : errors)
      fault(error);
    return {};
  }

  Entry entry_of(const ZipMember& member) const {
    Entry entry;
    entry.path = member.name;
    // Some makers write the slashes of their system.
    while (entry.path.size() > 1 && entry.path.ends_with('/'))
      entry.path.pop_back();
    if (opt_.junk_paths)
      entry.path = base_name(entry.path);
    entry.type = member.is_directory() ? EntryType::directory : EntryType::file;
    if (S_ISLNK(member.mode))
      entry.type = EntryType::symlink;
    entry.mode = member.mode != 0 ? member.mode & 0777 : (member.is_directory() ? 0777 : 0666) & ~mask_;
    entry.uid = member.has_owner ? member.uid : ::geteuid();
    entry.gid = member.has_owner ? member.gid : ::getegid();
    entry.mtime = member.mtime;
    entry.size = entry.type == EntryType::file ? member.size : 0;
    return entry;
  }

  Result<> extract(const ZipMember& member, Extractor& extractor) {
    Entry entry = entry_of(member);
    const auto there = extractor.open(entry.path, O_PATH);
    if (there && entry.type == EntryType::directory)
      return extractor.add(entry).transform([](auto) {});
    if (there && !opt_.overwrite && !opt_.never && !opt_.freshen && !opt_.print &&
        !confirm(io_, str("replace ", Printable(entry.path))))
      return {};
    if (entry.type == EntryType::symlink) {
      if (member.size > 65536)
        return fail("extract", member.name, "is a link whose target is longer than it can be");
      entry.link = TRY(read_all(*TRY(open_zip_member(file_.get(), path_, member)), 65536));
    }
    std::unique_ptr<Source> source;
    if (entry.type == EntryType::file)
      source = TRY(open_zip_member(file_.get(), path_, member));
    if (TRY(extractor.add(entry)) == Extractor::Outcome::skipped)
      return {};
    say(member, entry);
    if (source == nullptr)
      return {};
    for (uint64_t at = 0;;) {
      const std::string_view block = TRY(source->next());
      if (block.empty())
        return extractor.end_file();
      TRY(extractor.write(at, block));
      at += block.size();
    }
  }

  void say(const ZipMember& member, const Entry& entry) {
    if (opt_.quiet > 0)
      return;
    const std::string_view what = entry.type == EntryType::directory ? "   creating: "
                                  : entry.type == EntryType::symlink ? "    linking: "
                                  : member.method == zip::stored     ? " extracting: "
                                                                     : "  inflating: ";
    std::string name = opt_.directory.empty() ? entry.path : str(opt_.directory, '/', entry.path);
    if (entry.type == EntryType::directory) {
      name += '/';
    } else {
      name.resize(std::max<size_t>(name.size(), 22), ' ');
      name += "  ";
    }
    io_.out.put(what, name);
    if (entry.type == EntryType::symlink)
      io_.out.put("-> ", Printable(entry.link), ' ');
    io_.out.put('\n');
  }

  const Options& opt_;
  Io& io_;
  std::vector<std::string> patterns_;
  std::vector<bool> matched_;
  std::string path_;
  UniqueFd file_;
  mode_t mask_ = 022;
  bool any_unmatched_ = false;
  int status_ = 0;
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  const std::string name(TRY(args.shift("ARCHIVE")));
  auto done = Unzip(opt, io, args).run(name);
  if (!done && done.error().status() != Status::usage)
    done.error().set_status(Status::unset);
  return done;
}

// -x takes all words up to the next option, as if each had an -x of its own.
int run_unzip(const Applet& applet, Io& io, std::span<const char* const> words) {
  std::vector<const char*> all;
  bool excluding = false;
  bool has_own = false;  // the word before was the option
  for (const char* const word : words) {
    const std::string_view text(word);
    const bool is_option = text.size() > 1 && text[0] == '-';
    if (is_option)
      excluding = text.ends_with('x') && text.find_first_of("d-", 1) == std::string_view::npos;
    else if (excluding && !has_own)
      all.push_back("-x");
    has_own = is_option;
    all.push_back(word);
  }
  return entry<options, run>(applet, io, all);
}

}  // namespace

extern const Applet unzip_applet = {
    .name = "unzip",
    .summary = "list, test and extract zip archives",
    .usage = "[OPTION]... ARCHIVE[.zip] [PATTERN]...",
    .failure_status = damaged,
    .notes = dense<"Exit status: 0, 2 after an error, 9 where there is no archive, 11 where nothing matched.">,
    .options = describe<options>,
    .run = run_unzip,
};
}  // namespace rescue
