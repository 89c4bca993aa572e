// The ways of compression, read and written as streams: gzip, bzip2, xz, lzma (the older form of xz) and zstd.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/archive/sink.h"
#include "lib/archive/source.h"
#include "lib/base/error.h"

namespace rescue {

enum class Codec : uint8_t { none, gzip, bzip2, xz, lzma, zstd };

// In which way a file is compressed that begins with these bytes (16 are enough).
Codec codec_of(std::string_view start);

// By the end of its name: .tgz, .tar.xz and so on.
Codec codec_of_name(std::string_view name);

// How many processors there are, and at most `asked`; 0 asks for all.
unsigned thread_count(unsigned asked);

struct DecodeOptions {
  uint64_t limit = UINT64_MAX;          // bytes that may come out
  int window_log = 27;                  // zstd: the memory that a frame may ask for, as a power of two
  uint64_t memory = uint64_t{1} << 30;  // xz, lzma: the same in bytes
  unsigned threads = 1;                 // xz: for files of several blocks; 0 is one for each processor
  bool sums = true;                     // xz: false where each file is held against a digest of its own
};

// What `input` holds, decompressed. Members or frames one after another are one stream, as everywhere. Checks the sums
// that the form has. A stream that is damaged, cut off, empty or beyond the limits is an error (status bad_data).
class DecoderSource : public Source {
 public:
  // Whether something followed behind the end that is none of the stream: gzip and bzip2 pass it over, as their
  // commands do with a warning; for the others it is an error.
  virtual bool has_rubbish() const { return false; }
};
std::unique_ptr<DecoderSource> decode(std::unique_ptr<Source> input, Codec codec, const DecodeOptions& options = {});

struct EncodeOptions {
  std::optional<int> level;      // else what the command of that name takes
  unsigned threads = 1;          // 0 is one for each processor
  std::string name;              // gzip: the name of the file, kept in the header
  uint32_t mtime = 0;            // gzip: its time
  bool extreme = false;          // xz: a little smaller and a lot slower
  int check = 4;                 // xz: 0 none, 1 CRC32, 4 CRC64, 10 SHA-256
  int window_log = 0;            // zstd: of --long; 0 as the level has it
  bool checksum = true;          // zstd: a checksum of the content
  std::optional<uint64_t> size;  // zstd, lzma: of the content, kept in the header
};

// Compresses into another sink. The bytes depend on the input and the options alone, except that zstd with one thread
// and xz with one make other bytes than with several.
class Encoder : public Sink {
 public:
  // Writes what is left and the end of the stream. Nothing may be written after it.
  virtual Result<> finish() = 0;
};

// `path` names the output in errors, and must outlive the encoder as the sink must.
Result<std::unique_ptr<Encoder>> encode(Sink& output, Codec codec, const EncodeOptions& options, std::string_view path);

}  // namespace rescue
