#include <doctest/doctest.h>
#include "lib/base/version.h"
TEST_CASE("x: works") { CHECK(rescue::version.size() > 1); REQUIRE(1 == 1); }
