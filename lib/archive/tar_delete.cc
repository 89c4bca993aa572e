// Taking members out of an archive. What stays is written to a new file, which then takes its place: a power cut
// leaves the old archive or the new one.
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/archive/tar_job.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/fs/canonical.h"
#include "lib/fs/new_file.h"

namespace rescue {

namespace {

struct Piece {
  uint64_t start;
  uint64_t end;
};

// What stays, in pieces as long as can be; `any` says whether something goes.
Result<std::vector<Piece>> kept_pieces(TarJob& job, int fd, const std::string& path, bool& any) {
  TarScanner scanner(std::make_unique<FdSource>(fd, path), job.opt.ignore_zeros);
  std::vector<Piece> pieces;
  bool keeps = true;
  uint64_t start = 0;
  while (const TarItem* const item = TRY(scanner.next())) {
    const bool wanted = job.operands().empty() || !job.choose(item->name).chosen;
    if (wanted == keeps)
      continue;
    if (keeps)
      pieces.push_back({start, item->block * 512});
    start = item->block * 512;
    keeps = wanted;
    any = true;
  }
  if (keeps)
    pieces.push_back({start, scanner.end()});
  return pieces;
}

Result<uint64_t> copy_pieces(int from, int to, const std::vector<Piece>& pieces, const std::string& path) {
  uint64_t size = 0;
  for (const Piece& piece : pieces) {
    RangeSource source(from, piece.start, piece.end - piece.start, path);
    while (true) {
      const std::string_view block = TRY(source.next());
      if (block.empty())
        break;
      TRY(write_all(to, block, path));
    }
    size += piece.end - piece.start;
  }
  return size;
}

}  // namespace

Result<> tar_delete(TarJob& job) {
  const std::string path = job.opt.file.value_or("-");
  if (path == "-")
    return fail("delete from", "standard input", "is no file that could be changed: -f names one");
  const UniqueFd fd = TRY(open_file(path, O_RDWR));
  std::string first(512, '\0');
  first.resize(TRY(pread_full(fd.get(), first, 0, path)));
  struct stat info{};
  if (job.opt.codec.value_or(Codec::none) != Codec::none || codec_of(first) != Codec::none)
    return tar_is_compressed(path);
  if (::fstat(fd.get(), &info) < 0 || !S_ISREG(info.st_mode))
    return fail("delete from", path, "is no file that could be changed");
  bool any = false;
  const auto pieces = TRY(kept_pieces(job, fd.get(), path, any));
  job.tell_missing();
  if (!any)
    return {};
  auto file = TRY(NewFile::create(TRY(canonical_path(path, {})), info.st_mode & 07777));
  if (::fchown(file.fd(), info.st_uid, info.st_gid) < 0 || ::fchmod(file.fd(), info.st_mode & 07777) < 0)
    return fail("give the archive its owner", path);
  const uint64_t size = TRY(copy_pieces(fd.get(), file.fd(), pieces, path));
  // The end mark, up to a whole record.
  const uint64_t record = job.opt.blocking * 512;
  TRY(write_all(file.fd(), std::string((size + 1024 + record - 1) / record * record - size, '\0'), path));
  return file.commit();
}

}  // namespace rescue
