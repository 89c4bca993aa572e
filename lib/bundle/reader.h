// Reading a bundle: opened, its signature checked, and every member held against the manifest.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lib/archive/entry.h"
#include "lib/base/error.h"
#include "lib/bundle/info.h"
#include "lib/bundle/manifest.h"

namespace rescue {

using Xattrs = std::map<std::string, std::string, std::less<>>;

// What the tar says of a file beyond the manifest.
struct MemberExtras {
  Xattrs xattrs;
  int64_t mtime = 0;  // seconds, and
  uint32_t mtime_nsec = 0;
  std::string hard_link_to;  // path of the earlier member that it is another name of; then it has no content
};

// Receives the members of a bundle one after another, in the bundle's order, directories and links too.
class MemberSink {
 public:
  virtual ~MemberSink() = default;
  // Says whether the content is wanted; asked once per member. If not, neither data() nor end() follow.
  virtual Result<bool> begin(const ManifestEntry& entry, const MemberExtras& extras) = 0;
  virtual Result<> data(std::span<const char> piece) = 0;
  // All of it came, and its digest is the manifest's.
  virtual Result<> end() = 0;
};

// Which signatures are asked for (design: the kit as installed).
struct TrustPolicy {
  bool require_signature = false;
  // Files with public keys, of which one must have signed; empty: a signature that is there is only reported.
  std::string public_key_file;
};

// What holds for a command of the kit that was asked for `require_signature` and given `public_key_file` (or not): a
// key that is named must have signed; where none is, one of the kit's etc/trusted.pub, if that file is there.
TrustPolicy kit_trust(bool require_signature, const std::string& public_key_file);

// Where the members of a bundle come from that is no file: what packages hold, put in a bundle's form.
class MemberSource {
 public:
  virtual ~MemberSource() = default;
  // All members from the first on, the same at each call.
  virtual Result<std::unique_ptr<EntryReader>> open() = 0;
};

class Bundle {
 public:
  // Opens `path`, checks the signature beside it by `trust`, reads info and manifest. Errors have status bad_data. With
  // Content::wanted a thread decodes on what comes behind them, for a verify() that will follow.
  enum class Content : uint8_t { perhaps, wanted };
  static Result<Bundle> open(const std::string& path, const TrustPolicy& trust, Content content = Content::perhaps);
  // The same without a look at a signature, for the command that makes one.
  static Result<Bundle> open_unsigned(const std::string& path);
  // One that never was a file; `path` names it in messages. Its members are held against the manifest like all others.
  static Bundle of_members(const std::string& path, BundleInfo info, Manifest manifest,
                           std::unique_ptr<MemberSource> members);
  Bundle(Bundle&&) noexcept;
  Bundle& operator=(Bundle&&) noexcept;
  ~Bundle();

  const std::string& path() const;
  const BundleInfo& info() const;
  const Manifest& manifest() const;
  // "signed by key 0123456789ABCDEF", "has a signature of key ..., which was not checked" (no public key was given),
  // or nothing.
  const std::optional<std::string>& signer() const;

  // Decodes all of it and checks each member against the manifest: type, mode, owner, size, link, digest, order, no
  // member too many or too few. Must have succeeded before a root is touched. A small bundle stays in memory.
  Result<> verify();
  bool is_verified() const;

  // After verify(): what the tar says of manifest().entries[index] beyond the manifest.
  const MemberExtras& extras(size_t index) const;

  // After verify(): whether it stays in memory, and then what entry `index` holds (nothing, if it is no file or
  // another name of one).
  bool in_memory() const;
  std::string_view content(size_t index) const;

  // Hands all members to `sink`, checking digests again as they are read (from memory or by decoding once more).
  Result<> read_members(MemberSink& sink);

 private:
  friend class BundlePass;
  struct State;
  explicit Bundle(std::unique_ptr<State> state);
  static Result<Bundle> open_with(const std::string& path, const TrustPolicy* trust, Content content);
  std::unique_ptr<State> state_;
};

}  // namespace rescue
