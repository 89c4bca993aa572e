#include "lib/health/reference.h"

#include <fcntl.h>

#include "lib/base/fd.h"
#include "lib/base/kit.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

// Why the bundle is not of this root's own glibc; empty if it is.
std::string mismatch(const Patient& patient, const BundleInfo& info) {
  if (patient.arch != nullptr && info.arch != patient.arch->name)
    return str("it is for ", info.arch, ", and this system for ", patient.arch->name);
  if (!patient.interp.empty() && !info.interp.empty() && info.interp != patient.interp)
    return str("its loader is ", Printable(info.interp), ", and the programs here name ", Printable(patient.interp));
  if (!info.os_id.empty() && !patient.os.id.empty() &&
      (info.os_id != patient.os.id || info.os_version_id != patient.os.version_id))
    return str("it was made for ", info.os_id, ' ', info.os_version_id, ", and this is ", patient.os.id, ' ',
               patient.os.version_id);
  if (!patient.build.empty()) {
    if (!info.glibc_build.ends_with(str(' ', patient.build)))
      return str("it is of ", info.glibc_build, ", and this system's glibc is ", patient.build);
  } else if (!patient.version.empty() && info.glibc_version != patient.version) {
    return str("it is of glibc ", info.glibc_version, ", and this system's is ", patient.version);
  }
  return {};
}

}  // namespace

std::vector<std::string> bundle_files(const DoctorOptions& options) {
  if (!options.bundle_file.empty())
    return {options.bundle_file};
  std::vector<std::string> files;
  const std::string dir = kit_path("bundles");
  const auto fd = dir.empty() ? Result<UniqueFd>(UniqueFd()) : open_file(dir, O_RDONLY | O_DIRECTORY);
  if (!fd || !*fd)
    return files;
  const auto entries = list_dir(fd->get(), dir);
  for (const DirEntry& entry : entries.value_or(std::vector<DirEntry>()))
    if (entry.name.ends_with(".tzst") && !entry.name.starts_with('.'))
      files.push_back(str(dir, '/', entry.name));
  return files;
}

void choose_reference(Patient& patient) {
  if (patient.is_musl)
    return;
  for (const std::string& file : bundle_files(patient.options)) {
    const auto pass_over = [&](std::string_view why) {
      patient.notes.push_back(str("the bundle ", Printable(file), " was not used: ", why));
    };
    auto bundle = Bundle::open(file, kit_trust(patient.options.require_signature, patient.options.public_key));
    if (!bundle) {
      pass_over(message(bundle.error()));
      continue;
    }
    if (const std::string why = mismatch(patient, bundle->info()); !why.empty()) {
      pass_over(why);
      continue;
    }
    if (const auto verified = bundle->verify(); !verified) {
      pass_over(message(verified.error()));
      continue;
    }
    patient.bundle = std::move(*bundle);
    return;
  }
}

}  // namespace rescue
