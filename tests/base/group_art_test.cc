#include "lib/base/group_art.h"

#include <doctest/doctest.h>

namespace rescue { namespace {

TEST_CASE("group art: joins the members of a group to what lies on them") {
  GroupArt art({{}, {2, 2}}, false);
  CHECK(art.step(0, 0).text == " ");
  CHECK(art.step(1, 0).text == "┌┈▶ ");
  CHECK(art.ready() == 0);
  const GroupArt::Marks between = art.step(0, 0);
  CHECK(between.text == "┆   ");
  CHECK(between.below == "┆   ");
  CHECK(art.step(1, 0).text == "└┬▶ ");
  CHECK(art.ready() == 1);
  CHECK(art.step(0, 1).text == " ├┈┈");
  CHECK(art.ready() == 0);
  CHECK(art.step(0, 0).text == " ┆  ");
  const GroupArt::Marks last = art.step(0, 1);
  CHECK(last.text == " └┈┈");
  CHECK(last.below == "    ");
  CHECK(art.step(0, 0).text == "    ");
}

TEST_CASE("group art: a group that begins while another goes on stands to the left") {
  GroupArt art({{}, {2, 1}, {3, 1}}, true);
  GroupArt::Marks first = art.step(1, 0);
  CHECK(first.text == ",-> ");
  CHECK(art.step(2, 0).text == ",->|   ");
  CHECK(art.step(2, 0).text == "|->|   ");
  CHECK(art.step(1, 0).text == "|  '-> ");
  CHECK(art.ready() == 1);
  // A member of one group that lies on another.
  CHECK(art.step(2, 1).text == "'-> `--");
  CHECK(art.ready() == 2);
  CHECK(art.step(0, 2).text == " `-----");
  CHECK(art.width() == 7);
  art.widen(first);
  CHECK(first.text == "   ,-> ");
  CHECK(first.below == "   |   ");
}

TEST_CASE("group art: there is none without groups") {
  GroupArt art({{}}, false);
  CHECK(art.step(0, 0).text.empty());
  CHECK(art.ready() == 0);
  CHECK(art.width() == 0);
}

}}  // namespace rescue
