// EBCDIC, as `dd conv=ascii`, `ebcdic` and `ibm` have it (POSIX, dd, extended description).
#pragma once

#include <array>
#include <cstdint>

namespace rescue {

using CharacterTable = std::array<uint8_t, 256>;

CharacterTable ascii_to_ebcdic();
CharacterTable ascii_to_ibm();  // five characters differ
CharacterTable ebcdic_to_ascii();

}  // namespace rescue
