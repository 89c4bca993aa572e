// Whether the processor and the kernel that run suit this glibc: its own files say what they need.
#include <algorithm>
#include <bit>

#include <sys/utsname.h>

#include "lib/base/text.h"
#include "lib/elf/cpu.h"
#include "lib/health/checks.h"

namespace rescue {

namespace {

// "6.1.0-18-amd64" as the notes of ELF files count: the third number fits into a byte there.
uint32_t kernel_number(std::string_view release) {
  uint32_t number = 0;
  for (unsigned shift = 24; shift > 0;) {
    shift -= 8;
    const size_t digits = std::min(release.find_first_not_of("0123456789"), release.size());
    number |= std::min(to_number<uint32_t>(release.substr(0, digits)).value_or(0), 255U) << shift;
    release.remove_prefix(std::min(digits + 1, release.size()));
  }
  return number;
}

class MachineCheck {
 public:
  MachineCheck(Patient& patient, Findings& findings) : p_(patient), findings_(findings) {}

  void run() {
    for (const Member& member : p_.members) {
      const bool core = is_libc_name(member.name) || is_loader_name(member.name);
      if (core && member.kind == NodeKind::file && member.is_whole(p_.machine()) && !told_)
        look_at(member);
    }
  }

 private:
  void look_at(const Member& member) {
    const elf::Image& image = member.file->image;
    const int level = elf::x86_level();
    const int needed = static_cast<int>(std::bit_width(image.x86_isa_needed.value_or(0)));
    if (p_.arch != nullptr && p_.arch->name == "x86_64" && level > 0 && needed > level)
      report(
          member, "CPU_TOO_OLD", elf::compare_versions(p_.version, "2.33") >= 0,
          str("is built for processors of level x86-64-v", needed, ", and this one is x86-64-v", level),
          "no bundle or package of this release helps: move the disk to a machine with a newer processor, or install "
          "a release that supports this one");
    struct utsname name{};
    if (image.abi_kernel != 0 && ::uname(&name) == 0 && image.abi_kernel > kernel_number(name.release))
      report(member, "KERNEL_TOO_OLD", elf::compare_versions(p_.version, "2.36") < 0,
             str("is built for Linux ", image.abi_tag, " and later, and this one is ", Printable(name.release)),
             "boot a newer kernel; or, if another glibc was installed over this system's own, bring that back");
  }

  // The processor and the kernel are those of the system only where it is the one that runs.
  void report(const Member& member, std::string_view id, bool insists, std::string predicate, std::string_view repair) {
    told_ = true;
    Finding finding;
    finding.id = id;
    finding.severity = insists && p_.root.is_system_root() ? Severity::fatal : Severity::note;
    finding.weight = 73;
    finding.path = member.path();
    finding.headline = str(Printable(member.name), ' ', predicate);
    finding.evidence.emplace_back(!p_.root.is_system_root() ? "that counts only if the system is to run on this machine"
                                  : insists                 ? "its loader refuses to start any program"
                                                            : "its loader does not look at that: programs may crash");
    finding.repair = repair;
    findings_.push_back(std::move(finding));
  }

  Patient& p_;
  Findings& findings_;
  bool told_ = false;
};

}  // namespace

void check_machine(Patient& patient, Findings& findings) {
  MachineCheck(patient, findings).run();
}

}  // namespace rescue
