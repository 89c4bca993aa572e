#include "lib/fs/mode_change.h"

#include <sys/stat.h>

#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr mode_t user_bits = 04700;
constexpr mode_t group_bits = 02070;
constexpr mode_t other_bits = 01007;
constexpr mode_t all_bits = 07777;

// The permissions of one class, repeated for all three.
mode_t spread(mode_t mode, char from) {
  const mode_t three = (from == 'u' ? mode >> 6 : from == 'g' ? mode >> 3 : mode) & 7;
  return three << 6 | three << 3 | three;
}

}  // namespace

std::optional<ModeChange> ModeChange::parse(std::string_view text) {
  ModeChange change;
  if (const auto octal = parse_octal(text)) {
    change.steps_.push_back(*octal);
    return change;
  }
  for (const std::string_view clause : split(text, ',')) {
    // Digits alone are a mode of their own; behind an operator they are a clause as others.
    if (const auto octal = parse_octal(clause); octal && std::string_view("+-=").contains(clause[0]))
      change.steps_.push_back(*octal);
    else if (!parse_clause(clause, change.steps_))
      return std::nullopt;
  }
  return change;
}

std::optional<ModeChange::Step> ModeChange::parse_octal(std::string_view text) {
  Step step{.who = all_bits};
  const bool has_operation = !text.empty() && std::string_view("+-=").find(text[0]) != std::string_view::npos;
  if (has_operation) {
    step.operation = text[0];
    text.remove_prefix(1);
  }
  const auto bits = to_number<mode_t>(text, 8);
  if (!bits || *bits > all_bits)
    return std::nullopt;
  step.bits = *bits;
  // Four digits say nothing on set-ID bits that they do not set; 00755 does.
  if (!has_operation && text.size() < 5)
    step.mentioned = 01777 | *bits;
  return step;
}

bool ModeChange::parse_clause(std::string_view clause, std::vector<Step>& steps) {
  mode_t who = 0;
  for (; !clause.empty() && std::string_view("ugoa").find(clause[0]) != std::string_view::npos; clause.remove_prefix(1))
    who |= clause[0] == 'u' ? user_bits : clause[0] == 'g' ? group_bits : clause[0] == 'o' ? other_bits : all_bits;
  if (clause.empty())
    return false;
  while (!clause.empty()) {
    Step step{.operation = clause[0], .who = who};
    if (std::string_view("+-=").find(clause[0]) == std::string_view::npos)
      return false;
    clause.remove_prefix(1);
    if (!clause.empty() && std::string_view("ugo").find(clause[0]) != std::string_view::npos) {
      step.copied_from = clause[0];
      clause.remove_prefix(1);
    } else {
      for (; !clause.empty() && std::string_view("rwxXst").find(clause[0]) != std::string_view::npos;
           clause.remove_prefix(1)) {
        switch (clause[0]) {
          case 'r': step.bits |= 0444; break;
          case 'w': step.bits |= 0222; break;
          case 'x': step.bits |= 0111; break;
          case 'X': step.execute_if_any = true; break;
          case 's': step.bits |= 06000; break;
          default: step.bits |= 01000; break;
        }
      }
    }
    step.mentioned = who != 0 ? who & step.bits : step.bits;
    steps.push_back(step);
  }
  return true;
}

mode_t ModeChange::apply(mode_t mode, mode_t umask, mode_t* touched) const {
  const bool directory = S_ISDIR(mode);
  mode_t now = mode & all_bits;
  mode_t seen = 0;
  for (const Step& step : steps_) {
    mode_t bits = step.copied_from != 0 ? spread(now, step.copied_from) : step.bits;
    if (step.execute_if_any && (directory || (now & 0111) != 0))
      bits |= 0111;
    const mode_t kept = directory ? 06000 & ~step.mentioned : 0;
    bits &= (step.who != 0 ? step.who : ~umask) & ~kept;
    const mode_t cleared = step.operation != '=' ? bits : (step.who != 0 ? step.who : all_bits) & ~kept;
    seen |= cleared;
    now = (now & ~cleared) | (step.operation == '-' ? 0 : bits);
  }
  if (touched != nullptr)
    *touched = seen;
  return now;
}

}  // namespace rescue
