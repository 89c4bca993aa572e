// yes: print a line again and again.
#include "lib/base/applet.h"

namespace rescue {
namespace {

Result<int> run(Io& io, const Args& args) {
  std::string line;
  for (const std::string_view word : args)
    line += str(word, ' ');
  if (args.empty())
    line = "y ";
  line.back() = '\n';
  // Many at a time: one write for each line would be a hundred times slower.
  std::string lines = line;
  while (lines.size() < 32768)
    lines += line;
  while (io.out.ok())
    io.out.write(lines);
  return io.status();
}

int run_yes(const Applet& applet, Io& io, std::span<const char* const> words) {
  Args args;
  if (const auto status = detail::prepare(applet, nullptr, io, words, args))
    return *status;
  return detail::finish(applet, io, run(io, args));
}

}  // namespace

extern const Applet yes_applet = {
    .name = "yes",
    .summary = "print a line again and again",
    .usage = "[STRING]...",
    .dies_with_reader = true,
    .notes = dense<"Prints the STRINGs with blanks between them, or y, until it is stopped or nobody reads any more.">,
    .run = run_yes,
};
}  // namespace rescue
