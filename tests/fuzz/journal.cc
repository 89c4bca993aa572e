// The journal of a transaction: what a crashed or hostile disk may hold in /var/lib/rescue.
#include <cstdlib>

#include "lib/base/text.h"
#include "lib/bundle/journal.h"
#include "lib/crypto/digest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)Journal::parse(Bytes(text, "journal"));
  // Past the checksum: the same lines with the right one.
  const size_t end = text.rfind("end ");
  const std::string body(text.substr(0, end == std::string_view::npos ? text.size() : end));
  const std::string sealed = str(body, "end ", hex(Sha256::of(body)), '\n');
  if (const auto journal = Journal::parse(Bytes(sealed, "journal")))
    // What was read can be written, and read again as the same.
    if (const auto again = Journal::parse(Bytes(journal->print(), "journal"));
        !again || again->print() != journal->print())
      std::abort();
  return 0;
}
