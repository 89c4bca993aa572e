// The lines of `ldconfig -p`, worded as glibc's, since scripts read them.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/io.h"
#include "lib/elf/cache.h"

namespace rescue::elf {

// "libc6,x86-64": the kind of a library by its mark.
std::string cache_flags_text(int32_t flags);

void print_cache(const Cache& cache, std::string_view path, Output& out);

}  // namespace rescue::elf
