// The checks, in the order in which they are made: what one finds explains what a later one would only see the effects
// of, so each adds what it is about to Patient::claimed, and leaves alone what is there.
#pragma once

#include "lib/health/finding.h"
#include "lib/health/patient.h"

namespace rescue {

// Whether all of /usr was moved away, with which a merged system has nothing left that could tell what it is
// (check_layout.cc).
bool check_usr(Patient& patient, Findings& findings);
// Directories that were moved away, and the links of a merged /usr (check_layout.cc).
void check_layout(Patient& patient, Findings& findings);
// Something mounted over glibc; file systems that are read-only, full, or from which nothing may run
// (check_surroundings.cc).
void check_surroundings(Patient& patient, Findings& findings);
// All files of glibc against the bundle that says what they should be, where there is one (check_bundle.cc).
void check_bundle(Patient& patient, Findings& findings);
// The same against what the package manager wrote down (check_packages.cc).
void check_packages(Patient& patient, Findings& findings);
// What the files of glibc tell by themselves: each whole, each link leading to its file, all of one build
// (check_family.cc).
void check_family(Patient& patient, Findings& findings);
// What they need of the processor and the kernel (check_machine.cc).
void check_machine(Patient& patient, Findings& findings);
// Modes and owners that keep users or programs out (check_attributes.cc).
void check_attributes(Patient& patient, Findings& findings);
// SELinux labels (check_labels.cc).
void check_labels(Patient& patient, Findings& findings);
// /etc/ld.so.conf and what it includes (check_config.cc).
void check_config(Patient& patient, Findings& findings);
// /etc/ld.so.preload (check_preload.cc).
void check_preload(Patient& patient, Findings& findings);
// Libraries of another glibc where the loader looks first, or where the next ldconfig would (check_shadows.cc).
void check_shadows(Patient& patient, Findings& findings);
// What the loader would make of the programs (check_programs.cc).
void check_programs(Patient& patient, Findings& findings);
// /etc/ld.so.cache (check_cache.cc).
void check_cache(Patient& patient, Findings& findings);
// LD_LIBRARY_PATH and the like, here and in the files that set them (check_environment.cc).
void check_environment(Patient& patient, Findings& findings);
// A trial run, the only time that something of the root is executed (check_trial.cc).
void check_trial(Patient& patient, Findings& findings);

}  // namespace rescue
