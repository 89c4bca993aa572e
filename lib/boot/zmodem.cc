#include "lib/boot/zmodem.h"

#include <utility>

#include <zlib.h>

#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr uint8_t pad = '*';
constexpr uint8_t dle = 0x18;  // CAN too
constexpr uint8_t xon = 0x11;
constexpr uint8_t xoff = 0x13;

// Types of frames.
constexpr uint8_t ZRQINIT = 0;
constexpr uint8_t ZRINIT = 1;
constexpr uint8_t ZSINIT = 2;
constexpr uint8_t ZACK = 3;
constexpr uint8_t ZFILE = 4;
constexpr uint8_t ZSKIP = 5;
constexpr uint8_t ZNAK = 6;
constexpr uint8_t ZFIN = 8;
constexpr uint8_t ZRPOS = 9;
constexpr uint8_t ZDATA = 10;
constexpr uint8_t ZEOF = 11;
constexpr uint8_t ZFERR = 12;
constexpr uint8_t ZCAN = 16;
constexpr uint8_t ZFREECNT = 17;

// Ends of subpackets, each after ZDLE.
constexpr uint8_t ZCRCE = 'h';  // the frame ends
constexpr uint8_t ZCRCG = 'i';  // it goes on
constexpr uint8_t ZCRCQ = 'j';  // it goes on, and an answer is wanted
constexpr uint8_t ZCRCW = 'k';  // the frame ends, and an answer is waited for

// Full duplex, can write to disk while receiving, CRC-32.
constexpr uint32_t abilities = 0x01U << 24 | 0x02U << 24 | 0x20U << 24;

constexpr size_t largest_subpacket = 16384;
constexpr unsigned most_problems = 50;
constexpr unsigned cancels_to_stop = 5;

constexpr unsigned end_marks = 0x100;  // added to the byte that ends a subpacket

uint16_t crc16(std::string_view bytes) {
  uint16_t crc = 0;
  for (const char c : bytes) {
    crc = static_cast<uint16_t>(crc ^ static_cast<unsigned>(static_cast<uint8_t>(c)) << 8);
    for (int bit = 0; bit < 8; ++bit)
      crc = static_cast<uint16_t>((crc & 0x8000) != 0 ? static_cast<unsigned>(crc << 1) ^ 0x1021 : crc << 1);
  }
  return crc;
}

uint32_t crc32(std::string_view bytes) {
  return static_cast<uint32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// Whether the bytes end with the CRC of what is before it.
bool is_intact(std::string_view bytes, bool wide) {
  const size_t length = wide ? 4 : 2;
  if (bytes.size() < length)
    return false;
  const std::string_view body = bytes.substr(0, bytes.size() - length);
  const auto at = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(bytes[body.size() + i])); };
  if (wide)
    return crc32(body) == (at(0) | at(1) << 8 | at(2) << 16 | at(3) << 24);
  return crc16(body) == (at(0) << 8 | at(1));
}

std::string hex_header(uint8_t type, uint32_t value) {
  std::string body{static_cast<char>(type), static_cast<char>(value), static_cast<char>(value >> 8),
                   static_cast<char>(value >> 16), static_cast<char>(value >> 24)};
  const uint16_t crc = crc16(body);
  body += static_cast<char>(crc >> 8);
  body += static_cast<char>(crc);
  // No XON after these two: the other side is about to end.
  return str(
      "**\x18"
      "B",
      to_hex(body), "\r\n", type == ZFIN || type == ZACK ? "" : "\x11");
}

unsigned hex_value(uint8_t c) {
  if (c >= '0' && c <= '9')
    return static_cast<unsigned>(c - '0');
  return c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a') + 10 : 16;
}

}  // namespace

std::string ZmodemReceiver::abort_sequence() {
  return std::string(8, static_cast<char>(dle)) + std::string(8, '\b');
}

std::string ZmodemReceiver::ready() const {
  return hex_header(ZRINIT, abilities);
}

std::string ZmodemReceiver::greeting() {
  return ready();
}

std::string ZmodemReceiver::nudge() {
  if (state_ == State::finished)
    return {};
  state_ = State::hunt;
  if (in_file_)
    return hex_header(ZRPOS, static_cast<uint32_t>(position_));
  // One that waits for what became of its last header is helped by ZNAK alone, one that starts by the other.
  ask_again_ = !ask_again_;
  return ask_again_ ? hex_header(ZNAK, 0) : ready();
}

Result<> ZmodemReceiver::feed(std::string_view bytes, std::string& answer) {
  for (const char c : bytes) {
    if (state_ == State::finished)
      return {};
    if (auto taken = take(static_cast<uint8_t>(c), answer); !taken) {
      answer += abort_sequence();
      state_ = State::finished;
      return taken;
    }
  }
  return {};
}

Result<> ZmodemReceiver::take(uint8_t byte, std::string& answer) {
  cancels_ = byte == dle ? cancels_ + 1 : 0;
  if (cancels_ >= cancels_to_stop)
    return fail("receive", "", "the sender has broken it off");
  if (state_ == State::hunt) {
    hunt(byte);
    return {};
  }
  if (state_ == State::hex_header)
    return hex_digit(byte, answer);
  // Flow control that the line has put in is none of the data, escaped or not.
  if ((byte & 0x7f) == xon || (byte & 0x7f) == xoff)
    return {};
  if (after_hex_ && buffer_.empty() && ((byte & 0x7f) == '\r' || (byte & 0x7f) == '\n'))
    return {};
  after_hex_ = false;
  if (byte == dle && !escaped_) {
    escaped_ = true;
    return {};
  }
  if (!std::exchange(escaped_, false))
    return decoded(byte, answer);
  if (byte >= ZCRCE && byte <= ZCRCW)
    return decoded(byte | end_marks, answer);
  if (byte == 'l' || byte == 'm')
    return decoded(byte == 'l' ? 0x7f : 0xff, answer);
  if ((byte & 0x60) == 0x40)
    return decoded(byte ^ 0x40U, answer);
  if (byte == dle)  // the beginning of a cancel, or damage
    escaped_ = true;
  else
    damaged(answer);
  return {};
}

// `*`, perhaps more of them, ZDLE, and the kind of header.
void ZmodemReceiver::hunt(uint8_t byte) {
  if (escaped_) {
    escaped_ = pads_ = false;
    buffer_.clear();
    if (byte == 'B')
      state_ = State::hex_header;
    if (byte == 'A' || byte == 'C') {
      state_ = State::binary_header;
      after_hex_ = false;
      wide_ = byte == 'C';
    }
  } else if (pads_ && byte == dle) {
    escaped_ = true;
  } else {
    pads_ = byte == pad;
  }
}

Result<> ZmodemReceiver::hex_digit(uint8_t byte, std::string& answer) {
  if ((byte & 0x7f) == xon || (byte & 0x7f) == xoff)
    return {};
  const unsigned value = hex_value(byte);
  if (value > 15) {
    damaged(answer);
    return {};
  }
  buffer_ += static_cast<char>(byte);
  if (buffer_.size() < 14)
    return {};
  buffer_ = from_hex(buffer_).value_or("");
  wide_ = false;
  after_hex_ = true;
  return header_done(answer);
}

Result<> ZmodemReceiver::decoded(unsigned byte, std::string& answer) {
  if (state_ == State::binary_header) {
    if (byte >= end_marks) {
      damaged(answer);
      return {};
    }
    buffer_ += static_cast<char>(byte);
    return buffer_.size() == (wide_ ? 9U : 7U) ? header_done(answer) : Result<>();
  }
  if (end_ == 0 && byte < end_marks) {
    buffer_ += static_cast<char>(byte);
    if (buffer_.size() > largest_subpacket)
      damaged(answer);
    return {};
  }
  if (end_ == 0) {
    end_ = byte & 0xff;
    buffer_ += static_cast<char>(end_);
    crc_left_ = wide_ ? 4 : 2;
    return {};
  }
  // An end within the CRC is damage; but a CRC byte may look like one only when it was not escaped.
  if (byte >= end_marks) {
    damaged(answer);
    return {};
  }
  buffer_ += static_cast<char>(byte);
  return --crc_left_ == 0 ? subpacket_done(answer) : Result<>();
}

void ZmodemReceiver::start_data(Expect expect) {
  state_ = State::data;
  expect_ = expect;
  escaped_ = false;
  end_ = 0;
  buffer_.clear();
}

// What came is no use: look for the next header, and say from where on it is wanted.
void ZmodemReceiver::damaged(std::string& answer) {
  const bool in_data = state_ == State::data;
  state_ = State::hunt;
  escaped_ = pads_ = false;
  ++problems_;
  if (in_file_ && (in_data || problems_ == 1))
    answer += hex_header(ZRPOS, static_cast<uint32_t>(position_));
  else if (!in_file_)
    answer += hex_header(ZNAK, 0);
}

Result<> ZmodemReceiver::header_done(std::string& answer) {
  state_ = State::hunt;
  if (!is_intact(buffer_, wide_)) {
    damaged(answer);
    return problems_ > most_problems ? Result<>(fail("receive", "", "the line is too bad: nothing arrives whole"))
                                     : Result<>();
  }
  const auto at = [this](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(buffer_[i])); };
  return handle(static_cast<uint8_t>(buffer_[0]), at(1) | at(2) << 8 | at(3) << 16 | at(4) << 24, answer);
}

Result<> ZmodemReceiver::handle(uint8_t type, uint32_t value, std::string& answer) {
  switch (type) {
    case ZRQINIT:
      if (!in_file_)
        answer += ready();
      return {};
    case ZSINIT: start_data(Expect::nothing); return {};
    case ZFILE: start_data(Expect::file); return {};
    case ZDATA:
      if (!in_file_)
        return {};
      if (value != static_cast<uint32_t>(position_))
        answer += hex_header(ZRPOS, static_cast<uint32_t>(position_));
      else
        start_data(Expect::data);
      return {};
    case ZEOF: return end_of_file(value, answer);
    case ZFREECNT: answer += hex_header(ZACK, 0xffffffffU); return {};
    case ZFIN:
      if (in_file_)
        return fail("receive", "", "the sender ends within a file");
      answer += hex_header(ZFIN, 0);
      state_ = State::finished;
      return {};
    case ZCAN:
    case ZFERR: return fail("receive", "", "the sender has broken it off");
    default: return {};
  }
}

Result<> ZmodemReceiver::end_of_file(uint32_t position, std::string& answer) {
  // One that was sent before the sender heard of a damage does not count.
  if (!in_file_ || position != static_cast<uint32_t>(position_))
    return {};
  in_file_ = false;
  TRY(taker_.end());
  answer += ready();
  return {};
}

// "NAME\0SIZE MTIME MODE ...": the numbers may be missing.
Result<> ZmodemReceiver::offer(std::string& answer) {
  const std::string_view text = buffer_;
  const size_t zero = text.find('\0');
  FileTaker::Offer offer{.name = std::string(text.substr(0, zero))};
  if (zero != std::string_view::npos) {
    std::string_view numbers = text.substr(zero + 1);
    numbers = numbers.substr(0, numbers.find('\0'));
    const auto size = to_number<uint64_t>(numbers.substr(0, numbers.find(' ')));
    offer.has_size = size.has_value();
    offer.size = size.value_or(0);
  }
  // Positions have 32 bits.
  if (offer.size > UINT32_MAX)
    return fail("receive", offer.name, "is larger than ZMODEM can tell");
  // Asked again because our answer was lost: it has begun already.
  if (!in_file_) {
    if (!TRY(taker_.begin(offer))) {
      answer += hex_header(ZSKIP, 0);
      return {};
    }
    in_file_ = true;
    position_ = 0;
  }
  answer += hex_header(ZRPOS, static_cast<uint32_t>(position_));
  return {};
}

Result<> ZmodemReceiver::subpacket_done(std::string& answer) {
  const unsigned end = std::exchange(end_, 0);
  if (!is_intact(buffer_, wide_)) {
    damaged(answer);
    return problems_ > most_problems ? Result<>(fail("receive", "", "the line is too bad: nothing arrives whole"))
                                     : Result<>();
  }
  problems_ = 0;
  buffer_.resize(buffer_.size() - (wide_ ? 4 : 2) - 1);
  const bool goes_on = end == ZCRCG || end == ZCRCQ;
  if (!goes_on)
    state_ = State::hunt;
  if (expect_ == Expect::file) {
    state_ = State::hunt;
    return offer(answer);
  }
  if (expect_ == Expect::data) {
    if (buffer_.size() > UINT32_MAX - position_)
      return fail("receive", "", "is larger than ZMODEM can tell");
    TRY(taker_.write(buffer_));
    position_ += buffer_.size();
  }
  buffer_.clear();
  if (end == ZCRCQ || end == ZCRCW)
    answer += hex_header(ZACK, static_cast<uint32_t>(position_));
  return {};
}

}  // namespace rescue
