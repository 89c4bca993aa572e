#include "lib/archive/read_ahead.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "lib/base/text.h"

namespace rescue { namespace {

// Gives `count` numbered blocks out of one buffer, then its end or an error; counts how often it was asked.
class CountingSource : public Source {
 public:
  CountingSource(int count, bool fails, int& asked) : count_(count), fails_(fails), asked_(asked) {}
  Result<std::string_view> next() override {
    ++asked_;
    if (given_ < count_) {
      buffer_ = str("block ", ++given_, ';');
      return buffer_;
    }
    if (fails_)
      return fail("read", "test", "is broken");
    return std::string_view();
  }
  std::string_view path() const override { return "test"; }

 private:
  int count_;
  bool fails_;
  int& asked_;
  int given_ = 0;
  std::string buffer_;
};

std::string expected(int count) {
  std::string text;
  for (int i = 1; i <= count; ++i)
    text += str("block ", i, ';');
  return text;
}

TEST_CASE("read ahead: the same bytes in the same order, and an end that stays") {
  for (const int count : {0, 1, 3, 4, 5, 1000}) {
    int asked = 0;
    ReadAheadSource source(std::make_unique<CountingSource>(count, false, asked));
    CHECK(source.path() == "test");
    CHECK(read_all(source, 1 << 20) == expected(count));
    CHECK(source.next() == std::string_view());
    CHECK(source.next() == std::string_view());
  }
}

TEST_CASE("read ahead: an error comes after the bytes before it") {
  int asked = 0;
  ReadAheadSource source(std::make_unique<CountingSource>(7, true, asked));
  for (int i = 1; i <= 7; ++i)
    CHECK(source.next() == str("block ", i, ';'));
  const auto block = source.next();
  REQUIRE_FALSE(block);
  CHECK(message(block.error()) == "test: read: is broken");
}

TEST_CASE("read ahead: a block stays valid until the next call") {
  int asked = 0;
  ReadAheadSource source(std::make_unique<CountingSource>(1000, false, asked));
  const auto first = source.next();
  REQUIRE(first);
  ::usleep(20000);  // time for the thread to fill every slot that it may
  CHECK(*first == "block 1;");
}

TEST_CASE("read ahead: who stops early does not wait for the rest") {
  for (const int taken : {0, 1, 6}) {
    int asked = 0;
    {
      ReadAheadSource source(std::make_unique<CountingSource>(1 << 30, false, asked));
      for (int i = 0; i < taken; ++i)
        CHECK(source.next());
    }
    CHECK(asked <= taken + 4);
  }
}

}}  // namespace rescue
