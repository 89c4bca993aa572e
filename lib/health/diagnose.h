// The whole look at a root: all checks in their order, and what they come to.
#pragma once

#include <string>

#include "lib/health/finding.h"
#include "lib/health/patient.h"

namespace rescue {

struct Diagnosis {
  Patient patient;
  Findings findings;  // the gravest first

  bool healthy() const { return is_healthy(findings); }
};

Diagnosis diagnose(const Root& root, const DoctorOptions& options);

// One or two sentences for the first line: what is wrong above all, and what comes of it. "This system's libc.so.6
// points to libc-2.28.so, which does not exist. Nothing dynamic can run."
std::string verdict(const Diagnosis& diagnosis);

}  // namespace rescue
