// Which sockets lsof is asked for: addresses and ports (-i), and states (-s).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/error.h"
#include "lib/sys/sockets.h"

namespace rescue {

class SocketFilter {
 public:
  // [46][PROTOCOL][@ADDRESS][:PORT[-PORT],...]
  Result<> set_address(std::string_view text);
  // PROTOCOL:[^]STATE,...
  void set_states(std::string_view list);

  // Whether it is an internet socket that was asked for; remembers that there was one.
  bool fits(const Socket& socket);
  // What was asked for and never fitted, in lsof's words: "Internet address not located: :22".
  std::vector<std::string> missing() const;

 private:
  struct State {
    std::string word;
    bool found = false;
  };

  bool state_fits(const Socket& socket);

  bool is_set_ = false, asks_any_ = false, found_ = false;
  std::string text_, protocol_, address_;
  char version_ = 0;
  std::vector<std::pair<uint16_t, uint16_t>> ports_;
  std::string state_protocol_;
  std::vector<State> states_;
  std::vector<std::string> without_states_;
};

}  // namespace rescue
