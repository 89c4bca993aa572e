#include <algorithm>

#include <doctest/doctest.h>

#include "lib/base/text.h"
#include "lib/health/checks.h"
#include "lib/health/diagnose.h"
#include "tests/bundle/scratch.h"

namespace rescue { namespace {

bool has(const Findings& findings, std::string_view id) {
  return std::ranges::any_of(findings, [&](const Finding& f) { return f.id == id; });
}

TEST_CASE("doctor: names of glibc's files, and names that only look like them") {
  for (const std::string_view name : {"libc.so.6", "libc-2.31.so", "ld-2.31.so", "ld-linux-x86-64.so.2", "libm.so.6",
                                      "libnss_files-2.17.so", "libthread_db-1.0.so", "libpthread.so.0"}) {
    INFO(name);
    CHECK(is_family_name(name));
  }
  for (const std::string_view name : {"libc.so", "libc.so.6.bak", "libcap.so.2", "libmount.so.1", "libc.a",
                                      "libnss_systemd.so.2", ".libc.so.6", "libm.so.6.dpkg-new", "libcrypt.so.1"}) {
    INFO(name);
    CHECK(!is_family_name(name));
  }
}

TEST_CASE("doctor: a directory with nothing in it is not called healthy") {
  const test::Scratch scratch;
  const Root root = scratch.root();
  const DoctorOptions options;
  const Diagnosis diagnosis = diagnose(root, options);
  CHECK(!diagnosis.healthy());
  CHECK(has(diagnosis.findings, "NO_SYSTEM"));
  CHECK(verdict(diagnosis).ends_with("mounted there?"));
}

TEST_CASE("doctor: of a preload file with a good and a bad line, the bad one becomes a comment") {
  const test::Scratch scratch;
  scratch.dir("etc");
  scratch.dir("opt");
  scratch.file("opt/text.so", "no library");
  scratch.file("etc/ld.so.preload", "# kept\n/opt/gone.so $LIB/good.so\n/opt/text.so\n");
  const Root root = scratch.root();
  const DoctorOptions options;
  Patient patient = look_at(root, options);
  Findings findings;
  check_preload(patient, findings);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].id == "PRELOAD_BROKEN");
  REQUIRE(findings[0].steps.size() == 1);
  CHECK(findings[0].steps[0].text ==
        "# kept\n# rescue-doctor: /opt/gone.so $LIB/good.so\n$LIB/good.so\n# rescue-doctor: /opt/text.so\n");
}

TEST_CASE("doctor: a preload file that names only what is gone is put aside") {
  const test::Scratch scratch;
  scratch.dir("etc");
  scratch.file("etc/ld.so.preload", "/opt/gone.so");
  const Root root = scratch.root();
  const DoctorOptions options;
  Patient patient = look_at(root, options);
  Findings findings;
  check_preload(patient, findings);
  REQUIRE(findings.size() == 1);
  REQUIRE(findings[0].steps.size() == 1);
  CHECK(findings[0].steps[0].step.action == Action::remove);
}

TEST_CASE("doctor: LD_LIBRARY_PATH is a problem only where it leads to another glibc") {
  const test::Scratch scratch;
  for (const std::string_view dir : {"etc", "etc/profile.d", "opt", "opt/lib", "srv"})
    scratch.dir(dir);
  scratch.file("opt/lib/libc.so.6", "");
  scratch.file("etc/environment", "PATH=/usr/bin\nLD_LIBRARY_PATH=\"/srv\"\n");
  scratch.file("etc/profile.d/x.sh", "  export LD_LIBRARY_PATH=/opt/lib:/srv\n#export LD_PRELOAD=/x.so\n");
  const Root root = scratch.root();
  const DoctorOptions options;
  Patient patient = look_at(root, options);
  Findings findings;
  check_environment(patient, findings);
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].severity == Severity::note);
  CHECK(findings[1].severity == Severity::problem);
  CHECK(findings[1].path == "etc/profile.d/x.sh");
}

}}  // namespace rescue
