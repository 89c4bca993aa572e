#include "lib/sys/process_files.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <doctest/doctest.h>

#include "tests/scratch.h"

namespace rescue { namespace {

constexpr std::string_view sample =
    "00400000-0040b000 r--p 00000000 fe:00 77                                 /usr/bin/sleep\n"
    "0040b000-0040f000 r-xp 0000b000 fe:00 77                                 /usr/bin/sleep\n"
    "01c3a000-01c5b000 rw-p 00000000 00:00 0                                  [heap]\n"
    "7f5c00000000-7f5c00021000 rw-p 00000000 00:00 0 \n"
    "7f5c10000000-7f5c10028000 r--p 00000000 fe:00 4711                       /usr/lib/libc.so.6 (deleted)\n"
    "7f5c10028000-7f5c10100000 r-xp 00028000 fe:00 4711                       /usr/lib/libc.so.6 (deleted)\n"
    "7f5c20000000-7f5c20001000 r--p 00000000 fe:00 9                          /a b\\012c\n"
    "7ffd1000-7ffd2000 r-xp 00000000 00:00 0                          [vdso]\n";

TEST_CASE("process files: each mapped file once, with what the kernel says of it") {
  const auto files = parse_maps(sample);
  REQUIRE(files.size() == 3);
  CHECK(files[0].path == "/usr/bin/sleep");
  CHECK(!files[0].deleted);
  CHECK(files[0].begin == 0x400000);
  CHECK(files[0].end == 0x40b000);
  CHECK(files[0].inode == 77);
  CHECK(files[1].path == "/usr/lib/libc.so.6");
  CHECK(files[1].deleted);
  CHECK(files[1].inode == 4711);
  CHECK(files[2].path == "/a b\nc");
}

TEST_CASE("process files: damaged lines say nothing, and do no harm") {
  for (size_t length = 0; length < sample.size(); ++length)
    CHECK(parse_maps(sample.substr(0, length)).size() <= 3);
  std::string text(sample);
  for (char& c : text) {
    c = static_cast<char>(c ^ 0xff);
    CHECK(parse_maps(text).size() <= 4);
    c = static_cast<char>(c ^ 0xff);
  }
}

// A process that has a file mapped, until it is killed.
class Holder {
 public:
  explicit Holder(const std::string& path) {
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
      const void* memory = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
      ::close(fd);
      (void)!::write(ready[1], memory != MAP_FAILED ? "y" : "n", 1);
      ::pause();
      ::_exit(0);
    }
    char answer = 0;
    REQUIRE(::read(ready[0], &answer, 1) == 1);
    REQUIRE(answer == 'y');
    ::close(ready[0]);
    ::close(ready[1]);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

TEST_CASE("process files: a deleted file is read from the process that has it mapped") {
  const Scratch scratch;
  const std::string content(5000, 'x');
  scratch.write("file", content);
  const Holder holder(scratch.path("file"));
  REQUIRE(scratch.run("rm file") == 0);
  const auto processes = ProcessFiles::open("/proc");
  REQUIRE(processes);
  bool seen = false;
  for (const MappedFile& file : *processes->mapped(holder.pid())) {
    if (file.path != scratch.path("file"))
      continue;
    seen = true;
    CHECK(file.deleted);
    const auto fd = processes->open_mapped(holder.pid(), file);
    // Only root may, or who has the capability for it.
    if (::geteuid() == 0) {
      REQUIRE(fd);
      CHECK(read_all(fd->get(), 1 << 20, "file") == content);
    }
  }
  CHECK(seen);
  struct stat root{};
  CHECK(::stat("/", &root) == 0);
  CHECK(processes->root_of(holder.pid())->st_ino == root.st_ino);
  CHECK(!processes->in_other_namespace(holder.pid()));
  CHECK(!ProcessFiles::open(scratch.path("nowhere")));
}

}}  // namespace rescue
