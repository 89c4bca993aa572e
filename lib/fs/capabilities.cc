#include "lib/fs/capabilities.h"

#include <algorithm>
#include <cstdint>

#include "lib/base/text.h"

namespace rescue {

namespace {

// By number, as linux/capability.h has them.
constexpr std::string_view names =
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service "
    "net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin "
    "sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override "
    "mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore";

// The attribute: a word with version and flags, then permitted and inheritable, by halves.
constexpr uint32_t revision_2 = 0x02000000;
constexpr uint32_t effective_flag = 1;

struct Sets {
  uint64_t effective = 0;
  uint64_t permitted = 0;
  uint64_t inheritable = 0;
};

std::optional<uint64_t> mask_of(std::string_view name) {
  constexpr uint64_t all = (uint64_t{1} << 41) - 1;
  if (name.empty() || name == "all")
    return all;
  if (!name.starts_with("cap_"))
    return std::nullopt;
  uint64_t bit = 1;
  for (const std::string_view known : split(names, ' ')) {
    if (known == name.substr(4))
      return bit;
    bit <<= 1;
  }
  return std::nullopt;
}

// "cap_net_raw,cap_kill=ep+i": names, then one or more of an operator and flags.
bool apply_clause(std::string_view clause, Sets& sets) {
  size_t at = clause.find_first_of("=+-");
  if (at == std::string_view::npos)
    return false;
  uint64_t mask = 0;
  for (const std::string_view name : split(clause.substr(0, at), ',')) {
    const auto bits = mask_of(name);
    if (!bits)
      return false;
    mask |= *bits;
  }
  while (at < clause.size()) {
    const char action = clause[at];
    const size_t end = std::min(clause.find_first_of("=+-", at + 1), clause.size());
    const std::string_view flags = clause.substr(at + 1, end - at - 1);
    if (flags.find_first_not_of("eip") != std::string_view::npos)
      return false;
    const auto change = [&](uint64_t& set, char flag) {
      const uint64_t bits = flags.contains(flag) ? mask : 0;
      if (action == '=')
        set &= ~mask;
      set = action == '-' ? set & ~bits : set | bits;
    };
    change(sets.effective, 'e');
    change(sets.inheritable, 'i');
    change(sets.permitted, 'p');
    at = end;
  }
  return true;
}

void put_word(std::string& bytes, uint64_t word) {
  for (int shift = 0; shift < 32; shift += 8)
    bytes += static_cast<char>(word >> shift);
}

}  // namespace

std::optional<std::string> capabilities_from_text(std::string_view text) {
  Sets sets;
  for (const std::string_view clause : split(text, ' '))
    if (!clause.empty() && !apply_clause(clause, sets))
      return std::nullopt;
  const uint64_t granted = sets.permitted | sets.inheritable;
  if (granted == 0)
    return std::string();
  // A file has one bit that makes all of them effective.
  if (sets.effective != 0 && sets.effective != granted)
    return std::nullopt;
  std::string value;
  put_word(value, revision_2 | (sets.effective != 0 ? effective_flag : 0));
  put_word(value, sets.permitted);
  put_word(value, sets.inheritable);
  put_word(value, sets.permitted >> 32);
  put_word(value, sets.inheritable >> 32);
  return value;
}

}  // namespace rescue
