// tar: the archives that everything comes in. The work is in lib/archive/tar_*; here are its options, which stand in
// any order with the names of files, and in the old way without a dash.
#include <fcntl.h>

#include "lib/archive/tar_job.h"
#include "lib/base/append.h"
#include "lib/base/applet.h"
#include "lib/base/fd.h"

namespace rescue {
namespace {

using Options = TarOptions;
using Existing = ExtractOptions::Existing;

template <TarMode mode>
Result<> set_mode(Options& options, std::string_view /*argument*/) {
  options.several_modes = options.several_modes || (options.mode != TarMode::none && options.mode != mode);
  options.mode = mode;
  return {};
}

template <Codec codec>
Result<> set_codec(Options& options, std::string_view /*argument*/) {
  options.codec = codec;
  return {};
}

// A number in place of a flag.
template <auto member>
Result<> set_number(Options& options, std::string_view argument) {
  const auto number = to_number<uint64_t>(argument);
  if (!number)
    return usage_error('\'', Printable(argument), "' is not a number");
  options.*member = *number;
  return {};
}

Result<> set_blocking(Options& options, std::string_view argument) {
  TRY(set_number<&Options::blocking>(options, argument));
  if (options.blocking == 0 || options.blocking > 1 << 20)
    return usage_error("the blocking factor is out of range");
  return {};
}

// Whether -I names what is built in, with its level and threads.
bool set_built_in(Options& options, std::string_view argument) {
  for (const std::string_view word : split(argument, ' ')) {
    if (word.starts_with("-T")) {
      options.threads = to_number<unsigned>(word.substr(2));
    } else if (word.starts_with('-') && to_number<int>(word.substr(1))) {
      options.level = to_number<int>(word.substr(1));
    } else if (word == "gzip" || word == "pigz") {
      options.codec = Codec::gzip;
    } else if (word == "bzip2" || word == "pbzip2") {
      options.codec = Codec::bzip2;
    } else if (word == "xz") {
      options.codec = Codec::xz;
    } else if (word == "lzma") {
      options.codec = Codec::lzma;
    } else if (word == "zstd" || word == "zstdmt") {
      options.codec = Codec::zstd;
    } else if (word != "-d" && !word.empty()) {
      return false;
    }
  }
  return options.codec.has_value();
}

// -I PROGRAM: what is not built in is run.
Result<> set_program(Options& options, std::string_view argument) {
  options.program.clear();
  options.codec.reset();
  if (set_built_in(options, argument))
    return {};
  options.codec.reset();
  for (const std::string_view word : split(argument, ' '))
    if (!word.empty())
      options.program.emplace_back(word);
  return options.program.empty() ? Result<>(usage_error("-I names no program")) : Result<>();
}

// For who asks by habit for what is done anyway.
Result<> as_always(Options& /*options*/, std::string_view /*none*/) {
  return {};
}

Result<> set_form(Options& options, std::string_view argument) {
  if (argument == "gnu" || argument == "oldgnu")
    options.form = TarForm::gnu;
  else if (argument == "posix" || argument == "pax")
    options.form = TarForm::pax;
  else if (argument == "ustar")
    options.form = TarForm::ustar;
  else
    return usage_error("there is no format '", Printable(argument), "': gnu, posix (pax), ustar");
  options.form_given = true;
  return {};
}

Result<> set_posix(Options& options, std::string_view /*argument*/) {
  return set_form(options, "posix");
}

// What there is of --pax-option: leaving out the times that differ from run to run.
Result<> set_pax_option(Options& options, std::string_view argument) {
  for (const std::string_view word : split(argument, ',')) {
    if (word == "delete=atime" || word == "delete=ctime")
      options.leave_out_other_times = true;
    else if (word != "exthdr.name=%d/PaxHeaders/%f")
      return usage_error("'", Printable(word), "' is not understood: delete=atime, delete=ctime");
  }
  return {};
}

Result<> set_sort(Options& options, std::string_view argument) {
  if (argument != "name" && argument != "none" && argument != "inode")
    return usage_error("'", Printable(argument), "' is no order: name, none");
  options.sorted = argument == "name";
  return {};
}

Result<> set_directory(Options& options, std::string_view argument) {
  options.directories.push_back(next_tar_directory(options.directories.back(), argument));
  return {};
}

Result<> add_list(Options& options, std::string_view argument) {
  options.operands.push_back({.text = std::string(argument),
                              .directory = options.directories.size() - 1,
                              .recursive = options.recursive,
                              .list = true,
                              .null = options.null,
                              .verbatim = options.verbatim});
  return {};
}

Result<> add_file(Options& options, std::string_view argument) {
  options.operands.push_back(
      {.text = std::string(argument), .directory = options.directories.size() - 1, .recursive = options.recursive});
  return {};
}

Result<> add_exclude(Options& options, std::string_view argument) {
  TarPattern pattern = options.pattern_style;
  pattern.text = argument;
  options.excludes.push_back(std::move(pattern));
  return {};
}

Result<> add_exclude_list(Options& options, std::string_view argument) {
  UniqueFd file;
  if (argument != "-")
    file = TRY(open_file(std::string(argument), O_RDONLY));
  const std::string text = TRY(read_all(file ? file.get() : 0, 64 << 20, argument));
  for (const std::string_view line : split(text, '\n'))
    if (!line.empty())
      TRY(add_exclude(options, line));
  return {};
}

Result<> exclude_vcs(Options& options, std::string_view /*argument*/) {
  for (const std::string_view name :
       {"CVS",        "RCS",        "SCCS",      ".git",   ".gitignore",  ".gitattributes", ".gitmodules",
        ".cvsignore", ".svn",       ".arch-ids", "{arch}", "=RELEASE-ID", "=meta-update",   "=update",
        ".bzr",       ".bzrignore", ".bzrtags",  ".hg",    ".hgignore",   ".hgtags",        "_darcs"})
    options.excludes.push_back({.text = std::string(name), .wildcards = false});
  return {};
}

template <bool wildcards>
Result<> set_wildcards(Options& options, std::string_view /*argument*/) {
  options.pattern_style.wildcards = wildcards;
  options.member_wildcards = wildcards;
  return {};
}

template <bool TarPattern::* member, bool value>
Result<> set_style(Options& options, std::string_view /*argument*/) {
  options.pattern_style.*member = value;
  return {};
}

template <auto member, bool value>
Result<> set_choice(Options& options, std::string_view /*argument*/) {
  options.*member = value;
  return {};
}

Result<> set_xattrs(Options& options, std::string_view /*argument*/) {
  options.xattrs = true;
  return {};
}

Result<> include_xattrs(Options& options, std::string_view argument) {
  options.xattrs = true;
  options.xattrs_include.emplace_back(argument);
  return {};
}

Result<> exclude_xattrs(Options& options, std::string_view argument) {
  options.xattrs = true;
  options.xattrs_exclude.emplace_back(argument);
  return {};
}

Result<> set_newer_mtime(Options& options, std::string_view argument) {
  options.newer = argument;
  options.newer_by_mtime = true;
  return {};
}

Result<> set_warning(Options& options, std::string_view argument) {
  if (argument == "none")
    options.quiet_warnings = true;
  else if (argument == "all")
    options.quiet_warnings = false;
  else if (!argument.starts_with("no-"))
    return usage_error("'", Printable(argument), "' is no kind of warning: none, all");
  return {};
}

// -o: like the owners when extracting, an old form of archive when not.
Result<> set_old(Options& options, std::string_view /*argument*/) {
  options.same_owner = false;
  return {};
}

constexpr Opt<Options> options[] = {
    Opt<Options>("What to do; one of these must be given"),
    {'c', "create", set_mode<TarMode::create>, "make an archive of FILEs"},
    {'x', "extract", set_mode<TarMode::extract>, "extract members, all or those named"},
    {0, "get", set_mode<TarMode::extract>, nullptr},
    {'t', "list", set_mode<TarMode::list>, "list members"},
    {'r', "append", set_mode<TarMode::append>, "add FILEs at the end"},
    {'u', "update", set_mode<TarMode::update>, "add those FILEs that are newer than in the archive"},
    {'A', "concatenate", set_mode<TarMode::concatenate>, "add the members of other archives"},
    {0, "catenate", set_mode<TarMode::concatenate>, nullptr},
    {0, "delete", set_mode<TarMode::remove>, "take MEMBERs out of the archive"},
    {'d', "diff", set_mode<TarMode::compare>, "say what differs between the archive and the disk"},
    {0, "compare", set_mode<TarMode::compare>, nullptr},
    Opt<Options>("The archive"),
    {'f', "file", &Options::file, "its name; -, the default: standard input or output", "ARCHIVE"},
    {'z', "gzip", set_codec<Codec::gzip>,
     "compress with gzip, by all processors; what is read is recognized by itself"},
    {0, "gunzip", set_codec<Codec::gzip>, nullptr},
    {'j', "bzip2", set_codec<Codec::bzip2>, "compress with bzip2"},
    {'J', "xz", set_codec<Codec::xz>, "compress with xz, by all processors"},
    {0, "lzma", set_codec<Codec::lzma>, "compress with lzma"},
    {0, "zstd", set_codec<Codec::zstd>, "compress with zstd, by all processors"},
    {'a', "auto-compress", &Options::codec_by_name, "compress as the archive's name says"},
    {'I', "use-compress-program", set_program,
     "compress with PROGRAM, such as 'zstd -19 -T2'; it is run only where it is not built in", "PROGRAM"},
    {'H', "format", set_form, "the form of archive: gnu (default), posix, ustar", "FORM"},
    {0, "posix", set_posix, nullptr},
    {0, "pax-option", set_pax_option, "delete=atime,delete=ctime leaves these times out", "WORDS"},
    {'b', "blocking-factor", set_blocking, "make its size a multiple of N times 512 bytes; 20 by default", "N"},
    {'V', "label", &Options::label, "write TEXT as its label", "TEXT"},
    {'i', "ignore-zeros", &Options::ignore_zeros, "read on behind its end mark: archives one after another"},
    Opt<Options>("Which files"),
    {'C', "directory", set_directory, "go to DIR for what follows", "DIR"},
    {'T', "files-from", add_list, "take names from FILE, one a line; a line `-C DIR' goes to DIR", "FILE"},
    {0, "null", &Options::null, "in these, each name ends with a zero byte"},
    {0, "verbatim-files-from", &Options::verbatim, "a line that begins with a dash is a name too"},
    {0, "no-unquote", set<&Options::unquote, false>, "names are not as `-t' shows them, with \\n for a newline"},
    {0, "unquote", set<&Options::unquote, true>, nullptr},
    {0, "add-file", add_file, "FILE, whatever it begins with", "FILE"},
    {0, "exclude", add_exclude, "leave out what matches PATTERN", "PATTERN"},
    {'X', "exclude-from", add_exclude_list, "leave out what matches a pattern in FILE", "FILE"},
    {0, "exclude-vcs", exclude_vcs, "leave out the directories of version control"},
    {0, "anchored", set_style<&TarPattern::anchored, true>, "patterns match at the start of names"},
    {0, "no-anchored", set_style<&TarPattern::anchored, false>, "patterns match behind any slash (default)"},
    {0, "ignore-case", set_style<&TarPattern::ignore_case, true>, "patterns ignore case"},
    {0, "no-ignore-case", set_style<&TarPattern::ignore_case, false>, nullptr},
    {0, "wildcards", set_wildcards<true>, "names of members to extract or list are patterns too"},
    {0, "no-wildcards", set_wildcards<false>, "nothing is a pattern"},
    {0, "no-recursion", set<&Options::recursive, false>, "directories without what is in them"},
    {0, "recursion", set<&Options::recursive, true>, nullptr},
    {0, "one-file-system", &Options::one_file_system, "stay on the file system of each FILE"},
    {'h', "dereference", &Options::dereference, "archive what symbolic links lead to"},
    {0, "hard-dereference", &Options::hard_dereference, "archive hard links as files of their own"},
    {'N', "newer", &Options::newer, "only files that changed since DATE, or since FILE did", "DATE|FILE"},
    {0, "after-date", &Options::newer, nullptr, "DATE|FILE"},
    {0, "newer-mtime", set_newer_mtime, "the same, by the time of their content alone", "DATE|FILE"},
    {'g', "listed-incremental", &Options::snapshot, "only what is new since SNAPSHOT, which is brought up to date",
     "SNAPSHOT"},
    {0, "level", &Options::snapshot_level, "0: begin anew with -g", "N"},
    {0, "sort", set_sort, "the order in directories: name, none (default)", "ORDER"},
    {0, "remove-files", &Options::remove_files, "remove what was archived"},
    {0, "ignore-failed-read", &Options::ignore_failed_read, "a file that cannot be read is no failure"},
    Opt<Options>("Names"),
    {'P', "absolute-names", &Options::absolute,
     "keep leading slashes and `..', and follow any link; without it nothing "
     "outside of the directory is touched"},
    {0, "strip-components", set_number<&Options::strip>, "take N directories off the names", "N"},
    {0, "transform", &Options::transforms, "change names by sed's command, s/a/b/", "EXPRESSION"},
    {0, "xform", &Options::transforms, nullptr, "EXPRESSION"},
    {0, "show-transformed-names", &Options::show_transformed, "print names as they are changed"},
    {0, "one-top-level", &Options::top_level, "extract into DIR, by default called as the archive", "[DIR]"},
    Opt<Options>("Attributes"),
    {'p', "preserve-permissions", set_choice<&Options::same_mode, true>, "exact permissions (default for root)"},
    {0, "same-permissions", set_choice<&Options::same_mode, true>, nullptr},
    {0, "no-same-permissions", set_choice<&Options::same_mode, false>,
     "permissions without the umask's (default for others)"},
    {0, "same-owner", set_choice<&Options::same_owner, true>, "owners as archived (default for root)"},
    {0, "no-same-owner", set_choice<&Options::same_owner, false>, "files belong to whoever extracts them"},
    {'o', nullptr, set_old, "the same"},
    {0, "numeric-owner", &Options::numeric_owner, "owners by number, not by name"},
    {'m', "touch", &Options::no_times, "files are new: no times"},
    {0, "owner", &Options::owner, "archive all files as USER's (or NAME:NUMBER)", "USER"},
    {0, "group", &Options::group, "archive all files as GROUP's", "GROUP"},
    {0, "mode", &Options::mode_change, "archive with permissions changed as by chmod", "CHANGES"},
    {0, "mtime", &Options::mtime, "archive with this time, or that of FILE", "DATE|FILE"},
    {0, "clamp-mtime", &Options::clamp_mtime, "with --mtime: only where files are newer"},
    {0, "xattrs", set_xattrs, "extended attributes; of these only user.* are extracted, unless included"},
    {0, "no-xattrs", set_choice<&Options::xattrs, false>, nullptr},
    {0, "xattrs-include", include_xattrs, "those that match PATTERN ('*': all)", "PATTERN"},
    {0, "xattrs-exclude", exclude_xattrs, "not those that match PATTERN", "PATTERN"},
    {0, "acls", &Options::access_lists, "access control lists"},
    {0, "no-acls", set_choice<&Options::access_lists, false>, nullptr},
    {0, "selinux", &Options::label_attribute, "SELinux labels"},
    {0, "no-selinux", set_choice<&Options::label_attribute, false>, nullptr},
    {'S', "sparse", &Options::sparse, "archive holes of files as holes; they are always extracted as such"},
    Opt<Options>("What exists"),
    {'k', "keep-old-files", set<&Options::existing, Existing::fail>, "replace nothing: it is an error"},
    {0, "skip-old-files", set<&Options::existing, Existing::skip>, "replace nothing"},
    {0, "keep-newer-files", set<&Options::existing, Existing::keep_newer>, "replace only what is older"},
    {0, "overwrite", set<&Options::existing, Existing::overwrite>,
     "write into files that exist (programs that use them may die)"},
    {'U', "unlink-first", set<&Options::existing, Existing::unlink_first>,
     "remove files before, not after they are replaced"},
    {0, "keep-directory-symlink", as_always, "leave links to directories as they are (it always does)"},
    {0, "delay-directory-restore", as_always, "set attributes of directories at the end (it always does)"},
    {0, "no-overwrite-dir", &Options::no_overwrite_dir, "leave attributes of directories that exist"},
    {0, "overwrite-dir", set<&Options::no_overwrite_dir, false>, "set them (default)"},
    {'O', "to-stdout", &Options::to_stdout, "print what members hold"},
    Opt<Options>("What is said"),
    {'v', "verbose", &Options::verbose, "list members while at it; with -t, or twice, with details"},
    {'R', "block-number", &Options::block_numbers, "with the number of its block before each"},
    {0, "full-time", &Options::full_time, "times with seconds"},
    {0, "utc", &Options::utc, "times in UTC"},
    {0, "quoting-style", &Options::quoting, "how names are shown: escape (default), literal, shell, c, ...", "STYLE"},
    {0, "totals", &Options::totals, "say how many bytes there were"},
    {0, "progress", &Options::progress, "show progress on a terminal"},
    {0, "checkpoint", &Options::checkpoint, "say something every N records (10)", "[N]"},
    {0, "checkpoint-action", &Options::checkpoint_actions, "at a checkpoint: dot, echo=TEXT (with %u: its number)",
     "ACTION"},
    {0, "warning", set_warning, "none: no warnings", "WORD"},
};

// `tar xzf ARCHIVE`: letters without a dash, whose arguments follow in their order.
std::vector<const char*> modern_words(std::span<const char* const> words, std::vector<std::string>& storage) {
  std::vector<const char*> result(words.begin(), words.end());
  if (words.empty() || words[0][0] == '-' || words[0][0] == '\0')
    return result;
  const OptTable& table = describe<options>;
  result.clear();
  size_t next = 1;
  storage.reserve(std::string_view(words[0]).size());
  for (const char letter : std::string_view(words[0])) {
    storage.push_back(str('-', letter));
    result.push_back(storage.back().c_str());
    for (size_t i = 0; i < table.count; ++i)
      if (const OptRow row = table[i];
          row.letter == letter && row.argument != 0 && !table.argument_optional(row) && next < words.size())
        result.push_back(words[next++]);
  }
  append(result, std::span(words).subspan(next));
  return result;
}

// Options and names in the order in which they stand, for -C, --no-recursion and the like count for what follows.
Result<Asked> parse(std::span<const char* const> words, Options& opt) {
  while (!words.empty()) {
    Args operands;
    const Asked asked = TRY(parse_options(describe<options>, &opt, words, operands, true));
    if (asked != Asked::nothing || operands.empty())
      return asked;
    const size_t first = words.size() - operands.size();
    const bool all = first > 0 && std::string_view(words[first - 1]) == "--";
    words = words.subspan(first);
    // Up to the next option.
    while (!words.empty() && (all || words[0][0] != '-' || words[0][1] == '\0')) {
      TRY(add_file(opt, words[0]));
      words = words.subspan(1);
    }
  }
  return Asked::nothing;
}

Result<int> work(Options& opt, Io& io) {
  if (opt.mode == TarMode::none || opt.several_modes)
    return usage_error("exactly one of -c -x -t -r -u -A -d --delete must be given");
  if (opt.mode == TarMode::create && opt.operands.empty() && !opt.snapshot && opt.label.empty())
    return usage_error("no files are named; an empty archive is not made (-T /dev/null does)");
  // Only POSIX's form has room for these.
  if ((opt.xattrs || opt.access_lists || opt.label_attribute) && !opt.form_given)
    opt.form = TarForm::pax;
  if (opt.top_level && opt.top_level->empty()) {
    std::string_view name = base_name(opt.file.value_or(""));
    for (const std::string_view ending :
         {".gz", ".bz2", ".xz", ".zst", ".lzma", ".tgz", ".tbz2", ".txz", ".tzst", ".tar"})
      if (name.size() > ending.size() && name.ends_with(ending))
        name.remove_suffix(ending.size());
    if (name.empty() || name == "-")
      return usage_error("--one-top-level needs a name");
    opt.top_level = name;
  }
  TarJob job(opt, io);
  TRY(job.prepare());
  const bool reads = opt.mode == TarMode::list || opt.mode == TarMode::extract || opt.mode == TarMode::compare;
  auto done = reads ? tar_read(job) : opt.mode == TarMode::remove ? tar_delete(job) : tar_create(job);
  // A damaged archive is an error like any other.
  if (!done && done.error().status() != Status::usage)
    done.error().set_status(Status::unset);
  TRY(std::move(done));
  if (job.status() == 2)
    io.err.put(io.name, ": Exiting with failure status due to previous errors\n");
  return job.status();
}

int run(const Applet& applet, Io& io, std::span<const char* const> words) {
  Options opt;
  std::vector<std::string> storage;
  const std::vector<const char*> modern = modern_words(words, storage);
  const auto asked = parse(modern, opt);
  if (!asked)
    return detail::finish(applet, io, std::unexpected(asked.error()));
  if (*asked != Asked::nothing) {
    const char* const word = *asked == Asked::help ? "--help" : "--version";
    Args none;
    return detail::prepare(applet, &opt, io, {&word, 1}, none).value_or(0);
  }
  return detail::finish(applet, io, work(opt, io));
}

}  // namespace

extern const Applet tar_applet = {
    .name = "tar",
    .summary = "make, list and extract archives",
    .usage =
        "-c [OPTION]... [-f ARCHIVE] FILE...\n-x|-t|-d [OPTION]... [-f ARCHIVE] [MEMBER]...\n"
        "-r|-u|-A|--delete [OPTION]... -f ARCHIVE FILE...",
    .failure_status = 2,
    .notes = dense<"Exit status: 0, 1 where something differs or changed meanwhile, 2 after an error.">,
    .options = describe<options>,
    .run = run,
};
}  // namespace rescue
