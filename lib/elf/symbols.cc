#include "lib/elf/symbols.h"

#include <algorithm>
#include <utility>

#include <fcntl.h>

#include "lib/base/fd.h"

namespace rescue::elf {

namespace {

constexpr uint8_t STB_GLOBAL = 1, STB_WEAK = 2, STB_GNU_UNIQUE = 10;
constexpr uint8_t STV_INTERNAL = 1, STV_HIDDEN = 2;
constexpr uint8_t STT_TLS = 6;
constexpr uint16_t SHN_ABS = 0xfff1;
constexpr uint16_t VERSYM_HIDDEN = 0x8000;

struct Symbol {
  uint32_t name = 0;
  uint8_t binding = 0;
  uint8_t type = 0;
  uint8_t visibility = 0;
  uint16_t section = 0;
  uint64_t value = 0;
};

Result<Symbol> read_symbol(Bytes table, uint64_t offset, bool is64) {
  constexpr std::string_view what = "symbol";
  Symbol symbol;
  symbol.name = TRY(table.read<uint32_t>(offset, what));
  const auto info = TRY(table.read<uint8_t>(offset + (is64 ? 4 : 12), what));
  symbol.binding = info >> 4;
  symbol.type = info & 15;
  symbol.visibility = TRY(table.read<uint8_t>(offset + (is64 ? 5 : 13), what)) & 3;
  symbol.section = TRY(table.read<uint16_t>(offset + (is64 ? 6 : 14), what));
  symbol.value = is64 ? TRY(table.read<uint64_t>(offset + 8, what)) : TRY(table.read<uint32_t>(offset + 4, what));
  return symbol;
}

uint64_t symbol_size(const Image& image) {
  return image.is64 ? 24 : 16;
}

// The relocation by which a program takes a copy of a library's data.
uint32_t copy_relocation(uint16_t machine) {
  switch (machine) {
    case EM_386:
    case EM_X86_64: return 5;
    case EM_ARM: return 20;
    case EM_AARCH64: return 1024;
    case EM_PPC64: return 19;
    case EM_S390: return 9;
    case EM_RISCV:
    case EM_LOONGARCH: return 4;
    default: return UINT32_MAX;
  }
}

}  // namespace

// The table of symbols does not say its length; its hash tables do.
Result<uint64_t> SymbolTable::count(const Image& image) {
  if (image.tables.sysv_hash != 0) {
    const Bytes head = TRY(file_.piece(image.tables.sysv_hash, 8, "hash table")).with_order(image.order);
    return TRY(head.read<uint32_t>(4, "hash table"));
  }
  return image.tables.gnu_hash != 0 ? count_by_gnu_hash(image) : Result<uint64_t>(uint64_t{0});
}

Result<uint64_t> SymbolTable::count_by_gnu_hash(const Image& image) {
  constexpr std::string_view what = "hash table";
  const uint64_t start = image.tables.gnu_hash;
  const Bytes head = TRY(file_.piece(start, 16, what)).with_order(image.order);
  const uint64_t buckets = TRY(head.read<uint32_t>(0, what));
  const uint64_t first = TRY(head.read<uint32_t>(4, what));
  const uint64_t bloom = uint64_t{TRY(head.read<uint32_t>(8, what))} * (image.is64 ? 8 : 4);
  const Bytes table = TRY(file_.piece(start + 16 + bloom, buckets * 4, what)).with_order(image.order);
  uint64_t last = 0;
  for (uint64_t i = 0; i < buckets; ++i)
    last = std::max<uint64_t>(last, TRY(table.read<uint32_t>(i * 4, what)));
  if (last < first)
    return first;
  // Chains end with an odd number; the last bucket's chain is the end of the table.
  const uint64_t chains = start + 16 + bloom + buckets * 4;
  while (true) {
    const Bytes link = TRY(file_.piece(chains + (last - first) * 4, 4, what)).with_order(image.order);
    ++last;
    if ((TRY(link.read<uint32_t>(0, what)) & 1) != 0)
      return last;
  }
}

Result<std::unique_ptr<SymbolTable>> SymbolTable::read(int fd, const Image& image, std::string_view path) {
  auto table = std::make_unique<SymbolTable>(fd, image.file_size, path);
  TRY(table->fill(image));
  return table;
}

void SymbolTable::take_name(const VersionName& version) {
  if (version.index >= version_names_.size())
    version_names_.resize(version.index + size_t{1});
  version_names_[version.index] = version.name;
}

// 0 and 1 are no version: the symbol is local, or of the library as a whole.
void SymbolTable::name_versions(const Image& image) {
  version_names_.resize(2);
  for (const VersionName& version : image.version_definitions)
    if (!version.base && version.index > 1)
      take_name(version);
  for (const VersionNeed& need : image.version_needs)
    for (const VersionName& version : need.versions)
      if (version.index > 1)
        take_name(version);
}

Result<> SymbolTable::mark_uses(const Image& image, uint64_t offset, uint64_t size, bool has_addends) {
  constexpr std::string_view what = "relocations";
  const uint64_t word = image.is64 ? 8 : 4;
  const uint64_t entry = word * (has_addends ? 3 : 2);
  const Bytes table = TRY(file_.piece(offset, size, what)).with_order(image.order);
  const uint32_t copy = copy_relocation(image.machine);
  for (uint64_t at = 0; table.size() - at >= entry; at += entry) {
    const uint64_t info =
        image.is64 ? TRY(table.read<uint64_t>(at + word, what)) : TRY(table.read<uint32_t>(at + word, what));
    const uint64_t symbol = image.is64 ? info >> 32 : info >> 8;
    const uint64_t type = image.is64 ? info & 0xffffffff : info & 0xff;
    // Hash tables leave symbols out where none is defined, so that there may be more than they count.
    if (symbol >= file_.size() / symbol_size(image))
      return corrupt(what, file_.path(), "name a symbol that is not there");
    if (symbol >= uses_.size())
      uses_.resize(symbol + 1);
    if (symbol != 0 && uses_[symbol] != Use::copied)
      uses_[symbol] = type == copy ? Use::copied : Use::named;
  }
  return {};
}

Result<> SymbolTable::mark_all_uses(const Image& image) {
  struct Table {
    uint64_t offset, size;
    bool has_addends;
  };
  const Image::Tables& tables = image.tables;
  for (const Table& table : {Table{tables.rela, tables.rela_size, true}, Table{tables.rel, tables.rel_size, false},
                             Table{tables.plt, tables.plt_size, tables.plt_has_addends}}) {
    // Large programs have tens of megabytes of them: they are read in portions, of a multiple of every entry's size.
    constexpr uint64_t portion = 24 * 65536;
    if (table.offset == 0)
      continue;
    if (table.size > file_.size())
      return corrupt("relocations", file_.path(), "lie outside the file");
    for (uint64_t done = 0; done < table.size; done += portion)
      TRY(mark_uses(image, table.offset + done, std::min(portion, table.size - done), table.has_addends));
  }
  return {};
}

Result<> SymbolTable::fill(const Image& image) {
  constexpr std::string_view what = "symbol table";
  if (image.tables.symbols == 0)
    return {};
  const uint64_t size = symbol_size(image);
  const uint64_t counted = TRY(count(image));
  if (counted > file_.size() / size)
    return corrupt(what, file_.path(), "more symbols than the file can hold");
  uses_.resize(counted);
  TRY(mark_all_uses(image));
  const uint64_t symbols = uses_.size();
  const Bytes table = TRY(file_.piece(image.tables.symbols, symbols * size, what)).with_order(image.order);
  const Bytes strings = TRY(file_.piece(image.tables.strings, image.tables.strings_size, "string table"));
  has_versions_ = image.tables.versions != 0;
  const Bytes versions =
      has_versions_ ? TRY(file_.piece(image.tables.versions, symbols * 2, "symbol versions")).with_order(image.order)
                    : Bytes();
  name_versions(image);
  for (uint64_t i = 1; i < symbols; ++i) {  // 0 is no symbol
    const Symbol symbol = TRY(read_symbol(table, i * size, image.is64));
    if (symbol.binding != STB_GLOBAL && symbol.binding != STB_WEAK && symbol.binding != STB_GNU_UNIQUE)
      continue;
    const uint16_t mark = has_versions_ ? TRY(versions.read<uint16_t>(i * 2, what)) : uint16_t{1};
    const uint16_t index = mark & 0x7fff;
    if (index >= version_names_.size())
      return corrupt("symbol versions", file_.path(), "name a version that is not there");
    const std::string_view name = TRY(strings.c_string(symbol.name, "symbol name"));
    const bool defined = symbol.section != 0;
    if (uses_[i] != Use::none)
      references_.push_back({name, version_names_[index], symbol.binding == STB_WEAK, uses_[i] == Use::copied});
    const bool visible = symbol.visibility != STV_HIDDEN && symbol.visibility != STV_INTERNAL;
    if (defined && visible && (symbol.value != 0 || symbol.type == STT_TLS || symbol.section == SHN_ABS))
      definitions_[name].push_back({version_names_[index], index, (mark & VERSYM_HIDDEN) != 0});
  }
  return {};
}

bool SymbolTable::defines(std::string_view name, std::string_view version) const {
  const auto found = definitions_.find(name);
  if (found == definitions_.end())
    return false;
  return std::ranges::any_of(found->second, [&](const Definition& definition) {
    if (!has_versions_)
      return true;
    if (version.empty())
      return definition.index < 3 || !definition.hidden;
    // A symbol of no version serves those that ask for one too.
    return definition.version == version || (definition.version.empty() && !definition.hidden);
  });
}

Result<const SymbolTable*> SymbolCheck::table(const Library& library) {
  auto& known = tables_[&library];
  if (!known) {
    const std::string shown = root_.shown(library.path);
    const UniqueFd fd = TRY(root_.open_file(library.path, O_RDONLY | O_NONBLOCK));
    known = TRY(SymbolTable::read(fd.get(), library.image, shown));
  }
  return known.get();
}

Result<std::vector<const SymbolTable*>> SymbolCheck::tables(const Closure& closure) {
  std::vector<const SymbolTable*> tables;
  tables.reserve(closure.objects.size());
  for (const LoadedObject& object : closure.objects)
    tables.push_back(object.usable() ? TRY(table(*object.library())) : nullptr);
  return tables;
}

Result<std::vector<UndefinedSymbol>> SymbolCheck::undefined(const Closure& closure) {
  const auto scope = TRY(tables(closure));
  std::vector<UndefinedSymbol> missing;
  for (uint32_t object = 0; object < scope.size(); ++object) {
    if (scope[object] == nullptr)
      continue;
    for (const SymbolReference& reference : scope[object]->references()) {
      const bool found = reference.weak || std::ranges::any_of(scope, [&](const SymbolTable* table) {
                           return table != nullptr && table->defines(reference.name, reference.version);
                         });
      if (!found)
        missing.push_back({object, reference.name, reference.version});
    }
  }
  return missing;
}

Result<std::vector<uint32_t>> SymbolCheck::unused(const Closure& closure) {
  const auto scope = TRY(tables(closure));
  std::vector<bool> used(scope.size(), false);
  for (const SymbolReference& reference : scope[0]->references()) {
    // The first that defines it is the one; a copy's original lies behind the program.
    for (uint32_t object = reference.copied ? 1 : 0; object < scope.size(); ++object) {
      if (scope[object] != nullptr && scope[object]->defines(reference.name, reference.version)) {
        used[object] = true;
        break;
      }
    }
  }
  std::vector<uint32_t> unused;
  for (const Edge& edge : closure.edges)
    if (edge.from == 0 && closure.objects[edge.to].usable() && !used[edge.to] &&
        std::ranges::find(unused, edge.to) == unused.end())
      unused.push_back(edge.to);
  return unused;
}

}  // namespace rescue::elf
