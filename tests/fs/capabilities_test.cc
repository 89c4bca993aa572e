#include "lib/fs/capabilities.h"

#include <doctest/doctest.h>

#include "lib/base/text.h"

namespace rescue { namespace {

std::string hex_of(std::string_view text) {
  const auto value = capabilities_from_text(text);
  return value ? to_hex(*value) : "none";
}

// As setcap writes them.
TEST_CASE("capabilities: the attribute that a text stands for") {
  CHECK(hex_of("cap_net_raw=ep") == "0100000200200000000000000000000000000000");
  CHECK(hex_of("cap_net_raw+ep") == "0100000200200000000000000000000000000000");
  CHECK(hex_of("= cap_net_raw+p") == "0000000200200000000000000000000000000000");
  CHECK(hex_of("cap_net_admin,cap_net_raw=p") == "0000000200300000000000000000000000000000");
  CHECK(hex_of("cap_chown=i cap_bpf=p") == "0000000200000000010000008000000000000000");
  CHECK(hex_of("cap_kill=ep cap_chown=ei") == "0100000220000000010000000000000000000000");
  CHECK(hex_of("cap_kill+ep cap_kill-e") == "0000000220000000000000000000000000000000");
  CHECK(hex_of("cap_kill=ep cap_kill=p") == "0000000220000000000000000000000000000000");
}

TEST_CASE("capabilities: a text that grants nothing, and one that says nothing") {
  CHECK(hex_of("").empty());
  CHECK(hex_of("=").empty());
  CHECK(hex_of("cap_kill=ep cap_kill=").empty());
  CHECK(hex_of("cap_kill") == "none");
  CHECK(hex_of("cap_nothing=ep") == "none");
  CHECK(hex_of("kill=ep") == "none");
  CHECK(hex_of("cap_kill=x") == "none");
  // A file has all of them effective, or none.
  CHECK(hex_of("cap_kill=ep cap_chown=p") == "none");
}

}}  // namespace rescue
