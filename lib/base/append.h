// Adding one list to another: by push_back(), which every list has already, where insert() is made anew for each type
// of list and of what it takes.
#pragma once

#include <utility>
#include <vector>

namespace rescue {

template <typename T, typename List>
void append(std::vector<T>& to, const List& from) {
  for (const auto& item : from)
    to.push_back(T(item));
}

template <typename T>
void append(std::vector<T>& to, std::vector<T>&& from) {
  for (T& item : from)
    to.push_back(std::move(item));
}

}  // namespace rescue
