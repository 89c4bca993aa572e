#include "lib/bundle/extract_package.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "lib/archive/extract.h"
#include "lib/archive/owner_names.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

class PackageExtractor {
 public:
  PackageExtractor(VerifiedPackage& package, const Root& root, UniqueFd dir, bool is_root)
      : package_(package),
        is_root_(is_root),
        owners_(root),
        extractor_(std::move(dir), root.path(),
                   {.owner = is_root, .exact_mode = true, .xattrs = true, .only_whole = true}) {}

  Result<> run(void (*each)(void*, const Entry&), void* context) {
    while (const Entry* const next = TRY(package_.next())) {
      Entry entry = *next;
      entry.path = TRY(safe_path(entry.path));
      if (entry.type == EntryType::hardlink)
        entry.link = TRY(safe_path(entry.link));
      owners_.apply(entry);
      if (!is_root_ && (entry.uid != ::geteuid() || entry.gid != ::getegid())) {
        ++foreign_;
        entry.mode &= 01777;  // who is not its owner gets no program that runs as somebody else
      }
      const auto done = put(entry);
      if (!done && done.error().status() == Status::bad_data)
        return done;
      if (!done)
        report_.errors.push_back(done.error());
      else if (each != nullptr)
        each(context, entry);
      ++report_.entries;
    }
    return extractor_.finish(report_.errors);
  }

  ExtractReport report() {
    for (const std::string& name : owners_.unknown())
      report_.notes.push_back(str("the ", name, " is not known here: the number in the package counts, or root's"));
    if (foreign_ > 0)
      report_.notes.push_back(str(count_of(foreign_, "file belongs", "files belong"),
                                  " to you and not to whom the package says: only root may give files away"));
    if (devices_ > 0)
      report_.notes.push_back(
          str(count_of(devices_, "device was", "devices were"), " left out: only root may make them"));
    if (attributes_ > 0)
      report_.notes.push_back(str("the extended attributes of ", count_of(attributes_, "file"),
                                  " could not be set: the file system has none, or only root may"));
    return std::move(report_);
  }

 private:
  // An absolute name is one below the directory; one that leads upwards is an attack.
  Result<std::string> safe_path(std::string_view path) const {
    for (const std::string_view part : split(path, '/'))
      if (part == "..")
        return with_status(
            corrupt(printable(path), package_.path(), "its name leads out of the directory; nothing more is unpacked")
                .error(),
            Status::bad_data);
    const std::string_view safe = without_start(path);
    return std::string(safe.empty() ? "." : safe);
  }

  Result<> put(Entry& entry) {
    const bool is_device = entry.type == EntryType::character || entry.type == EntryType::block;
    if (is_device && !is_root_) {
      ++devices_;
      return {};
    }
    if (const auto done = put_once(entry); done || entry.xattrs.empty() || entry.type != EntryType::file ||
                                           (done.error().code() != EOPNOTSUPP && done.error().code() != EPERM))
      return done;
    // The file is there; only its attributes are not.
    ++attributes_;
    return {};
  }

  Result<> put_once(const Entry& entry) {
    (void)TRY(extractor_.add(entry));
    if (entry.type != EntryType::file)
      return {};
    uint64_t offset = 0;
    while (true) {
      const auto piece = package_.read();
      Result<> done;
      if (!piece)
        done = std::unexpected(piece.error());
      else if (piece->empty())
        return extractor_.end_file();
      else
        done = extractor_.write(offset, *piece);
      if (!done) {
        extractor_.abandon_file();
        return done;
      }
      offset += piece->size();
    }
  }

  VerifiedPackage& package_;
  bool is_root_;
  OwnerNames owners_;
  Extractor extractor_;
  ExtractReport report_;
  uint64_t foreign_ = 0;
  uint64_t devices_ = 0;
  uint64_t attributes_ = 0;
};

}  // namespace

Result<ExtractReport> extract_package(VerifiedPackage& package, const std::string& dir,
                                      void (*each)(void* context, const Entry& entry), void* context) {
  const Root root = TRY(Root::open(dir));
  UniqueFd fd = TRY(open_file(dir, O_RDONLY | O_DIRECTORY));
  PackageExtractor extractor(package, root, std::move(fd), ::geteuid() == 0);
  TRY(extractor.run(each, context));
  return extractor.report();
}

}  // namespace rescue
