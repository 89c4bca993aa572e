#include "lib/health/places.h"

#include <algorithm>
#include <array>

#include <fcntl.h>

#include "lib/base/quote.h"
#include "lib/base/text.h"
#include "lib/bundle/label.h"
#include "lib/bundle/state_dir.h"
#include "lib/crypto/digest.h"
#include "lib/health/donor_search.h"

namespace rescue {

namespace {

std::string_view words_for(NodeKind kind) {
  constexpr std::array<std::string_view, 5> words = {"nothing", "a file", "a directory", "a symbolic link",
                                                     "a FIFO, socket or device"};
  return words[static_cast<size_t>(kind)];
}

// "0644".
std::string mode_digits(uint32_t mode) {
  const std::string digits = to_octal(mode);
  return str(std::string(digits.size() < 4 ? 4 - digits.size() : 0, '0'), digits);
}

std::string_view prefix_of(Role role) {
  constexpr std::array<std::string_view, 8> words = {"ALIAS",   "DIRECTORY", "LOADER", "LIBC",
                                                     "LIBRARY", "CONFIG",    "CACHE",  "FILE"};
  return words[static_cast<size_t>(role)];
}

// " of glibc 2.36" for a libc or loader that says so.
std::string release_of(const Patient& patient, std::string_view path) {
  const Member* const member = patient.member(dir_name(path), base_name(path));
  return member != nullptr && !member->version.empty() ? str(" of glibc ", member->version) : std::string();
}

Fault fault_of_link(const Patient& patient, std::string_view path, std::string_view link) {
  const std::string text = patient.root.read_link(path).value_or("");
  const auto target = patient.root.find(path, Last::follow, &patient.assumed);
  if (!target && target.error().code() == ELOOP)
    return {"LINK_DANGLING", str("points to ", Printable(text), ", and so round in a circle"), true};
  if (!target || !target->exists)
    return {"LINK_DANGLING", str("points to ", Printable(text), ", which does not exist"), true};
  if (link.empty())
    return {"LINK_WRONG", str("points to ", Printable(text)), true};
  return {"LINK_WRONG", str("points to ", Printable(text), ", not to ", Printable(link)), true};
}

// A library that is there as a plain file.
Fault fault_of_file(const Patient& patient, const Found& found) {
  if (found.info.st_size == 0)
    return {"EMPTY", "is empty", true};
  const auto file = elf::read_library(patient.root, found);
  if (!file)
    return {"UNREADABLE", "cannot be read", true};
  if (file->error)
    return file->error->code() != 0
               ? Fault{"UNREADABLE", str("cannot be read: ", errno_text(file->error->code())), true}
               : Fault{"NOT_ELF",
                       str("is no library: ", count_of(static_cast<uint64_t>(found.info.st_size), "byte"),
                           " of something else"),
                       true};
  const elf::Image& image = file->image;
  if (patient.machine() != nullptr && !image.same_machine(*patient.machine())) {
    const elf::Arch* const arch = elf::architecture_of(image);
    return {"WRONG_ARCH",
            str("is for another machine (", arch != nullptr ? arch->name : elf::machine_name(image.machine),
                image.is64 == patient.machine()->is64 ? ""
                : image.is64                          ? ", 64-bit"
                                                      : ", 32-bit",
                ')'),
            true};
  }
  const bool other = is_libc_name(found.name)     ? !elf::is_libc_soname(image.soname)
                     : is_loader_name(found.name) ? !elf::is_loader_soname(image.soname)
                                                  : elf::is_glibc_soname(found.name) && image.soname != found.name;
  if (other && !image.soname.empty())
    return {"REPLACED", str("is another library, ", Printable(image.soname)), true};
  if (image.truncated())
    return {"TRUNCATED", str("is cut short: ", image.file_size, " of at least ", image.loads_end, " bytes are there"),
            true};
  if (image.damage)
    return {"DAMAGED", str("is damaged: ", image.damage->attempt(), ": ", image.damage->detail()), true};
  if (image.cut_short())
    return {"TRUNCATED", "lacks its end, which no program reads", false};
  return {};
}

}  // namespace

Role role_of(const Patient& patient, std::string_view path, NodeKind wanted) {
  const std::string_view name = base_name(path);
  if (wanted == NodeKind::link && !path.contains('/'))
    return Role::alias;
  if (wanted == NodeKind::dir)
    return Role::directory;
  if (path == "etc/ld.so.cache")
    return Role::cache;
  if (path.starts_with("etc/"))
    return Role::config;
  if (is_loader_name(name))
    return Role::loader;
  if (is_libc_name(name))
    return Role::libc;
  const bool in_library_dir =
      std::ranges::contains(patient.real_dirs, dir_name(path)) || dir_name(path) == patient.home;
  return is_family_name(name) || (in_library_dir && name.contains(".so")) ? Role::library : Role::file;
}

Fault fault_at(const Patient& patient, std::string_view path, NodeKind wanted, std::string_view link) {
  const auto found = patient.root.find(path, Last::keep, &patient.assumed);
  if (!found || !found->exists)
    return {"MISSING", "is missing", true};
  const NodeKind kind = kind_of(found->info.st_mode);
  if (wanted == NodeKind::link)
    return kind == NodeKind::link
               ? fault_of_link(patient, path, link)
               : Fault{"REPLACED", str("is ", words_for(kind), release_of(patient, path), ", and should be a link"),
                       true};
  if (kind == NodeKind::link && wanted == NodeKind::file) {
    const Fault fault = fault_of_link(patient, path, {});
    return fault.suffix == "LINK_DANGLING"
               ? fault
               : Fault{"REPLACED",
                       str("is a link to ", Printable(patient.root.read_link(path).value_or("?")),
                           ", and should be a file"),
                       true};
  }
  if (kind != wanted)
    return {"REPLACED", str("is ", words_for(kind), ", and should be ", words_for(wanted)), true};
  if (wanted == NodeKind::dir)
    return {};
  const Role role = role_of(patient, path, wanted);
  if (role == Role::loader || role == Role::libc || role == Role::library)
    return fault_of_file(patient, *found);
  return found->info.st_size == 0 ? Fault{"EMPTY", "is empty", true} : Fault{};
}

Finding finding_at(const Patient& patient, std::string_view path, NodeKind wanted, Fault fault) {
  const Role role = role_of(patient, path, wanted);
  Finding finding;
  const bool of_link =
      wanted == NodeKind::link && role != Role::alias && (fault.suffix == "MISSING" || fault.suffix == "REPLACED");
  finding.id = str(prefix_of(role), of_link ? "_LINK_" : "_", fault.suffix);
  finding.path = path;
  const bool core = role == Role::loader || role == Role::libc;
  finding.severity = fault.deadly && (core || role == Role::alias) ? Severity::fatal : Severity::problem;
  constexpr std::array<unsigned, 8> weights = {90, 85, 80, 75, 60, 30, 35, 20};
  finding.weight = weights[static_cast<size_t>(role)];
  constexpr std::array<std::string_view, 8> words = {"link ", "directory ", "loader ", "", "", "", "", ""};
  const bool by_name = role == Role::loader || role == Role::libc || role == Role::library;
  finding.headline = str(words[static_cast<size_t>(role)], by_name ? printable(base_name(path)) : patient.shown(path),
                         ' ', fault.predicate);
  return finding;
}

Finding finding_of_attributes(const Patient& patient, std::string_view path, const Attributes& have,
                              const Attributes& wanted) {
  const auto place = patient.root.find(path, Last::keep);
  const bool dir = place && place->exists && S_ISDIR(place->info.st_mode);
  const NodeKind kind = dir ? NodeKind::dir : NodeKind::file;
  const Role role = role_of(patient, path, kind);
  const std::string mode = str(" (mode ", mode_digits(have.mode), ')');
  const auto lacks = [&](unsigned bits) { return (wanted.mode & bits & ~have.mode) != 0; };
  Fault fault;
  if (role == Role::loader && lacks(0111))
    fault = {"NOT_EXECUTABLE", str("may not be executed", mode), true};
  else if (lacks(dir ? 0555U : 0444U))
    fault = {"NOT_READABLE", str("may not be read by everybody", mode),
             (have.mode & 0444U) == 0 && role == Role::loader};
  else if (lacks(0111))
    fault = {"NOT_EXECUTABLE", str("may not be executed", mode), false};
  else if (have.uid != wanted.uid || have.gid != wanted.gid)
    fault = {"WRONG_OWNER", str("belongs to ", have.uid, ':', have.gid, ", not to ", wanted.uid, ':', wanted.gid),
             false};
  else if ((have.mode & 0022U & ~wanted.mode) != 0)
    fault = {"WRITABLE", str("may be written by others than its owner", mode), false};
  else
    fault = {"WRONG_MODE", str("has mode ", mode_digits(have.mode), ", not ", mode_digits(wanted.mode)), false};
  Finding finding = finding_at(patient, path, kind, std::move(fault));
  const std::string shown = quoted(patient.root.shown(path), QuotingStyle::shell_escape);
  if (have.uid != wanted.uid || have.gid != wanted.gid)
    finding.commands.push_back(patient.command("chown", str(wanted.uid, ':', wanted.gid, ' ', shown)));
  if (have.mode != wanted.mode)
    finding.commands.push_back(patient.command("chmod", str(mode_digits(wanted.mode), ' ', shown)));
  finding.repair = str("set mode ", mode_digits(wanted.mode), ", owner ", wanted.uid, ':', wanted.gid);
  return finding;
}

std::optional<Finding> finding_of_prelinked(const Patient& patient, std::string_view path) {
  const auto found = patient.root.find(path, Last::keep, &patient.assumed);
  const auto file = found && found->exists ? elf::read_library(patient.root, *found) : nullptr;
  if (!file || file->error || !file->image.prelinked)
    return std::nullopt;
  Finding finding;
  finding.id = "LIBRARY_PRELINKED";
  finding.severity = Severity::note;
  finding.path = path;
  finding.headline = str(patient.shown(path), " was changed by prelink, which is no damage");
  finding.repair = "none is needed; prelink --undo gives the package's bytes back";
  return finding;
}

RepairStep link_step(const Patient& patient, std::string_view path, std::string_view text) {
  RepairStep repair;
  Step& step = repair.step;
  step.path = path;
  step.kind = NodeKind::link;
  step.attributes = {0777, 0, 0};
  step.link = text;
  const auto there = patient.root.find(path, Last::keep, &patient.assumed);
  step.old_kind = there && there->exists ? kind_of(there->info.st_mode) : NodeKind::nothing;
  const bool alias = !path.contains('/');
  const std::string_view name = base_name(path);
  repair.order = alias                                        ? order::aliases
                 : is_loader_name(name) || is_libc_name(name) ? order::core_links
                                                              : order::libraries;
  repair.origin = str("a link to ", Printable(text));
  return repair;
}

RepairStep remove_step(const Patient& patient, std::string_view path) {
  RepairStep repair;
  repair.step.action = Action::remove;
  repair.step.path = path;
  const auto there = patient.root.find(path, Last::keep);
  repair.step.old_kind = there && there->exists ? kind_of(there->info.st_mode) : NodeKind::nothing;
  repair.order = order::removals;
  repair.origin = "kept in the undo area";
  return repair;
}

RepairStep move_step(std::string_view path, std::string_view to) {
  RepairStep repair;
  repair.step.action = Action::move;
  repair.step.path = path;
  repair.step.to = to;
  repair.order = order::moves;
  return repair;
}

RepairStep attributes_step(std::string_view path, const struct stat& info, const Attributes& wanted) {
  RepairStep repair;
  repair.step.action = Action::attributes;
  repair.step.path = path;
  repair.step.old_attributes = {info.st_mode & 07777U, info.st_uid, info.st_gid};
  repair.step.attributes = wanted;
  repair.order = order::attributes;
  return repair;
}

// Debian's links are absolute up to 12, those of a root whose /usr is merged in the packages too are relative;
// everybody else's stay in the directory.
std::string loader_link_text(const Patient& patient, std::string_view place, std::string_view loader) {
  const std::string_view name = base_name(loader);
  if (dir_name(place) == dir_name(loader))
    return std::string(name);
  if (patient.arch == nullptr || !dir_name(loader).ends_with(patient.arch->triplet))
    return str('/', loader);
  if (patient.merged && elf::compare_versions(patient.version, "2.37") >= 0)
    return str("../lib/", patient.arch->triplet, '/', name);
  return str("/lib/", patient.arch->triplet, '/', name);
}

Attributes usual_attributes(const Patient& patient, std::string_view path) {
  const std::string_view name = base_name(path);
  const bool debian = patient.root.exists("var/lib/dpkg");
  const bool core = is_loader_name(name) || is_libc_name(name) || name.starts_with("libpthread-2");
  const bool program = dir_name(path).ends_with("bin");
  const bool library = name.contains(".so") && !path.contains("/gconv/gconv-modules");
  return {core || program || (library && !debian) ? 0755U : 0644U, 0, 0};
}

void wish(const Patient& patient, Finding& finding, const std::string& path, const FileDigest& digest) {
  FileWish one;
  one.wanted.path = path;
  const std::string_view name = base_name(path);
  if (elf::is_glibc_soname(name))
    one.wanted.soname = name;
  if (role_of(patient, path, NodeKind::file) != Role::file)
    one.wanted.arch = patient.arch;
  if (digest)
    one.wanted.digests.push_back(digest);
  one.wanted.glibc_version = patient.version;
  one.attributes = usual_attributes(patient, path);
  finding.wishes.push_back(std::move(one));
}

void add_successor(Patient& patient, Finding& finding, const std::string& path, const Attributes& wanted,
                   std::string_view label) {
  const auto fd = patient.root.open_file(path, O_RDONLY | O_NONBLOCK);
  Donor donor;
  if (!fd || !read_donor(fd->get(), path, donor).value_or(false))
    return;
  if (!label.empty()) {
    std::erase_if(donor.xattrs, [](const Xattr& xattr) { return xattr.name == label_name; });
    donor.xattrs.push_back({label_name, std::string(label)});
  }
  RepairStep repair;
  repair.step.path = path;
  repair.step.old_kind = NodeKind::file;
  repair.step.attributes = wanted;
  repair.step.sha256 = Sha256::of(*donor.content);
  repair.from = ContentFrom::donor;
  repair.index = patient.donors.size();
  repair.origin = "itself, as a file of its own";
  repair.order = order::core;
  patient.donors.push_back(std::move(donor));
  finding.steps.push_back(std::move(repair));
}

std::string link_command(const Patient& patient, std::string_view path, std::string_view text) {
  return patient.command("ln", str("-sfn ", quoted(text, QuotingStyle::shell_escape), ' ',
                                   quoted(patient.root.shown(path), QuotingStyle::shell_escape)));
}

bool move_strays(const Patient& patient, const std::string& from, const std::string& to,
                 std::vector<RepairStep>& steps) {
  const auto dir = patient.root.open_dir(from);
  const auto entries = dir ? list_dir(dir->get(), from) : Result<std::vector<DirEntry>>(std::unexpected(dir.error()));
  if (!entries)
    return false;
  for (const DirEntry& stray : *entries) {
    const std::string source = join_path(from, stray.name);
    const std::string target = join_path(to, stray.name);
    const auto here = patient.root.find(source, Last::keep);
    const auto there = patient.root.find(target, Last::keep);
    if (!here || !there)
      return false;
    if (there->exists && S_ISDIR(there->info.st_mode) && S_ISDIR(here->info.st_mode)) {
      if (!move_strays(patient, source, target, steps))
        return false;
    } else if (!there->exists) {
      steps.push_back(move_step(source, target));
    }
  }
  return true;
}

}  // namespace rescue
