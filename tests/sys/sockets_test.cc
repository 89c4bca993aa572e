#include "lib/sys/sockets.h"

#include <doctest/doctest.h>

namespace rescue { namespace {

constexpr std::string_view tcp =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0\n"
    "   1: 0100007F:B2D7 0200007F:0016 01 00000003:0000000A 00:00000000 00000000     0        0 4712 1 0 20 4 30 10\n";
constexpr std::string_view tcp6 =
    "   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0 0 0 0 "
    "7\n";
constexpr std::string_view local =
    "Num       RefCount Protocol Flags    Type St Inode Path\n"
    "00000000a4192e6f: 00000002 00000000 00010000 0001 01    94 /run/s\n"
    "00000000a4192e70: 00000003 00000000 00000000 0002 03    95\n";

std::vector<Socket> parsed(std::string_view text, std::string_view protocol) {
  std::vector<Socket> sockets;
  parse_sockets(text, protocol, sockets);
  return sockets;
}

TEST_CASE("sockets: addresses, ports and states are told as lsof tells them") {
  const auto sockets = parsed(tcp, "tcp");
  REQUIRE(sockets.size() == 2);
  CHECK(sockets[0].name() == "*:22");
  CHECK(sockets[0].state == "LISTEN");
  CHECK(sockets[1].name() == "127.0.0.1:45783->127.0.0.2:22");
  CHECK(sockets[1].state == "ESTABLISHED");
  CHECK(sockets[1].inode == 4712);
  CHECK(sockets[1].unsent == 3);
  CHECK(sockets[1].received == 10);
  const auto six = parsed(tcp6, "tcp6");
  REQUIRE(six.size() == 1);
  CHECK(six[0].name() == "[::1]:8080");
  const auto unix_sockets = parsed(local, "unix");
  REQUIRE(unix_sockets.size() == 2);
  CHECK(unix_sockets[0].name() == "/run/s type=STREAM");
  CHECK(unix_sockets[0].state == "LISTEN");
  CHECK(unix_sockets[1].name() == "type=DGRAM");
}

TEST_CASE("sockets: the other end of a connection is found by number and ports") {
  auto sockets = parsed(tcp, "tcp");
  sockets.push_back({.inode = 9,
                     .protocol = "TCP",
                     .local = "127.0.0.2",
                     .remote = "127.0.0.1",
                     .local_port = 22,
                     .remote_port = 45783});
  sockets.push_back(sockets.back());
  sockets.back().inode = 8;
  sockets.back().remote = "127.0.0.7";
  sockets.push_back({.inode = 2, .protocol = "unix", .peer = 3});
  sockets.push_back({.inode = 3, .protocol = "unix"});
  const SocketTable table(std::move(sockets));
  const Socket* const client = table.find(4712);
  REQUIRE(client != nullptr);
  const Socket* const server = table.other_end_of(*client);
  REQUIRE(server != nullptr);
  CHECK(server->inode == 9);
  CHECK(table.other_end_of(*server) == client);
  CHECK(table.other_end_of(*table.find(8)) == nullptr);
  CHECK(table.other_end_of(*table.find(4711)) == nullptr);
  CHECK(table.other_end_of(*table.find(2)) == table.find(3));
  CHECK(table.other_end_of(*table.find(3)) == nullptr);
  CHECK(table.find(5) == nullptr);
}

TEST_CASE("sockets: no text of the kernel's is a danger") {
  for (const auto& [text, protocol] : {std::pair{tcp, "tcp"}, {tcp6, "tcp6"}, {tcp, "udp"}, {local, "unix"}}) {
    for (size_t size = 0; size < text.size(); ++size)
      (void)parsed(text.substr(0, size), protocol);
    for (size_t i = 0; i < text.size(); ++i) {
      std::string flipped(text);
      flipped[i] = static_cast<char>(flipped[i] ^ 0xff);
      CHECK(parsed(flipped, protocol).size() <= 3);
    }
  }
}

}  // namespace
}  // namespace rescue
