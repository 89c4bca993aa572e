// What the doctor finds: a stable identifier, a sentence for people, the evidence, and the repair as data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/bundle/journal.h"
#include "lib/health/donor.h"

namespace rescue {

enum class Severity : uint8_t {
  note,     // worth knowing; the system counts as healthy
  problem,  // something is broken, or will break what is started next
  fatal,    // keeps programs from starting
};

std::string_view severity_word(Severity severity);

// When a repair is made: what is later can only be judged once the earlier is done.
enum class Stage : uint8_t {
  layout,    // directories and links that everything else is found through
  files,     // each file, link, mode and owner by itself
  settings,  // what lies beside glibc and misleads it: preload, strangers
  cache,     // ld.so.cache, which is made of all the rest
};

// Where the new content of a place comes from.
enum class ContentFrom : uint8_t {
  nowhere,  // the step needs none
  text,     // written out in the step
  donor,    // a file that was found: see donor.h
  bundle,   // an entry of the reference bundle
};

// One step of a repair, for the transaction.
struct RepairStep {
  Step step;
  ContentFrom from = ContentFrom::nowhere;
  std::string text;    // content for ContentFrom::text
  size_t index = 0;    // of the donor, or of the bundle's entry
  std::string origin;  // for people: "the deleted file that process 123 (sshd) still has mapped"
  unsigned order = 0;  // within the transaction; equal ones keep the order of the findings
  bool guess = false;  // taken back again where programs still do not run after it
};

// Places in a transaction (RepairStep::order): room is made first, and what all stands on comes last.
namespace order {
constexpr unsigned attributes = 100;
constexpr unsigned removals = 200;
constexpr unsigned dirs = 300;
constexpr unsigned moves = 400;
constexpr unsigned aliases = 500;
constexpr unsigned files = 600;
constexpr unsigned libraries = 700;
constexpr unsigned core = 800;
constexpr unsigned core_links = 900;
constexpr unsigned last = 1000;
}  // namespace order

// A file whose right bytes are looked for, see donor.h; and what else it should have.
struct FileWish {
  Wanted wanted;
  Attributes attributes;
  size_t step = 0;        // of Finding::steps: the one that a cheaper source is looked for; or
  bool has_step = false;  // none: the step is made when a source is found
};

struct Finding {
  std::string id;  // "LIBC_MISSING": never changes its meaning
  Severity severity = Severity::problem;
  Stage stage = Stage::files;
  unsigned weight = 0;   // among findings of one severity, the weightiest gives the verdict
  std::string path;      // in the root, without leading slash; empty where it is about no single path
  std::string headline;  // "libc.so.6 points to libc-2.28.so, which does not exist": no full stop, follows "Here: "
  std::vector<std::string> evidence;
  std::string repair;                 // what is to be done, in words; empty where nothing is
  std::vector<std::string> commands;  // the same as a person would type it
  std::vector<RepairStep> steps;      // empty: not for us to repair
  std::vector<FileWish> wishes;
  std::vector<std::string> packages;  // other than glibc's, that bring it back: "bash 5.2.15-2+b13"
};

using Findings = std::vector<Finding>;

// Whether anything is worse than a note.
bool is_healthy(const Findings& findings);

}  // namespace rescue
