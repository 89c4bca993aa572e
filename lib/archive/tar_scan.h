// Reads tar archives as people have them: of any age and maker, cut off, appended to, with rubbish in between. For the
// tar applet; tar.h has the strict reader that bundles and packages go through.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/archive/entry.h"
#include "lib/archive/source.h"
#include "lib/base/error.h"

namespace rescue {

// A piece of a sparse file that is not a hole.
struct Extent {
  uint64_t offset = 0;
  uint64_t length = 0;
};

struct TarItem {
  Entry entry;       // its size is the file's own, holes included; access control lists are in access_list below
  std::string name;  // as archived; of directories with the slashes at the end
  char type = '0';   // as archived
  std::string user;  // names of the owners; empty where the archive has none
  std::string group;
  std::vector<Extent> map;  // of a sparse file, in order
  bool sparse = false;
  uint64_t stored = 0;      // bytes in the archive
  std::string access_list;  // as text
  std::string default_list;
  std::string contents;  // type D: the names in the directory, as tar -g keeps them
  uint64_t block = 0;    // the number of its first header, in blocks of 512 bytes
};

class TarScanner {
 public:
  TarScanner(std::unique_ptr<Source> source, bool ignore_zeros)
      : source_(std::move(source)), ignore_zeros_(ignore_zeros) {}

  // The next member, or nullptr at the end. What is damaged is passed over, and told by take_trouble().
  Result<const TarItem*> next();

  // Data of the current file, with its place in the file; empty when all of it was given.
  struct Piece {
    uint64_t offset = 0;
    std::string_view data;
  };
  Result<Piece> read();

  // What had to be passed over since the last call; empty if nothing.
  std::string take_trouble() { return std::exchange(trouble_, {}); }

  // Where the archive ends: of its end mark, or what was cut off. Known after the last member.
  uint64_t end() const { return end_; }
  bool has_end_mark() const { return has_end_mark_; }

  // Reads on to the end of what the members are in, so that a decompressor can check its sums.
  Result<> drain();

 private:
  struct Extra;

  Result<bool> fill();
  // The next header, or an empty view at the end of the stream.
  Result<std::string_view> take_block();
  Result<std::string> take_text(uint64_t size);
  Result<> skip(uint64_t size);
  Result<bool> take_header(std::string& header);
  Result<bool> take_special(const std::string& header, Extra& extra);
  Result<> make_item(const std::string& header, Extra& extra);
  Result<> apply(std::string_view records, Extra& extra);
  Result<> apply(std::string_view key, std::string_view value, Extra& extra);
  Result<> read_gnu_map(const std::string& header);
  Result<> read_pax_map();
  Result<> set_map(std::vector<Extent> map, uint64_t size);
  std::unexpected<Error> bad(std::string_view detail) const;

  std::unique_ptr<Source> source_;
  bool ignore_zeros_;
  std::string_view pending_;
  std::string straddling_;
  std::string global_;
  TarItem item_;
  uint64_t position_ = 0;  // in the stream
  uint64_t left_ = 0;      // data of the current member still to come
  uint64_t padding_ = 0;
  size_t extent_ = 0;
  uint64_t within_ = 0;  // of the extent, or of the file, what was given
  uint64_t end_ = 0;
  std::string trouble_;
  bool any_header_ = false;
  bool has_end_mark_ = false;
  bool ended_ = false;
};

}  // namespace rescue
