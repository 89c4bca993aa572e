#include <cstdint>
#include <cstddef>
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* d, size_t n) { if (n > 2 && d[0]=='a' && d[1]=='b') return 0; return 0; }
