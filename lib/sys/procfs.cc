#include "lib/sys/procfs.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/fs/directory.h"

namespace rescue {

namespace {

constexpr uint64_t largest_file = 64 << 20;

// The numbers of /proc/PID/stat behind the name: state is word 3 of the line, and word 0 here.
class Words {
 public:
  explicit Words(std::string_view text) : words_(split(text, ' ')) {}
  template <std::integral T>
  void take(size_t index, T& into) const {
    if (index < words_.size())
      into = to_number<T>(words_[index]).value_or(T{});
  }
  size_t size() const { return words_.size(); }
  std::string_view operator[](size_t i) const { return words_[i]; }

 private:
  std::vector<std::string_view> words_;
};

void take_ids(std::string_view line, uint32_t (&ids)[4]) {
  size_t count = 0;
  for (const std::string_view word : split(line, '\t'))
    if (const auto id = to_number<uint32_t>(trim(word)); id && count < 4)
      ids[count++] = *id;
}

std::string read_text(int dir, const std::string& path) {
  const auto fd = open_at(dir, path, O_RDONLY, 0, path);
  if (!fd)
    return {};
  auto text = read_all(fd->get(), largest_file, path);
  return text ? std::move(*text) : std::string();
}

}  // namespace

uint64_t kibibytes(std::string_view line) {
  const size_t start = line.find_first_of("0123456789");
  return start == std::string_view::npos
             ? 0
             : to_number<uint64_t>(line.substr(start, line.find(' ', start) - start)).value_or(0);
}

bool parse_stat(std::string_view text, Process& p) {
  // The name stands in parentheses and may hold anything, parentheses too: the last one closes it.
  const size_t open = text.find('('), close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return false;
  p.pid = to_number<int32_t>(trim(text.substr(0, open))).value_or(0);
  p.name = text.substr(open + 1, close - open - 1);
  const Words words(trim(text.substr(close + 1)));
  if (words.size() < 22 || words[0].size() != 1)
    return false;
  p.state = words[0][0];
  words.take(1, p.parent);
  words.take(2, p.group);
  words.take(3, p.session);
  words.take(4, p.terminal);
  words.take(5, p.foreground_group);
  words.take(6, p.flags);
  words.take(7, p.minor_faults);
  words.take(9, p.major_faults);
  words.take(11, p.user_ticks);
  words.take(12, p.system_ticks);
  uint64_t waited = 0;
  words.take(13, p.children_ticks);
  words.take(14, waited);
  p.children_ticks += waited;
  words.take(15, p.priority);
  words.take(16, p.nice);
  words.take(17, p.threads);
  words.take(19, p.start_ticks);
  words.take(20, p.virtual_bytes);
  uint64_t code_start = 0;
  words.take(23, code_start);
  words.take(24, p.code_bytes);
  p.code_bytes -= std::min(code_start, p.code_bytes);
  words.take(25, p.stack_start);
  words.take(26, p.stack_now);
  words.take(27, p.code_now);
  words.take(36, p.processor);
  words.take(37, p.realtime_priority);
  words.take(38, p.policy);
  return true;
}

void parse_status(std::string_view text, Process& p) {
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with("Uid:"))
      take_ids(line.substr(4), p.uids);
    else if (line.starts_with("Gid:"))
      take_ids(line.substr(4), p.gids);
    else if (line.starts_with("VmLck:"))
      p.locked_kib = kibibytes(line);
    else if (line.starts_with("VmRSS:"))
      p.resident_kib = kibibytes(line);
  }
}

Result<ProcFs> ProcFs::open() {
  UniqueFd fd = TRY(open_file("/proc", O_RDONLY | O_DIRECTORY));
  if (::faccessat(fd.get(), "self/stat", F_OK, 0) < 0)
    return fail("read", "/proc", "is not mounted: mount -t proc proc /proc");
  return ProcFs(std::move(fd));
}

Result<std::vector<int32_t>> ProcFs::pids() const {
  std::vector<int32_t> pids;
  UniqueFd again = TRY(open_at(fd_.get(), ".", O_RDONLY | O_DIRECTORY, 0, "/proc"));
  DirectoryReader reader(again.get(), "/proc");
  while (TRY(reader.next()))
    if (const auto pid = to_number<int32_t>(reader.name()); pid && *pid > 0)
      pids.push_back(*pid);
  rescue::sort(pids);
  return pids;
}

std::optional<Process> ProcFs::read(int32_t pid) const {
  Process process;
  if (!parse_stat(file(pid, "stat"), process))
    return std::nullopt;
  parse_status(file(pid, "status"), process);
  return process;
}

Result<std::vector<Process>> ProcFs::read_all() const {
  std::vector<Process> all;
  for (const int32_t pid : TRY(pids()))
    if (auto process = read(pid))
      all.push_back(std::move(*process));
  return all;
}

std::string ProcFs::file(int32_t pid, std::string_view name) const {
  return read_text(fd_.get(), str(pid, '/', name));
}

std::string ProcFs::words(int32_t pid) const {
  return file(pid, "cmdline");
}

std::string ProcFs::environment(int32_t pid) const {
  return file(pid, "environ");
}

std::string ProcFs::link(int32_t pid, std::string_view name) const {
  char target[4096];
  const ssize_t length = ::readlinkat(fd_.get(), str(pid, '/', name).c_str(), target, sizeof target);
  return length < 0 ? std::string() : std::string(target, static_cast<size_t>(length));
}

// devices.txt of the kernel: 4 is the consoles and serial lines, 136 to 143 are pseudo-terminals.
std::string terminal_name(int32_t device) {
  const auto number = static_cast<uint32_t>(device);
  const unsigned high = (number >> 8) & 0xfff, low = (number & 0xff) | ((number >> 12) & 0xfff00);
  if (device == 0)
    return "?";
  if (high >= 136 && high <= 143)
    return str("pts/", low + (high - 136) * 256);
  if (high == 4)
    return low < 64 ? str("tty", low) : str("ttyS", low - 64);
  if (high == 204 && low >= 64 && low < 80)
    return str("ttyAMA", low - 64);
  if (high == 229)
    return str("hvc", low);
  if (high == 5 && low < 2)
    return low == 0 ? "tty" : "console";
  return str(high, ',', low);
}

std::optional<int32_t> terminal_number(std::string_view name) {
  struct stat info{};
  const std::string path = name.starts_with('/') ? std::string(name) : str("/dev/", name);
  const std::string with_tty = str("/dev/tty", name);
  if (::stat(path.c_str(), &info) < 0 && ::stat(with_tty.c_str(), &info) < 0)
    return std::nullopt;
  if (!S_ISCHR(info.st_mode))
    return std::nullopt;
  const unsigned low = minor(info.st_rdev);
  return static_cast<int32_t>((low & 0xff) | (major(info.st_rdev) << 8) | ((low & 0xfff00) << 12));
}

double uptime_seconds() {
  return std::strtod(read_text(AT_FDCWD, "/proc/uptime").c_str(), nullptr);
}

int64_t boot_time() {
  const std::string text = read_text(AT_FDCWD, "/proc/stat");
  for (const std::string_view line : split(text, '\n'))
    if (line.starts_with("btime "))
      return to_number<int64_t>(line.substr(6)).value_or(0);
  return 0;
}

}  // namespace rescue
