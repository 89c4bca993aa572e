// Sorting for lists that are not large: one algorithm for all types, where the standard library's is made anew for each
// of them. The order of equals is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace rescue {

namespace detail {

// The order that sorts `count` things, as their numbers; `less` compares two of them by number.
std::vector<uint32_t> sorted_order(size_t count, bool (*less)(const void* list, uint32_t a, uint32_t b),
                                   const void* list);

}  // namespace detail

// Sorts as std::ranges::stable_sort does: by `less` on what `key` makes of an element.
template <typename T, typename Less = std::less<>, typename Key = std::identity>
void sort(std::vector<T>& list, Less less = {}, Key key = {}) {
  struct Sorting {
    const std::vector<T>& list;
    Less& less;
    Key& key;
  };
  const Sorting sorting{list, less, key};
  const auto compare = [](const void* of, uint32_t a, uint32_t b) -> bool {
    const auto& s = *static_cast<const Sorting*>(of);
    return std::invoke(s.less, std::invoke(s.key, s.list[a]), std::invoke(s.key, s.list[b]));
  };
  std::vector<T> sorted;
  sorted.reserve(list.size());
  for (const uint32_t number : detail::sorted_order(list.size(), compare, &sorting))
    sorted.push_back(std::move(list[number]));
  list = std::move(sorted);
}

}  // namespace rescue
