#include "lib/sys/kernel_log.h"

#include <doctest/doctest.h>

namespace rescue { namespace {

constexpr std::string_view buffer =
    "<6>[    1.000002] one\n<30>[12345.678901] systemd[1]: two\nthree\n<999>four\n<4>five\n";

TEST_CASE("kernel log: the buffer of syslog(2)") {
  const auto messages = parse_syslog_buffer(buffer);
  REQUIRE(messages.size() == 5);
  CHECK(messages[0].level == 6);
  CHECK(messages[0].microseconds == 1'000'002);
  CHECK(messages[0].text == "one");
  CHECK(messages[1].facility == 3);
  CHECK(messages[1].text == "systemd[1]: two");
  CHECK_FALSE(messages[2].has_time);
  CHECK(messages[3].text == "<999>four");
  CHECK(messages[4].level == 4);
}

TEST_CASE("kernel log: a record of /dev/kmsg") {
  const auto message = parse_kmsg_record("6,339,5140900,-;NET: Registered\n SUBSYSTEM=net\n");
  REQUIRE(message);
  CHECK(message->level == 6);
  CHECK(message->microseconds == 5140900);
  CHECK(message->text == "NET: Registered");
  CHECK_FALSE(parse_kmsg_record("no record"));
  CHECK_FALSE(parse_kmsg_record("x,1,2;text"));
}

TEST_CASE("kernel log: each shorter text and each byte flipped is survived") {
  std::string changed(buffer);
  for (size_t i = 0; i < buffer.size(); ++i) {
    (void)parse_syslog_buffer(buffer.substr(0, i));
    (void)parse_kmsg_record(buffer.substr(0, i));
    changed[i] = static_cast<char>(~changed[i]);
    for (const KernelMessage& message : parse_syslog_buffer(changed))
      CHECK(message.facility < std::size(kernel_facilities));
    changed[i] = buffer[i];
  }
}

}  // namespace
}  // namespace rescue
