// The bundle that says what a root's glibc should be.
#pragma once

#include "lib/health/patient.h"

namespace rescue {

// Finds it among the kit's bundles, or takes the one that was named: made for this architecture, distribution and
// release, and of the very version that the root's glibc is. It is opened and verified as Patient::bundle. Why others
// were passed over goes to Patient::notes.
void choose_reference(Patient& patient);

// The bundles that could be looked at, in order: the one that was named, or those of the kit.
std::vector<std::string> bundle_files(const DoctorOptions& options);

}  // namespace rescue
