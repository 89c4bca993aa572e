#include "lib/base/io.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/base/confirm.h"
#include "lib/base/fd.h"

namespace rescue {

namespace {

struct Pipe {
  Pipe() {
    int fds[2] = {-1, -1};
    REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
    out = UniqueFd(fds[0]);
    in = UniqueFd(fds[1]);
  }
  std::string read() {
    in.reset();
    return read_all(out.get(), 1 << 20, "pipe").value_or("cannot be read");
  }
  UniqueFd in, out;
};

}  // namespace

TEST_CASE("io: output is collected and comes in order, small and large") {
  Pipe pipe;
  Output out(pipe.in.get(), "pipe", true);
  const std::string large(40000, 'x');
  out.put("a", 1, '\n');
  out.write(large);
  out.put("end");
  CHECK(out.flush());
  CHECK(pipe.read() == "a1\n" + large + "end");
}

TEST_CASE("io: a full device is an error that sticks") {
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  REQUIRE(full);
  Output out(full.get(), "standard output", true);
  out.put("text");
  CHECK(out.ok());
  const auto flushed = out.flush();
  REQUIRE_FALSE(flushed);
  CHECK(message(flushed.error()) == "standard output: write: No space left on device");
  CHECK_FALSE(out.ok());
  CHECK_FALSE(out.flush());
}

TEST_CASE("io: a warning fails the command and a note does not") {
  std::string out;
  std::string err;
  Io io("cat", 7, out, err);
  io.note("something odd");
  CHECK(io.status() == 0);
  io.warn(fail("open", "no\nsuch", ENOENT).error());
  CHECK(io.status() == 7);
  CHECK(err == "cat: something odd\ncat: no\\012such: open: No such file or directory\n");
  CHECK(io.report(with_status(fail("open", "x", ENOENT).error(), Status::refused).error()) == 3);
  CHECK(io.report(fail("open", "x", ENOENT).error()) == 7);
}

TEST_CASE("io: what was printed stands above the warning that came later") {
  Pipe pipe;
  Io io("cat", 1);
  io.out = Output(pipe.in.get(), "out", true);
  io.err = Output(pipe.in.get(), "err", false);
  io.out.put("first\n");
  io.warn(fail("open", "x", ENOENT).error());
  io.out.put("last\n");
  CHECK(io.out.flush());
  CHECK(pipe.read() == "first\ncat: x: open: No such file or directory\nlast\n");
}

TEST_CASE("io: a question takes one line, and only y means yes") {
  struct {
    const char* input;
    bool yes;
  } cases[] = {{"y\n", true},   {"Yes\n", true}, {"n\n", false}, {"\ny\n", false},
               {" y\n", false}, {"", false},     {"y", true}};
  for (const auto& c : cases) {
    Pipe pipe;
    REQUIRE(write_all(pipe.in.get(), c.input, "pipe"));
    pipe.in.reset();
    std::string out;
    std::string err;
    Io io("rm", 1, out, err);
    io.in = pipe.out.get();
    CHECK(confirm(io, "remove 'x'") == c.yes);
    CHECK(err == "rm: remove 'x'? ");
  }
}

}  // namespace rescue
