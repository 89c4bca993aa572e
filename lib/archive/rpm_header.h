// RPM's header structure, as packages (v3, v4, v6) and package databases hold it: an index of entries that are told
// apart by tags, and a store that they point into.
//
// All entries are checked when a header is parsed: types, alignment, lengths, the closing zeros of texts. What is asked
// of it afterwards cannot fail; an entry that is not there, or of another type than is asked for, is empty.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/error.h"

namespace rescue::rpm {

// As rpm's rpmtag.h has them. Those of a signature header have a name space of their own, and are marked by `sig_`.
enum class Tag : uint32_t {
  header_signatures = 62,
  header_immutable = 63,
  sig_dsa = 267,
  sig_rsa = 268,
  sig_sha1 = 269,
  sig_long_size = 270,
  sig_long_archive_size = 271,
  sig_sha256 = 273,
  sig_openpgp = 278,
  sig_sha3_256 = 279,
  sig_size = 1000,
  sig_pgp = 1002,
  sig_md5 = 1004,
  sig_gpg = 1005,
  sig_payload_size = 1007,

  name = 1000,
  version = 1001,
  release = 1002,
  epoch = 1003,
  summary = 1004,
  description = 1005,
  build_time = 1006,
  build_host = 1007,
  install_time = 1008,
  size = 1009,
  distribution = 1010,
  vendor = 1011,
  license = 1014,
  packager = 1015,
  group = 1016,
  url = 1020,
  os = 1021,
  arch = 1022,
  pre_in = 1023,
  post_in = 1024,
  pre_un = 1025,
  post_un = 1026,
  old_file_names = 1027,
  file_sizes = 1028,
  file_modes = 1030,
  file_rdevs = 1033,
  file_mtimes = 1034,
  file_digests = 1035,
  file_link_tos = 1036,
  file_flags = 1037,
  file_user_name = 1039,
  file_group_name = 1040,
  source_rpm = 1044,
  file_verify_flags = 1045,
  archive_size = 1046,
  provide_name = 1047,
  require_flags = 1048,
  require_name = 1049,
  require_version = 1050,
  trigger_scripts = 1065,
  trigger_name = 1066,
  trigger_version = 1067,
  trigger_flags = 1068,
  trigger_index = 1069,
  verify_script = 1079,
  changelog_time = 1080,
  changelog_name = 1081,
  changelog_text = 1082,
  pre_in_prog = 1085,
  post_in_prog = 1086,
  pre_un_prog = 1087,
  post_un_prog = 1088,
  verify_script_prog = 1091,
  trigger_script_prog = 1092,
  file_devices = 1095,
  file_inodes = 1096,
  file_langs = 1097,
  source_package = 1106,
  provide_flags = 1112,
  provide_version = 1113,
  dir_indexes = 1116,
  base_names = 1117,
  dir_names = 1118,
  payload_format = 1124,
  payload_compressor = 1125,
  payload_flags = 1126,
  file_colors = 1140,
  pre_trans = 1151,
  post_trans = 1152,
  pre_trans_prog = 1153,
  post_trans_prog = 1154,
  bug_url = 5012,
  long_file_sizes = 5008,
  long_size = 5009,
  file_caps = 5010,
  file_digest_algo = 5011,
  file_trigger_scripts = 5066,
  file_trigger_script_prog = 5067,
  file_trigger_name = 5069,
  file_trigger_index = 5070,
  trans_file_trigger_scripts = 5076,
  trans_file_trigger_script_prog = 5077,
  trans_file_trigger_name = 5079,
  trans_file_trigger_index = 5080,
  payload_sha256 = 5092,
  payload_digest_algo = 5093,
  payload_sha256_alt = 5097,
  pre_untrans = 5103,
  post_untrans = 5104,
  pre_untrans_prog = 5105,
  post_untrans_prog = 5106,
  payload_size = 5112,
  payload_size_alt = 5113,
  rpm_format = 5114,
  payload_sha512 = 5121,
  payload_sha512_alt = 5122,
  payload_sha3_256 = 5123,
  payload_sha3_256_alt = 5124,
};

enum class Type : uint32_t { null, character, int8, int16, int32, int64, string, binary, string_array, i18n_string };

class Header {
 public:
  Header() = default;

  // A header as a file has it, behind the eight bytes that it begins with there ("magic" and four zeros), and as a
  // database has it as a whole: number of entries, size of the store, index, store. All of `blob` must be it. The
  // memory stays the caller's and must outlive the header. Errors have status bad_data.
  static Result<Header> parse(const Bytes& blob);

  bool has(Tag tag) const { return find(tag) != nullptr; }

  // A text; of several (an array, or translations) the first.
  std::string_view text(Tag tag) const;
  std::vector<std::string_view> texts(Tag tag) const;

  // Integers of any width.
  std::optional<uint64_t> number(Tag tag) const;
  std::vector<uint64_t> numbers(Tag tag) const;

  std::string_view binary(Tag tag) const;

 private:
  struct Entry {
    Tag tag;
    Type type;
    uint32_t offset;
    uint32_t count;
  };
  const Entry* find(Tag tag) const;
  Result<> check(const Entry& entry) const;
  std::string_view text_at(size_t offset) const;
  uint64_t number_at(const Entry& entry, size_t index) const;

  std::vector<Entry> entries_;
  Bytes store_;
};

// What a header in a file begins with.
constexpr size_t header_intro_size = 16;
constexpr size_t header_magic_size = 8;

// The size of a whole header, these bytes included, by its first header_intro_size bytes. Refuses what is larger than
// rpm itself takes.
Result<uint64_t> header_size(std::string_view intro, std::string_view path);

// "2.28-251.el8", with the epoch before a colon where there is one.
std::string version_of(const Header& header);

}  // namespace rescue::rpm
