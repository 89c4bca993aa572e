// Fuzzes the receiver of ZMODEM and of pasted text: nothing is handed out beyond what a position can tell, and no end
// comes without a beginning.
#include <cstdlib>

#include "lib/base/text.h"
#include "lib/boot/pasted.h"
#include "lib/boot/zmodem.h"

namespace {

class Counter : public rescue::FileTaker {
 public:
  rescue::Result<bool> begin(const Offer& offer) override {
    if (in_file_)
      std::abort();
    in_file_ = offer.name != "skip";
    return in_file_;
  }
  rescue::Result<> write(std::string_view /*bytes*/) override {
    if (!in_file_)
      std::abort();
    return {};
  }
  rescue::Result<> end() override {
    if (!in_file_)
      std::abort();
    in_file_ = false;
    return {};
  }

 private:
  bool in_file_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Counter counter;
  ZmodemReceiver receiver(counter);
  std::string answer = receiver.greeting();
  if (receiver.feed(text.substr(0, size / 2), answer))
    (void)receiver.feed(text.substr(size / 2), answer);
  answer += receiver.nudge();
  PastedFile pasted;
  std::string bytes;
  for (const std::string_view line : split(text, '\n'))
    pasted.take(line, bytes);
  if (bytes.size() > size)
    std::abort();
  return 0;
}
