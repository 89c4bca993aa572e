#include "lib/base/manual.h"

#include "lib/base/version.h"

namespace rescue {

namespace {

// Text for roff: backslashes and hyphens escaped, a leading dot or quote made harmless, `word` in bold.
std::string roff(std::string_view text) {
  std::string out;
  bool bold = false;
  if (text.starts_with('.') || text.starts_with('\''))
    out += "\\&";
  for (const char c : text) {
    if (c == '`') {
      bold = !bold;
      out += bold ? "\\fB" : "\\fR";
    } else if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

bool is_heading(std::string_view line) {
  bool letters = false;
  for (const char c : line) {
    if (c != ' ' && (c < 'A' || c > 'Z'))
      return false;
    letters = letters || c != ' ';
  }
  return letters;
}

// The lines of a description or of Applet::notes as roff.
void print_text(std::string_view text, Output& out) {
  bool example = false;
  bool gap = true;
  for (std::string_view line : split(text, '\n')) {
    const bool indented = line.starts_with("    ");
    if (example && !indented && !line.empty()) {
      out.put(".EE\n.RE\n");
      example = false;
    }
    if (line.empty()) {
      if (example)
        out.put("\n");
      gap = true;
      continue;
    }
    if (indented && !example) {
      out.put(".PP\n.RS 4\n.EX\n");
      example = true;
    } else if (gap && !example && !is_heading(line)) {
      out.put(".PP\n");
    }
    gap = false;
    if (is_heading(line) && !example) {
      out.put(".SH ", line, '\n');
      gap = true;
      continue;
    }
    out.put(roff(example ? line.substr(4) : line), '\n');
  }
  if (example)
    out.put(".EE\n.RE\n");
}

void print_options(const Applet& applet, Output& out) {
  out.put(".SH OPTIONS\n");
  for (size_t i = 0; i < applet.options.count; ++i) {
    const OptRow row = applet.options[i];
    if (row.kind == OptKind::heading)
      out.put(".SS ", roff(applet.options.help(row)), '\n');
    else if (row.help != 0)
      out.put(".TP\n.B ", roff(trim(option_words(applet.options, row))), '\n', roff(applet.options.help(row)), '\n');
  }
  out.put(".TP\n.B ", roff(trim(standing_words(applet.help_letter, "help"))), "\nshow a short help and exit\n.TP\n.B ",
          roff(trim(standing_words(applet.version_letter, "version"))), "\nshow the version and exit\n");
}

}  // namespace

void print_manual(const Applet& applet, std::string_view description, Output& out) {
  out.put(".TH \"", applet.name, "\" ", applet.section, " \"\" \"rescue ", version, "\" \"rescue\"\n");
  out.put(".SH NAME\n", roff(applet.name), " \\- ", roff(applet.summary), "\n.SH SYNOPSIS\n");
  bool first = true;
  for (const std::string_view form : split(applet.usage, '\n')) {
    out.put(first ? "" : ".br\n", ".B ", roff(applet.name), "\n", roff(form), '\n');
    first = false;
  }
  if (!is_heading(description.substr(0, description.find('\n'))))
    out.put(".SH DESCRIPTION\n");
  // The options follow the description and come before its further sections.
  size_t more = std::string_view::npos;
  for (size_t at = description.find("\n\n"); at != std::string_view::npos; at = description.find("\n\n", at + 1)) {
    const std::string_view next = description.substr(at + 2);
    if (is_heading(next.substr(0, next.find('\n')))) {
      more = at + 2;
      break;
    }
  }
  print_text(description.substr(0, more), out);
  print_options(applet, out);
  if (!applet.notes.empty()) {
    out.put(".SH NOTES\n");
    print_text(applet.notes.text(), out);
  }
  if (more != std::string_view::npos)
    print_text(description.substr(more), out);
}

}  // namespace rescue
