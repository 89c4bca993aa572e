// tee: copy standard input to files and to standard output.
#include <cerrno>
#include <csignal>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/choice.h"
#include "lib/base/fd.h"

namespace rescue {
namespace {

// What a failed write does. Before all: a closed pipe ends the command, as it would any other.
enum class Mode : uint8_t { plain, warn, warn_nopipe, exit, exit_nopipe };

struct Options {
  bool append = false;
  bool ignore_interrupts = false;
  Mode mode = Mode::plain;
};

constexpr Choice<Mode> modes[] = {
    {"warn", Mode::warn},
    {"warn-nopipe", Mode::warn_nopipe},
    {"exit", Mode::exit},
    {"exit-nopipe", Mode::exit_nopipe},
};

Result<> set_mode(Options& o, std::string_view word) {
  o.mode = word.empty() ? Mode::warn_nopipe : TRY(choose("--output-error", word, modes));
  return {};
}

constexpr Opt<Options> options[] = {
    {'a', "append", &Options::append, "add to the files, do not overwrite them"},
    {'i', "ignore-interrupts", &Options::ignore_interrupts, "go on when interrupted"},
    {'p', nullptr, set<&Options::mode, Mode::warn_nopipe>, "the same as --output-error=warn-nopipe"},
    {0, "output-error", set_mode,
     "what a failed write does: warn, warn-nopipe (without a word for pipes; default), exit, exit-nopipe", "[MODE]"},
};

struct Target {
  UniqueFd owned;
  int fd = -1;
  std::string name;
};

class Copier {
 public:
  Copier(const Options& opt, Io& io) : opt_(opt), io_(io) { targets_.push_back({{}, io.out.fd(), "standard output"}); }

  Result<> open(std::string_view name) {
    const int how = opt_.append ? O_APPEND : O_TRUNC;
    auto file = open_file(std::string(name), O_WRONLY | O_CREAT | how, 0666);
    if (file) {
      const int fd = file->get();
      targets_.push_back({std::move(*file), fd, std::string(name)});
      return {};
    }
    if (opt_.mode == Mode::exit || opt_.mode == Mode::exit_nopipe)
      return std::unexpected(std::move(file).error());
    io_.warn(file.error());
    return {};
  }

  Result<> copy() {
    constexpr size_t buffer_size = 65536;
    const auto buffer = std::make_unique_for_overwrite<char[]>(buffer_size);
    while (!targets_.empty()) {
      const auto count = read_some(io_.in, {buffer.get(), buffer_size}, "standard input");
      if (!count)
        io_.warn(count.error());
      if (!count || *count == 0)
        break;
      for (size_t i = 0; i < targets_.size();)
        i += TRY(write(targets_[i], {buffer.get(), *count})) ? 1 : 0;
    }
    for (Target& target : targets_)
      if (target.owned)
        if (const auto closed = target.owned.close(target.name); !closed)
          io_.warn(closed.error());
    return {};
  }

 private:
  // False where the target is given up, and is gone from the list.
  Result<bool> write(Target& target, std::string_view text) {
    const auto done = write_all(target.fd, text, target.name);
    if (done)
      return true;
    const bool pipe = done.error().code() == EPIPE;
    const bool quiet = pipe && (opt_.mode == Mode::warn_nopipe || opt_.mode == Mode::exit_nopipe);
    if (!quiet && (opt_.mode == Mode::exit || opt_.mode == Mode::exit_nopipe))
      return std::unexpected(done.error());
    if (!quiet)
      io_.warn(done.error());
    targets_.erase(targets_.begin() + (&target - targets_.data()));
    return false;
  }

  const Options& opt_;
  Io& io_;
  std::vector<Target> targets_;
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (opt.ignore_interrupts)
    std::signal(SIGINT, SIG_IGN);
  if (opt.mode == Mode::plain)
    std::signal(SIGPIPE, SIG_DFL);
  Copier copier(opt, io);
  for (const std::string_view name : args)
    TRY(copier.open(name));
  TRY(copier.copy());
  return io.status();
}

}  // namespace

extern const Applet tee_applet = {
    .name = "tee",
    .summary = "copy standard input to files and to standard output",
    .usage = "[OPTION]... [FILE]...",
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
