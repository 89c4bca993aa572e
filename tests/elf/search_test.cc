#include "lib/elf/search.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/bundle/scratch.h"
#include "tests/elf/builder.h"

namespace rescue::elf {

using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

using rescue::test::Scratch;

test::Elf library(const std::string& soname, std::vector<std::string> needed = {}) {
  test::Elf elf;
  elf.soname = soname;
  elf.needed = std::move(needed);
  return elf;
}

test::Elf program(std::vector<std::string> needed) {
  test::Elf elf;
  elf.interpreter = "/lib64/ld-linux-x86-64.so.2";
  elf.flags_1 = DF_1_PIE;
  elf.needed = std::move(needed);
  return elf;
}

// A small merged root: a loader that looks in /lib and /usr/lib, and a libc.
class System : public Scratch {
 public:
  System() {
    for (const char* name : {"usr", "usr/lib", "usr/lib64", "usr/bin", "usr/lib/x", "opt", "opt/a", "opt/b", "etc"})
      dir(name);
    link("lib", "usr/lib");
    link("lib64", "usr/lib64");
    link("bin", "usr/bin");
    test::Elf loader = library("ld-linux-x86-64.so.2");
    loader.version_definitions = {"GLIBC_2.3"};
    loader.rodata = "\0/lib/\0/usr/lib/\0"s + "x86-64-v3:x86-64-v2\0--glibc-hwcaps-mask\0"s;
    file("usr/lib64/ld-linux-x86-64.so.2", loader.build(), 0755);
    test::Elf libc = library("libc.so.6", {"ld-linux-x86-64.so.2"});
    libc.version_definitions = {"GLIBC_2.2.5", "GLIBC_2.34"};
    put("usr/lib/libc.so.6", libc);
  }

  void put(std::string_view name, const test::Elf& elf) const { file(name, elf.build(), 0755); }

  Closure resolve(std::string_view path, SearchOptions options = {}) {
    if (!options.hwcaps)
      options.hwcaps = Hwcaps{};
    // What a closure refers to lives as long as its resolver.
    roots_.push_back(std::make_unique<Root>(root()));
    resolvers_.push_back(std::make_unique<Resolver>(*roots_.back(), std::move(options)));
    auto closure = resolvers_.back()->resolve(path);
    REQUIRE(closure);
    return *std::move(closure);
  }

  std::string path_of(std::string_view name, SearchOptions options = {}) {
    return path_in(resolve("/usr/bin/prog", std::move(options)), name);
  }

  static std::string path_in(const Closure& closure, std::string_view name) {
    const auto found = std::ranges::find(closure.objects, name, &LoadedObject::name);
    if (found == closure.objects.end())
      return "not asked for";
    return found->hit->library == nullptr ? "not found" : found->hit->path;
  }

  static Rule rule_in(const Closure& closure, std::string_view name) {
    const auto found = std::ranges::find(closure.objects, name, &LoadedObject::name);
    return found == closure.objects.end() ? Rule::program : found->hit->rule;
  }

 private:
  std::vector<std::unique_ptr<Root>> roots_;
  std::vector<std::unique_ptr<Resolver>> resolvers_;
};

}  // namespace

TEST_CASE("search: default directories come from the loader file") {
  System system;
  system.put("usr/bin/prog", program({"libc.so.6"}));
  const Closure closure = system.resolve("/bin/prog");
  CHECK(closure.resolves());
  CHECK(System::path_in(closure, "libc.so.6") == "/lib/libc.so.6");
  CHECK(System::rule_in(closure, "libc.so.6") == Rule::default_dir);
  CHECK(System::rule_in(closure, "/lib64/ld-linux-x86-64.so.2") == Rule::loader);
  CHECK(Resolver::files_of(closure) ==
        std::vector<std::string>{"usr/bin/prog", "usr/lib/libc.so.6", "usr/lib64/ld-linux-x86-64.so.2"});
}

TEST_CASE("search: what is not found says where it was looked for") {
  System system;
  system.put("usr/bin/prog", program({"libgone.so.1", "libc.so.6"}));
  const Closure closure = system.resolve("/usr/bin/prog");
  CHECK_FALSE(closure.resolves());
  const auto problems = problems_of(closure);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0] == "libgone.so.1: not found (looked in /lib, /usr/lib)");
}

TEST_CASE("search: a missing loader is a problem of its own, and the rest is still looked up") {
  System system;
  ::unlink(system.at("usr/lib64/ld-linux-x86-64.so.2").c_str());
  system.put("usr/bin/prog", program({"libc.so.6"}));
  const Closure closure = system.resolve("/usr/bin/prog");
  CHECK_FALSE(closure.resolves());
  CHECK(System::path_in(closure, "/lib64/ld-linux-x86-64.so.2") == "not found");
  CHECK(System::path_in(closure, "libc.so.6") == "/lib/libc.so.6");
}

TEST_CASE("search: a loader that is not executable is found, and no use") {
  System system;
  ::chmod(system.at("usr/lib64/ld-linux-x86-64.so.2").c_str(), 0644);
  system.put("usr/bin/prog", program({"libc.so.6"}));
  const auto problems = problems_of(system.resolve("/usr/bin/prog"));
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].ends_with("lib64/ld-linux-x86-64.so.2: run loader: Permission denied"));
}

TEST_CASE("search: DT_RPATH is inherited, DT_RUNPATH is not") {
  System system;
  system.put("opt/a/libone.so", library("libone.so", {"libtwo.so"}));
  system.put("opt/a/libtwo.so", library("libtwo.so"));
  test::Elf elf = program({"libone.so"});
  elf.rpath = "/opt/a";
  system.put("usr/bin/prog", elf);
  CHECK(system.path_of("libtwo.so") == "/opt/a/libtwo.so");

  elf.rpath.clear();
  elf.runpath = "/opt/a";
  system.put("usr/bin/prog", elf);
  CHECK(system.path_of("libone.so") == "/opt/a/libone.so");
  CHECK(system.path_of("libtwo.so") == "not found");
}

TEST_CASE("search: DT_RUNPATH silences DT_RPATH") {
  System system;
  system.put("opt/a/libone.so", library("libone.so"));
  system.put("opt/b/libone.so", library("libone.so"));
  test::Elf elf = program({"libone.so"});
  elf.rpath = "/opt/a";
  elf.runpath = "/opt/b";
  system.put("usr/bin/prog", elf);
  CHECK(system.path_of("libone.so") == "/opt/b/libone.so");
}

TEST_CASE("search: an object with DT_RUNPATH does not use the DT_RPATH of those above it") {
  System system;
  test::Elf one = library("libone.so", {"libtwo.so"});
  one.runpath = "/opt/b";
  system.put("opt/a/libone.so", one);
  system.put("opt/a/libtwo.so", library("libtwo.so"));
  test::Elf elf = program({"libone.so"});
  elf.rpath = "/opt/a";
  system.put("usr/bin/prog", elf);
  CHECK(system.path_of("libtwo.so") == "not found");
  system.put("opt/b/libtwo.so", library("libtwo.so"));
  CHECK(system.path_of("libtwo.so") == "/opt/b/libtwo.so");
}

TEST_CASE("search: DT_RPATH beats LD_LIBRARY_PATH, which beats DT_RUNPATH") {
  System system;
  system.put("opt/a/libone.so", library("libone.so"));
  system.put("opt/b/libone.so", library("libone.so"));
  const SearchOptions environment{.library_path = {"/opt/b"}};
  test::Elf elf = program({"libone.so"});
  elf.rpath = "/opt/a";
  system.put("usr/bin/prog", elf);
  CHECK(system.path_of("libone.so", environment) == "/opt/a/libone.so");
  elf.rpath.clear();
  elf.runpath = "/opt/a";
  system.put("usr/bin/prog", elf);
  CHECK(system.path_of("libone.so", environment) == "/opt/b/libone.so");
  CHECK(system.path_of("libone.so", {.library_path = {"/opt/b"}, .secure = true}) == "/opt/a/libone.so");
}

TEST_CASE("search: $ORIGIN is the directory of the object that says it") {
  System system;
  test::Elf one = library("libone.so", {"libtwo.so"});
  one.runpath = "${ORIGIN}/../b";
  system.put("opt/a/libone.so", one);
  system.put("opt/b/libtwo.so", library("libtwo.so"));
  test::Elf elf = program({"libone.so"});
  elf.runpath = "$ORIGIN/../../opt/a:$ORIGINAL";
  system.put("usr/bin/prog", elf);
  const Closure closure = system.resolve("/usr/bin/prog");
  CHECK(System::path_in(closure, "libone.so") == "/usr/bin/../../opt/a/libone.so");
  CHECK(System::path_in(closure, "libtwo.so") == "/usr/bin/../../opt/a/../b/libtwo.so");
}

TEST_CASE("search: one library under two directories expands $ORIGIN for each") {
  System system;
  test::Elf one = library("libone.so", {"libtwo.so"});
  one.runpath = "$ORIGIN";
  system.put("opt/a/libone.so", one);
  system.link("opt/b/libone.so", "../a/libone.so");
  system.put("opt/b/libtwo.so", library("libtwo.so"));
  test::Elf elf = program({"/opt/a/libone.so"});
  system.put("usr/bin/first", elf);
  elf.needed = {"/opt/b/libone.so"};
  system.put("usr/bin/second", elf);
  const Root root = system.root();
  Resolver resolver(root, {.hwcaps = Hwcaps{}});
  const auto first = resolver.resolve("/usr/bin/first");
  const auto second = resolver.resolve("/usr/bin/second");
  REQUIRE(first);
  REQUIRE(second);
  CHECK(System::path_in(*first, "libtwo.so") == "not found");
  CHECK(System::path_in(*second, "libtwo.so") == "/opt/b/libtwo.so");
}

TEST_CASE("search: a library of another class or machine is passed over") {
  System system;
  test::Elf wrong = library("libone.so");
  wrong.machine = EM_AARCH64;
  system.put("opt/a/libone.so", wrong);
  wrong.machine = EM_386;
  wrong.is64 = false;
  system.put("opt/b/libone.so", wrong);
  test::Elf elf = program({"libone.so"});
  elf.runpath = "/opt/a:/opt/b";
  system.put("usr/bin/prog", elf);
  const Closure closure = system.resolve("/usr/bin/prog");
  CHECK(problems_of(closure) ==
        std::vector<std::string>{"libone.so: not found; for another machine: /opt/a/libone.so, /opt/b/libone.so"});
  system.put("usr/lib/libone.so", library("libone.so"));
  CHECK(system.path_of("libone.so") == "/lib/libone.so");
}

TEST_CASE("search: a damaged library stops the loader, a directory with a bad one is not passed over") {
  System system;
  system.put("usr/lib/libone.so", library("libone.so"));
  test::Elf elf = program({"libone.so"});
  elf.runpath = "/opt/a";
  system.put("usr/bin/prog", elf);
  for (const std::string& bytes : {std::string(), std::string("not a library, but some text that is longer"),
                                   library("libone.so").build().substr(0, 200)}) {
    system.file("opt/a/libone.so", bytes);
    const Closure closure = system.resolve("/usr/bin/prog");
    CHECK_FALSE(closure.resolves());
    CHECK(System::path_in(closure, "libone.so") == "/opt/a/libone.so");
  }
}

TEST_CASE("search: the first object that bears a name serves all that ask for it") {
  System system;
  // Loaded by path, it has the soname that libtwo asks for.
  system.put("opt/a/whatever.so", library("libone.so"));
  system.put("usr/lib/libone.so", library("libone.so"));
  system.put("usr/lib/libtwo.so", library("libtwo.so", {"libone.so"}));
  system.put("usr/bin/prog", program({"/opt/a/whatever.so", "libtwo.so"}));
  const Closure closure = system.resolve("/usr/bin/prog");
  CHECK(System::path_in(closure, "libone.so") == "not asked for");
  CHECK(closure.objects.size() == 4);  // program, loader, whatever.so, libtwo.so
}

TEST_CASE("search: two names for one file are one object") {
  System system;
  system.put("usr/lib/libone.so.1", library(""));
  system.link("usr/lib/libother.so", "libone.so.1");
  system.put("usr/bin/prog", program({"libone.so.1", "libother.so"}));
  CHECK(system.resolve("/usr/bin/prog").objects.size() == 3);
}

TEST_CASE("search: a missing version is a problem, a missing weak one is not") {
  System system;
  test::Elf elf = program({"libc.so.6"});
  elf.version_needs = {{"libc.so.6", {"GLIBC_2.34", "GLIBC_2.38", "?GLIBC_2.39"}}};
  system.put("usr/bin/prog", elf);
  const Closure closure = system.resolve("/usr/bin/prog");
  CHECK_FALSE(closure.resolves());
  REQUIRE(closure.version_problems.size() == 2);
  CHECK(closure.version_problems[0].version == "GLIBC_2.38");
  CHECK(closure.version_problems[0].kind == VersionProblem::Kind::missing);
  CHECK(closure.version_problems[1].kind == VersionProblem::Kind::weak);
  CHECK(problems_of(closure) ==
        std::vector<std::string>{"/lib/libc.so.6: version GLIBC_2.38 is missing (needed by /usr/bin/prog)"});
}

TEST_CASE("search: a library without version names takes what it is given") {
  System system;
  system.put("usr/lib/libone.so", library("libone.so"));
  test::Elf elf = program({"libone.so"});
  elf.version_needs = {{"libone.so", {"ONE_1"}}};
  system.put("usr/bin/prog", elf);
  const Closure closure = system.resolve("/usr/bin/prog");
  CHECK(closure.resolves());
  REQUIRE(closure.version_problems.size() == 1);
  CHECK(closure.version_problems[0].kind == VersionProblem::Kind::untold);
}

TEST_CASE("search: hwcaps directories come first, best first") {
  System system;
  for (const char* name : {"usr/lib/glibc-hwcaps", "usr/lib/glibc-hwcaps/x86-64-v2", "usr/lib/glibc-hwcaps/x86-64-v3"})
    system.dir(name);
  system.put("usr/lib/libone.so", library("libone.so"));
  system.put("usr/lib/glibc-hwcaps/x86-64-v2/libone.so", library("libone.so"));
  system.put("usr/bin/prog", program({"libone.so"}));
  Hwcaps hwcaps;
  CHECK(system.path_of("libone.so") == "/lib/libone.so");
  hwcaps.named = {"x86-64-v3", "x86-64-v2"};
  CHECK(system.path_of("libone.so", {.hwcaps = hwcaps}) == "/lib/glibc-hwcaps/x86-64-v2/libone.so");
  system.put("usr/lib/glibc-hwcaps/x86-64-v3/libone.so", library("libone.so"));
  CHECK(system.path_of("libone.so", {.hwcaps = hwcaps}) == "/lib/glibc-hwcaps/x86-64-v3/libone.so");
}

TEST_CASE("search: preloads come first, and one that is missing is only a warning") {
  System system;
  system.put("opt/a/libpre.so", library("libone.so"));
  system.put("usr/lib/libone.so", library("libone.so"));
  system.put("usr/bin/prog", program({"libone.so"}));
  system.file("etc/ld.so.preload", "# a comment /opt/b/no.so\n/opt/a/libpre.so:/opt/a/gone.so\n");
  const Closure closure = system.resolve("/usr/bin/prog");
  CHECK(closure.resolves());
  CHECK(System::rule_in(closure, "/opt/a/libpre.so") == Rule::preload);
  CHECK(System::path_in(closure, "libone.so") == "not asked for");
  REQUIRE(closure.failed_preloads.size() == 1);
  CHECK(closure.failed_preloads[0].name == "/opt/a/gone.so");
}

TEST_CASE("search: links stay within the root") {
  System system;
  system.put("usr/lib/real.so", library("libone.so"));
  system.link("usr/lib/libone.so", "/usr/lib/real.so");
  system.link("usr/lib/libtwo.so", "../../../../../../../../usr/lib/real.so");
  system.put("usr/bin/prog", program({"libone.so"}));
  const Closure closure = system.resolve("/usr/bin/prog");
  const auto files = Resolver::files_of(closure);
  CHECK(std::ranges::find(files, "usr/lib/real.so") != files.end());
}

TEST_CASE("search: static programs need nothing, and what is not ELF is an error") {
  System system;
  test::Elf elf;
  elf.type = ET_EXEC;
  elf.has_dynamic = false;
  system.put("usr/bin/prog", elf);
  CHECK(system.resolve("/usr/bin/prog").is_static);
  system.file("usr/bin/script", "#!/bin/sh\n");
  const Root root = system.root();
  Resolver resolver(root);
  CHECK_FALSE(resolver.resolve("/usr/bin/script"));
  CHECK(resolver.resolve("/usr/bin/none").error().code() == ENOENT);
}

TEST_CASE("search: musl programs look where musl does") {
  System system;
  test::Elf loader = library("");
  system.put("usr/lib/ld-musl-x86_64.so.1", loader);
  test::Elf elf = program({"libc.musl-x86_64.so.1", "libone.so"});
  elf.interpreter = "/lib/ld-musl-x86_64.so.1";
  system.put("usr/bin/prog", elf);
  system.put("opt/a/libone.so", library("libone.so"));
  system.file("etc/ld-musl-x86_64.path", "/opt/a\n");
  const Closure closure = system.resolve("/usr/bin/prog");
  CHECK(closure.resolves());
  CHECK(closure.c_library == CLibrary::musl);
  CHECK(System::path_in(closure, "libone.so") == "/opt/a/libone.so");
}

TEST_CASE("search: lists are divided as the loader divides them") {
  CHECK(split_library_path("/a:/b;/c") == std::vector<std::string>{"/a", "/b", "/c"});
  CHECK(split_library_path("/a:") == std::vector<std::string>{"/a", ""});
  CHECK(split_library_path("").empty());
  CHECK(split_preload("a b:c") == std::vector<std::string>{"a", "b", "c"});
  CHECK(preload_file_entries("a\tb # c\n:d\n#e\n") == std::vector<std::string>{"a", "b", "d"});
}

}  // namespace rescue::elf
