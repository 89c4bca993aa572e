// SELinux labels of glibc's files, on a system that has labels: with a wrong one confined services do not find a
// library that the root shell does (handbook 1.2 no. 20).
#include <algorithm>
#include <map>

#include <fcntl.h>
#include <sys/xattr.h>

#include "lib/base/text.h"
#include "lib/bundle/label.h"
#include "lib/health/checks.h"
#include "lib/health/places.h"

namespace rescue {

namespace {

// What a file has that was made elsewhere and moved here, or was made while no policy was loaded.
constexpr std::string_view wrong_types[] = {":tmp_t:",     ":user_tmp_t:",  ":user_home_t:", ":admin_home_t:",
                                            ":default_t:", ":unlabeled_t:", ":file_t:",      ":mnt_t:"};

// With its closing zero; empty where there is none.
std::string label_at(const Root& root, std::string_view path) {
  const auto fd = root.open_file(path, O_RDONLY | O_NONBLOCK);
  std::string label(256, '\0');
  const ssize_t length = fd ? ::fgetxattr(fd->get(), label_name, label.data(), label.size()) : -1;
  label.resize(length > 0 ? static_cast<size_t>(length) : 0);
  return label;
}

bool is_wrong(std::string_view label) {
  return label.empty() || std::ranges::any_of(wrong_types, [&](std::string_view type) { return label.contains(type); });
}

// The loader has a type of its own.
std::string label_for(const Member& member, const std::string& of_libraries) {
  constexpr std::string_view library_type = ":lib_t:";
  const size_t at = of_libraries.find(library_type);
  if (!is_loader_name(member.name) || at == std::string::npos)
    return of_libraries;
  std::string label = of_libraries;
  return label.replace(at, library_type.size(), ":ld_so_t:");
}

void report(Patient& patient, Findings& findings, const Member& member, const std::string& have,
            const std::string& wanted) {
  Finding finding;
  const std::string path = member.path();
  finding.id = have.empty() ? "LABEL_MISSING" : "LABEL_WRONG";
  finding.weight = 25;
  finding.path = path;
  finding.headline = have.empty() ? str(patient.shown(path), " has no SELinux label, and the files beside it have one")
                                  : str(patient.shown(path), " has the SELinux label of another place, ",
                                        Printable(std::string_view(have).substr(0, have.find('\0'))));
  finding.evidence.emplace_back("services that SELinux confines may not load it");
  const std::string_view plain = std::string_view(wanted).substr(0, wanted.find('\0'));
  finding.repair = str("label it ", Printable(plain));
  finding.commands.push_back(str("restorecon ", patient.shown(path)));
  add_successor(patient, finding, path, {member.info.st_mode & 07777U, member.info.st_uid, member.info.st_gid}, wanted);
  findings.push_back(std::move(finding));
}

}  // namespace

void check_labels(Patient& patient, Findings& findings) {
  if (patient.home.empty() || label_at(patient.root, patient.home).empty())
    return;
  std::map<std::string, unsigned> count;
  std::map<const Member*, std::string> labels;
  for (const Member& member : patient.members)
    if (member.kind == NodeKind::file && member.dir == patient.home && member.is_whole(patient.machine())) {
      std::string& label = labels[&member] = label_at(patient.root, member.path());
      if (!is_wrong(label) && !is_loader_name(member.name))
        ++count[label];
    }
  const auto most = std::ranges::max_element(count, {}, [](const auto& pair) { return pair.second; });
  if (most == count.end())
    return;
  for (const auto& [member, label] : labels)
    if (is_wrong(label))
      report(patient, findings, *member, label, label_for(*member, most->first));
}

}  // namespace rescue
