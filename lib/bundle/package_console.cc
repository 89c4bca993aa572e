#include "lib/bundle/package_console.h"

#include <algorithm>

#include <sys/stat.h>

#include "lib/base/text.h"
#include "lib/bundle/extract_package.h"
#include "lib/bundle/package_members.h"
#include "lib/bundle/restore_console.h"

namespace rescue {

namespace {

void print_name(void* io, const Entry& entry) {
  static_cast<Io*>(io)->out.put(Printable(entry.path), entry.type == EntryType::directory ? "/\n" : "\n");
}

Result<int> put_in_place(const PackageOptions& opt, Io& io, const Args& args) {
  const Root root = TRY(Root::open(opt.in_place));
  auto packages = TRY(bundle_of_packages(root, {args.begin(), args.end()}, opt.patterns));
  for (const std::string& note : packages.notes)
    io.note(note);
  TRY(packages.bundle.verify());
  return restore_and_tell(root, packages.bundle, {.dry_run = opt.dry_run, .force = opt.force},
                          {.json = opt.json, .verbose = opt.verbose}, io);
}

}  // namespace

Result<> unpack_package(const PackageOptions& opt, Io& io, int fd, const std::string& file) {
  PathPatterns patterns(opt.patterns);
  const auto package = TRY(VerifiedPackage::open(fd, file, {}, &patterns));
  const ExtractReport report =
      TRY(extract_package(*package, opt.directory.value_or("."), opt.verbose ? print_name : nullptr, &io));
  for (const Error& error : report.errors)
    io.warn(error);
  for (const std::string& note : report.notes)
    io.note(note);
  if (!patterns.unmatched().empty())
    return fail("unpack", file, "nothing in it matches '", Printable(patterns.unmatched()), "'");
  return {};
}

Result<> put_stream(Io& io, Source& source) {
  while (io.out.ok()) {
    const std::string_view block = TRY(source.next());
    if (block.empty())
      break;
    io.out.write(block);
  }
  return {};
}

Result<int> run_packages(const PackageOptions& opt, const PackageQuestions& asked, Io& io, const Args& args,
                         Result<> (*handle)(const void* options, Io& io, const std::string& file),
                         const void* options) {
  if (args.empty())
    return usage_error("name at least one package");
  const bool in_place = !opt.in_place.empty();
  // With --in-place, --json is how that is told.
  const unsigned ways = asked.whole_files + (asked.prints ? 1 : 0) + (in_place ? 1 : 0) + (opt.directory ? 1 : 0);
  if (ways > 1)
    return usage_error("-C, --in-place and what is done instead of unpacking go one at a time");
  if (asked.whole_files > 0 && !opt.patterns.empty())
    return usage_error("it is done with the whole package: --pattern is not for it");
  if (in_place)
    return put_in_place(opt, io, args);
  if (opt.dry_run || opt.force)
    return usage_error("--dry-run and --force are for --in-place");
  // Files get exactly the modes that the package gives them.
  ::umask(0);
  int status = 0;
  for (const std::string_view file : args)
    if (const auto done = handle(options, io, std::string(file)); !done)
      status = std::max(status, io.report(done.error()));
  return std::max(status, io.status());
}

}  // namespace rescue
