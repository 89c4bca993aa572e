// Fuzzes the tar reader, plain and behind zstd: the first byte says in what pieces the archive comes.
#include <cstdlib>

#include "lib/archive/tar.h"
#include "lib/archive/zstd.h"

namespace rescue { namespace {

class PieceSource : public Source {
 public:
  PieceSource(std::string_view bytes, size_t piece) : bytes_(bytes), piece_(piece) {}
  Result<std::string_view> next() override {
    const std::string_view part = bytes_.substr(0, piece_);
    bytes_.remove_prefix(part.size());
    return part;
  }
  std::string_view path() const override { return "fuzz"; }

 private:
  std::string_view bytes_;
  size_t piece_;
};

void read_all_entries(std::unique_ptr<Source> source) {
  constexpr EntryLimits limits = {.entries = 1000, .entry_size = 1 << 20, .total_size = 4 << 20, .text = 4096};
  TarReader reader(std::move(source), limits);
  uint64_t total = 0;
  while (true) {
    const auto entry = reader.next();
    if (!entry || *entry == nullptr)
      return;
    const uint64_t size = (*entry)->size;
    if ((*entry)->path.empty() || (*entry)->path.size() > limits.text || size > limits.entry_size)
      std::abort();
    const auto data = read_all(reader, size);
    if (data && data->size() != size)
      std::abort();
    total += size;
    if (total > limits.total_size)
      std::abort();
  }
}

}}  // namespace rescue

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  if (size == 0)
    return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto source = std::make_unique<PieceSource>(bytes, size_t{1} + data[0] * size_t{8});
  if (looks_like_zstd(bytes))
    read_all_entries(std::make_unique<ZstdSource>(std::move(source), ZstdLimits{.output = 8 << 20, .window_log = 20}));
  else
    read_all_entries(std::move(source));
  return 0;
}
