#include "lib/base/sort.h"

#include <algorithm>
#include <numeric>

namespace rescue::detail {

std::vector<uint32_t> sorted_order(size_t count, bool (*less)(const void* list, uint32_t a, uint32_t b),
                                   const void* list) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, [=](uint32_t a, uint32_t b) { return less(list, a, b); });
  return order;
}

}  // namespace rescue::detail
