#include "lib/bundle/create.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "lib/base/text.h"
#include "lib/bundle/family.h"
#include "lib/bundle/reader.h"
#include "tests/scratch.h"

namespace rescue { namespace {

// A root made of this machine's own loader and libc, laid out as a merged Debian with files named by version.
struct SmallRoot {
  Scratch scratch;
  std::string interp;
  std::string dir;  // the library directory, within the root

  SmallRoot() {
    const auto host = Root::open("/");
    REQUIRE(host);
    const auto family = find_family(*host);
    REQUIRE(family);
    REQUIRE(family->loader);
    REQUIRE(family->libc);
    interp = family->interp;
    dir = std::string(dir_name(family->libc->path));
    if (!dir.starts_with("usr/"))
      dir = str("usr/", dir);
    const std::string top(interp.substr(1, interp.find('/', 1) - 1));
    scratch.output_of(
        str("mkdir -p root && cd root && mkdir -p ", dir, " usr/", top, " usr/bin etc && ln -s usr/bin bin"));
    scratch.output_of(str("cd root && for d in lib ", top, "; do [ -e $d ] || ln -s usr/$d $d; mkdir -p usr/$d; done"));
    scratch.output_of(str("cp /", family->loader->path, " root/", dir, "/ld-real && cp /", family->libc->path, " root/",
                          dir, "/libc-real.so && ln -s libc-real.so root/", dir, "/libc.so.6 && ln -s /", dir,
                          "/ld-real root", interp, " && cp /usr/bin/env root/usr/bin/env"));
  }

  Root open() const {
    auto root = Root::open(scratch.path("root"));
    REQUIRE(root);
    return *std::move(root);
  }
  void run(std::string_view command) const { scratch.output_of(str("cd root && dir=", dir, " && ", command)); }

  Result<CreateReport> create(std::string_view recipe_text, const CreateOptions& options = {.level = 1}) const {
    const Root root = open();
    const Recipe recipe = TRY(Recipe::parse(recipe_text, "test.recipe"));
    return create_bundle({&root, nullptr, {}}, recipe, scratch.path("out.tzst"), options);
  }
  std::string fault(std::string_view recipe_text, Status status) const {
    const auto report = create(recipe_text);
    if (report)
      return {};
    CHECK(report.error().status() == status);
    CHECK(::access(scratch.path("out.tzst").c_str(), F_OK) != 0);
    CHECK(scratch.output_of("ls -A").find(".out.tzst") == std::string::npos);
    return message(report.error());
  }
  Bundle read() const {
    auto bundle = Bundle::open(scratch.path("out.tzst"), {});
    REQUIRE(bundle);
    REQUIRE(bundle->verify());
    return *std::move(bundle);
  }
};

constexpr std::string_view minimal = "tier 0\nloader\nsoname libc.so.6\n";

std::vector<std::string> paths_of(const Bundle& bundle) {
  std::vector<std::string> paths;
  for (const ManifestEntry& entry : bundle.manifest().entries)
    paths.push_back(entry.path);
  return paths;
}

TEST_CASE("create: the loader and libc come with every link and directory that leads to them, and come first") {
  const SmallRoot root;
  const auto report = root.create(minimal);
  REQUIRE_MESSAGE(report, message(report.error()));
  const Bundle bundle = root.read();
  const auto& entries = bundle.manifest().entries;
  const auto first = std::ranges::find(entries, EntryKind::file, &ManifestEntry::type);
  REQUIRE(first != entries.end());
  CHECK(first->path == str(root.dir, "/ld-real"));
  CHECK((first + 1)->path == str(root.dir, "/libc-real.so"));
  const auto paths = paths_of(bundle);
  for (const std::string& path : {std::string("usr"), root.dir, str(root.dir, "/libc.so.6"), std::string("lib"),
                                  std::string("bin"), root.interp.substr(1, root.interp.find('/', 1) - 1)}) {
    CAPTURE(path);
    CHECK(std::ranges::contains(paths, path));
  }
  CHECK(bundle.manifest().find("lib")->link == "usr/lib");
  for (const ManifestEntry& entry : entries)
    CHECK(entry.tier == Tier::loader);
  CHECK(bundle.info().interp == root.interp);
  CHECK(bundle.info().glibc_version != "");
  CHECK(bundle.info().libc_build_id.size() == 40);
  CHECK(bundle.info().name == "test");
  CHECK(bundle.info().provides.contains("libc.so.6"));
  // env is not in the bundle, but the root's programs are what a restore must serve.
  CHECK(bundle.info().requires_.at("libc.so.6").size() > 0);
}

TEST_CASE("create: the same files give the same bytes, also from another place") {
  const SmallRoot root;
  REQUIRE(root.create(minimal));
  const std::string once = root.scratch.read("out.tzst");
  root.scratch.output_of("cp -a root copy && rm -r root && mv copy root");
  REQUIRE(root.create(minimal));
  CHECK(root.scratch.read("out.tzst") == once);
}

TEST_CASE("create: patterns take files, links and what they lead to, and directories") {
  const SmallRoot root;
  root.run(
      "mkdir -p $dir/gconv/deep etc/x.d && echo a > $dir/gconv/a.so && echo b > $dir/gconv/deep/b && "
      "ln -s /etc/target etc/x.d/link && echo t > etc/target && echo h > etc/x.d/.hidden && "
      "echo o > etc/x.d/link.dpkg-old && ln -s nowhere etc/x.d/dangling && mkfifo etc/x.d/fifo");
  REQUIRE(root.create(str(minimal, "tier 3\n${LIBDIR}/gconv/**\n/etc/x.d/*\noptional /etc/none*\n")));
  const auto paths = paths_of(root.read());
  const auto has = [&](std::string_view path) { return std::ranges::contains(paths, path); };
  CHECK(has(str(root.dir, "/gconv/a.so")));
  CHECK(has(str(root.dir, "/gconv/deep")));
  CHECK(has(str(root.dir, "/gconv/deep/b")));
  CHECK(has("etc/x.d/link"));
  CHECK(has("etc/target"));
  CHECK_FALSE(has("etc/x.d/.hidden"));
  CHECK_FALSE(has("etc/x.d/link.dpkg-old"));
  CHECK_FALSE(has("etc/x.d/dangling"));
  CHECK_FALSE(has("etc/x.d/fifo"));
  CHECK(std::ranges::count(paths, "etc") == 1);
}

TEST_CASE("create: two names of one file are one member with two names") {
  const SmallRoot root;
  root.run("echo content > etc/one && ln etc/one etc/two");
  REQUIRE(root.create(str(minimal, "/etc/one /etc/two\n")));
  const Bundle bundle = root.read();
  CHECK(bundle.manifest().find("etc/one")->nlink == 2);
  const auto paths = paths_of(bundle);
  const auto two = static_cast<size_t>(std::ranges::find(paths, "etc/two") - paths.begin());
  CHECK(bundle.extras(two).hard_link_to == "etc/one");
}

TEST_CASE("create: a file with more rights than its caller's needs the recipe's word") {
  const SmallRoot root;
  root.run("echo x > etc/tool && chmod 4755 etc/tool");
  CHECK(root.fault(str(minimal, "/etc/tool\n"), Status::refused).contains("setid"));
  REQUIRE(root.create(str(minimal, "setid /etc/tool\n")));
  CHECK(root.read().manifest().find("etc/tool")->privileged);
  REQUIRE(root.create(str(minimal, "/etc/tool\n"), {.level = 1, .force = true}));
  CHECK(root.read().manifest().find("etc/tool") == nullptr);
}

TEST_CASE("create: a program comes with the libraries that it loads, a script with its interpreter") {
  const SmallRoot root;
  root.run("printf '#! /bin/env -S sh\\n' > usr/bin/script && printf 'text' > usr/bin/text");
  REQUIRE(root.create("loader\nclosure /bin/script /bin/text\n"));
  const auto paths = paths_of(root.read());
  CHECK(std::ranges::contains(paths, "usr/bin/script"));
  CHECK(std::ranges::contains(paths, "usr/bin/text"));
  CHECK(std::ranges::contains(paths, "usr/bin/env"));
  CHECK(std::ranges::contains(paths, str(root.dir, "/libc-real.so")));
}

TEST_CASE("create: what the recipe needs and the root lacks is named") {
  const SmallRoot root;
  CHECK(root.fault(str(minimal, "/etc/needed\n"), Status::refused)
            .contains("/etc/needed is missing (asked for in test.recipe:4)"));
  CHECK(root.fault(str(minimal, "soname libnone.so.1\n"), Status::refused).contains("libnone.so.1 is missing"));
  CHECK(root.fault(str(minimal, "optional /etc/needed\n"), Status::unset) == "");
}

TEST_CASE("create: a root whose glibc is broken is refused") {
  const SmallRoot root;
  SUBCASE("libc is gone") {
    root.run("rm $dir/libc-real.so");
    CHECK(root.fault(minimal, Status::refused).contains("there is no usable libc.so.6"));
  }
  SUBCASE("libc is cut short") {
    root.run("truncate -s 500000 $dir/libc-real.so");
    CHECK(root.fault(minimal, Status::refused) != "");
  }
  SUBCASE("libc is empty") {
    root.run("truncate -s 0 $dir/libc-real.so");
    CHECK(root.fault(minimal, Status::refused) != "");
  }
  SUBCASE("the link to the loader is gone") {
    root.run(str("rm .", root.interp));
    CHECK(root.fault(minimal, Status::refused).contains(root.interp));
  }
  SUBCASE("there is nothing at all") {
    root.run("rm -rf usr/bin $dir");
    CHECK(root.fault(minimal, Status::refused) != "");
  }
}

TEST_CASE("create: a broken root makes a bundle where that is forced, and says what is wrong") {
  const SmallRoot root;
  root.run("rm $dir/libc-real.so");
  const auto report = root.create(minimal, {.level = 1, .force = true});
  REQUIRE(report);
  CHECK(report->notes.size() > 0);
  CHECK(root.read().manifest().find(str(root.dir, "/ld-real")) != nullptr);
}

TEST_CASE("create: a name that is no text cannot be in a bundle") {
  const SmallRoot root;
  root.run("touch \"$(printf 'etc/a\\nb')\"");
  CHECK(root.fault(str(minimal, "/etc/a*\n"), Status::unset).contains("bytes that are no text"));
}

TEST_CASE("create: the output is written whole or not at all, and not among the libraries") {
  const SmallRoot root;
  const Root opened = root.open();
  const auto recipe = Recipe::parse(minimal, "test.recipe");
  const auto to = [&](const std::string& output) {
    return create_bundle({&opened, nullptr, {}}, *recipe, output, {.level = 1});
  };
  CHECK_FALSE(to(root.scratch.path("none/out.tzst")));
  CHECK_FALSE(to(root.scratch.path("root")));
  const auto among = to(root.scratch.path(str("root/", root.dir, "/out.tzst")));
  REQUIRE_FALSE(among);
  CHECK(among.error().status() == Status::refused);
  root.scratch.write("old.tzst", "old");
  CHECK(to(root.scratch.path("old.tzst")));
  CHECK(root.scratch.read("old.tzst").size() > 1000);
  CHECK(root.scratch.output_of("ls -A root/etc").empty());
}

}}  // namespace rescue
