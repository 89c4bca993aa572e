// What the kernel tells of processes: /proc/PID (proc(5)). A process may end at any instant; then it is simply not
// there any more.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/fd.h"

namespace rescue {

struct Process {
  int32_t pid = 0;
  int32_t parent = 0;
  int32_t group = 0;
  int32_t session = 0;
  int32_t terminal = 0;          // device number as in /proc; 0 for none
  int32_t foreground_group = 0;  // of its terminal
  char state = '?';
  std::string name;  // at most 15 bytes, as the kernel keeps it
  uint64_t minor_faults = 0, major_faults = 0;
  uint64_t user_ticks = 0, system_ticks = 0;  // hundredths of a second
  uint64_t children_ticks = 0;                // both, of those that have ended and were waited for
  int64_t priority = 0, nice = 0;
  uint64_t threads = 0;
  uint64_t start_ticks = 0;  // after boot
  uint64_t virtual_bytes = 0;
  uint64_t processor = 0;
  uint64_t realtime_priority = 0, policy = 0;
  uint64_t flags = 0;
  uint64_t code_bytes = 0;                                // of the program itself
  uint64_t stack_start = 0, stack_now = 0, code_now = 0;  // addresses
  // Of status too: memory that is there now, and what must stay there.
  uint64_t resident_kib = 0, locked_kib = 0;
  // Of status: real, effective, saved, that for files.
  uint32_t uids[4] = {};
  uint32_t gids[4] = {};
};

constexpr unsigned ticks_per_second = 100;  // USER_HZ, the same wherever Linux runs

class ProcFs {
 public:
  // Fails where /proc is not mounted.
  static Result<ProcFs> open();

  // Of all processes, in order.
  Result<std::vector<int32_t>> pids() const;
  // Nothing where there is no such process (any more).
  std::optional<Process> read(int32_t pid) const;
  // The same for every process.
  Result<std::vector<Process>> read_all() const;

  // The words it was started with, each ended by a zero byte; empty for the kernel's own threads.
  std::string words(int32_t pid) const;
  std::string environment(int32_t pid) const;
  // The target of a link below /proc/PID ("exe", "cwd", "fd/3"); empty where it cannot be read.
  std::string link(int32_t pid, std::string_view name) const;
  // A whole file below /proc/PID, "" where it cannot be read.
  std::string file(int32_t pid, std::string_view name) const;
  int fd() const { return fd_.get(); }

 private:
  explicit ProcFs(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// The fields of the text of /proc/PID/stat and /proc/PID/status.
bool parse_stat(std::string_view text, Process& process);
void parse_status(std::string_view text, Process& process);

// Of a line like "VmRSS:     1234 kB".
uint64_t kibibytes(std::string_view line);

// "tty1", "pts/3", "?" for none.
std::string terminal_name(int32_t device);
// The device number of "tty1", "pts/3", "/dev/pts/3"; nothing where there is none such.
std::optional<int32_t> terminal_number(std::string_view name);

// Seconds since the machine started, and when that was (seconds since 1970); 0 where /proc does not say.
double uptime_seconds();
int64_t boot_time();

}  // namespace rescue
