// Finding good bytes for what was found to be bad, and turning them into steps: see donor.h for where they come from.
#pragma once

#include "lib/health/finding.h"
#include "lib/health/patient.h"

namespace rescue {

// Gives each finding that wishes for files the steps that bring them, the cheapest and surest source for each; and says
// what to do where there is none. The donors that were chosen are kept in Patient::donors.
void find_sources(Patient& patient, Findings& findings);

}  // namespace rescue
