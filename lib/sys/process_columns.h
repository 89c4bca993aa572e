// What ps shows of a process or a thread: its columns, by the keys that ps(1) of procps has for them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "lib/fs/names.h"
#include "lib/sys/procfs.h"

namespace rescue::ps {

struct Moment {
  int64_t now = 0;   // seconds since 1970
  int64_t boot = 0;  // the same
  double uptime = 0;
  uint64_t memory = 1;  // bytes of the machine
};

// With -m a process has a line of its own, and its threads have others, which say nothing of it.
enum class Part : uint8_t { both, process, thread };

struct Line {
  Process process;
  int32_t thread = 0;      // its number, that of the process for the first
  bool is_thread = false;  // one of several lines of a process
  Part part = Part::both;
  unsigned depth = 0;
  std::string branch;  // what a tree draws before the command
};

struct Setup {
  bool numeric = false;      // users as numbers
  bool environment = false;  // behind the command
  bool name_only = false;    // in place of the command line
  bool threads = false;
  bool cumulative = false;  // times with those of children that have ended
  Moment moment;
  Names* names = nullptr;
  const ProcFs* proc = nullptr;
};

struct Value {
  std::string text;
  double number = 0;  // to sort by
  bool is_number = false;
};

struct Column {
  const char* text;  // "KEY KEY...|TITLE" and, where `make` reads one, "|DETAIL": one pointer for all
  uint8_t width;
  bool right;
  Part of;
  Value (*make)(const Setup&, const Line&, std::string_view detail);

  std::string_view keys() const { return part(0); }  // the names that people give it, with blanks between
  std::string_view title() const { return part(1); }
  Value value(const Setup& setup, const Line& line) const { return make(setup, line, part(2)); }

 private:
  std::string_view part(size_t number) const;
};

std::span<const Column> all_columns();
// Null where there is none of this name.
const Column* find_column(std::string_view key);
// As the column shows it: "-" where it has nothing to say of this part.
std::string cell_text(const Column& column, const Setup& setup, const Line& line);

// Where systemd keeps a process, by its /proc/PID/cgroup: the slices at the start of its control group, and the unit
// that they hold; within that of a user's manager they come again. `kind` is "slice", "user" for the unit of a user's
// manager, "" for that of the system's. "-" where there is none.
std::string unit_of(std::string_view control_groups, std::string_view kind);

}  // namespace rescue::ps
