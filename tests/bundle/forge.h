// Bundles made by hand for the tests: whole ones, and any kind of wrong one.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "lib/archive/tar.h"
#include "lib/archive/zstd.h"
#include "lib/bundle/info.h"
#include "lib/bundle/manifest.h"
#include "lib/crypto/digest.h"

namespace rescue {

// The generator of the fuzzers' seeds uses this too, without doctest.
inline void must(bool done) {
  if (!done)
    std::abort();
}

struct Forge {
  struct Member {
    Entry entry;
    std::string content;
  };

  std::string info = "FORMAT=1\nNAME=glibc\nVERSION=2.36\nARCH=x86_64\nSOURCE=root\n";
  Manifest manifest;
  std::string manifest_text;  // in place of the manifest's own
  std::vector<Member> members;

  // Each adds an entry to the manifest and the member that belongs to it.
  void dir(const std::string& path) {
    manifest.entries.push_back({.path = path, .type = EntryKind::dir, .tier = Tier::loader, .mode = 0755});
    members.push_back({{.path = path, .type = EntryType::directory, .mode = 0755}, {}});
  }
  void link(const std::string& path, const std::string& target) {
    manifest.entries.push_back({.path = path, .type = EntryKind::link, .mode = 0777, .link = target});
    members.push_back({{.path = path, .type = EntryType::symlink, .mode = 0777, .link = target}, {}});
  }
  void file(const std::string& path, const std::string& content, uint32_t mode = 0644) {
    ManifestEntry entry{.path = path, .mode = mode, .size = content.size()};
    entry.sha256 = Sha256::of(content);
    entry.privileged = (mode & 06000) != 0;
    manifest.entries.push_back(std::move(entry));
    members.push_back({{.path = path, .mode = mode, .size = content.size(), .mtime = 1000000}, content});
  }
  // Another name of the file `first`, which is in the manifest.
  void hard_link(const std::string& path, const std::string& first) {
    for (ManifestEntry& entry : manifest.entries)
      if (entry.path == first) {
        entry.nlink = 2;
        ManifestEntry copy = entry;
        copy.path = path;
        manifest.entries.push_back(std::move(copy));
        break;
      }
    const Entry like = members[index_of(first)].entry;
    members.push_back({like, {}});
    Entry& entry = members.back().entry;
    entry.path = path;
    entry.type = EntryType::hardlink;
    entry.link = first;
    entry.size = 0;
  }

  size_t index_of(std::string_view path) const {
    for (size_t i = 0; i < members.size(); ++i)
      if (members[i].entry.path == path)
        return i;
    std::abort();
  }
  Entry& member(std::string_view path) { return members[index_of(path)].entry; }

  std::string tar() const {
    std::string text;
    StringSink sink(text);
    TarWriter writer(sink);
    must(writer.add({.path = ".rescue/info", .mode = 0644}, info).has_value());
    const std::string list = manifest_text.empty() ? manifest.print() : manifest_text;
    must(writer.add({.path = ".rescue/manifest.mtree", .mode = 0644}, list).has_value());
    for (const Member& member : members) {
      if (member.entry.type == EntryType::file)
        must(writer.add(member.entry, member.content).has_value());
      else
        must(writer.add(member.entry).has_value());
    }
    must(writer.finish().has_value());
    return text;
  }

  static std::string compress(std::string_view bytes) {
    std::string text;
    StringSink sink(text);
    auto zstd = ZstdSink::open(sink, 1, "test");
    must(zstd.has_value());
    must((*zstd)->write(bytes).has_value());
    must((*zstd)->finish().has_value());
    return text;
  }
  std::string bundle() const { return compress(tar()); }
};

// One with a bit of everything.
inline Forge whole_bundle() {
  Forge forge;
  forge.dir("usr");
  forge.dir("usr/lib");
  forge.link("lib", "usr/lib");
  forge.file("usr/lib/libc.so.6", "not really libc", 0755);
  forge.file("usr/lib/empty", "");
  forge.file("usr/lib/su", "may do more", 04755);
  forge.hard_link("usr/lib/other-name", "usr/lib/libc.so.6");
  forge.member("usr/lib/libc.so.6").xattrs = {{"user.note", "kept"}};
  return forge;
}

}  // namespace rescue
