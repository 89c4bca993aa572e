#include "lib/health/finding.h"

#include <algorithm>

namespace rescue {

std::string_view severity_word(Severity severity) {
  switch (severity) {
    case Severity::note: return "note";
    case Severity::problem: return "problem";
    case Severity::fatal: return "fatal";
  }
  return "";
}

bool is_healthy(const Findings& findings) {
  return std::ranges::all_of(findings, [](const Finding& f) { return f.severity == Severity::note; });
}

}  // namespace rescue
