// The symbols that files define and ask for: what `ldd -r` and `ldd -u` look at.
//
// Only for those: the search itself never reads a symbol. What a file asks for is what its relocations name, as for the
// loader: a name that stands in its table and nowhere else is never looked up. Tables are found through the dynamic
// section and the hash tables, so that stripped section headers do not matter.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/elf/file_view.h"
#include "lib/elf/search.h"

namespace rescue::elf {

struct SymbolReference {
  std::string_view name;
  std::string_view version;  // empty where none is asked for
  bool weak = false;         // may stay without a definition
  bool copied = false;       // the program has a copy of its own of the library's data
};

class SymbolTable {
 public:
  // An empty table; read() gives a full one.
  SymbolTable(int fd, uint64_t size, std::string_view path) : path_(path), file_(fd, size, path_) {}

  // Reads the symbols of an open file. `fd` is needed only while this runs; the texts live as long as the table.
  static Result<std::unique_ptr<SymbolTable>> read(int fd, const Image& image, std::string_view path);

  const std::vector<SymbolReference>& references() const { return references_; }

  // Whether a reference finds its symbol here, by the loader's rules on versions.
  bool defines(std::string_view name, std::string_view version) const;

 private:
  struct Definition {
    std::string_view version;  // empty: of no version, or of the library's base
    uint16_t index = 0;
    bool hidden = false;  // only for those that ask for the version by name
  };

  Result<> fill(const Image& image);
  Result<> mark_all_uses(const Image& image);
  Result<> mark_uses(const Image& image, uint64_t offset, uint64_t size, bool has_addends);
  void name_versions(const Image& image);
  void take_name(const VersionName& version);
  Result<uint64_t> count(const Image& image);
  Result<uint64_t> count_by_gnu_hash(const Image& image);

  const std::string path_;
  FileView file_;
  bool has_versions_ = false;
  std::vector<std::string> version_names_;  // by index
  enum class Use : uint8_t { none, named, copied };
  std::vector<Use> uses_;  // by symbol: how relocations name it
  std::vector<SymbolReference> references_;
  std::map<std::string_view, std::vector<Definition>> definitions_;
};

struct UndefinedSymbol {
  uint32_t object = 0;  // place in Closure::objects of what asks for it
  std::string_view name;
  std::string_view version;
};

// Looks the symbols of closures up; each file's table is read once.
class SymbolCheck {
 public:
  explicit SymbolCheck(const Root& root) : root_(root) {}

  // What some object of the closure asks for and none defines, weak references apart.
  Result<std::vector<UndefinedSymbol>> undefined(const Closure& closure);

  // Direct dependencies of the program from which it takes no symbol, as places in Closure::objects.
  Result<std::vector<uint32_t>> unused(const Closure& closure);

 private:
  Result<const SymbolTable*> table(const Library& library);
  Result<std::vector<const SymbolTable*>> tables(const Closure& closure);

  const Root& root_;
  std::map<const Library*, std::unique_ptr<SymbolTable>> tables_;
};

}  // namespace rescue::elf
