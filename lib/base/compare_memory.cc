#include "lib/base/compare_memory.h"

// Without no_builtin the compiler may make of the loop in here a call to what it is the body of.
extern "C" [[clang::no_builtin]] int memcmp(const void* a, const void* b, size_t size) {
  return rescue::compare_memory(static_cast<const char*>(a), static_cast<const char*>(b), size);
}
