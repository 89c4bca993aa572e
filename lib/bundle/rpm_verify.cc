#include "lib/bundle/rpm_verify.h"

#include <algorithm>

#include "lib/archive/package.h"
#include "lib/base/text.h"
#include "lib/bundle/verified_package.h"
#include "lib/crypto/running_digest.h"

namespace rescue {

namespace {

using rpm::Header;
using rpm::Tag;
using Outcome = RpmCheck::Outcome;

// A digest of bytes that are read once for all of them.
struct Comparison {
  std::string what;
  DigestAlgorithm algorithm;
  std::string expected;
  RunningDigest hash;
};

class Verifier {
 public:
  Verifier(int fd, const rpm::Package& package)
      : fd_(fd), package_(package), header_(package.header()), signatures_(package.signatures()) {}

  Result<std::vector<RpmCheck>> run(bool contents) {
    check_header("Header SHA256 digest", DigestAlgorithm::sha256, Tag::sig_sha256);
    check_header("Header SHA1 digest", DigestAlgorithm::sha1, Tag::sig_sha1);
    check_header("Header SHA3-256 digest", DigestAlgorithm::sha3_256, Tag::sig_sha3_256);
    check_sizes();
    TRY(check_payload());
    if (contents)
      TRY(check_contents());
    return std::move(checks_);
  }

 private:
  void add(std::string_view what, std::string_view expected, std::string_view found) {
    const bool ok = expected == found;
    checks_.push_back({std::string(what), ok ? Outcome::ok : Outcome::bad,
                       ok ? std::string() : str("expected ", Printable(expected), ", found ", found)});
  }

  void check_header(std::string_view what, DigestAlgorithm algorithm, Tag tag) {
    if (const std::string_view expected = signatures_.text(tag); !expected.empty())
      add(what, expected, digest_of(algorithm, package_.header_bytes()).value_or(""));
  }

  void check_sizes() {
    const uint64_t both = package_.header_bytes().size() + package_.payload_size();
    for (const Tag tag : {Tag::sig_size, Tag::sig_long_size})
      if (const auto size = signatures_.number(tag))
        add("Size", str(*size), str(both));
    if (const auto size = header_.number(Tag::payload_size))
      add("Payload size", str(*size), str(package_.payload_size()));
  }

  void expect(std::string what, DigestAlgorithm algorithm, std::string_view expected) {
    comparisons_.push_back({std::move(what), algorithm, std::string(expected), RunningDigest(algorithm)});
  }

  void expect_tag(std::string_view what, DigestAlgorithm algorithm, Tag tag) {
    if (const std::string_view expected = header_.text(tag); !expected.empty())
      expect(std::string(what), algorithm, expected);
  }

  // The payload as it lies in the file.
  Result<> check_payload() {
    if (const std::string_view expected = header_.text(Tag::payload_sha256); !expected.empty()) {
      const auto number = header_.number(Tag::payload_digest_algo).value_or(8);
      const DigestAlgorithm algorithm = openpgp_digest(number);
      if (number == 8)
        expect("Payload SHA256 digest", algorithm, expected);
      else if (algorithm != DigestAlgorithm::none)
        expect(str("Payload digest by ", digest_name(algorithm)), algorithm, expected);
      else
        checks_.push_back({str("Payload digest by algorithm ", number), Outcome::unknown, {}});
    }
    expect_tag("Payload SHA512 digest", DigestAlgorithm::sha512, Tag::payload_sha512);
    expect_tag("Payload SHA3-256 digest", DigestAlgorithm::sha3_256, Tag::payload_sha3_256);
    if (const std::string_view expected = signatures_.binary(Tag::sig_md5); expected.size() == 16) {
      expect("MD5 digest", DigestAlgorithm::md5, to_hex(expected));
      comparisons_.back().hash.update(package_.header_bytes());
    }
    RangeSource payload(fd_, package_.payload_offset(), package_.payload_size(), package_.path());
    while (!comparisons_.empty()) {
      const std::string_view block = TRY(payload.next());
      if (block.empty())
        break;
      for (Comparison& comparison : comparisons_)
        comparison.hash.update(block);
    }
    settle();
    return {};
  }

  void settle() {
    for (Comparison& comparison : comparisons_)
      add(comparison.what, comparison.expected, comparison.hash.finish());
    comparisons_.clear();
  }

  // The payload as it is when it is unpacked: first as one stream, then file by file.
  Result<> check_contents() {
    expect_tag("Payload SHA256 ALT digest", DigestAlgorithm::sha256, Tag::payload_sha256_alt);
    expect_tag("Payload SHA512 ALT digest", DigestAlgorithm::sha512, Tag::payload_sha512_alt);
    expect_tag("Payload SHA3-256 ALT digest", DigestAlgorithm::sha3_256, Tag::payload_sha3_256_alt);
    auto packed =
        std::make_unique<RangeSource>(fd_, package_.payload_offset(), package_.payload_size(), package_.path());
    const auto stream = TRY(decompress(std::move(packed), {}));
    uint64_t size = 0;
    while (true) {
      const std::string_view block = TRY(stream->next());
      if (block.empty())
        break;
      size += block.size();
      for (Comparison& comparison : comparisons_)
        comparison.hash.update(block);
    }
    settle();
    check_unpacked_size(size);
    return check_files();
  }

  void check_unpacked_size(uint64_t size) {
    for (const auto& [header, tag] :
         {std::pair(&signatures_, Tag::sig_payload_size), std::pair(&signatures_, Tag::sig_long_archive_size),
          std::pair(&header_, Tag::archive_size), std::pair(&header_, Tag::payload_size_alt)})
      if (const auto expected = header->number(tag)) {
        add("Unpacked size", str(*expected), str(size));
        return;
      }
  }

  Result<> check_files() {
    const auto reader = TRY(VerifiedPackage::open(fd_, package_.path()));
    uint64_t count = 0;
    while (const Entry* const entry = TRY(reader->next())) {
      count += entry->type == EntryType::file ? 1 : 0;
      while (true) {
        const auto piece = reader->read();
        if (!piece && piece.error().status() == Status::bad_data)
          checks_.push_back({str("File ", Printable(entry->path)), Outcome::bad, std::string(piece.error().detail())});
        else if (!piece)
          return std::unexpected(piece.error());
        if (!piece || piece->empty())
          break;
      }
    }
    const bool known = digest_algorithm_of(header_) != DigestAlgorithm::none;
    if (std::ranges::none_of(checks_, [](const RpmCheck& check) { return check.what.starts_with("File "); }))
      checks_.push_back({str("Content of ", count_of(count, "file")), known ? Outcome::ok : Outcome::unknown, {}});
    return {};
  }

  int fd_;
  const rpm::Package& package_;
  const Header& header_;
  const Header& signatures_;
  std::vector<Comparison> comparisons_;
  std::vector<RpmCheck> checks_;
};

}  // namespace

Result<std::vector<RpmCheck>> verify_rpm(int fd, const rpm::Package& package, bool contents) {
  return Verifier(fd, package).run(contents);
}

Result<> check_rpm(int fd, const rpm::Package& package) {
  for (const RpmCheck& check : TRY(verify_rpm(fd, package, false)))
    if (check.outcome == Outcome::bad)
      return with_status(corrupt(check.what, package.path(), check.detail).error(), Status::bad_data);
  return {};
}

}  // namespace rescue
