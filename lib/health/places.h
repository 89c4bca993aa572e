// Saying what is wrong with a place, and the steps that mend it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/health/finding.h"
#include "lib/health/patient.h"

namespace rescue {

// What a path is to the system: the first word of a finding's identifier.
enum class Role : uint8_t { alias, directory, loader, libc, library, config, cache, file };
Role role_of(const Patient& patient, std::string_view path, NodeKind wanted);

// What is wrong with what stands at `path`, where `wanted` should. `link` is the right text of a link, empty where any
// does that leads to the right file.
struct Fault {
  std::string_view suffix;  // of the identifier: "MISSING"; empty where nothing can be seen to be wrong
  std::string predicate;    // "is missing", "points to libc-2.28.so, which does not exist"
  bool deadly = false;      // nothing can use the file as it is
};
Fault fault_at(const Patient& patient, std::string_view path, NodeKind wanted, std::string_view link);

// A finding about the place.
Finding finding_at(const Patient& patient, std::string_view path, NodeKind wanted, Fault fault);

// A finding about mode and owner alone.
Finding finding_of_attributes(const Patient& patient, std::string_view path, const Attributes& have,
                              const Attributes& wanted);

// Something to know about a library whose bytes are not the expected ones, though it is whole: prelink has filled in
// its addresses, which is no damage (handbook 1.2 no. 28). Nothing where prelink has not been at it.
std::optional<Finding> finding_of_prelinked(const Patient& patient, std::string_view path);

// What to say of a whole library with other bytes: it may be meant.
inline constexpr std::string_view may_be_meant =
    "it is whole: if somebody patched it on purpose, that is no damage, and it should be left as it is";

// The step that puts a link there, whatever stands there now.
RepairStep link_step(const Patient& patient, std::string_view path, std::string_view text);
// The step that takes away what stands there; it is kept for an undo.
RepairStep remove_step(const Patient& patient, std::string_view path);
RepairStep move_step(std::string_view path, std::string_view to);
RepairStep attributes_step(std::string_view path, const struct stat& info, const Attributes& wanted);

// The text of the link at `place` to the loader's file: as the distribution's package has it.
std::string loader_link_text(const Patient& patient, std::string_view place, std::string_view loader);

// Adds to the finding that the right bytes of `path` should be looked for.
void wish(const Patient& patient, Finding& finding, const std::string& path, const FileDigest& digest);

// Adds the step that replaces a file by a copy of itself with these attributes, and this SELinux label unless empty: a
// file with other names elsewhere (a backup made with `cp -al`) must not change under them.
void add_successor(Patient& patient, Finding& finding, const std::string& path, const Attributes& wanted,
                   std::string_view label);

// What a library or program of glibc has in this distribution, where nothing says it.
Attributes usual_attributes(const Patient& patient, std::string_view path);

// What a person would type for a link.
std::string link_command(const Patient& patient, std::string_view path, std::string_view text);

// Steps that move what is in the directory `from` and not in `to` there. False where something cannot be looked at.
bool move_strays(const Patient& patient, const std::string& from, const std::string& to,
                 std::vector<RepairStep>& steps);

}  // namespace rescue
