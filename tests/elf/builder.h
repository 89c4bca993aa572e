// Makes small ELF files for the tests: headers, one loaded segment, a dynamic section and what it points to.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/elf/format.h"

namespace rescue::elf::test {

// The hash of a version name (System V ABI, "Hash Table").
inline uint32_t version_hash(std::string_view name) {
  uint32_t hash = 0;
  for (const char c : name) {
    hash = (hash << 4) + static_cast<uint8_t>(c);
    const uint32_t high = hash & 0xf0000000;
    hash ^= high >> 24;
    hash &= ~high;
  }
  return hash;
}

// Bytes that grow, in one byte order.
class Writer {
 public:
  explicit Writer(std::endian order) : order_(order) {}

  size_t size() const { return bytes_.size(); }
  std::string take() { return std::move(bytes_); }
  void text(std::string_view text) { bytes_ += text; }
  void align(size_t to) { bytes_.resize((bytes_.size() + to - 1) / to * to, '\0'); }
  void number(uint64_t value, size_t width) {
    for (size_t i = 0; i < width; ++i) {
      const size_t shift = order_ == std::endian::little ? i : width - 1 - i;
      bytes_ += static_cast<char>(value >> (8 * shift));
    }
  }

 private:
  std::endian order_;
  std::string bytes_;
};

struct Elf {
  bool is64 = true;
  std::endian order = std::endian::little;
  uint16_t type = ET_DYN;
  uint16_t machine = EM_X86_64;
  uint32_t flags = 0;
  std::string interpreter;
  std::vector<std::string> needed;
  std::vector<std::string> auxiliary;
  std::string soname, rpath, runpath;
  uint64_t flags_1 = 0;
  bool has_relr = false;
  bool has_dynamic = true;
  // A version name that begins with ? is a weak need.
  std::vector<std::pair<std::string, std::vector<std::string>>> version_needs;
  std::vector<std::string> version_definitions;
  // Symbols, "name" or "name@VERSION"; a reference that begins with ? is weak. Each reference has a relocation.
  std::vector<std::string> defined, undefined;
  std::string build_id;  // raw bytes
  bool abi_tag = false;  // Linux 3.2.0
  uint32_t isa = 0;      // x86 property
  std::string rodata;    // anywhere in the segment

  std::string build() const;
};

// Collects the parts behind the headers, and where they came to lie.
class ElfWriter {
 public:
  explicit ElfWriter(const Elf& elf) : elf_(elf), out_(elf.order), strings_(1, '\0') {}

  std::string build() {
    const size_t word = elf_.is64 ? 8 : 4;
    const size_t headers = (elf_.is64 ? 64 : 52) + segment_count() * (elf_.is64 ? 56 : 32);
    body_at_ = headers;
    collect_body();
    Writer dynamic(elf_.order);
    for (const auto& [tag, value] : dynamic_) {
      dynamic.number(tag, word);
      dynamic.number(value, word);
    }
    dynamic_at_ = body_at_ + body_.size();
    dynamic_size_ = dynamic.size();
    write_headers(body_at_ + body_.size() + dynamic.size());
    out_.text(body_);
    out_.text(dynamic.take());
    return out_.take();
  }

 private:
  static constexpr uint64_t base = 0x10000;  // so that an address is never taken for a place in the file

  size_t segment_count() const {
    return 1 + (elf_.has_dynamic ? 1 : 0) + (elf_.interpreter.empty() ? 0 : 1) + (has_notes() ? 1 : 0) +
           (elf_.isa != 0 ? 1 : 0);
  }
  bool has_notes() const { return !elf_.build_id.empty() || elf_.abi_tag; }

  uint64_t string(std::string_view text) {
    const uint64_t place = strings_.size();
    strings_ += text;
    strings_ += '\0';
    return place;
  }

  // Adds a part to the body, aligned; gives its place in the file.
  uint64_t part(const std::string& bytes) {
    while ((body_at_ + body_.size()) % 8 != 0)
      body_ += '\0';
    const uint64_t place = body_at_ + body_.size();
    body_ += bytes;
    return place;
  }

  void tag(uint64_t tag, uint64_t value) { dynamic_.emplace_back(tag, value); }

  void collect_body() {
    if (!elf_.interpreter.empty())
      interpreter_at_ = part(elf_.interpreter + '\0');
    if (has_notes())
      notes_at_ = part(notes());
    if (elf_.isa != 0)
      property_at_ = part(property());
    part(elf_.rodata);
    if (!elf_.has_dynamic)
      return;
    for (const auto& name : elf_.needed)
      tag(DT_NEEDED, string(name));
    for (const auto& name : elf_.auxiliary)
      tag(DT_AUXILIARY, string(name));
    const auto named = [&](uint64_t its_tag, const std::string& text) {
      if (!text.empty())
        tag(its_tag, string(text));
    };
    named(DT_SONAME, elf_.soname);
    named(DT_RPATH, elf_.rpath);
    named(DT_RUNPATH, elf_.runpath);
    if (elf_.flags_1 != 0)
      tag(DT_FLAGS_1, elf_.flags_1);
    if (elf_.has_relr)
      tag(DT_RELR, base);
    if (!elf_.version_needs.empty()) {
      tag(DT_VERNEED, base + part(version_needs()));
      tag(DT_VERNEEDNUM, elf_.version_needs.size());
    }
    if (!elf_.version_definitions.empty()) {
      tag(DT_VERDEF, base + part(version_definitions()));
      tag(DT_VERDEFNUM, elf_.version_definitions.size() + 1);
    }
    if (!elf_.defined.empty() || !elf_.undefined.empty())
      add_symbols();
    tag(DT_STRSZ, strings_.size());
    tag(DT_STRTAB, base + part(strings_));
    tag(DT_NULL, 0);
    part({});
  }

  std::string note(uint32_t type, const std::string& body, size_t alignment) const {
    Writer note(elf_.order);
    note.number(4, 4);
    note.number(body.size(), 4);
    note.number(type, 4);
    note.text(std::string_view("GNU\0", 4));
    note.text(body);
    note.align(alignment);
    return note.take();
  }

  std::string notes() const {
    std::string notes;
    if (elf_.abi_tag) {
      Writer body(elf_.order);
      for (const uint64_t number : {0, 3, 2, 0})
        body.number(number, 4);
      notes += note(NT_GNU_ABI_TAG, body.take(), 4);
    }
    if (!elf_.build_id.empty())
      notes += note(NT_GNU_BUILD_ID, elf_.build_id, 4);
    return notes;
  }

  std::string property() const {
    Writer body(elf_.order);
    body.number(GNU_PROPERTY_X86_ISA_1_NEEDED, 4);
    body.number(4, 4);
    body.number(elf_.isa, 4);
    body.align(elf_.is64 ? 8 : 4);
    return note(NT_GNU_PROPERTY_TYPE_0, body.take(), elf_.is64 ? 8 : 4);
  }

  std::string version_needs() {
    Writer out(elf_.order);
    for (size_t i = 0; i < elf_.version_needs.size(); ++i) {
      const auto& [library, versions] = elf_.version_needs[i];
      out.number(1, 2);
      out.number(versions.size(), 2);
      out.number(string(library), 4);
      out.number(16, 4);
      out.number(i + 1 < elf_.version_needs.size() ? 16 + 16 * versions.size() : 0, 4);
      for (size_t k = 0; k < versions.size(); ++k) {
        const bool weak = versions[k].starts_with('?');
        const std::string name = versions[k].substr(weak ? 1 : 0);
        out.number(version_hash(name), 4);
        out.number(weak ? VER_FLG_WEAK : 0, 2);
        out.number(k + 2, 2);
        out.number(string(name), 4);
        out.number(k + 1 < versions.size() ? 16 : 0, 4);
      }
    }
    return out.take();
  }

  std::string version_definitions() {
    Writer out(elf_.order);
    std::vector<std::string> names = elf_.version_definitions;
    names.insert(names.begin(), elf_.soname);
    for (size_t i = 0; i < names.size(); ++i) {
      out.number(1, 2);
      out.number(i == 0 ? VER_FLG_BASE : 0, 2);
      out.number(i + 1, 2);
      out.number(1, 2);
      out.number(version_hash(names[i]), 4);
      out.number(20, 4);
      out.number(i + 1 < names.size() ? 28 : 0, 4);
      out.number(string(names[i]), 4);
      out.number(0, 4);
    }
    return out.take();
  }

  // Which number the tables above give to a version.
  uint64_t version_index(const std::string& name) const {
    for (size_t i = 0; i < elf_.version_definitions.size(); ++i)
      if (elf_.version_definitions[i] == name)
        return i + 2;
    for (const auto& need : elf_.version_needs)
      for (size_t k = 0; k < need.second.size(); ++k)
        if (need.second[k] == name)
          return k + 2;
    return 1;
  }

  void symbol(Writer& out, uint64_t name, uint8_t binding, bool is_defined) const {
    const size_t word = elf_.is64 ? 8 : 4;
    const uint64_t section = is_defined ? 1 : 0, value = is_defined ? base : 0;
    out.number(name, 4);
    if (!elf_.is64) {
      out.number(value, word);
      out.number(0, word);
    }
    out.number(static_cast<uint64_t>(binding << 4), 1);
    out.number(0, 1);
    out.number(section, 2);
    if (elf_.is64) {
      out.number(value, word);
      out.number(0, word);
    }
  }

  void add_symbols() {
    const size_t word = elf_.is64 ? 8 : 4;
    Writer symbols(elf_.order), versions(elf_.order), relocations(elf_.order), hash(elf_.order);
    symbol(symbols, 0, 0, false);
    versions.number(0, 2);
    uint64_t count = 1;
    const auto add = [&](std::string name, bool is_defined) {
      const bool weak = name.starts_with('?');
      name.erase(0, weak ? 1 : 0);
      const size_t at = name.find('@');
      symbol(symbols, string(name.substr(0, at)), weak ? 2 : 1, is_defined);
      versions.number(at == std::string::npos ? 1 : version_index(name.substr(at + 1)), 2);
      if (!is_defined) {
        relocations.number(base, word);
        relocations.number(elf_.is64 ? count << 32 | 6 : count << 8 | 6, word);
        relocations.number(0, word);
      }
      ++count;
    };
    for (const auto& name : elf_.defined)
      add(name, true);
    for (const auto& name : elf_.undefined)
      add(name, false);
    hash.number(1, 4);
    hash.number(count, 4);
    hash.text(std::string(4 + 4 * count, '\0'));
    tag(DT_SYMTAB, base + part(symbols.take()));
    tag(DT_VERSYM, base + part(versions.take()));
    tag(DT_HASH, base + part(hash.take()));
    tag(DT_RELASZ, relocations.size());
    tag(DT_RELA, base + part(relocations.take()));
  }

  void segment(uint32_t type, uint32_t flags, uint64_t offset, uint64_t size, uint64_t alignment) {
    const size_t word = elf_.is64 ? 8 : 4;
    out_.number(type, 4);
    if (elf_.is64)
      out_.number(flags, 4);
    out_.number(offset, word);
    out_.number(base + offset, word);
    out_.number(base + offset, word);
    out_.number(size, word);
    out_.number(size, word);
    if (!elf_.is64)
      out_.number(flags, 4);
    out_.number(alignment, word);
  }

  void write_headers(uint64_t total) {
    const size_t word = elf_.is64 ? 8 : 4;
    out_.text(
        "\x7f"
        "ELF");
    out_.number(elf_.is64 ? ELFCLASS64 : ELFCLASS32, 1);
    out_.number(elf_.order == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB, 1);
    out_.number(1, 1);
    out_.text(std::string(9, '\0'));
    out_.number(elf_.type, 2);
    out_.number(elf_.machine, 2);
    out_.number(1, 4);
    out_.number(0, word);
    out_.number(elf_.is64 ? 64 : 52, word);
    out_.number(0, word);
    out_.number(elf_.flags, 4);
    out_.number(elf_.is64 ? 64 : 52, 2);
    out_.number(elf_.is64 ? 56 : 32, 2);
    out_.number(segment_count(), 2);
    for (int i = 0; i < 3; ++i)
      out_.number(0, 2);
    if (!elf_.interpreter.empty())
      segment(PT_INTERP, PF_R, interpreter_at_, elf_.interpreter.size() + 1, 1);
    segment(PT_LOAD, PF_R, 0, total, 0x1000);
    if (has_notes())
      segment(PT_NOTE, PF_R, notes_at_, notes().size(), 4);
    if (elf_.isa != 0)
      segment(PT_NOTE, PF_R, property_at_, property().size(), elf_.is64 ? 8 : 4);
    if (elf_.has_dynamic)
      segment(PT_DYNAMIC, PF_R | PF_W, dynamic_at_, dynamic_size_, 8);
  }

  const Elf& elf_;
  Writer out_;
  std::string strings_, body_;
  std::vector<std::pair<uint64_t, uint64_t>> dynamic_;
  size_t body_at_ = 0;
  uint64_t interpreter_at_ = 0, notes_at_ = 0, property_at_ = 0, dynamic_at_ = 0, dynamic_size_ = 0;
};

inline std::string Elf::build() const {
  return ElfWriter(*this).build();
}

}  // namespace rescue::elf::test
