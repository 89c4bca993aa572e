#include "lib/bundle/prove.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "lib/crypto/digest.h"
#include "tests/bundle/scratch.h"

namespace rescue { namespace {

using test::Scratch;

constexpr std::string_view complaint = "does not read back as it was written";

// One file that a step put there, and what the disk has by now.
struct Disk {
  Scratch scratch;
  Journal journal;

  Disk(std::string_view put, std::string_view there) {
    scratch.file("file", there);
    Step step;
    step.path = "file";
    step.attributes = {0644, ::geteuid(), ::getegid()};
    step.sha256 = Sha256::of(put);
    journal.steps.push_back(std::move(step));
  }

  bool complains(std::span<const std::string_view> contents = {}) const {
    const Proof proof = prove(scratch.root(), journal, contents);
    CHECK(proof.files_checked == 1);
    return std::ranges::any_of(proof.problems, [](const std::string& text) { return text.ends_with(complaint); });
  }
};

TEST_CASE("prove: a file is compared with what was put, or with its digest where that is all there is") {
  const std::string large(100000, 'x');
  std::string last = large;
  last.back() = 'y';
  for (const std::string_view put : {std::string_view("libc"), std::string_view(large)}) {
    const std::string_view contents[] = {put};
    const std::string longer = str(put, 'x');
    const std::string_view shorter = put.substr(0, put.size() - 1);
    CHECK_FALSE(Disk(put, put).complains());
    CHECK_FALSE(Disk(put, put).complains(contents));
    for (const std::string_view there :
         {std::string_view(longer), shorter, std::string_view(), std::string_view(last)}) {
      CAPTURE(there.size());
      CHECK(Disk(put, there).complains());
      CHECK(Disk(put, there).complains(contents));
    }
  }
  CHECK_FALSE(Disk("", "").complains());
  CHECK(Disk("", "more").complains());
}

}}  // namespace rescue
