#include "lib/base/applet.h"

#include <cerrno>

#include "lib/base/version.h"

namespace rescue {

namespace {

// The column where the explanation of an option begins in --help.
constexpr size_t help_column = 28;

// Prints `words` in the left column and `help` in the right one, within 80 columns.
void print_row(std::string words, std::string_view help, Output& out) {
  if (words.size() + 2 > help_column) {
    out.put(words, '\n');
    words.clear();
  }
  words.resize(help_column, ' ');
  constexpr size_t width = 79 - help_column;
  while (help.size() > width) {
    const size_t space = help.rfind(' ', width);
    if (space == std::string_view::npos)
      break;
    out.put(words, help.substr(0, space), '\n');
    help.remove_prefix(space + 1);
    words.assign(help_column, ' ');
  }
  out.put(words, help, '\n');
}

}  // namespace

std::string option_words(const OptTable& table, const OptRow& row) {
  const std::string_view name = table.name(row);
  const std::string_view argument = table.argument(row);
  std::string words = row.letter != 0 ? str('-', row.letter) : "    ";
  if (!name.empty())
    words += str(row.letter != 0 ? ", --" : "--", name);
  if (table.argument_optional(row))
    words += str(name.empty() ? "[" : "[=", argument.substr(1));
  else if (!argument.empty())
    words += str(name.empty() ? ' ' : '=', argument);
  return words;
}

std::string standing_words(char letter, std::string_view name) {
  return letter != 0 ? str('-', letter, ", --", name) : str("    --", name);
}

void print_help(const Applet& applet, Output& out) {
  std::string_view prefix = "Usage: ";
  for (const std::string_view form : split(applet.usage, '\n')) {
    out.put(prefix, applet.name, form.empty() ? "" : " ", form, '\n');
    prefix = "       ";
  }
  const std::string_view first = applet.summary.substr(0, 1);
  out.put(static_cast<char>(first[0] >= 'a' && first[0] <= 'z' ? first[0] - 'a' + 'A' : first[0]),
          applet.summary.substr(1), ".\n\n");
  for (size_t i = 0; i < applet.options.count; ++i) {
    const OptRow row = applet.options[i];
    if (row.kind == OptKind::heading)
      out.put('\n', applet.options.help(row), ":\n");
    else if (row.help != 0)
      print_row(str("  ", option_words(applet.options, row)), applet.options.help(row), out);
  }
  print_row(str("  ", standing_words(applet.help_letter, "help")), "show this help and exit", out);
  print_row(str("  ", standing_words(applet.version_letter, "version")), "show the version and exit", out);
  if (!applet.notes.empty())
    out.put('\n', applet.notes.text(), '\n');
}

namespace detail {

bool is_asking(const Applet& applet, std::string_view word) {
  return word.size() == 2 && word[0] == '-' && (word[1] == applet.help_letter || word[1] == applet.version_letter);
}

std::optional<int> prepare(const Applet& applet, void* options, Io& io, std::span<const char* const> words,
                           Args& args) {
  const char asking[] = {applet.help_letter, applet.version_letter};
  const auto asked =
      parse_options(applet.options, options, words, args, applet.operands_end_options, {asking, sizeof asking});
  if (!asked)
    return finish(applet, io, std::unexpected(asked.error()));
  switch (*asked) {
    case Asked::help: print_help(applet, io.out); return finish(applet, io, 0);
    case Asked::version: io.out.put(applet.name, " (rescue) ", version, '\n'); return finish(applet, io, 0);
    case Asked::nothing: break;
  }
  return std::nullopt;
}

int finish(const Applet& applet, Io& io, Result<int> result) {
  int status = 0;
  if (result) {
    status = *result;
  } else if (result.error().status() == Status::usage) {
    io.report(result.error());
    io.err.put("Try '", applet.name, " --help' for more information.\n");
    status = applet.usage_status;
  } else {
    status = io.report(result.error());
  }
  if (const auto flushed = io.out.flush(); !flushed) {
    const bool was_closed = flushed.error().code() == EBADF && applet.closed_output_is_fine;
    // Some have a status of 1 that is no failure: `cmp` of files that differ.
    if (!was_closed && status < applet.failure_status)
      status = applet.failure_status;
    if (!was_closed)
      io.err.put(io.name, ": ", message(flushed.error()), '\n');
  }
  return status;
}

int run_with_options(const Applet& applet, void* options, Io& io, std::span<const char* const> words,
                     Result<int> (*body)(void* options, Io& io, Args& args)) {
  Args args;
  if (const auto status = prepare(applet, options, io, words, args))
    return *status;
  return finish(applet, io, body(options, io, args));
}

int run_with_words(const Applet& applet, Io& io, std::span<const char* const> words,
                   Result<int> (*body)(Io& io, Args& args)) {
  // As GNU's echo and true do: the two long options count only when they stand alone.
  const std::string_view only = words.size() == 1 ? words[0] : "";
  Args args(words);
  if (only == "--help" || only == "--version" || is_asking(applet, only))
    return prepare(applet, nullptr, io, words, args).value_or(0);
  return finish(applet, io, body(io, args));
}

}  // namespace detail

int run_applet(const Applet& applet, Io& io, std::span<const char* const> words) {
  return applet.run(applet, io, words);
}

}  // namespace rescue
