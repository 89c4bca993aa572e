// LD_LIBRARY_PATH and its like, here and in the files that set them for every login.
#include <algorithm>
#include <cstdlib>

#include "lib/base/text.h"
#include "lib/elf/search.h"
#include "lib/health/checks.h"

namespace rescue {

namespace {

constexpr const char* variables[] = {"LD_LIBRARY_PATH", "LD_PRELOAD", "LD_AUDIT",
                                     "GLIBC_TUNABLES",  "GCONV_PATH", "LOCPATH"};

// A directory of the list that has a glibc of its own.
std::string glibc_in(const Patient& patient, std::string_view list) {
  for (const std::string& dir : elf::split_library_path(list)) {
    const auto found = patient.root.find(dir);
    if (!found || std::ranges::contains(patient.real_dirs, found->path))
      continue;
    for (const std::string_view name : {"libc.so.6", "libpthread.so.0", "libm.so.6"})
      if (patient.root.exists(str(dir, '/', name)))
        return dir;
  }
  return {};
}

void report(const Patient& patient, Findings& findings, std::string_view variable, std::string_view value,
            std::string_view place, std::string_view path) {
  Finding finding;
  finding.id = "ENVIRONMENT";
  finding.severity = Severity::note;
  finding.weight = 35;
  finding.path = path;
  finding.headline = str(place, " sets ", variable, " to ", Printable(value));
  if (variable == "LD_LIBRARY_PATH")
    if (const std::string dir = glibc_in(patient, value); !dir.empty()) {
      finding.severity = Severity::problem;
      finding.evidence.push_back(
          str(patient.shown(dir), " has libraries of another glibc, which come before the system's"));
    }
  finding.repair =
      path.empty() ? str("unset ", variable) : str("remove the line, or set it for the one program that needs it");
  if (path.empty())
    finding.commands.push_back(str("unset ", variable));
  findings.push_back(std::move(finding));
}

// Whether a command is found by this PATH.
bool leads_to_programs(const Patient& patient, std::string_view path) {
  for (const std::string_view dir : split(path, ':'))
    if (patient.root.exists(str(dir, "/ls")))
      return true;
  return false;
}

// A PATH that leads nowhere: every command is "not found", though all are there.
void check_path(const Patient& patient, Findings& findings, std::string_view value, std::string_view place,
                std::string_view file) {
  constexpr std::string_view usual = "/usr/sbin:/usr/bin:/sbin:/bin";
  // What the shell has yet to replace may lead anywhere.
  if (value.find_first_of("$`~") != std::string_view::npos || leads_to_programs(patient, value) ||
      !leads_to_programs(patient, usual))
    return;
  Finding finding;
  finding.id = "PATH_WRONG";
  finding.weight = 36;
  finding.path = file;
  finding.headline = str(place, " sets PATH to ", Printable(value), ", where no programs are: each is \"not found\"");
  finding.repair = file.empty() ? "set PATH" : "correct that line";
  finding.commands.push_back(str("export PATH=", usual));
  findings.push_back(std::move(finding));
}

// Lines like `export LD_PRELOAD=/opt/x.so` and `LD_LIBRARY_PATH="/opt/lib"`.
void look_into(const Patient& patient, Findings& findings, const std::string& path) {
  const auto text = patient.root.read_file(path, 1 << 20);
  if (!text)
    return;
  for (std::string_view line : split(*text, '\n')) {
    line = trim(line);
    if (line.starts_with("export "))
      line = trim(line.substr(7));
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos)
      continue;
    const std::string_view name = line.substr(0, equals);
    std::string_view value = line.substr(equals + 1);
    while (!value.empty() && (value.front() == '"' || value.front() == '\''))
      value.remove_prefix(1);
    value = value.substr(0, value.find_first_of("\"'; \t"));
    if (value.empty())
      continue;
    if (std::ranges::contains(variables, name))
      report(patient, findings, name, value, patient.shown(path), path);
    else if (name == "PATH")
      check_path(patient, findings, value, patient.shown(path), path);
  }
}

}  // namespace

void check_environment(Patient& patient, Findings& findings) {
  if (patient.root.is_system_root())
    if (const char* const path = ::getenv("PATH"); path != nullptr && *path != '\0')
      check_path(patient, findings, path, "this shell", {});
  if (patient.root.is_system_root())
    for (const char* const variable : variables)
      if (const char* const value = ::getenv(variable); value != nullptr && *value != '\0')
        report(patient, findings, variable, value, "this shell", {});
  for (const std::string path : {"etc/environment", "etc/profile", "etc/bash.bashrc", "root/.bashrc", "root/.profile"})
    look_into(patient, findings, path);
  const auto dir = patient.root.open_dir("etc/profile.d");
  if (!dir)
    return;
  const auto entries = list_dir(dir->get(), "etc/profile.d");
  for (const DirEntry& entry : entries.value_or(std::vector<DirEntry>()))
    look_into(patient, findings, str("etc/profile.d/", entry.name));
}

}  // namespace rescue
