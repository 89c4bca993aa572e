// Who is told what goes on, where it is long enough for a person to wonder.
#pragma once

#include <string_view>

namespace rescue {

class Listener {
 public:
  // `f` must outlive it.
  template <typename F>
  Listener(const F& f)  // NOLINT(google-explicit-constructor)
      : data_(&f), call_([](const void* data, std::string_view text) { (*static_cast<const F*>(data))(text); }) {}
  void operator()(std::string_view text) const { call_(data_, text); }

 private:
  const void* data_;
  void (*call_)(const void*, std::string_view);
};

}  // namespace rescue
