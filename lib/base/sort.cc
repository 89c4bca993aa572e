#include "lib/base/sort.h"

#include <algorithm>
#include <numeric>

namespace rescue::detail {

namespace {

// The standard library's takes a quarter of the square of up to 128 comparisons, and code of its own for each caller.
struct Merge {
  bool (*less)(const void* list, uint32_t a, uint32_t b);
  const void* list;

  // `room` has place for half of them.
  void sort(uint32_t* order, size_t count, uint32_t* room) const {
    if (count < 2)
      return;
    const size_t half = count / 2;
    sort(order, half, room);
    sort(order + half, count - half, room);
    // What is in order stays as it is.
    if (!less(list, order[half], order[half - 1]))
      return;
    std::copy_n(order, half, room);
    uint32_t *to = order, *left = room, *right = order + half;
    while (left < room + half)
      *to++ = right < order + count && less(list, *right, *left) ? *right++ : *left++;
  }
};

}  // namespace

std::vector<uint32_t> sorted_order(size_t count, bool (*less)(const void* list, uint32_t a, uint32_t b),
                                   const void* list) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  std::vector<uint32_t> room(count / 2);
  Merge{less, list}.sort(order.data(), count, room.data());
  return order;
}

}  // namespace rescue::detail
