#include "lib/base/io.h"

#include <cstring>

#include <unistd.h>

#include "lib/base/fd.h"

namespace rescue {

void Output::send(std::string_view bytes) {
  if (error_)
    return;
  if (sink_ != nullptr) {
    sink_->append(bytes);
    return;
  }
  if (auto done = write_all(fd_, bytes, name_); !done)
    error_ = std::move(done).error();
}

void Output::write(std::string_view bytes) {
  if (!buffered_ || sink_ != nullptr)
    return send(bytes);
  if (bytes.size() > buffer_size - used_) {
    send({buffer_.get(), used_});
    used_ = 0;
    if (bytes.size() >= buffer_size)
      return send(bytes);
  }
  if (!buffer_)
    buffer_ = std::make_unique_for_overwrite<char[]>(buffer_size);
  std::memcpy(buffer_.get() + used_, bytes.data(), bytes.size());
  used_ += bytes.size();
}

[[gnu::noinline]] void Output::write(const String auto& bytes) {
  write(std::string_view(bytes));
}
template void Output::write(const std::string& bytes);

void Output::put_parts(uint64_t kinds, ...) {
  va_list parts;
  va_start(parts, kinds);
  if (buffered_) {
    detail::each_part(
        kinds, parts, [](void* to, std::string_view part) { static_cast<Output*>(to)->write(part); }, this);
  } else {
    write(detail::join_parts(kinds, parts));
  }
  va_end(parts);
}

Result<> Output::flush() {
  if (used_ > 0)
    send({buffer_.get(), used_});
  used_ = 0;
  if (error_)
    return std::unexpected(*error_);
  return {};
}

bool Output::is_terminal() const {
  return sink_ == nullptr && ::isatty(fd_) == 1;
}

void Io::warn(const Error& error) {
  status_ = failure_status;
  // What was printed before belongs above the warning where both go to one terminal.
  (void)out.flush();
  err.put(name, ": ", message(error), '\n');
}

void Io::note(std::string_view text) {
  (void)out.flush();
  err.put(name, ": ", text, '\n');
}

void Io::note_parts(uint64_t kinds, ...) {
  va_list parts;
  va_start(parts, kinds);
  note(detail::join_parts(kinds, parts));
  va_end(parts);
}

int Io::report(const Error& error) {
  warn(error);
  return error.status() == Status::unset ? failure_status : static_cast<int>(error.status());
}

}  // namespace rescue
