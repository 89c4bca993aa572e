// hostname: print or set the name of this machine.
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"

namespace rescue {
namespace {

struct Options {
  std::optional<std::string> file;
  bool boot = false, domain = false, full = false, short_name = false, address = false, aliases = false;
  bool all_addresses = false, all_names = false, nis = false;
};

constexpr Opt<Options> options[] = {
    {'a', "alias", &Options::aliases, "print its other names in /etc/hosts"},
    {'A', "all-fqdns", &Options::all_names, "print the names that /etc/hosts has for the addresses of -I"},
    {'b', "boot", &Options::boot, "where no name can be found, set localhost"},
    {'d', "domain", &Options::domain, "print the domain: what follows the first dot of the full name"},
    {'f', "fqdn", &Options::full, "print the full name, as /etc/hosts has it"},
    {0, "long", &Options::full, "the same"},
    {'F', "file", &Options::file, "set the name that is in FILE", "FILE"},
    {'I', "all-ip-addresses", &Options::all_addresses, "print the addresses of all network interfaces but lo"},
    {'i', "ip-address", &Options::address, "print its address in /etc/hosts"},
    {'s', "short", &Options::short_name, "print the name up to its first dot"},
    {'y', "yp", &Options::nis, "print the NIS domain"},
    {0, "nis", &Options::nis, "the same"},
};

Result<std::string> current_name() {
  struct utsname name{};
  if (::uname(&name) < 0)
    return fail("ask the kernel", "");
  return std::string(name.nodename);
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : str(line.substr(0, line.find('#')), ' ')) {
    if (c != ' ' && c != '\t' && c != '\r')
      word += c;
    else if (!word.empty())
      words.push_back(std::exchange(word, {}));
  }
  return words;
}

// The words of the first line of hosts(5) that has the name or address: address, full name, others.
Result<std::vector<std::string>> host_line(const std::string& name) {
  const UniqueFd file = TRY(open_file("/etc/hosts", O_RDONLY));
  const std::string text = TRY(read_all(file.get(), 1 << 24, "/etc/hosts"));
  for (const std::string_view line : split(text, '\n')) {
    auto words = words_of(line);
    for (size_t i = 0; i < words.size() && words.size() > 1; ++i)
      if (words[i] == name)
        return words;
  }
  return fail("find", "/etc/hosts", "has no line with ", Printable(name));
}

// Of the interfaces that are up; neither those of this machine alone nor those of one cable alone.
Result<std::vector<std::string>> own_addresses() {
  struct ifaddrs* first = nullptr;
  if (::getifaddrs(&first) < 0)
    return fail("ask for addresses", "");
  std::vector<std::string> found;
  for (const struct ifaddrs* at = first; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || (at->ifa_flags & IFF_LOOPBACK) != 0 || (at->ifa_flags & IFF_UP) == 0)
      continue;
    const bool wide = at->ifa_addr->sa_family == AF_INET6;
    struct sockaddr_in6 address{};
    if (!wide && at->ifa_addr->sa_family != AF_INET)
      continue;
    std::memcpy(&address, at->ifa_addr, wide ? sizeof address : sizeof(struct sockaddr_in));
    if (wide && (IN6_IS_ADDR_LINKLOCAL(&address.sin6_addr) || IN6_IS_ADDR_MC_LINKLOCAL(&address.sin6_addr)))
      continue;
    struct sockaddr_in narrow{};
    std::memcpy(&narrow, &address, sizeof narrow);
    const void* const bytes = wide ? static_cast<const void*>(&address.sin6_addr) : &narrow.sin_addr;
    char text[INET6_ADDRSTRLEN];
    if (::inet_ntop(at->ifa_addr->sa_family, bytes, text, sizeof text) != nullptr)
      found.emplace_back(text);
  }
  ::freeifaddrs(first);
  return found;
}

// Each with a blank behind it, as hostname has always printed them.
Result<int> print_own(const Options& opt, Io& io) {
  for (const std::string& address : TRY(own_addresses())) {
    if (opt.all_addresses) {
      io.out.put(address, ' ');
      continue;
    }
    const auto words = host_line(address);
    if (words)
      io.out.put((*words)[1], ' ');
  }
  io.out.put('\n');
  return 0;
}

Result<std::string> name_in_file(const std::string& path) {
  const UniqueFd file = TRY(open_file(path, O_RDONLY));
  const std::string text = TRY(read_all(file.get(), 65536, path));
  for (const std::string_view line : split(text, '\n'))
    if (const auto words = words_of(line); !words.empty())
      return words[0];
  return fail("find a name", path, "there is none");
}

Result<> set_name(std::string_view name) {
  if (name.empty() || name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") !=
                          std::string_view::npos)
    return fail("host name", "", '\'', Printable(name), "' is none");
  if (::sethostname(name.data(), name.size()) < 0)
    return fail("set the host name", "");
  return {};
}

Result<int> print(const Options& opt, Io& io) {
  if (opt.all_addresses || opt.all_names)
    return print_own(opt, io);
  if (opt.nis) {
    struct utsname names{};
    if (::uname(&names) < 0)
      return fail("ask the kernel", "");
    const std::string_view domain = names.domainname;
    if (domain.empty() || domain == "(none)")
      return fail("NIS domain", "", "is not set");
    io.out.put(domain, '\n');
    return 0;
  }
  const std::string name = TRY(current_name());
  if (opt.short_name) {
    io.out.put(name.substr(0, name.find('.')), '\n');
    return 0;
  }
  if (!opt.full && !opt.domain && !opt.address && !opt.aliases) {
    io.out.put(name, '\n');
    return 0;
  }
  const auto words = TRY(host_line(name));
  if (opt.address) {
    io.out.put(words[0], '\n');
  } else if (opt.full) {
    io.out.put(words[1], '\n');
  } else if (opt.domain) {
    const size_t dot = words[1].find('.');
    if (dot != std::string::npos)
      io.out.put(std::string_view(words[1]).substr(dot + 1), '\n');
  } else {
    for (size_t i = 2; i < words.size(); ++i)
      io.out.put(i > 2 ? " " : "", words[i]);
    io.out.put('\n');
  }
  return 0;
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (opt.file || !args.empty() || opt.boot) {
    auto name = opt.file ? name_in_file(*opt.file) : Result<std::string>(args.empty() ? "" : std::string(args[0]));
    if (opt.boot && (!name || name->empty())) {
      const std::string now = TRY(current_name());
      name = now.empty() || now == "(none)" ? "localhost" : now;
    }
    TRY(set_name(TRY(std::move(name))));
    return 0;
  }
  return print(opt, io);
}

}  // namespace

extern const Applet hostname_applet = {
    .name = "hostname",
    .summary = "print or set the name of this machine",
    .usage = "[OPTION]...\n[-b] NAME\n[-b] -F FILE",
    .help_letter = 'h',
    .version_letter = 'V',
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
