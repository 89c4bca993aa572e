// The manual page of an applet: made of its Applet and options, and of a description written by hand.
#pragma once

#include <string_view>

#include "lib/base/applet.h"

namespace rescue {

// Prints the page as roff (man(7)). `description` is the text of tools/NAME.man: paragraphs divided by empty lines;
// a line of capitals alone begins a section; lines indented by four blanks are examples, kept as they are; `word`
// in backquotes is set in bold. Sections NAME, SYNOPSIS, OPTIONS come from the applet, so that they cannot drift.
void print_manual(const Applet& applet, std::string_view description, Output& out);

}  // namespace rescue
