#include "lib/sys/socket_filter.h"

#include <algorithm>

#include "lib/base/text.h"

namespace rescue {

namespace {

std::string upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper)
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return upper;
}

}  // namespace

Result<> SocketFilter::set_address(std::string_view text) {
  is_set_ = true;
  text_ = text;
  if (text.starts_with('4') || text.starts_with('6')) {
    version_ = text[0];
    text.remove_prefix(1);
  }
  const size_t mark = std::min(text.find_first_of("@:"), text.size());
  protocol_ = upper(text.substr(0, mark));
  if (!protocol_.empty() && protocol_ != "TCP" && protocol_ != "UDP")
    return usage_error("'", Printable(protocol_), "' is no protocol: TCP, UDP");
  text.remove_prefix(mark);
  if (text.starts_with('@')) {
    const size_t bracket = text.find(']');
    const size_t end = std::min(text.find(':', bracket == std::string_view::npos ? 0 : bracket), text.size());
    address_ = text.substr(1, end - 1);
    text.remove_prefix(end);
  }
  asks_any_ = protocol_.empty() && address_.empty() && text.empty();
  if (!text.empty())
    for (const std::string_view range : split(text.substr(1), ',')) {
      const size_t dash = to_number<uint16_t>(range.substr(0, range.find('-'))) ? range.find('-') : range.npos;
      const uint16_t low = port_number(range.substr(0, dash), protocol_);
      const uint16_t high = dash == range.npos ? low : port_number(range.substr(dash + 1), protocol_);
      if (low == 0 || high == 0)
        return usage_error("'", Printable(range), "' is no port");
      ports_.emplace_back(low, high);
    }
  return {};
}

void SocketFilter::set_states(std::string_view list) {
  const size_t colon = list.find(':');
  if (colon == list.npos)
    return;
  state_protocol_ = upper(list.substr(0, colon));
  for (const std::string_view word : split(list.substr(colon + 1), ',')) {
    if (word.starts_with('^'))
      without_states_.push_back(upper(word.substr(1)));
    else
      states_.push_back({upper(word)});
  }
}

bool SocketFilter::state_fits(const Socket& socket) {
  if (state_protocol_.empty())
    return true;
  if (state_protocol_ != socket.protocol)
    return states_.empty();
  if (std::ranges::contains(without_states_, socket.state))
    return false;
  const auto state = std::ranges::find(states_, socket.state, &State::word);
  if (state != states_.end())
    state->found = true;
  return states_.empty() || state != states_.end();
}

bool SocketFilter::fits(const Socket& socket) {
  const auto port_fits = [&](uint16_t port) {
    return std::ranges::any_of(ports_, [&](const auto& p) { return port >= p.first && port <= p.second; });
  };
  const bool fits = is_set_ && (version_ == 0 || (version_ == '6') == socket.version6) &&
                    (protocol_.empty() || protocol_ == socket.protocol) &&
                    (address_.empty() || socket.local == address_ || socket.remote == address_) &&
                    (ports_.empty() || port_fits(socket.local_port) || port_fits(socket.remote_port)) &&
                    state_fits(socket);
  found_ = found_ || fits;
  return fits;
}

std::vector<std::string> SocketFilter::missing() const {
  std::vector<std::string> missing;
  if (is_set_ && !found_)
    missing.push_back(asks_any_ ? "no Internet files located"
                                : str("Internet address not located: ", Printable(text_)));
  for (const State& state : states_)
    if (!state.found)
      missing.push_back(str(state_protocol_, " state not located: ", Printable(state.word)));
  return missing;
}

}  // namespace rescue
