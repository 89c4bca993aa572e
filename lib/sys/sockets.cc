#include "lib/sys/sockets.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/socket.h>

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>

#include "lib/base/fd.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

std::string text_of(const std::string& path) {
  const auto fd = open_file(path, O_RDONLY);
  return fd ? read_all(fd->get(), 1 << 26, path).value_or("") : "";
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words = split(line, ' ');
  std::erase_if(words, [](std::string_view word) { return word.empty(); });
  return words;
}

// "0100007F:1F90": each four bytes as a number of this machine.
bool take_address(std::string_view word, bool version6, std::string& address, uint16_t& port) {
  const size_t digits = version6 ? 32 : 8;
  const auto number = word.size() == digits + 5 ? to_number<uint16_t>(word.substr(digits + 1), 16) : std::nullopt;
  if (!number)
    return false;
  port = *number;
  uint32_t parts[4] = {};
  bool any = false;
  for (size_t i = 0; i < digits / 8; ++i) {
    const auto part = to_number<uint32_t>(word.substr(i * 8, 8), 16);
    if (!part)
      return false;
    parts[i] = *part;
    any = any || *part != 0;
  }
  char shown[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(version6 ? AF_INET6 : AF_INET, parts, shown, sizeof shown);
  address = !any ? "*" : version6 ? str('[', shown, ']') : std::string(shown);
  return true;
}

// sl local remote st queues timer retransmits uid timeout inode
std::optional<Socket> internet_socket(const std::vector<std::string_view>& words, bool version6, bool udp) {
  constexpr std::string_view states[] = {"",          "ESTABLISHED", "SYN_SENT",   "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",
                                         "TIME_WAIT", "CLOSE",       "CLOSE_WAIT", "LAST_ACK", "LISTEN",    "CLOSING"};
  Socket socket{.protocol = udp ? "UDP" : "TCP", .version6 = version6};
  if (words.size() < 10 || !take_address(words[1], version6, socket.local, socket.local_port) ||
      !take_address(words[2], version6, socket.remote, socket.remote_port))
    return std::nullopt;
  const auto state = to_number<unsigned>(words[3], 16);
  const auto inode = to_number<uint64_t>(words[9]);
  if (!inode || !state)
    return std::nullopt;
  socket.unsent = to_number<uint32_t>(words[4].substr(0, words[4].find(':')), 16).value_or(0);
  socket.received = to_number<uint32_t>(words[4].substr(words[4].find(':') + 1), 16).value_or(0);
  socket.inode = static_cast<ino_t>(*inode);
  if (!udp && *state < std::size(states))
    socket.state = states[*state];
  return socket;
}

// Num RefCount Protocol Flags Type St Inode Path
std::optional<Socket> unix_socket(const std::vector<std::string_view>& words) {
  constexpr std::string_view states[] = {"", "UNCONNECTED", "CONNECTING", "CONNECTED", "DISCONNECTING"};
  const auto inode = words.size() > 6 ? to_number<uint64_t>(words[6]) : std::nullopt;
  if (!inode)
    return std::nullopt;
  Socket socket{.inode = static_cast<ino_t>(*inode), .protocol = "unix"};
  socket.remote = str("0x", words[0].substr(0, words[0].find(':')));
  const auto flags = to_number<uint32_t>(words[3], 16);
  const auto state = to_number<unsigned>(words[5], 16);
  constexpr uint32_t accepts = 1 << 16;
  socket.state = flags && (*flags & accepts) != 0      ? "LISTEN"
                 : state && *state < std::size(states) ? states[*state]
                                                       : std::string_view();
  const std::string_view kind = words[4] == "0001" ? "STREAM" : words[4] == "0002" ? "DGRAM" : "SEQPACKET";
  socket.local = str(words.size() > 7 ? words[7] : "", words.size() > 7 ? " " : "", "type=", kind);
  return socket;
}

std::pair<uint16_t, uint16_t> own_ports(const Socket* socket) {
  return {socket->local_port, socket->remote_port};
}

}  // namespace

std::string Socket::name() const {
  if (protocol == "unix")
    return local;
  const auto end = [](std::string_view address, uint16_t port) {
    return str(address, ':', port == 0 ? std::string("*") : str(port));
  };
  const std::string here = end(local, local_port);
  return remote_port == 0 ? here : str(here, "->", end(remote, remote_port));
}

bool Socket::is_other_end_of(const Socket& socket) const {
  if (protocol == "unix")
    return socket.peer != 0 && inode == socket.peer;
  return protocol == socket.protocol && local_port != 0 && local_port == socket.remote_port &&
         remote_port == socket.local_port && local == socket.remote && remote == socket.local;
}

void parse_sockets(std::string_view text, std::string_view protocol, std::vector<Socket>& sockets) {
  for (const std::string_view line : split(text, '\n')) {
    const auto words = words_of(line);
    auto socket = protocol == "unix" ? unix_socket(words)
                                     : internet_socket(words, protocol.ends_with('6'), protocol.starts_with("udp"));
    if (socket)
      sockets.push_back(*std::move(socket));
  }
}

SocketTable::SocketTable(std::vector<Socket> sockets) : sockets_(std::move(sockets)) {
  sort(sockets_, std::less(), &Socket::inode);
  for (const Socket& socket : sockets_)
    if (socket.protocol != "unix" && socket.inode != 0 && socket.remote_port != 0)
      by_ports_.push_back(&socket);
  sort(by_ports_, std::less(), own_ports);
}

const Socket* SocketTable::find(ino_t inode) const {
  const auto socket = std::ranges::lower_bound(sockets_, inode, {}, &Socket::inode);
  return socket != sockets_.end() && socket->inode == inode ? &*socket : nullptr;
}

const Socket* SocketTable::other_end_of(const Socket& socket) const {
  if (socket.protocol == "unix")
    return socket.peer == 0 ? nullptr : find(socket.peer);
  // Few have the same ports, and different addresses.
  for (const Socket* const other :
       std::ranges::equal_range(by_ports_, std::pair(socket.remote_port, socket.local_port), {}, own_ports))
    if (other->is_other_end_of(socket))
      return other;
  return nullptr;
}

std::vector<Socket> read_sockets() {
  std::vector<Socket> sockets;
  for (const std::string_view protocol : {"tcp", "tcp6", "udp", "udp6", "unix"})
    parse_sockets(text_of(str("/proc/net/", protocol)), protocol, sockets);
  return sockets;
}

void read_unix_peers(std::vector<Socket>& sockets) {
  const auto words_in = [](size_t bytes) { return (bytes + 3) / 4; };
  const struct {
    nlmsghdr head;
    unix_diag_req ask;
  } request = {
      {.nlmsg_len = sizeof request, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_DUMP | NLM_F_REQUEST},
      {.sdiag_family = AF_UNIX, .udiag_states = UINT32_MAX, .udiag_show = UDIAG_SHOW_PEER}};
  const UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!fd || ::send(fd.get(), &request, sizeof request, 0) < 0)
    return;
  // All that the kernel writes there are 32-bit numbers, or two of 16 bits.
  std::vector<uint32_t> words(8192);
  while (true) {
    const ssize_t length = ::recv(fd.get(), words.data(), words.size() * sizeof words[0], 0);
    if (length <= 0)
      return;
    const size_t count = static_cast<size_t>(length) / sizeof words[0];
    size_t end = 0;
    for (size_t at = 0; at + 1 < count; at = end) {
      end = std::min(count, at + words_in(std::max<uint32_t>(words[at], sizeof(nlmsghdr))));
      if ((words[at + 1] & 0xffff) != SOCK_DIAG_BY_FAMILY || at + 8 > end)
        return;
      const auto known = std::ranges::find(sockets, words[at + 5], &Socket::inode);
      // Attributes: a length and a kind, and what there is.
      for (size_t i = at + 8; i + 1 < end && known != sockets.end(); i += words_in(std::max(words[i] & 0xffff, 4U)))
        if (words[i] >> 16 == UNIX_DIAG_PEER)
          known->peer = words[i + 1];
    }
  }
}

uint16_t port_number(std::string_view word, std::string_view protocol) {
  if (const auto number = to_number<uint16_t>(word))
    return *number;
  std::string services = text_of("/etc/services");
  std::ranges::replace(services, '\t', ' ');
  for (const std::string_view line : split(services, '\n')) {
    const auto words = words_of(line.substr(0, line.find('#')));
    for (size_t i = 0; i < words.size() && words.size() > 1; ++i) {
      const size_t slash = words[1].find('/');
      if (i != 1 && words[i] == word && slash != std::string_view::npos &&
          ::strncasecmp(words[1].data() + slash + 1, protocol.data(), protocol.size()) == 0)
        return to_number<uint16_t>(words[1].substr(0, slash)).value_or(0);
    }
  }
  return 0;
}

}  // namespace rescue
