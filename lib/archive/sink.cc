#include "lib/archive/sink.h"

#include "lib/base/fd.h"

namespace rescue {

Result<> FdSink::write(std::string_view bytes) {
  return write_all(fd_, bytes, path_);
}

}  // namespace rescue
