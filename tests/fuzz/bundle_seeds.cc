// Writes the seeds of the fuzzers info, manifest, bundle and journal: bundle_seeds tests/fuzz/corpus
#include <cstdio>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/bundle/journal.h"
#include "tests/bundle/forge.h"

namespace rescue { namespace {

void write_seed(std::string_view corpus, std::string_view name, std::string_view bytes) {
  const std::string path = str(corpus, '/', name);
  (void)::mkdir(std::string(dir_name(path)).c_str(), 0777);
  auto fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  must(fd && write_all(fd->get(), bytes, path) && fd->close(path));
}

void write_seeds(std::string_view corpus) {
  BundleInfo info;
  info.name = "glibc";
  info.version = info.glibc_version = "2.36";
  info.arch = "x86_64";
  info.os_id = "debian";
  info.interp = "/lib64/ld-linux-x86-64.so.2";
  info.libc_build_id = std::string(40, 'a');
  info.source = "packages";
  info.packages = {{"libc6", "2.36-9+deb12u14", std::string(64, 'b')}, {"a b", "1:2", ""}};
  info.provides = {{"libc.so.6", {"GLIBC_2.2.5", "GLIBC_2.36"}}, {"odd(1),%.so", {"A B"}}};
  info.requires_ = {{"libc.so.6", {"GLIBC_2.34"}}};
  write_seed(corpus, "info/full", info.print());
  write_seed(corpus, "info/quotes", "# text\nFORMAT=1\nNAME='a'\nARCH=\"b\\\"\\$\"\nSOURCE=root\nLATER=1\n");
  const Forge forge = whole_bundle();
  const std::string manifest = forge.manifest.print();
  write_seed(corpus, "manifest/whole", manifest.substr(manifest.find('\n') + 1));
  write_seed(
      corpus, "manifest/defaults",
      "/set type=dir uid=0 gid=0 mode=0755\n./a time=1.5\n/unset mode\n./a/b\\040c mode=0644\\\n type=file size=0 "
      "sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n./l type=link mode=777 link=a\n");
  write_seed(corpus, "bundle/file", str('\0', forge.bundle()));
  write_seed(corpus, "bundle/tar", str('\1', forge.tar()));
  Forge plain;
  plain.dir("etc");
  plain.file("etc/ld.so.conf", "include ld.so.conf.d/*.conf\n");
  write_seed(corpus, "bundle/small-tar", str('\1', plain.tar()));
}

// One step of each kind.
void write_journal_seeds(std::string_view corpus) {
  Journal journal;
  journal.what = "glibc 2.36.tzst";
  journal.made = {"var", "var/lib"};
  journal.areas = {"var/lib/rescue/000001", "usr/.rescue/000001"};
  for (const Action action : {Action::put, Action::attributes, Action::remove, Action::move, Action::flags}) {
    Step step;
    step.action = action;
    step.path = "usr/lib/odd name\n";
    step.to = "usr/lib/elsewhere";
    step.area = 1;
    journal.steps.push_back(step);
  }
  journal.steps[0].kind = NodeKind::link;
  journal.steps[0].link = "libc-2.31.so";
  write_seed(corpus, "journal/steps", journal.print());
  journal.steps.clear();
  write_seed(corpus, "journal/empty", journal.print());
}

}}  // namespace rescue

int main(int argc, char** argv) {
  if (argc != 2)
    return 2;
  rescue::write_seeds(argv[1]);
  rescue::write_journal_seeds(argv[1]);
  return 0;
}
