#include "lib/bundle/reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "lib/archive/read_ahead.h"
#include "lib/archive/source.h"
#include "lib/archive/tar.h"
#include "lib/archive/zstd.h"
#include "lib/base/bytes.h"
#include "lib/base/fd.h"
#include "lib/base/kit.h"
#include "lib/base/large_memory.h"
#include "lib/base/text.h"
#include "lib/crypto/digest.h"
#include "lib/crypto/minisign.h"

namespace rescue {

namespace {

constexpr std::string_view info_name = ".rescue/info";
constexpr std::string_view manifest_name = ".rescue/manifest.mtree";
constexpr uint64_t max_info = 1 << 20;
constexpr uint64_t max_manifest = 64 << 20;
constexpr uint64_t max_in_memory = 64 << 20;
constexpr size_t most_ahead = 1024;  // blocks: what comes of 64 KiB of input each
constexpr uint64_t max_signature = 64 << 10;
constexpr uint32_t max_xattrs = 128 << 10;  // of one member; Linux itself allows 64 KiB for a value
constexpr uint32_t max_text = 4096;
// What tar puts around a member at the most: headers, attributes, long names, padding.
constexpr uint64_t member_overhead = max_xattrs + 4 * max_text + 4096;
// A manifest may not claim more than this times the file's own size: glibc's files shrink to a quarter, the most
// hollow of real files to a hundredth. Zeros alone would shrink to a thirty-thousandth, and take a day to decode.
constexpr uint64_t max_ratio = 1000;
constexpr uint64_t ratio_floor = 64 << 20;

// How many bytes may be kept in memory on this machine, which may have little left.
uint64_t room_in_memory() {
  struct sysinfo machine{};
  if (::sysinfo(&machine) < 0)
    return 0;
  return std::min(max_in_memory, (uint64_t{machine.freeram} + machine.bufferram) * machine.mem_unit / 4);
}

// A file system's word on whether a file is as it was.
struct Stamp {
  struct stat info{};
  bool operator==(const Stamp& other) const {
    const auto same = [](const timespec& a, const timespec& b) {
      return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
    };
    return info.st_size == other.info.st_size && same(info.st_mtim, other.info.st_mtim) &&
           same(info.st_ctim, other.info.st_ctim);
  }
};

Result<Stamp> stamp_of(int fd, std::string_view path) {
  Stamp stamp;
  if (::fstat(fd, &stamp.info) < 0)
    return fail("read", path);
  return stamp;
}

EntryKind kind_of(EntryType type) {
  switch (type) {
    case EntryType::directory: return EntryKind::dir;
    case EntryType::symlink: return EntryKind::link;
    default: return EntryKind::file;
  }
}

bool is_member_type(EntryType type) {
  return type == EntryType::file || type == EntryType::hardlink || type == EntryType::directory ||
         type == EntryType::symlink;
}

// Attributes that a bundle may set: security labels, capabilities, access control lists, and the user's own.
bool is_known_xattr(std::string_view name) {
  return name.starts_with("security.") || name.starts_with("user.") || name == "system.posix_acl_access" ||
         name == "system.posix_acl_default";
}

std::string_view text_of(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

struct Bundle::State {
  std::string path;
  UniqueFd fd;
  Stamp stamp;
  // The file itself, where it is small: what was signed is then what is decoded, whatever the file becomes meanwhile.
  LargeMemory whole;
  std::unique_ptr<MemberSource> members;  // in place of a file
  BundleInfo info;
  Manifest manifest;
  std::optional<std::string> signer;
  std::vector<MemberExtras> extras;
  uint64_t described = 0;  // bytes of info and manifest
  bool verified = false;
  // What a small bundle's tar is decoded to, and after verify() what its entries hold, by their index.
  LargeMemory kept;
  std::vector<std::string_view> contents;
  // A small bundle's tar behind the descriptions, for verify() to go on with; and its source, for as long.
  std::unique_ptr<TarReader> rest;
  const ZstdSource* decoder = nullptr;

  std::unexpected<Error> bad(std::string_view what, std::string_view detail) const {
    return with_status(corrupt(what, path, detail).error(), Status::bad_data);
  }
  // An error of reading bytes means a bad bundle as well: it cannot be had whole.
  template <typename T>
  Result<T> as_bad(Result<T> result) const {
    if (!result && result.error().status() == Status::unset)
      return with_status(std::move(result).error(), Status::bad_data);
    return result;
  }

  Result<> open_file_at(const std::string& name);
  Result<> check_signature(const TrustPolicy& trust);
  Result<> check_with_keys(const TrustPolicy& trust, const Signature& signature);
  Result<Blake2b512::Digest> digest();
  uint64_t tar_size() const;
  EntryLimits limits_of(uint64_t output) const;
  std::unique_ptr<TarReader> decode(uint64_t output, bool ahead);
  Result<std::string> read_own_member(TarReader& tar, std::string_view name, uint64_t limit);
  Result<> read_descriptions(TarReader& tar);
  Result<> begin(Content content);
  void let_go();
  Result<> check_unchanged();
};

Result<> Bundle::State::open_file_at(const std::string& name) {
  path = name;
  // A FIFO would keep us waiting for ever.
  fd = TRY(open_file(path, O_RDONLY | O_NONBLOCK));
  stamp = TRY(stamp_of(fd.get(), path));
  if (!S_ISREG(stamp.info.st_mode))
    return fail("read", path, "it is not a regular file; a bundle is read more than once");
  const auto size = static_cast<uint64_t>(stamp.info.st_size);
  if (size <= room_in_memory())
    whole = LargeMemory(size);
  if (whole && TRY(pread_full(fd.get(), whole.bytes(), 0, path)) != size)
    return bad("read", "the file became shorter while it was read");
  return {};
}

Result<Blake2b512::Digest> Bundle::State::digest() {
  if (whole)
    return Blake2b512::of(whole.text());
  if (::lseek(fd.get(), 0, SEEK_SET) < 0)
    return fail("read", path);
  return digest_fd<Blake2b512>(fd.get(), path);
}

Result<> Bundle::State::check_with_keys(const TrustPolicy& trust, const Signature& signature) {
  const UniqueFd file = TRY(open_file(trust.public_key_file, O_RDONLY));
  const std::string text = TRY(read_all(file.get(), 1 << 20, trust.public_key_file));
  const auto keys = TRY(parse_public_keys(text, trust.public_key_file));
  const PublicKey* const key = find_key(keys, signature);
  if (key == nullptr)
    return bad("check signature",
               str("it was signed with key ", show_key_id(signature.id), ", which is not in ", trust.public_key_file));
  if (signature.prehashed) {
    const Blake2b512::Digest found = TRY(digest());
    TRY(rescue::verify(signature, *key, found, path));
  } else {
    // The old kind of signature needs all bytes at once.
    if (!whole)
      return bad("check signature", "it has a signature of the old kind, and is too large for one; sign it anew");
    TRY(verify_content(signature, *key, whole.text(), path));
  }
  signer = str("signed by key ", show_key_id(signature.id));
  return {};
}

Result<> Bundle::State::check_signature(const TrustPolicy& trust) {
  if (trust.require_signature && trust.public_key_file.empty())
    return with_status(fail("check signature", path,
                            "a signature is required, and there is no public key to check it "
                            "with; name one with --pubkey")
                           .error(),
                       Status::refused);
  const std::string file = str(path, ".minisig");
  auto signature_fd = open_file(file, O_RDONLY | O_NONBLOCK);
  if (!signature_fd && signature_fd.error().code() == ENOENT) {
    if (trust.require_signature)
      return bad("check signature", str("a signature is required, and there is no ", file));
    return {};
  }
  const UniqueFd opened = TRY(std::move(signature_fd));
  const auto text = TRY(read_all(opened.get(), max_signature, file));
  const Signature signature = TRY(as_bad(parse_signature(text, file)));
  if (trust.public_key_file.empty()) {
    signer = str("has a signature of key ", show_key_id(signature.id), ", which was not checked");
    return {};
  }
  return check_with_keys(trust, signature);
}

// At the most, with its descriptions.
uint64_t Bundle::State::tar_size() const {
  return described + manifest.total_size() + (manifest.entries.size() + 2) * member_overhead;
}

EntryLimits Bundle::State::limits_of(uint64_t output) const {
  EntryLimits limits;
  limits.entries = manifest.entries.size() + 3;  // info, manifest, and one too many, to be told of as such
  limits.entry_size = output;
  limits.total_size = output;
  limits.text = max_text;
  limits.xattrs = max_xattrs;
  return limits;
}

// With a thread that is ahead by some blocks, or, where all is kept, by all.
std::unique_ptr<TarReader> Bundle::State::decode(uint64_t output, bool ahead) {
  std::unique_ptr<Source> bytes;
  if (whole)
    bytes = std::make_unique<MemorySource>(whole.text(), path);
  else
    bytes = std::make_unique<RangeSource>(fd.get(), 0, static_cast<uint64_t>(stamp.info.st_size), path);
  ZstdLimits limits;
  limits.output = output;
  auto zstd = std::make_unique<ZstdSource>(std::move(bytes), limits, kept ? &kept : nullptr);
  decoder = zstd.get();
  std::unique_ptr<Source> tar = std::move(zstd);
  if (ahead)
    tar = std::make_unique<ReadAheadSource>(std::move(tar), kept ? most_ahead : ReadAheadSource::few);
  return std::make_unique<TarReader>(std::move(tar), limits_of(output));
}

Result<std::string> Bundle::State::read_own_member(TarReader& tar, std::string_view name, uint64_t limit) {
  const Entry* const entry = TRY(as_bad(tar.next()));
  if (entry == nullptr || entry->path != name || entry->type != EntryType::file)
    return bad("read bundle", str("it is no bundle: ", name, " is not where it must be"));
  if (entry->size > limit)
    return bad("read bundle", str(name, " is too long"));
  return as_bad(rescue::read_all(tar, limit));
}

Result<> Bundle::State::read_descriptions(TarReader& tar) {
  const std::string info_text = TRY(read_own_member(tar, info_name, max_info));
  info = TRY(BundleInfo::parse(Bytes(info_text, path)));
  const std::string manifest_text = TRY(read_own_member(tar, manifest_name, max_manifest));
  manifest = TRY(Manifest::parse(Bytes(manifest_text, path)));
  described = info_text.size() + manifest_text.size();
  const auto file_size = static_cast<uint64_t>(stamp.info.st_size);
  if (manifest.total_size() > ratio_floor && manifest.total_size() / max_ratio > file_size)
    return bad("manifest", str("it claims to hold ", human_size(manifest.total_size()), ", which no file of ",
                               human_size(file_size), " does"));
  return {};
}

// A small bundle is decoded to memory, and from where the descriptions end on only when all of it is wanted. Whatever
// goes wrong there is found again without: its memory may have been too small for a sound bundle.
Result<> Bundle::State::begin(Content content) {
  const uint64_t room = room_in_memory();
  if (room > 0)
    kept = LargeMemory(2 * room);  // what is in the tar beside the content never takes that much
  if (kept) {
    rest = decode(kept.bytes().size(), content == Content::wanted);
    if (read_descriptions(*rest) && manifest.total_size() <= room) {
      rest->limit(limits_of(tar_size()));
      return {};
    }
  }
  let_go();
  return read_descriptions(*decode(max_info + max_manifest + 2 * member_overhead, false));
}

void Bundle::State::let_go() {
  rest.reset();
  kept = LargeMemory();
}

Result<> Bundle::State::check_unchanged() {
  if (whole || members != nullptr)
    return {};
  if (TRY(stamp_of(fd.get(), path)) != stamp)
    return bad("read", "the file was changed while it was read");
  return {};
}

namespace {

// Names that one file has in the tar, to be held against the manifest's nlink.
struct HardLinks {
  size_t first = 0;
  uint32_t names = 0;
};

}  // namespace

// One way through all members behind the manifest.
class BundlePass {
 public:
  BundlePass(Bundle::State& state, MemberSink* sink) : state_(state), sink_(sink) {}

  Result<> run() {
    const Manifest& manifest = state_.manifest;
    const auto tar = TRY(open());
    for (size_t i = 0; i < manifest.entries.size(); ++i) {
      const Entry* const entry = TRY(state_.as_bad(tar->next()));
      if (entry == nullptr)
        return bad(manifest.entries[i], "the bundle ends before it");
      TRY(take(i, *entry, *tar));
    }
    if (const Entry* const more = TRY(state_.as_bad(tar->next())); more != nullptr)
      return state_.bad("read bundle", str(Printable(more->path), " is not in the manifest"));
    // What was decoded ahead could not be held against the manifest then.
    if (state_.kept && state_.members == nullptr && state_.decoder->produced() > state_.tar_size())
      return state_.bad("read bundle", "it holds more than it may");
    TRY(check_names());
    return state_.check_unchanged();
  }

 private:
  std::unexpected<Error> bad(const ManifestEntry& entry, std::string_view detail) const {
    return state_.bad(printable(entry.path), detail);
  }

  Result<std::unique_ptr<EntryReader>> open() {
    if (state_.members != nullptr)
      return state_.members->open();
    if (state_.rest)
      return std::move(state_.rest);
    auto tar = state_.decode(state_.tar_size(), true);
    (void)TRY(state_.read_own_member(*tar, info_name, max_info));
    (void)TRY(state_.read_own_member(*tar, manifest_name, max_manifest));
    return tar;
  }

  Result<> take(size_t index, const Entry& member, EntryReader& tar) {
    const ManifestEntry& entry = state_.manifest.entries[index];
    if (member.path != entry.path)
      return bad(entry, str("in its place the bundle holds ", Printable(member.path)));
    TRY(check_member(entry, member));
    MemberExtras extras;
    for (const Xattr& xattr : member.xattrs)
      extras.xattrs.emplace(xattr.name, xattr.value);
    extras.mtime = member.mtime;
    extras.mtime_nsec = member.mtime_ns;
    if (member.type == EntryType::hardlink) {
      TRY(check_hard_link(entry, member));
      extras.hard_link_to = member.link;
    } else if (entry.type == EntryKind::file) {
      files_.emplace(entry.path, HardLinks{index, 1});
    }
    state_.extras[index] = std::move(extras);
    return hand_out(index, tar);
  }

  Result<> check_member(const ManifestEntry& entry, const Entry& member) const {
    if (!is_member_type(member.type) || kind_of(member.type) != entry.type)
      return bad(entry, "it is of another type than the manifest says");
    if (member.mode != entry.mode && entry.type != EntryKind::link)
      return bad(entry, "it has another mode than the manifest says");
    if (member.uid != entry.uid || member.gid != entry.gid)
      return bad(entry, "it has another owner than the manifest says");
    if (entry.type == EntryKind::link && member.link != entry.link)
      return bad(entry, "it leads elsewhere than the manifest says");
    if (member.type == EntryType::file && member.size != entry.size)
      return bad(entry, "it has another size than the manifest says");
    if (member.type != EntryType::file && member.size != 0)
      return bad(entry, "it has content, and should have none");
    for (const Xattr& xattr : member.xattrs) {
      if (!is_known_xattr(xattr.name))
        return bad(entry, str("it has an attribute that no bundle may set: ", Printable(xattr.name)));
      if (xattr.name == "security.capability" && !entry.privileged)
        return bad(entry, "it would run with more rights, and the recipe does not name it so");
    }
    return {};
  }

  Result<> check_hard_link(const ManifestEntry& entry, const Entry& member) {
    const auto first = files_.find(member.link);
    if (first == files_.end())
      return bad(entry, "it is another name of a file that does not come before it");
    const ManifestEntry& target = state_.manifest.entries[first->second.first];
    if (target.mode != entry.mode || target.uid != entry.uid || target.gid != entry.gid || target.size != entry.size ||
        target.sha256 != entry.sha256 || target.nlink != entry.nlink)
      return bad(entry, str("it is one file with ", Printable(target.path), ", and the manifest has them differ"));
    ++first->second.names;
    return {};
  }

  Result<> check_names() const {
    for (const auto& [path, links] : files_)
      if (const ManifestEntry& entry = state_.manifest.entries[links.first]; entry.nlink != links.names)
        return bad(entry,
                   str("the manifest gives it ", count_of(entry.nlink, "name"), ", and the bundle ", links.names));
    return {};
  }

  Result<> hand_out(size_t index, EntryReader& tar) {
    const ManifestEntry& entry = state_.manifest.entries[index];
    const MemberExtras& extras = state_.extras[index];
    const bool wanted = sink_ != nullptr && TRY(sink_->begin(entry, extras));
    if (entry.type == EntryKind::file && extras.hard_link_to.empty()) {
      Sha256 sha;
      while (true) {
        const std::string_view piece = TRY(state_.as_bad(tar.read()));
        if (piece.empty())
          break;
        sha.update(piece);
        if (state_.kept && sink_ == nullptr)
          TRY(keep(index, piece));
        if (wanted)
          TRY(sink_->data(piece));
      }
      if (sha.finish() != entry.sha256)
        return bad(entry,
                   str("its content is not what the manifest says (sha256 ", to_hex(text_of(entry.sha256)), ")"));
    }
    if (wanted)
      TRY(sink_->end());
    return {};
  }

  // A bundle's tar is decoded to where it is kept, a package's members are copied there: in both cases the pieces of
  // a member lie one behind the other.
  Result<> keep(size_t index, std::string_view piece) {
    if (state_.members != nullptr) {
      if (piece.size() > state_.kept.bytes().size() - copied_)
        return bad(state_.manifest.entries[index], "it is longer than the manifest says");
      std::memcpy(state_.kept.bytes().data() + copied_, piece.data(), piece.size());
      piece = state_.kept.text().substr(copied_, piece.size());
      copied_ += piece.size();
    }
    std::string_view& content = state_.contents[index];
    content = {content.empty() ? piece.data() : content.data(), content.size() + piece.size()};
    return {};
  }

  Bundle::State& state_;
  MemberSink* sink_;
  size_t copied_ = 0;
  std::map<std::string, HardLinks, std::less<>> files_;
};

TrustPolicy kit_trust(bool require_signature, const std::string& public_key_file) {
  // Who names a key wants it to have signed.
  TrustPolicy trust{require_signature || !public_key_file.empty(), public_key_file};
  const std::string kit_key = kit_path("etc/trusted.pub");
  if (trust.public_key_file.empty() && !kit_key.empty() && ::access(kit_key.c_str(), F_OK) == 0) {
    trust.public_key_file = kit_key;
    trust.require_signature = true;
  }
  return trust;
}

Bundle::Bundle(std::unique_ptr<State> state) : state_(std::move(state)) {}
Bundle::Bundle(Bundle&&) noexcept = default;
Bundle& Bundle::operator=(Bundle&&) noexcept = default;
Bundle::~Bundle() = default;

const std::string& Bundle::path() const {
  return state_->path;
}
const BundleInfo& Bundle::info() const {
  return state_->info;
}
const Manifest& Bundle::manifest() const {
  return state_->manifest;
}
const std::optional<std::string>& Bundle::signer() const {
  return state_->signer;
}
const MemberExtras& Bundle::extras(size_t index) const {
  return state_->extras[index];
}

Result<Bundle> Bundle::open(const std::string& path, const TrustPolicy& trust, Content content) {
  return open_with(path, &trust, content);
}

Result<Bundle> Bundle::open_unsigned(const std::string& path) {
  return open_with(path, nullptr, Content::perhaps);
}

Bundle Bundle::of_members(const std::string& path, BundleInfo info, Manifest manifest,
                          std::unique_ptr<MemberSource> members) {
  auto state = std::make_unique<State>();
  state->path = path;
  state->info = std::move(info);
  state->manifest = std::move(manifest);
  state->members = std::move(members);
  state->extras.resize(state->manifest.entries.size());
  return Bundle(std::move(state));
}

Result<Bundle> Bundle::open_with(const std::string& path, const TrustPolicy* trust, Content content) {
  auto state = std::make_unique<State>();
  TRY(state->open_file_at(path));
  if (trust != nullptr)
    TRY(state->check_signature(*trust));
  TRY(state->begin(content));
  state->extras.resize(state->manifest.entries.size());
  return Bundle(std::move(state));
}

Result<> Bundle::verify() {
  State& state = *state_;
  if (state.verified)
    return {};
  if (state.members != nullptr && state.manifest.total_size() <= room_in_memory())
    state.kept = LargeMemory(state.manifest.total_size());
  state.contents.assign(state.manifest.entries.size(), {});
  auto done = BundlePass(state, nullptr).run();
  if (!done && state.members == nullptr && state.kept) {
    state.let_go();
    done = BundlePass(state, nullptr).run();
  }
  if (!done)
    state.let_go();
  state.verified = done.has_value();
  return done;
}

bool Bundle::is_verified() const {
  return state_->verified;
}

bool Bundle::in_memory() const {
  return state_->verified && state_->kept;
}

std::string_view Bundle::content(size_t index) const {
  return state_->contents[index];
}

Result<> Bundle::read_members(MemberSink& sink) {
  State& state = *state_;
  if (!in_memory())
    return BundlePass(state, &sink).run();
  for (size_t i = 0; i < state.manifest.entries.size(); ++i) {
    const bool wanted = TRY(sink.begin(state.manifest.entries[i], state.extras[i]));
    if (!wanted)
      continue;
    if (!state.contents[i].empty())
      TRY(sink.data(state.contents[i]));
    TRY(sink.end());
  }
  return {};
}

}  // namespace rescue
