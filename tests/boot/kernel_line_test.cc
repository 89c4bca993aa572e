#include "lib/boot/kernel_line.h"

#include <doctest/doctest.h>

#include "lib/boot/config.h"

namespace rescue { namespace {

TEST_CASE("kernel line: words, values, quotes") {
  const KernelLine line(
      "root=LABEL=server ro console=tty0 console=ttyS0,115200 \"rescue.init=/a b\" rescue.fix -- quiet\n");
  CHECK(line.value("root") == "LABEL=server");
  CHECK(line.has("ro"));
  CHECK_FALSE(line.has("rw"));
  CHECK(line.values("console") == std::vector<std::string>{"tty0", "ttyS0,115200"});
  CHECK(line.value("console") == "ttyS0,115200");
  CHECK(line.value("rescue.init") == "/a b");
  CHECK(line.value("rescue.fix") == "");
  CHECK_FALSE(line.has("rescue"));
  CHECK_FALSE(line.has("quiet"));  // init's
}

TEST_CASE("rescue.conf: without a word about it nobody is asked for a password") {
  CHECK_FALSE(parse_boot_config("").require_password);
  CHECK_FALSE(parse_boot_config("# a comment\n\nrequire_password=no\n").require_password);
}

TEST_CASE("rescue.conf: asked for") {
  const BootConfig config = parse_boot_config(" require_password = yes\npassword_hash='$6$salt$hash'\n");
  CHECK(config.require_password);
  CHECK(config.problem.empty());
  CHECK(config.password_hash == "$6$salt$hash");
}

TEST_CASE("rescue.conf: what is not understood locks the door") {
  for (const std::string_view text :
       {"requirepassword=yes", "require_password", "require_password=maybe", "password_hash=plain", "\xff\xfe", "x"}) {
    const BootConfig config = parse_boot_config(text);
    CHECK(config.require_password);
    CHECK_FALSE(config.problem.empty());
  }
}

TEST_CASE("rescue.conf: each shorter text and each byte flipped is survived, and never opens what was locked") {
  const std::string whole = "require_password=yes\n";
  // Cut within the line it is no setting; cut before it there is none.
  for (size_t length = 1; length < whole.size(); ++length)
    CHECK(parse_boot_config(whole.substr(0, length)).require_password);
  std::string changed = whole;
  for (size_t i = 0; i + 1 < whole.size(); ++i) {
    changed[i] = static_cast<char>(~changed[i]);
    CHECK(parse_boot_config(changed).require_password);
    changed[i] = whole[i];
  }
}

}  // namespace
}  // namespace rescue
