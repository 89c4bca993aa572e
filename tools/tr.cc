// tr: translate, squeeze or delete characters.
#include <algorithm>
#include <array>
#include <memory>
#include <numeric>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/text/char_set.h"

namespace rescue {
namespace {

struct Options {
  bool complement = false;
  bool remove = false;
  bool squeeze = false;
  bool truncate = false;
};

constexpr Opt<Options> options[] = {
    {'c', "complement", &Options::complement, "take all characters that are not in SET1"},
    {'C', nullptr, &Options::complement, "the same"},
    {'d', "delete", &Options::remove, "delete the characters of SET1"},
    {'s', "squeeze-repeats", &Options::squeeze, "print runs of a character of the last SET as one"},
    {'t', "truncate-set1", &Options::truncate, "cut SET1 to the length of SET2"},
};

using Kind = CharSet::Part::Kind;

// What is done to each byte.
struct Plan {
  std::array<uint8_t, 256> map{};
  std::bitset<256> removed;
  std::bitset<256> squeezed;
};

bool endless_repeat(const CharSet::Part& part) {
  return part.kind == Kind::repeat && !part.repeat;
}

// [:upper:] and [:lower:] of SET2 stand for other letters than their own where SET1 has one at the same place.
Result<> check_cases(const CharSet& first, const CharSet& second, size_t length) {
  const auto places = first.case_places(0);
  for (const auto& place : second.case_places(length))
    if (!std::ranges::contains(places, place.at, &CharSet::CasePlace::at))
      return fail("SET2", "", "[:upper:] or [:lower:] has no partner in SET1");
  return {};
}

Result<> check_second(const CharSet& second) {
  if (std::ranges::count_if(second.parts(), endless_repeat) > 1)
    return fail("SET2", "", "only one [c*] can be in it");
  if (second.has(Kind::equivalence))
    return fail("SET2", "", "[=c=] cannot be in it when translating");
  for (const auto& part : second.parts())
    if (part.kind == Kind::character_class && part.name != "upper" && part.name != "lower")
      return fail("SET2", "", "of classes, only [:upper:] and [:lower:] can be in it when translating");
  return {};
}

std::string complement_of(const std::bitset<256>& members) {
  std::string others;
  for (unsigned c = 0; c < 256; ++c)
    if (!members[c])
      others += static_cast<char>(c);
  return others;
}

Result<> plan_translation(const Options& opt, const CharSet& first, const CharSet& second, Plan& plan) {
  TRY(check_second(second));
  std::string from = opt.complement ? complement_of(first.members()) : first.bytes();
  std::string to = second.bytes(from.size());
  if (!opt.complement)
    TRY(check_cases(first, second, from.size()));
  const size_t given = to.size();
  if (from.size() > to.size() && !opt.truncate) {
    if (to.empty())
      return fail("SET2", "", "must not be empty");
    if (second.parts().back().kind == Kind::character_class)
      return fail("SET2", "", "is the shorter one, and must not end with a class");
    to.append(from.size() - given, to.back());
  }
  const bool same = to.empty() || to.find_first_not_of(to[0]) == std::string::npos;
  if (opt.complement && first.has(Kind::character_class) && !(to.size() == from.size() && same))
    return fail("SET2", "", "must map all to one character, for SET1 is the complement of a class");
  for (size_t i = 0; i < std::min(from.size(), to.size()); ++i)
    plan.map[static_cast<uint8_t>(from[i])] = static_cast<uint8_t>(to[i]);
  return {};
}

Result<Plan> make_plan(const Options& opt, const Args& args) {
  const CharSet first = TRY(CharSet::parse(args[0]));
  const std::optional<CharSet> second = args.size() > 1 ? std::optional(TRY(CharSet::parse(args[1]))) : std::nullopt;
  if (std::ranges::any_of(first.parts(), endless_repeat))
    return fail("SET1", "", "[c*] can be in SET2 only");
  Plan plan;
  std::iota(plan.map.begin(), plan.map.end(), uint8_t{0});
  const std::bitset<256> members = opt.complement ? ~first.members() : first.members();
  const bool translates = second && !opt.remove;
  if (translates)
    TRY(plan_translation(opt, first, *second, plan));
  else if (second && std::ranges::any_of(second->parts(), endless_repeat))
    return fail("SET2", "", "[c*] can be in it only when translating");
  if (opt.remove)
    plan.removed = members;
  if (opt.squeeze)
    plan.squeezed = second ? second->members() : members;
  return plan;
}

// In place: what is left is never longer.
class Translator {
 public:
  explicit Translator(const Plan& plan)
      : plan_(plan), only_maps_(plan.removed.none() && plan.squeezed.none()), squeezes_(plan.squeezed.any()) {
    for (size_t i = 0; i < keeps_.size(); ++i)
      keeps_[i] = plan.removed[i] ? 0 : 1;
  }

  size_t run(std::span<char> text) {
    if (only_maps_) {
      for (char& c : text)
        c = static_cast<char>(plan_.map[static_cast<uint8_t>(c)]);
      return text.size();
    }
    size_t kept = 0;
    if (!squeezes_) {
      // No decision that the processor could guess wrong.
      for (const char c : text) {
        text[kept] = c;
        kept += keeps_[static_cast<uint8_t>(c)];
      }
      return kept;
    }
    for (const char c : text) {
      if (keeps_[static_cast<uint8_t>(c)] == 0)
        continue;
      const uint8_t byte = plan_.map[static_cast<uint8_t>(c)];
      if (byte == last_ && plan_.squeezed[byte])
        continue;
      last_ = byte;
      text[kept++] = static_cast<char>(byte);
    }
    return kept;
  }

 private:
  const Plan& plan_;
  bool only_maps_;
  bool squeezes_;
  std::array<uint8_t, 256> keeps_;
  int last_ = -1;
};

Result<> check_operands(const Options& opt, const Args& args) {
  const size_t least = opt.remove == opt.squeeze ? 2 : 1;
  const size_t most = opt.remove && !opt.squeeze ? 1 : 2;
  if (args.empty())
    return usage_error("missing operand SET1");
  if (args.size() < least)
    return usage_error("missing operand SET2 after '", Printable(args[0]), '\'');
  if (args.size() > most)
    return usage_error("extra operand '", Printable(args[most]), '\'');
  return {};
}

bool ends_in_single_backslash(std::string_view set) {
  const size_t before = set.find_last_not_of('\\') + 1;  // npos becomes 0
  return (set.size() - before) % 2 != 0;
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  TRY(check_operands(opt, args));
  for (const std::string_view set : args)
    if (ends_in_single_backslash(set))
      io.note("a single backslash ends a set: taken for itself here, not by every tr");
  const Plan plan = TRY(make_plan(opt, args));
  Translator translator(plan);
  constexpr size_t size = 65536;
  const auto buffer = std::make_unique_for_overwrite<char[]>(size);
  while (io.out.ok()) {
    const size_t count = TRY(read_some(io.in, {buffer.get(), size}, "standard input"));
    if (count == 0)
      break;
    io.out.write({buffer.get(), translator.run({buffer.get(), count})});
    if (count < size)
      (void)io.out.flush();
  }
  return io.status();
}

}  // namespace

extern const Applet tr_applet = {
    .name = "tr",
    .summary = "translate, squeeze or delete characters",
    .usage = "[OPTION]... SET1 [SET2]",
    .operands_end_options = true,
    .dies_with_reader = true,
    .notes = dense<
        "A SET is made of characters, ranges a-z, classes [:alpha:], equivalences [=c=], escapes \\n \\t \\\\ \\NNN, "
        "and\n"
        "in SET2 repetitions [c*N] and [c*], which fills up to the length of SET1. Standard input is read.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
