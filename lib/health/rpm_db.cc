#include "lib/health/rpm_db.h"

#include <cerrno>

#include <fcntl.h>

#include "lib/archive/rpm_files.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

// In the order in which they came: where there are two, the older one was left behind by a conversion.
constexpr std::string_view directories[] = {"usr/lib/sysimage/rpm", "var/lib/rpm"};
constexpr std::string_view names[] = {"rpmdb.sqlite", "Packages.db", "Packages"};
constexpr size_t most_faults = 20;

std::vector<PackageFile> convert(const std::vector<rpm::File>& files, DigestAlgorithm algorithm) {
  std::vector<PackageFile> converted;
  converted.reserve(files.size());
  for (const rpm::File& file : files) {
    PackageFile& to = converted.emplace_back();
    to.path = without_slashes(file.path);
    if (is_digest_text(algorithm, file.digest))
      to.digest = {algorithm, std::string(file.digest)};
    to.link = file.link;
    to.mode = file.mode;
    to.user = file.user;
    to.group = file.group;
    to.size = file.size;
    to.mtime = file.mtime;
    to.config = (file.flags & rpm::file_config) != 0;
    to.ghost = (file.flags & rpm::file_ghost) != 0;
  }
  return converted;
}

}  // namespace

std::string_view source_name(std::string_view source_rpm) {
  for (int i = 0; i < 2; ++i)  // version and release
    source_rpm = source_rpm.substr(0, source_rpm.rfind('-'));
  return source_rpm;
}

Result<std::unique_ptr<PackageDb>> RpmDb::open(const Root& root) {
  std::optional<Error> first;
  for (const std::string_view dir : directories)
    for (const std::string_view name : names) {
      const std::string path = str(dir, '/', name);
      if (!root.exists(path))
        continue;
      auto db = std::make_unique<RpmDb>(root);
      if (auto done = db->open_file(path); !done) {
        if (!first)
          first = std::move(done).error();
        continue;
      }
      if (first)
        db->fault(*first);
      return db;
    }
  if (first)
    return std::unexpected(*std::move(first));
  return nullptr;
}

Result<> RpmDb::open_file(const std::string& path) {
  path_ = path;
  fd_ = TRY(root_.open_file(path, O_RDONLY | O_NONBLOCK));
  if (auto log = root_.open_file(str(path, "-wal"), O_RDONLY | O_NONBLOCK))
    log_ = *std::move(log);
  const std::string shown = root_.shown(path);
  database_ = TRY(rpm::Database::open(fd_.get(), shown, log_.get()));
  for (const uint64_t place : database_->headers())
    if (const auto done = read_identity(place); !done)
      fault(done.error());
  for (const std::string& text : database_->faults())
    if (faults_.size() < most_faults)
      faults_.push_back(text);
  if (packages_.empty())
    return corrupt("read package database", shown, "knows of no package");
  return {};
}

void RpmDb::fault(const Error& error) {
  if (faults_.size() < most_faults)
    faults_.push_back(message(error));
}

Result<> RpmDb::read_identity(uint64_t place) {
  const std::string blob = TRY(database_->read(place));
  const auto header = TRY(rpm::Header::parse(Bytes(blob, root_.shown(path_), std::endian::big)));
  InstalledPackage package;
  package.name = header.text(rpm::Tag::name);
  package.version = rpm::version_of(header);
  package.architecture = header.text(rpm::Tag::arch);
  package.source = source_name(header.text(rpm::Tag::source_rpm));
  package.state = "installed";
  if (package.name.empty())
    return corrupt("read package database", root_.shown(path_), "a header does not name its package");
  packages_.push_back(std::move(package));
  places_.push_back(place);
  return {};
}

Result<std::vector<PackageFile>> RpmDb::files(size_t i) {
  const std::string blob = TRY(database_->read(places_[i]));
  const std::string shown = root_.shown(path_);
  const auto header = TRY(rpm::Header::parse(Bytes(blob, shown, std::endian::big)));
  return convert(TRY(rpm::read_files(header, shown)), openpgp_digest(rpm::file_digest_algorithm(header)));
}

Result<> RpmDb::list_paths(PathTaker& taker) {
  const std::string shown = root_.shown(path_);
  for (size_t i = 0; i < packages_.size(); ++i) {
    const auto blob = database_->read(places_[i]);
    const auto header = blob ? rpm::Header::parse(Bytes(*blob, shown, std::endian::big))
                             : Result<rpm::Header>(std::unexpected(blob.error()));
    const auto paths = header ? rpm::read_file_names(*header, shown)
                              : Result<std::vector<std::string>>(std::unexpected(header.error()));
    if (!paths) {
      fault(paths.error());
      continue;
    }
    for (size_t place = 0; place < paths->size(); ++place)
      taker.take(i, place, (*paths)[place]);
  }
  return {};
}

Result<PackageFile> RpmDb::file_at(size_t package, size_t place) {
  if (last_package_ != package) {
    last_files_ = TRY(files(package));
    last_package_ = package;
  }
  if (place >= last_files_.size())
    return corrupt("read package database", root_.shown(path_), "has changed meanwhile");
  return last_files_[place];
}

}  // namespace rescue
