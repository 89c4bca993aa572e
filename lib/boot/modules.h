// Loading the kernel's modules, from /lib/modules/VERSION: what the hardware asks for, and what the kernel asks for.
//
// The tables are depmod's own text files (modules.dep, modules.alias, modules.softdep, modules.builtin), and files may
// be compressed
// (.ko.xz, .ko.gz, .ko.zst) whatever the kernel can undo itself.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/error.h"

namespace rescue {

class Modules {
 public:
  // Those in `directory` ("/lib/modules/6.1.0-50-cloud-amd64").
  static Result<Modules> open(std::string directory);

  // depmod's text files, as they are in such a directory; where one is not there, "".
  struct Tables {
    std::string dep;
    std::string alias;
    std::string softdep;
    std::string builtin;
  };
  static Modules of_tables(std::string directory, Tables tables);

  // Those of the kernel that runs.
  static Result<Modules> of_this_kernel();

  // The names of the modules for `name`: itself, or those whose alias it matches. Dashes and underscores are the same.
  std::vector<std::string> find(std::string_view name) const;

  // The files to be loaded for it, in that order: what it needs comes first. Empty where it is built in.
  Result<std::vector<std::string>> files_of(std::string_view module) const;

  bool is_builtin(std::string_view module) const;
  const std::string& directory() const { return directory_; }

  // Loads what `name` stands for; loaded already is fine.
  Result<> load(std::string_view name);

  // What the devices that the kernel has found ask for (/sys/devices/.../modalias). Failures are not errors: most
  // devices are of no use here. The number of modules that were loaded.
  size_t load_for_devices();

 private:
  struct Row {
    std::string_view key;    // name of a module, or the pattern of an alias
    std::string_view value;  // the rest of the line
  };

  Result<> collect_files(const std::string& module, std::vector<std::string>& files,
                         std::vector<std::string>& asked) const;
  const std::string* dependencies_of(std::string_view module) const;
  void collect_soft(const std::string& module, std::string_view kind, std::vector<std::string>& files,
                    std::vector<std::string>& asked) const;
  Result<> load_file(const std::string& file);

  std::string directory_;
  std::unique_ptr<Tables> tables_;         // what the views below look at
  std::vector<std::string> dependencies_;  // "NAME LINE", sorted
  std::vector<std::string> builtin_;       // sorted names
  std::vector<Row> aliases_;
  std::vector<Row> softdeps_;
  std::vector<std::string> loaded_;  // sorted paths
};

// The name of the module in a file: "kernel/fs/ext4/ext4.ko.xz" is "ext4".
std::string module_name(std::string_view file);

// A file of a module, decompressed.
Result<std::string> read_module(const std::string& path);

// Whether the text matches an alias' pattern, in which `*` stands for anything, slashes too.
bool alias_matches(std::string_view pattern, std::string_view text);

}  // namespace rescue
