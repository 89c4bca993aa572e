#include "lib/boot/password.h"

#include <doctest/doctest.h>

namespace rescue { namespace {

// Made by Debian's mkpasswd from "rescue".
constexpr const char* hashes[] = {
    "$y$j9T$CmYtARtjkDWSSeY3Uht.Z.$Quv46VfHOQ42m4w.yQoqUsl5mqSc8MlDmpeONH6MkR5",
    "$5$V2syKCltHPnXz.s9$mP7TvpS.Q2Vqq4gBlAcH5kPBBTKxmOE2PrgS5Dkk9T5",
    "$6$eVJdxzxlOS5TfQb3$BdSlxWfim6jOUb3iSUVRSMmpntRrnwRfmfJsV5nwVjAUNBz6tXhg.6WZMug5Nu4VyKLDXqDBtbdLpQXVuSrvD.",
    "$2b$05$SGRkj6zNT8h3bq8gQqjKiuPw4BFBwPqGUSfJNKOj73TJOok1CVzzm",
};

TEST_CASE("password: the right one matches, another does not") {
  for (const std::string hash : hashes) {
    CAPTURE(hash);
    CHECK(password_matches("rescue", hash));
    CHECK_FALSE(password_matches("Rescue", hash));
    CHECK_FALSE(password_matches("", hash));
  }
}

TEST_CASE("password: nothing matches what is no hash") {
  for (const std::string hash : {"", "*", "!", "x", "!$6$salt$hash", "$", "$nonsense$x$y", "$6$", "*0", "*1"}) {
    CHECK_FALSE(password_matches("", hash));
    CHECK_FALSE(password_matches("rescue", hash));
    CHECK_FALSE(password_matches(hash, hash));
  }
}

TEST_CASE("password: root's line of shadow") {
  CHECK(hash_of_user("daemon:*:1:::\nroot:$6$a$b:19000:0:99999:7:::\n", "root", "shadow") == "$6$a$b");
  for (const std::string_view text :
       {"", "root", "root:*:1", "root::1", "root:!$6$a$b:1", "rootx:$6$a$b:1", " root:$6$a$b:1"})
    CHECK_FALSE(hash_of_user(text, "root", "shadow"));
}

}  // namespace
}  // namespace rescue
