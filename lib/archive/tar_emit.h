// Writes tar archives as GNU tar does: in its own form, byte for byte the same, or as POSIX's (pax) or ustar. For the
// tar applet; tar.h has the writer of bundles.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/archive/sink.h"
#include "lib/archive/tar_scan.h"
#include "lib/base/error.h"

namespace rescue {

// Gathers what is written into large pieces, and lets files be read straight into them.
class PieceSink : public Sink {
 public:
  // `start`: what stands before it in the output already.
  PieceSink(Sink& output, uint64_t start)
      : output_(output), buffer_(std::make_unique_for_overwrite<char[]>(piece_size)), written_(start) {}
  Result<> write(std::string_view bytes) override;
  // Room for at least one byte; what was put there is handed over by commit().
  Result<std::span<char>> room();
  void commit(size_t count);
  Result<> flush();
  uint64_t written() const { return written_; }

 private:
  static constexpr size_t piece_size = 256 * 1024;
  Sink& output_;
  std::unique_ptr<char[]> buffer_;
  uint64_t written_;
  size_t used_ = 0;
};

enum class TarForm : uint8_t { gnu, pax, ustar };

// A member to be written: what TarItem says, and the times that pax keeps.
struct EmitItem : TarItem {
  struct Time {
    int64_t seconds = 0;
    uint32_t nanoseconds = 0;
  };
  Time atime;
  Time ctime;
};

class TarEmitter {
 public:
  TarEmitter(PieceSink& sink, TarForm form) : sink_(sink), form_(form) {}
  // pax: leave the times of access and change out.
  void leave_out_other_times() { other_times_ = false; }

  // Writes the headers of a member; `item.stored` bytes of data must follow.
  Result<> begin(const EmitItem& item);
  Result<> write(std::string_view data);
  // Reads data straight from a file: at most `size` bytes; says how many there were.
  Result<uint64_t> copy_from(int fd, uint64_t size, std::string_view path);
  // Zeros in place of data that is not there.
  Result<> pad(uint64_t size);
  Result<> end();
  // The end mark, and zeros up to a multiple of `record` bytes.
  Result<> finish(uint64_t record);

 private:
  class Header;

  Result<> put_special(char type, std::string_view name, std::string_view text, const EmitItem* item);
  Result<> begin_gnu(const EmitItem& item);
  Result<> begin_pax(const EmitItem& item);
  Result<> begin_ustar(const EmitItem& item);
  std::string pax_text(const EmitItem& item) const;
  static void fill(Header& header, const EmitItem& item);
  Result<> put_gnu_map(const EmitItem& item, Header& header);

  PieceSink& sink_;
  TarForm form_;
  bool other_times_ = true;
  uint64_t left_ = 0;
  uint64_t padding_ = 0;
  std::string map_text_;  // pax, sparse: what comes before the data
};

}  // namespace rescue
