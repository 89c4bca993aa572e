// Receiving files by ZMODEM (Forsberg, 1988), as `sz` of lrzsz and terminal programs send them.
//
// The receiver is a machine that is fed bytes and says what to answer, so that it can be tested and fuzzed without a
// line. It asks for a stream without pauses and with CRC-32; what arrives damaged is asked for again from the last
// good byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/error.h"

namespace rescue {

// Where files go.
class FileTaker {
 public:
  FileTaker() = default;
  FileTaker(const FileTaker&) = delete;
  FileTaker& operator=(const FileTaker&) = delete;
  virtual ~FileTaker() = default;

  struct Offer {
    std::string name;   // as the sender calls it: may hold slashes and anything else
    uint64_t size = 0;  // 0 where it is not told
    bool has_size = false;
  };
  // False to do without this file.
  virtual Result<bool> begin(const Offer& offer) = 0;
  virtual Result<> write(std::string_view bytes) = 0;
  // All of it has come.
  virtual Result<> end() = 0;
};

class ZmodemReceiver {
 public:
  explicit ZmodemReceiver(FileTaker& taker) : taker_(taker) {}

  // What to send first: that we are ready.
  std::string greeting();

  // Takes what came; what is to be sent is added to `answer`. An error ends the transfer, which the answer tells the
  // sender too.
  Result<> feed(std::string_view bytes, std::string& answer);

  // Nothing came for a while: asks again.
  std::string nudge();

  // The sender has no more files.
  bool finished() const { return state_ == State::finished; }

  // What tells the other side that it is over, whatever it does.
  static std::string abort_sequence();

 private:
  enum class State : uint8_t { hunt, hex_header, binary_header, data, finished };
  enum class Expect : uint8_t { file, data, nothing };  // what the next subpacket holds

  Result<> take(uint8_t byte, std::string& answer);
  void hunt(uint8_t byte);
  Result<> hex_digit(uint8_t byte, std::string& answer);
  Result<> decoded(unsigned byte, std::string& answer);
  Result<> header_done(std::string& answer);
  Result<> handle(uint8_t type, uint32_t value, std::string& answer);
  Result<> offer(std::string& answer);
  Result<> subpacket_done(std::string& answer);
  Result<> end_of_file(uint32_t position, std::string& answer);
  void damaged(std::string& answer);
  void start_data(Expect expect);
  std::string ready() const;

  FileTaker& taker_;
  State state_ = State::hunt;
  Expect expect_ = Expect::nothing;
  bool wide_ = false;       // CRC-32 in this frame
  bool after_hex_ = false;  // the line end of a hex header may still come
  bool escaped_ = false;    // after ZDLE
  bool pads_ = false;       // hunting: after `*`
  unsigned cancels_ = 0;    // CAN in a row
  unsigned end_ = 0;        // how the subpacket ended, while its CRC is coming
  size_t crc_left_ = 0;
  std::string buffer_;  // header or subpacket, with its CRC
  bool ask_again_ = false;
  bool in_file_ = false;
  uint64_t position_ = 0;  // bytes of the file that are safe
  unsigned problems_ = 0;  // in a row
};

}  // namespace rescue
