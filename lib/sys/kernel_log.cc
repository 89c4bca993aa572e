#include "lib/sys/kernel_log.h"

#include "lib/base/text.h"

namespace rescue {

namespace {

void set_priority(KernelMessage& message, unsigned priority) {
  message.level = priority & 7;
  message.facility = priority >> 3;
}

// "[    1.234567] ": seconds, at least six letters wide, and microseconds.
void take_time(KernelMessage& message, std::string_view& line) {
  const size_t end = line.find("] ");
  if (!line.starts_with('[') || end == std::string_view::npos)
    return;
  const std::string_view time = trim(line.substr(1, end - 1));
  const size_t dot = time.find('.');
  const auto seconds = to_number<uint64_t>(time.substr(0, dot));
  const auto rest = dot == std::string_view::npos || time.size() - dot != 7 ? std::nullopt
                                                                            : to_number<uint64_t>(time.substr(dot + 1));
  if (!seconds || !rest || *seconds > UINT64_MAX / 2'000'000)
    return;
  message.has_time = true;
  message.microseconds = *seconds * 1'000'000 + *rest;
  line.remove_prefix(end + 2);
}

}  // namespace

std::vector<KernelMessage> parse_syslog_buffer(std::string_view text) {
  std::vector<KernelMessage> messages;
  for (std::string_view line : split(text, '\n')) {
    if (line.empty())
      continue;
    KernelMessage message;
    const size_t close = line.find('>');
    const auto priority = line.starts_with('<') && close != std::string_view::npos
                              ? to_number<unsigned>(line.substr(1, close - 1))
                              : std::nullopt;
    if (priority && *priority < 8 * std::size(kernel_facilities)) {
      set_priority(message, *priority);
      line.remove_prefix(close + 1);
    }
    take_time(message, line);
    message.text = line;
    messages.push_back(std::move(message));
  }
  return messages;
}

std::optional<KernelMessage> parse_kmsg_record(std::string_view record) {
  const size_t semicolon = record.find(';');
  const auto fields = split(record.substr(0, semicolon), ',');
  if (semicolon == std::string_view::npos || fields.size() < 3)
    return std::nullopt;
  const auto priority = to_number<unsigned>(fields[0]);
  const auto time = to_number<uint64_t>(fields[2]);
  if (!priority || !time || *priority >= 8 * std::size(kernel_facilities))
    return std::nullopt;
  KernelMessage message;
  set_priority(message, *priority);
  message.has_time = true;
  message.microseconds = *time;
  record.remove_prefix(semicolon + 1);
  message.text = record.substr(0, record.find('\n'));
  return message;
}

}  // namespace rescue
