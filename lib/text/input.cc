#include "lib/text/input.h"

#include <fcntl.h>

namespace rescue {

Result<Input> Input::open(std::string_view name, const Io& io) {
  Input input;
  input.name_ = name;
  if (name == "-") {
    input.fd_ = io.in;
    return input;
  }
  input.owned_ = TRY(open_file(input.name_, O_RDONLY));
  input.fd_ = input.owned_.get();
  // Only a hint: a pipe takes none.
  (void)::posix_fadvise(input.fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
  return input;
}

Result<> Input::close() {
  if (owned_)
    return owned_.close(name_);
  return {};
}

void each_input(Io& io, const Args& names, void* context, Result<> (*take)(void* context, Input& input)) {
  const auto one = [&](std::string_view name) -> Result<> {
    Input input = TRY(Input::open(name, io));
    TRY(take(context, input));
    return input.close();
  };
  static constexpr std::string_view standard_input = "-";
  for (size_t i = 0; i < names.size() || i == 0; ++i)
    if (const auto done = one(names.empty() ? standard_input : names[i]); !done)
      io.warn(done.error());
}

}  // namespace rescue
