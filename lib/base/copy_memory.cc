#include "lib/base/copy_memory.h"

extern "C" {

// Without no_builtin the compiler may make of a loop in here a call to what it is the body of.
[[clang::no_builtin]] void* memmove(void* target, const void* source, size_t size) {
  rescue::copy_memory(static_cast<char*>(target), static_cast<const char*>(source), size);
  return target;
}

void* memcpy(void* target, const void* source, size_t size) __attribute__((alias("memmove")));
}
