#include "lib/bundle/writer.h"

#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"

namespace rescue {

namespace {

struct Temporary {
  std::string name;
  UniqueFd fd;
};

// A new file beside `output`, hidden, so that no pattern takes it for a bundle.
Result<Temporary> make_temporary(const std::string& output, unsigned mode) {
  struct stat info{};
  if (::stat(output.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
    return fail("write", output,
                S_ISDIR(info.st_mode) ? "it is a directory; name a file in it" : "it is no regular file");
  Temporary temporary;
  temporary.name = str(dir_name(output), "/.", base_name(output), ".XXXXXX");
  temporary.fd = UniqueFd(::mkostemp(temporary.name.data(), O_CLOEXEC));
  if (!temporary.fd)
    return fail("write", output);
  if (::fchmod(temporary.fd.get(), mode) < 0) {
    const int code = errno;
    ::unlink(temporary.name.c_str());
    return fail("write", output, code);
  }
  return temporary;
}

Result<> give_name(UniqueFd& fd, const std::string& temporary, const std::string& output) {
  TRY(sync_fd(fd.get(), output));
  TRY(fd.close(output));
  if (::rename(temporary.c_str(), output.c_str()) < 0)
    return fail("write", output);
  const std::string dir(dir_name(output));
  const UniqueFd dir_fd = TRY(open_file(dir, O_RDONLY | O_DIRECTORY));
  return sync_fd(dir_fd.get(), dir);
}

}  // namespace

Result<BundleWriter> BundleWriter::open(const std::string& output, int level) {
  BundleWriter writer;
  Temporary temporary = TRY(make_temporary(output, 0644));
  writer.output_ = output;
  writer.temporary_ = std::move(temporary.name);
  writer.fd_ = std::move(temporary.fd);
  writer.file_ = std::make_unique<FdSink>(writer.fd_.get(), output);
  writer.zstd_ = TRY(ZstdSink::open(*writer.file_, level, output));
  writer.tar_ = std::make_unique<TarWriter>(*writer.zstd_);
  return writer;
}

BundleWriter::BundleWriter(BundleWriter&& other) noexcept
    : output_(std::move(other.output_)),
      temporary_(std::exchange(other.temporary_, {})),
      fd_(std::move(other.fd_)),
      file_(std::move(other.file_)),
      zstd_(std::move(other.zstd_)),
      tar_(std::move(other.tar_)) {}

BundleWriter::~BundleWriter() {
  if (!temporary_.empty())
    ::unlink(temporary_.c_str());
}

Result<uint64_t> BundleWriter::commit() {
  TRY(tar_->finish());
  TRY(zstd_->finish());
  struct stat info{};
  if (::fstat(fd_.get(), &info) < 0)
    return fail("write", output_);
  TRY(give_name(fd_, temporary_, output_));
  temporary_.clear();
  return static_cast<uint64_t>(info.st_size);
}

Result<> replace_text_file(const std::string& output, std::string_view text, unsigned mode) {
  Temporary temporary = TRY(make_temporary(output, mode));
  auto done = write_all(temporary.fd.get(), text, output);
  if (done)
    done = give_name(temporary.fd, temporary.name, output);
  if (!done)
    ::unlink(temporary.name.c_str());
  return done;
}

}  // namespace rescue
