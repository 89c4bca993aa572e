// What tar was asked for, and what its ways of working share: which members are meant, how they are called, how they
// are listed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/archive/codec.h"
#include "lib/archive/extract.h"
#include "lib/archive/name_transform.h"
#include "lib/archive/tar_emit.h"
#include "lib/archive/tar_scan.h"
#include "lib/base/error.h"
#include "lib/base/io.h"
#include "lib/base/quote.h"
#include "lib/fs/mode_change.h"
#include "lib/fs/names.h"

namespace rescue {

enum class TarMode : uint8_t { none, create, append, update, concatenate, remove, list, extract, compare };

// A pattern of --exclude, with what was in force where it stood.
struct TarPattern {
  std::string text;
  bool wildcards = true;
  bool anchored = false;
  bool ignore_case = false;
};

struct TarOperand {
  std::string text;
  size_t directory = 0;  // of TarOptions::directories
  bool recursive = true;
  bool list = false;      // a file with names: -T
  bool null = false;      // in which they end with zeros
  bool verbatim = false;  // and none is an option
};

struct TarOptions {
  TarMode mode = TarMode::none;
  bool several_modes = false;
  std::optional<std::string> file;
  std::optional<Codec> codec;
  std::optional<int> level;
  std::optional<unsigned> threads;
  std::vector<std::string> program;  // of -I, where it is none of ours
  bool codec_by_name = false;
  unsigned verbose = 0;
  std::vector<std::string> directories{"."};
  std::vector<TarOperand> operands;
  std::vector<TarPattern> excludes;
  TarPattern pattern_style;  // of the patterns to come
  std::optional<bool> member_wildcards;
  bool null = false;
  bool verbatim = false;
  bool unquote = true;  // names are as `tar -t` shows them
  bool recursive = true;

  // Writing
  TarForm form = TarForm::gnu;
  bool form_given = false;
  uint64_t blocking = 20;
  bool dereference = false;
  bool hard_dereference = false;
  bool one_file_system = false;
  bool sparse = false;
  bool sorted = false;
  bool remove_files = false;
  bool ignore_failed_read = false;
  bool clamp_mtime = false;
  bool leave_out_other_times = false;
  std::optional<std::string> owner;
  std::optional<std::string> group;
  std::optional<std::string> mode_change;
  std::optional<std::string> mtime;
  std::optional<std::string> newer;
  bool newer_by_mtime = false;
  std::string label;
  std::optional<std::string> snapshot;  // -g
  std::optional<std::string> snapshot_level;

  // Reading
  ExtractOptions::Existing existing = ExtractOptions::Existing::replace;
  bool no_overwrite_dir = false;
  bool to_stdout = false;
  bool no_times = false;
  std::optional<bool> same_owner;
  std::optional<bool> same_mode;
  bool ignore_zeros = false;
  uint64_t strip = 0;
  std::optional<std::string> top_level;  // of --one-top-level
  std::vector<std::string> xattrs_include;
  std::vector<std::string> xattrs_exclude;

  // Both
  bool absolute = false;
  bool numeric_owner = false;
  bool xattrs = false;
  bool access_lists = false;
  bool label_attribute = false;  // SELinux
  bool totals = false;
  bool progress = false;
  std::optional<std::string> checkpoint;
  std::vector<std::string> checkpoint_actions;
  std::vector<std::string> transforms;
  bool show_transformed = false;
  bool block_numbers = false;
  bool utc = false;
  bool full_time = false;
  bool quiet_warnings = false;
  std::optional<std::string> quoting;
};

class TarJob {
 public:
  TarJob(const TarOptions& options, Io& io) : opt(options), io(io) {}
  Result<> prepare();

  const TarOptions& opt;
  Io& io;
  Names names;

  // A message without consequences; a difference (status 1); a failure (status 2). What can go on goes on.
  void warn(std::string_view text);
  void differ(std::string_view text);
  void differ_quietly() { status_ = status_ < 1 ? 1 : status_; }
  void fault(const Error& error);
  int status() const { return status_; }

  std::string shown(std::string_view name) const { return quoted(name, quoting_); }
  bool excluded(std::string_view name) const;

  // Where -C leads, on the command line and in the files of -T.
  const std::vector<std::string>& directories() const { return directories_; }
  // The names that were asked for, those of -T among them.
  const std::vector<TarOperand>& operands() const { return operands_; }
  // Which operand a member belongs to; none where it was not asked for. Without operands, everything was.
  struct Chosen {
    bool chosen = false;
    size_t directory = 0;
  };
  Chosen choose(std::string_view name);
  // Tells of operands that no member belonged to.
  void tell_missing();

  // The name without what leads out of the directory, `/` or `../`; says so once. With -P it stays.
  std::string safe(std::string_view name, bool link);
  std::string transformed(std::string name, NameScope scope) { return transform_.apply(std::move(name), scope); }

  // Where the names of members go: not into the archive.
  Output& listing() { return archive_on_stdout || opt.to_stdout ? io.err : io.out; }
  // Prints a member: its name, or from `details` on a line like that of `ls -l`.
  void list(const TarItem& item, std::string_view name, bool details);

  // Whether an extended attribute is to be extracted: those of users, or those that were included.
  bool wants_xattr(std::string_view name) const;

  // Counts bytes for --checkpoint and --progress.
  void count(uint64_t done, bool writing);
  void tell_totals(uint64_t bytes, bool writing);

  bool archive_on_stdout = false;

 private:
  Result<> prepare_checkpoints();
  void add_operand(const TarOperand& place, std::string_view name, bool unquote);
  Result<> read_list(const TarOperand& list);
  Result<> list_option(std::string_view line, TarOperand& place);
  void checkpoint(uint64_t number, bool writing);

  NameTransform transform_;
  std::vector<std::string> directories_;
  std::vector<TarOperand> operands_;
  std::vector<bool> found_;
  QuotingStyle quoting_ = QuotingStyle::escape;
  std::vector<std::string> removed_prefixes_;
  size_t owner_width_ = 19;
  size_t time_width_ = 16;
  uint64_t next_checkpoint_ = 0;
  uint64_t checkpoint_every_ = 0;  // records
  bool checkpoint_dots_ = false;
  int64_t start_ = 0;  // milliseconds
  int64_t last_progress_ = 0;
  int status_ = 0;
};

// The work: each says in its result what ended it early; the rest is in job.status().
Result<> tar_create(TarJob& job);
Result<> tar_delete(TarJob& job);
Result<> tar_read(TarJob& job);  // list, extract, compare

// Why nothing is added to, and nothing taken out of, an archive.
std::unexpected<Error> tar_is_compressed(std::string_view path);

// Where `-C directory` leads after -C `before`.
std::string next_tar_directory(const std::string& before, std::string_view directory);

// What an operand of TarOptions::owner says: a name, a number, or both as NAME:NUMBER. A name that nobody here has is
// a name all the same; the number is then that of the file.
struct TarOwner {
  std::string name;
  std::optional<uint32_t> id;
};
Result<TarOwner> parse_tar_owner(std::string_view text, NameFile& names);

}  // namespace rescue
