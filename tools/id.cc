// id: print who a user is.
#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/quote.h"
#include "lib/fs/names.h"
#include "lib/fs/owner_spec.h"

namespace rescue {
namespace {

struct Options {
  bool ignored = false;
  bool label = false;
  bool user = false, group = false, groups = false;
  bool names = false, real = false, zero = false;
};

constexpr Opt<Options> options[] = {
    {'a', nullptr, &Options::ignored, "ignored, as GNU's id does"},
    {'Z', "context", &Options::label, "print the SELinux label of this process"},
    {'g', "group", &Options::group, "print only the group"},
    {'G', "groups", &Options::groups, "print only all groups"},
    {'n', "name", &Options::names, "with -g, -G or -u: print names, not numbers"},
    {'r', "real", &Options::real, "with -g, -G or -u: of the real user, not the effective one"},
    {'u', "user", &Options::user, "print only the user"},
    {'z', "zero", &Options::zero, "with -g, -G or -u: end each with a zero byte, not a blank or newline"},
};

struct Person {
  uint32_t user = 0, effective_user = 0, group = 0, effective_group = 0;
  std::vector<uint32_t> groups;  // the first is the own one
};

void add_group(std::vector<uint32_t>& groups, uint32_t group) {
  if (!std::ranges::contains(groups, group))
    groups.push_back(group);
}

Result<Person> this_process() {
  Person person{::getuid(), ::geteuid(), ::getgid(), ::getegid(), {}};
  person.groups.push_back(person.effective_group);
  const int count = ::getgroups(0, nullptr);
  if (count < 0)
    return fail("read groups", "");
  std::vector<gid_t> list(static_cast<size_t>(count) + 1);
  const int got = ::getgroups(count, list.data());
  if (got < 0)
    return fail("read groups", "");
  for (const gid_t group : std::span(list).first(static_cast<size_t>(got)))
    add_group(person.groups, group);
  return person;
}

// Those groups whose line in group(5) has the user among its members.
Result<Person> user_of(std::string_view text, Names& names) {
  const uint32_t id = TRY(parse_user(text, names));
  std::string_view name = names.users.line_of(text).empty() ? names.users.name_of(id) : text;
  const auto fields = split(names.users.line_of(name), ':');
  const auto group = fields.size() > 3 ? to_number<uint32_t>(fields[3]) : std::nullopt;
  if (!group)
    return fail("user", "", Quoted(text), " is not in /etc/passwd");
  Person person{id, id, *group, *group, {*group}};
  names.groups.each_line([&](uint32_t number, std::string_view line) {
    const auto parts = split(line, ':');
    if (parts.size() > 3 && std::ranges::contains(split(parts[3], ','), name))
      add_group(person.groups, number);
  });
  return person;
}

class Printer {
 public:
  Printer(const Options& opt, Names& names, Io& io) : opt_(opt), names_(names), io_(io) {}

  void print(const Person& person, bool several) {
    const char end = opt_.zero ? '\0' : '\n';
    if (opt_.user) {
      io_.out.put(word(names_.users, opt_.real ? person.user : person.effective_user, "user"), end);
    } else if (opt_.group) {
      io_.out.put(word(names_.groups, opt_.real ? person.group : person.effective_group, "group"), end);
    } else if (opt_.groups) {
      print_groups(person, several);
    } else {
      print_all(person);
    }
  }

 private:
  std::string word(NameFile& file, uint32_t id, std::string_view kind) {
    if (!opt_.names)
      return str(id);
    const std::string_view name = file.name_of(id);
    if (!name.empty())
      return std::string(name);
    io_.warn(fail(kind, "", "the number ", id, " has no name").error());
    return str(id);
  }

  void print_groups(const Person& person, bool several) {
    std::vector<uint32_t> order = {person.group};
    add_group(order, person.effective_group);
    for (const uint32_t group : person.groups)
      add_group(order, group);
    for (size_t i = 0; i < order.size(); ++i) {
      if (i > 0)
        io_.out.put(opt_.zero ? '\0' : ' ');
      io_.out.put(word(names_.groups, order[i], "group"));
    }
    io_.out.put(opt_.zero ? '\0' : '\n');
    // An empty word ends the list of one user.
    if (opt_.zero && several)
      io_.out.put('\0');
  }

  static std::string with_name(NameFile& file, uint32_t id) {
    const std::string_view name = file.name_of(id);
    return name.empty() ? str(id) : str(id, '(', name, ')');
  }

  void print_all(const Person& person) {
    io_.out.put("uid=", with_name(names_.users, person.user), " gid=", with_name(names_.groups, person.group));
    if (person.effective_user != person.user)
      io_.out.put(" euid=", with_name(names_.users, person.effective_user));
    if (person.effective_group != person.group)
      io_.out.put(" egid=", with_name(names_.groups, person.effective_group));
    for (size_t i = 0; i < person.groups.size(); ++i)
      io_.out.put(i == 0 ? " groups=" : ",", with_name(names_.groups, person.groups[i]));
    io_.out.put('\n');
  }

  const Options& opt_;
  Names& names_;
  Io& io_;
};

Result<> check(const Options& opt, const Args& args) {
  const int chosen = int{opt.user} + int{opt.group} + int{opt.groups} + int{opt.label};
  if (chosen > 1)
    return fail("-g, -G, -u and -Z", "", "only one of them can be given");
  if (chosen == 0 && (opt.names || opt.real))
    return fail("-n and -r", "", "need one of -g, -G and -u");
  if (chosen == 0 && opt.zero)
    return fail("-z", "", "needs one of -g, -G and -u");
  if (opt.label && !args.empty())
    return fail("-Z", "", "is for this process, and not for a user");
  return {};
}

Result<int> print_label(Io& io) {
  static constexpr const char* path = "/proc/self/attr/current";
  const auto file = open_file(path, O_RDONLY);
  const auto label = file ? read_all(file->get(), 4096, path) : std::unexpected(file.error());
  if (!label || label->empty())
    return fail("-Z", "", "works only where the kernel has SELinux");
  io.out.put(label->c_str(), '\n');
  return 0;
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  TRY(check(opt, args));
  if (opt.label)
    return print_label(io);
  Names names;
  Printer printer(opt, names, io);
  if (args.empty()) {
    printer.print(TRY(this_process()), false);
    return io.status();
  }
  for (const std::string_view user : args) {
    const auto person = user_of(user, names);
    if (person)
      printer.print(*person, args.size() > 1);
    else
      io.warn(person.error());
  }
  return io.status();
}

}  // namespace

extern const Applet id_applet = {
    .name = "id",
    .summary = "print user and groups",
    .usage = "[OPTION]... [USER]...",
    .usage_status = 1,
    .notes = dense<"Without a USER, of this process.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
