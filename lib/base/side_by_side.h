// Work on many things of one kind, by as many threads as there are processors.
#pragma once

#include <cstddef>

namespace rescue {

// Calls work(shared, i) once for every i below `count`, in no particular order and from several threads at once; all
// is done when it returns. Threads take `portion` things at a time: few enough that nobody waits long for another's
// last. Where no thread can be had, or there is less to do than a thread costs, the caller's does it all.
void side_by_side(size_t count, size_t portion, void (*work)(void* shared, size_t i), void* shared);

}  // namespace rescue
