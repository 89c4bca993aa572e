// What an applet is: one file in tools/, one `extern const Applet NAME_applet`, one line in tools/meson.build.
//
// Its file holds name, summary, usage, options and code together; a hand-written description for the manual page
// stands beside it as tools/NAME.man (see manual.h for its form).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/dense_text.h"
#include "lib/base/error.h"
#include "lib/base/io.h"
#include "lib/base/options.h"

namespace rescue {

struct Applet {
  std::string_view name;
  std::string_view summary;            // "list directory contents": lower case, no full stop
  std::string_view usage;              // what follows the name: "[OPTION]... [FILE]..."; more forms after a newline
  int section = 1;                     // of the manual: 1 for everybody's commands, 8 for the administrator's
  int failure_status = 1;              // exit status when something failed
  int usage_status = 2;                // exit status for wrong usage
  bool operands_end_options = false;   // the first operand ends the options (commands that run a command)
  bool dies_with_reader = false;       // a closed pipe ends it without a word, as it does GNU's commands over text
  bool closed_output_is_fine = false;  // started without a standard output, it does its work all the same
  char help_letter = 0;                // asks for the help too, where the table has no such letter: 'h'
  char version_letter = 0;             // the same for the version: 'V'
  DenseText notes = {};                // short text under the options in --help: exit codes, an example
  OptTable options = {};
  int (*run)(const Applet&, Io&, std::span<const char* const> words) = nullptr;
};

// Runs `applet` on the words after its name, flushes its output and gives the exit status. Prints errors, help and
// version itself. Tests call it with an Io made of strings.
int run_applet(const Applet& applet, Io& io, std::span<const char* const> words);

// An option as help and manual show it: "-o, --output=FILE".
std::string option_words(const OptTable& table, const OptRow& row);

// The same of --help and --version, which no table has: "-h, --help".
std::string standing_words(char letter, std::string_view name);

// The text of --help.
void print_help(const Applet& applet, Output& out);

namespace detail {

// Parses, answers --help and --version, and says whether to go on; the exit status otherwise.
std::optional<int> prepare(const Applet& applet, void* options, Io& io, std::span<const char* const> words, Args& args);
int finish(const Applet& applet, Io& io, Result<int> result);

// Whether the word is one of the letters for help or version.
bool is_asking(const Applet& applet, std::string_view word);

// What every applet does around its body; `options` is a struct of the table's.
int run_with_options(const Applet& applet, void* options, Io& io, std::span<const char* const> words,
                     Result<int> (*body)(void* options, Io& io, Args& args));
int run_with_words(const Applet& applet, Io& io, std::span<const char* const> words,
                   Result<int> (*body)(Io& io, Args& args));

template <auto& table, auto body>
int entry_point(const Applet& applet, Io& io, std::span<const char* const> words) {
  using Options = OptionsOf<table>;
  Options options;
  return run_with_options(applet, &options, io, words, [](void* of, Io& to, Args& args) -> Result<int> {
    return body(*static_cast<Options*>(of), to, args);
  });
}

template <auto body>
int plain_entry_point(const Applet& applet, Io& io, std::span<const char* const> words) {
  return run_with_words(applet, io, words, [](Io& to, Args& args) -> Result<int> { return body(to, args); });
}

}  // namespace detail

// For Applet::run: `Result<int> body(Options&, Io&, Args&)` behind the options of `table`. The int is the exit
// status; most return io.status(), which is 0 unless something was warned of.
template <auto& table, auto body>
constexpr auto entry = detail::entry_point<table, body>;

// The same for an applet that reads its words itself: `Result<int> body(Io&, Args&)`.
template <auto body>
constexpr auto plain_entry = detail::plain_entry_point<body>;

}  // namespace rescue
