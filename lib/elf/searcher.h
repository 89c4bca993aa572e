// Inside the Resolver: looks up single names, and keeps all that was learnt of the root while doing it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/elf/abi.h"
#include "lib/elf/cache.h"
#include "lib/elf/library.h"
#include "lib/elf/search.h"

namespace rescue::elf {

class Searcher {
 public:
  Searcher(const Root& root, SearchOptions options);

  const Root& root() const { return files_.root(); }
  const SearchOptions& options() const { return options_; }
  const std::optional<Error>& cache_error() const { return cache_error_; }
  const std::vector<std::string>& file_preloads() const { return file_preloads_; }
  LibraryFiles& files() { return files_; }

  // Each closure has a number; what bears it in Name and Node is part of the closure.
  uint64_t epoch() const { return epoch_; }
  void begin_closure() { ++epoch_; }

  // Keeps a hit that belongs to no name.
  Hit& keep(Hit hit) { return hits_.emplace_back(std::move(hit)); }

  // What programs with this file's architecture and loader share.
  Abi& abi_of(const Image& image);
  // The library with its names looked up.
  Node& node_of(Abi& abi, const Library& library);
  // Its search paths when it is loaded as `path`.
  const Node::Paths& paths_of(Abi& abi, Node& node, std::string_view path);

  // A path that does not depend on where somebody stands.
  std::string absolute(std::string_view path) const;

  // Makes `library` the hit if the loader takes it, or stops at it; false when it goes on.
  bool take(const Abi& abi, const Library* library, std::string path, Rule rule, Hit& hit) const;
  bool search(Abi& abi, std::span<Directory* const> dirs, const std::string& name, Rule rule, Hit& hit);
  // The cache and the default directories.
  void search_common(Abi& abi, const std::string& name, bool no_default_dirs, Hit& hit);
  // What a name leads to for all that have no path of their own; found once.
  const Hit& plain(Abi& abi, Name& name);

 private:
  void read_cache();
  void read_preloads();
  void set_up(Abi& abi, const std::string& interpreter, const Image& image);
  void set_up_directories(Abi& abi, const std::string& interpreter);
  std::vector<std::string> musl_directories(std::string_view interpreter) const;
  Hit find_loader(const Abi& abi, const std::string& interpreter);
  std::vector<Directory*> search_path(Abi& abi, std::string_view text, std::string_view separators,
                                      std::string_view origin);
  const std::vector<Directory*>& layers_of(Abi& abi, Directory& dir);
  bool search_cache(Abi& abi, const std::string& name, bool no_default_dirs, Hit& hit);
  const Hit& common(Abi& abi, Name& name);

  SearchOptions options_;
  LibraryFiles files_;
  std::optional<Cache> cache_;
  std::optional<Error> cache_error_;
  std::vector<std::string> file_preloads_;
  TextMap<std::unique_ptr<Abi>> abis_;
  std::deque<Hit> hits_;
  uint64_t epoch_ = 0;
};

// Pieces of a list, divided at any of `separators`.
std::vector<std::string> pieces_of(std::string_view text, std::string_view separators, bool keep_empty);

}  // namespace rescue::elf
