// Writes the seeds of the fuzzers tar_reader, package, rpm_header, rpm_database, initramfs and minisign: archive_seeds
// tests/fuzz/corpus
#include <cstdio>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <sodium/crypto_sign.h>
#include <sys/stat.h>

#include "lib/archive/cpio_writer.h"
#include "lib/archive/sink.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/crypto/minisign.h"
#include "tests/archive/rpm_builder.h"
#include "tests/archive/rpm_db_builder.h"
#include "tests/archive/samples.h"

namespace rescue { namespace {

Result<> write_seed(std::string_view corpus, std::string_view name, std::string_view bytes) {
  const std::string path = str(corpus, '/', name);
  if (::mkdir(std::string(dir_name(path)).c_str(), 0777) < 0 && errno != EEXIST)
    return fail("make directory", dir_name(path), errno);
  UniqueFd fd = TRY(open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0666));
  TRY(write_all(fd.get(), bytes, path));
  return fd.close(path);
}

// Short, so that the fuzzer spends its time on headers and not on content.
std::vector<Sample> short_samples() {
  std::vector<Sample> samples = odd_samples();
  for (Sample& sample : samples) {
    sample.data.resize(std::min<size_t>(sample.data.size(), 520));
    sample.entry.size = sample.data.size();
  }
  return samples;
}

// Always the same, so that the seeds are.
SecretKey fixed_key() {
  SecretKey key;
  key.id = {1, 2, 3, 4, 5, 6, 7, 8};
  const std::array<uint8_t, 32> seed{};
  std::array<uint8_t, 32> public_half;
  crypto_sign_seed_keypair(public_half.data(), key.key.data(), seed.data());
  return key;
}

// The forms of rpm's database; of SQLite also one with a log.
Result<> write_database_seeds(std::string_view corpus) {
  const std::vector<std::string> headers = {"a short one", sample_rpm_header().blob()};
  const std::string sqlite = SqliteBuilder().of(headers);
  const std::string log = SqliteBuilder::log_of({{3, sqlite.substr(2 * SqliteBuilder::page, SqliteBuilder::page)}}, 9);
  TRY(write_seed(corpus, "rpm_database/sqlite", sqlite));
  TRY(write_seed(corpus, "rpm_database/sqlite-log", str(sqlite, "\xff\xff\xff\xff", log)));
  TRY(write_seed(corpus, "rpm_database/ndb", ndb_of(headers)));
  TRY(write_seed(corpus, "rpm_database/bdb", BdbBuilder(true).of(headers)));
  return write_seed(corpus, "rpm_database/bdb-big-endian", BdbBuilder(false).of(headers));
}

// A plain archive before a compressed one.
Result<> write_initramfs_seeds(std::string_view corpus) {
  std::string cpio;
  StringSink sink(cpio);
  CpioWriter writer(sink);
  for (const Sample& sample : plain_samples())
    TRY(writer.add(sample.entry, sample.data));
  TRY(writer.finish());
  for (const std::string_view filter : {"", "gzip", "xz", "zst"})
    TRY(write_seed(corpus, str("initramfs/", filter.empty() ? "plain" : filter), str(cpio, compressed(cpio, filter))));
  return {};
}

Result<> write_seeds(std::string_view corpus) {
  TRY(write_database_seeds(corpus));
  TRY(write_initramfs_seeds(corpus));
  const std::string tar = tar_of(short_samples());
  TRY(write_seed(corpus, "tar_reader/odd", str('\xff', tar)));
  TRY(write_seed(corpus, "tar_reader/odd-small-pieces", str('\x01', tar)));
  TRY(write_seed(corpus, "tar_reader/plain", str('\x40', tar_of(plain_samples()))));
  TRY(write_seed(corpus, "tar_reader/zstd", str('\xff', zstd_of(tar))));
  for (const std::string_view ending : {"", ".gz", ".bz2", ".xz", ".lzma", ".zst"})
    TRY(write_seed(corpus, str("package/deb", ending), deb_of(plain_samples(), ending)));
  for (const std::string_view filter : {"", "gzip", "bzip2", "xz", "lzma"})
    TRY(write_seed(corpus, str("package/rpm-", filter), rpm_of(plain_samples(), filter)));
  TRY(write_seed(corpus, "package/rpm-stripped", stripped_rpm_of(plain_samples())));
  TRY(write_seed(corpus, "rpm_header/every-type", sample_rpm_header().blob()));
  const SecretKey key = fixed_key();
  const Signature signature = TRY(sign(key, Blake2b512::of("content"), "name=glibc version=2.36"));
  TRY(write_seed(corpus, "minisign/signature", signature_text(signature)));
  TRY(write_seed(corpus, "minisign/public-key", public_key_text(key.public_key())));
  return write_seed(corpus, "minisign/secret-key", TRY(secret_key_text(key, std::nullopt)));
}

}}  // namespace rescue

int main(int count, char** words) {
  if (count != 2) {
    std::fputs("usage: archive_seeds DIR\n", stderr);
    return 2;
  }
  if (const auto done = rescue::write_seeds(words[1]); !done) {
    std::fprintf(stderr, "archive_seeds: %s\n", rescue::message(done.error()).c_str());
    return 1;
  }
  return 0;
}
