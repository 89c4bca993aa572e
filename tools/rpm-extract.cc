// rpm-extract: open, check and unpack RPM packages without rpm.
#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/archive/cpio_writer.h"
#include "lib/archive/package.h"
#include "lib/archive/rpm_payload.h"
#include "lib/archive/rpm_query.h"
#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/json.h"
#include "lib/bundle/package_console.h"
#include "lib/bundle/rpm_verify.h"
#include "lib/bundle/verified_package.h"

namespace rescue {
namespace {

struct Options : PackageOptions {
  bool list = false;
  bool config = false;
  bool info = false;
  bool requirements = false;
  bool provides = false;
  bool scripts = false;
  bool changelog = false;
  bool verify = false;
  bool to_cpio = false;
};

constexpr Opt<Options> options[] = {
    {'C', "directory", &Options::directory, "unpack below DIR (default: here)", "DIR"},
    {'p', "pattern", &Options::patterns, "only what PATTERN matches; may be given several times", "PATTERN"},
    {'v', "verbose", &Options::verbose,
     "name what is unpacked; with -l, modes, owners and sizes too; with --verify-package, every check, and the "
     "content"},
    Opt<Options>("Repair"),
    {0, "in-place", &Options::in_place,
     "put the files into the system at ROOT, as rescue-extract does: compared, journalled, proven", "ROOT"},
    {'n', "dry-run", &Options::dry_run, "with --in-place: print what would be done, and change nothing"},
    {'f', "force", &Options::force, "with --in-place: over objections, and over configuration that differs"},
    Opt<Options>("Instead of unpacking"),
    {'l', "list", &Options::list, "print the names of the files"},
    {'c', "configfiles", &Options::config, "print the names of the configuration files"},
    {'i', "info", &Options::info, "print name, version, description and so on"},
    {0, "requires", &Options::requirements, "print what the package needs"},
    {0, "provides", &Options::provides, "print what the package provides"},
    {0, "scripts", &Options::scripts, "print the scripts, which are never run"},
    {0, "changelog", &Options::changelog, "print the history of the package"},
    {0, "json", &Options::json, "print all of this as JSON, one object a package"},
    {0, "verify-package", &Options::verify, "compare digests and sizes of header and payload, and name the signatures"},
    {0, "to-cpio", &Options::to_cpio, "write the files to standard output as a cpio archive, as rpm2cpio does"},
};

constexpr DenseText notes = dense<
    "Exit status: 0 done; 1 failed; 2 usage; 4 a package is damaged; with --in-place 3 and 5\n"
    "too, as rescue-extract has them.\n"
    "\n"
    "Example: rpm-extract -C /mnt/new -p libc.so.6 -p 'libc-*.so' glibc-2.28-251.el8.x86_64.rpm">;

// One package that is asked about. Its header alone is read.
class Query {
 public:
  Query(const Options& opt, Io& io, rpm::Package& package) : opt_(opt), io_(io), package_(package) {}

  Result<> print() {
    const rpm::Header& header = package_.header();
    if (opt_.info)
      io_.out.put(rpm::info_text(package_));
    if (opt_.requirements)
      lines(rpm::requires_of(header));
    if (opt_.provides)
      lines(rpm::provides_of(header));
    if (opt_.scripts)
      io_.out.put(rpm::scripts_text(header));
    if (opt_.changelog)
      io_.out.put(rpm::changelog_text(header));
    return opt_.list || opt_.config ? list() : Result<>();
  }

  Result<> json() {
    const rpm::Header& header = package_.header();
    JsonWriter json(io_.out);
    json.begin_object();
    json.field("package", package_.path());
    texts(json);
    if (const auto epoch = header.number(rpm::Tag::epoch))
      json.field("epoch", *epoch);
    if (const auto time = header.number(rpm::Tag::build_time))
      json.field("build_time", *time);
    json.field("source", package_.is_source());
    json.field("format", package_.format());
    payload(json);
    signatures(json);
    strings(json, "requires", rpm::requires_of(header));
    strings(json, "provides", rpm::provides_of(header));
    TRY(files(json));
    json.end_object();
    json.finish();
    return {};
  }

 private:
  void lines(const std::vector<std::string>& texts) {
    for (const std::string& text : texts)
      io_.out.put(text, '\n');
  }

  Result<> list() {
    PathPatterns patterns(opt_.patterns);
    if (!opt_.verbose && !opt_.config) {
      // The names are all that is wanted of the list.
      const auto names = TRY(rpm::read_file_names(package_.header(), package_.path()));
      for (const std::string& name : names)
        if (patterns.wants(name))
          io_.out.put(name, '\n');
      if (names.empty())
        io_.out.put("(contains no files)\n");
      return {};
    }
    const auto& files = *TRY(package_.files());
    const auto counts = rpm::name_counts(files);
    const int64_t now = ::time(nullptr);
    for (size_t i = 0; i < files.size(); ++i) {
      if (!patterns.wants(files[i].path) || (opt_.config && (files[i].flags & rpm::file_config) == 0))
        continue;
      io_.out.put(opt_.verbose ? rpm::long_line(files[i], counts[i], now) : files[i].path, '\n');
    }
    if (files.empty())
      io_.out.put("(contains no files)\n");
    return {};
  }

  void texts(JsonWriter& json) {
    using rpm::Tag;
    constexpr std::pair<std::string_view, Tag> fields[] = {{"name", Tag::name},
                                                           {"version", Tag::version},
                                                           {"release", Tag::release},
                                                           {"arch", Tag::arch},
                                                           {"os", Tag::os},
                                                           {"summary", Tag::summary},
                                                           {"license", Tag::license},
                                                           {"source_rpm", Tag::source_rpm},
                                                           {"vendor", Tag::vendor},
                                                           {"url", Tag::url},
                                                           {"build_host", Tag::build_host},
                                                           {"description", Tag::description}};
    for (const auto& [name, tag] : fields)
      if (package_.header().has(tag))
        json.field(name, package_.header().text(tag));
  }

  void payload(JsonWriter& json) {
    const std::string_view compressor = package_.header().text(rpm::Tag::payload_compressor);
    json.key("payload").begin_object();
    if (!compressor.empty())
      json.field("compressor", compressor);
    json.field("offset", package_.payload_offset());
    json.field("size", package_.payload_size());
    json.end_object();
  }

  void signatures(JsonWriter& json) {
    json.key("signatures").begin_array();
    for (const auto& [of_header, facts] : rpm::signatures_of(package_)) {
      json.begin_object();
      json.field("of", of_header ? "header" : "header and payload");
      json.field("method", facts.method);
      json.field("key_id", facts.key_id);
      if (facts.made_at)
        json.field("made_at", *facts.made_at);
      json.end_object();
    }
    json.end_array();
  }

  static void strings(JsonWriter& json, std::string_view name, const std::vector<std::string>& values) {
    json.key(name).begin_array();
    for (const std::string& value : values)
      json.value(value);
    json.end_array();
  }

  Result<> files(JsonWriter& json) {
    PathPatterns patterns(opt_.patterns);
    const std::string_view algorithm = digest_name(digest_algorithm_of(package_.header()));
    json.key("files").begin_array();
    for (const rpm::File& file : *TRY(package_.files()))
      if (patterns.wants(file.path))
        one_file(json, file, algorithm);
    json.end_array();
    return {};
  }

  static void one_file(JsonWriter& json, const rpm::File& file, std::string_view algorithm) {
    json.begin_object();
    json.field("path", file.path);
    json.field("mode", str('0', to_octal(file.mode)));
    json.field("user", file.user);
    json.field("group", file.group);
    json.field("size", file.size);
    json.field("mtime", file.mtime);
    if (!file.digest.empty())
      json.field(algorithm, file.digest);
    if (!file.link.empty())
      json.field("link", file.link);
    if (!file.capabilities.empty())
      json.field("capabilities", file.capabilities);
    constexpr std::pair<std::string_view, uint32_t> flags[] = {
        {"config", rpm::file_config},        {"noreplace", rpm::file_no_replace}, {"doc", rpm::file_doc},
        {"missingok", rpm::file_missing_ok}, {"ghost", rpm::file_ghost},          {"license", rpm::file_license},
        {"readme", rpm::file_readme},        {"artifact", rpm::file_artifact}};
    json.key("flags").begin_array();
    for (const auto& [name, flag] : flags)
      if ((file.flags & flag) != 0)
        json.value(name);
    json.end_array();
    json.end_object();
  }

  const Options& opt_;
  Io& io_;
  rpm::Package& package_;
};

// --- --verify-package

void print_signatures(Io& io, const rpm::Package& package) {
  const auto signatures = rpm::signatures_of(package);
  for (const auto& [of_header, facts] : signatures)
    io.out.put("    ", of_header ? "Header " : "", 'V', facts.version, ' ', facts.method, " Signature, key ID ",
               facts.key_id.empty() ? "(none)" : std::string_view(facts.key_id), ": NOT CHECKED\n");
  if (signatures.empty())
    io.out.put("    No signature\n");
}

Result<> verify(const Options& opt, Io& io, int fd, const rpm::Package& package) {
  const auto checks = TRY(verify_rpm(fd, package, opt.verbose));
  const auto is_bad = [](const RpmCheck& check) { return check.outcome == RpmCheck::Outcome::bad; };
  const bool any = std::ranges::any_of(checks, is_bad);
  if (opt.verbose) {
    io.out.put(Printable(package.path()), ":\n");
    print_signatures(io, package);
    for (const RpmCheck& check : checks) {
      constexpr std::string_view words[] = {"OK", "BAD", "NOT CHECKED"};
      io.out.put("    ", check.what, ": ", words[static_cast<size_t>(check.outcome)],
                 check.detail.empty() ? "" : str(" (", check.detail, ')'), '\n');
    }
  } else if (!any) {
    const auto signatures = rpm::signatures_of(package);
    io.out.put(
        Printable(package.path()), ": digests OK, ",
        signatures.empty() ? "no signature" : str("signature of key ", signatures[0].facts.key_id, " not checked"),
        '\n');
  }
  if (!any)
    return {};
  const RpmCheck& first = *std::ranges::find_if(checks, is_bad);
  return with_status(corrupt(first.what, package.path(), first.detail).error(), Status::bad_data);
}

// --- --to-cpio

Result<std::unique_ptr<Source>> open_payload(int fd, const rpm::Package& package) {
  return decompress(std::make_unique<RangeSource>(fd, package.payload_offset(), package.payload_size(), package.path()),
                    {});
}

class OutputSink : public Sink {
 public:
  explicit OutputSink(Output& out) : out_(out) {}
  Result<> write(std::string_view bytes) override {
    out_.write(bytes);
    return {};
  }

 private:
  Output& out_;
};

CpioMember cpio_member(const rpm::File& file, const Entry& entry, uint32_t links) {
  return {.name = str("./", entry.path),
          .mode = file.mode,
          .links = links,
          .mtime = file.mtime,
          .size = entry.type == EntryType::symlink ? file.link.size() : entry.size,
          .inode = file.inode,
          .special_major = file.rdev >> 8 & 0xff,
          .special_minor = file.rdev & 0xff};
}

// A payload without headers, which no cpio can read, gets those that it had in older packages.
Result<> with_headers(Io& io, int fd, rpm::Package& package) {
  const std::vector<rpm::File>& files = *TRY(package.files());
  const auto counts = rpm::name_counts(files);
  rpm::PayloadReader payload(TRY(open_payload(fd, package)), {}, files, {});
  OutputSink sink(io.out);
  CpioWriter writer(sink);
  while (const Entry* const entry = TRY(payload.next())) {
    const rpm::File* const file = payload.file_of(entry->path);
    if (file == nullptr)
      continue;
    TRY(writer.add(cpio_member(*file, *entry, counts[static_cast<size_t>(file - files.data())])));
    if (entry->type == EntryType::symlink)
      TRY(writer.write(file->link));
    while (entry->type == EntryType::file) {
      const std::string_view block = TRY(payload.read());
      if (block.empty())
        break;
      TRY(writer.write(block));
    }
  }
  return writer.finish(4);
}

Result<> to_cpio(Io& io, int fd, rpm::Package& package) {
  {
    const auto payload = TRY(open_payload(fd, package));
    const std::string_view first = TRY(payload->next());
    if (!first.starts_with("07070X")) {
      io.out.write(first);
      return put_stream(io, *payload);
    }
  }
  return with_headers(io, fd, package);
}

bool prints(const Options& opt) {
  return opt.list || opt.config || opt.info || opt.requirements || opt.provides || opt.scripts || opt.changelog;
}

Result<> handle(const void* options, Io& io, const std::string& file) {
  const auto& opt = *static_cast<const Options*>(options);
  const UniqueFd fd = TRY(open_file(file, O_RDONLY | O_NONBLOCK));
  // For unpacking it is opened once more, and its headers are read twice: that costs nothing.
  const auto package = TRY(rpm::Package::open(fd.get(), file));
  if (opt.verify)
    return verify(opt, io, fd.get(), *package);
  if (opt.to_cpio)
    return to_cpio(io, fd.get(), *package);
  if (!prints(opt) && !opt.json)
    return unpack_package(opt, io, fd.get(), file);
  Query printer(opt, io, *package);
  return opt.json ? printer.json() : printer.print();
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  const PackageQuestions asked{.prints = prints(opt) || (opt.json && opt.in_place.empty()),
                               .whole_files = (opt.verify ? 1U : 0U) + (opt.to_cpio ? 1U : 0U)};
  return run_packages(opt, asked, io, args, handle, &opt);
}

}  // namespace

extern const Applet rpm_extract_applet = {
    .name = "rpm-extract",
    .summary = "open, check and unpack RPM packages",
    .usage =
        "[-v] [-C DIR] [-p PATTERN]... PACKAGE...\n{-l|-c|-i|--requires|--provides|--scripts|--changelog|--json} "
        "PACKAGE...\n--verify-package [-v] PACKAGE...\n--to-cpio PACKAGE",
    .section = 8,
    .notes = notes,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
