// The sockets of this network namespace: /proc/net/tcp and its like (proc(5)), for lsof and fuser.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace rescue {

struct Socket {
  ino_t inode = 0;
  std::string_view protocol;  // "TCP", "UDP", "unix"
  bool version6 = false;
  std::string local, remote;  // addresses; "*" for any. Of a unix socket: its path, and its place in the kernel
  uint16_t local_port = 0, remote_port = 0;
  uint32_t received = 0, unsent = 0;  // bytes that wait
  std::string_view state;             // "LISTEN"; of TCP and unix sockets alone
  ino_t peer = 0;                     // the other end of a unix socket; of all after read_unix_peers() alone

  // As lsof names it: "*:22", "10.0.0.1:22->10.0.0.2:4711".
  std::string name() const;
  // Whether it is the other end of that one, on this machine; of a connection, or as read_unix_peers() knows.
  bool is_other_end_of(const Socket& socket) const;
};

// The lines of one such file, whose protocol is "tcp", "tcp6", "udp", "udp6" or "unix". Lines that are none are passed
// over.
void parse_sockets(std::string_view text, std::string_view protocol, std::vector<Socket>& sockets);

// All of them; those whose file cannot be read are left out.
std::vector<Socket> read_sockets();

// Asks the kernel for the other ends of unix sockets; where it does not tell (before Linux 3.3), they stay unknown.
void read_unix_peers(std::vector<Socket>& sockets);

// All of them, for questions about many.
class SocketTable {
 public:
  SocketTable() = default;
  explicit SocketTable(std::vector<Socket> sockets);

  // The socket of this number, or null.
  const Socket* find(ino_t inode) const;
  // The other end on this machine, or null.
  const Socket* other_end_of(const Socket& socket) const;

 private:
  std::vector<Socket> sockets_;          // by number
  std::vector<const Socket*> by_ports_;  // those of connections
};

// A port as a number, or by its name in /etc/services; 0 where it is none.
uint16_t port_number(std::string_view word, std::string_view protocol);

}  // namespace rescue
