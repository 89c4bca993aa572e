// ar: the archives that Debian packages and static libraries are.
#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/archive/ar.h"
#include "lib/archive/ar_symbols.h"
#include "lib/archive/source.h"
#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/time_text.h"
#include "lib/fs/mode.h"

namespace rescue {
namespace {

struct Options {
  char operation = '\0';
  bool several = false;
  bool verbose = false;
  bool create = false;
  bool keep_dates = false;
  bool update = false;
  bool real_values = false;
  bool symbols = false;
  bool no_symbols = false;
};

template <char letter>
Result<> set_operation(Options& options, std::string_view /*argument*/) {
  options.several = options.several || options.operation != '\0';
  options.operation = letter;
  return {};
}

// Zero for owners and times (the default).
Result<> set_deterministic(Options& options, std::string_view /*argument*/) {
  options.real_values = false;
  return {};
}

constexpr Opt<Options> options[] = {
    Opt<Options>("What to do; one of these"),
    {'t', nullptr, set_operation<'t'>, "list members"},
    {'x', nullptr, set_operation<'x'>, "extract members, all or those named"},
    {'p', nullptr, set_operation<'p'>, "print what members hold"},
    {'r', nullptr, set_operation<'r'>, "add FILEs, or replace members of their names"},
    {'q', nullptr, set_operation<'q'>, "add FILEs at the end"},
    {'d', nullptr, set_operation<'d'>, "delete members"},
    Opt<Options>("Modifiers"),
    {'c', nullptr, &Options::create, "say nothing when the archive is made"},
    {'o', nullptr, &Options::keep_dates, "extract with the times in the archive"},
    {'s', nullptr, &Options::symbols, "write the table of symbols, alone too (always when objects are added)"},
    {'S', nullptr, &Options::no_symbols, "write no table of symbols"},
    {'u', nullptr, &Options::update, "with r: only files that are newer than their members"},
    {'U', nullptr, &Options::real_values, "archive real owners, times and modes"},
    {'D', nullptr, set_deterministic, "archive zeros for these: the same files give the same archive (default)"},
    {'v', nullptr, &Options::verbose, "say what is done; with t, list in detail"},
};

class Archive {
 public:
  Archive(const Options& opt, Io& io, std::string_view path, const Args& args)
      : opt_(opt), io_(io), path_(path), wanted_(args.begin(), args.end()), found_(args.size()) {}

  Result<int> run() {
    const bool writes =
        opt_.operation == 's' || opt_.operation == 'r' || opt_.operation == 'q' || opt_.operation == 'd';
    auto opened = open_file(path_, O_RDONLY);
    if (!opened && !(opened.error().code() == ENOENT && writes && opt_.operation != 'd' && opt_.operation != 's'))
      return std::unexpected(opened.error());
    if (opened) {
      fd_ = *std::move(opened);
      members_ = TRY(read_ar(fd_.get(), path_));
    } else if (!opt_.create) {
      io_.note("creating ", Printable(path_));
    }
    if (writes) {
      TRY(change());
      return io_.status();
    }
    for (const ArMember& member : members_)
      if (chosen(member.name))
        if (const auto done = show(member); !done)
          io_.warn(done.error());
    for (size_t i = 0; i < wanted_.size(); ++i)
      if (!found_[i])
        io_.note("no entry ", Printable(wanted_[i]), " in archive");
    return io_.status();
  }

 private:
  bool chosen(std::string_view name) {
    bool any = wanted_.empty();
    for (size_t i = 0; i < wanted_.size(); ++i)
      if (base_name(wanted_[i]) == name && !found_[i]) {
        found_[i] = true;
        any = true;
        break;
      }
    return any;
  }

  Result<> show(const ArMember& member) {
    switch (opt_.operation) {
      case 't': list(member); return {};
      case 'p':
        if (opt_.verbose)
          io_.out.put("\n<", Printable(member.name), ">\n\n");
        return print(member);
      default: return extract(member);
    }
  }

  void list(const ArMember& member) {
    if (opt_.verbose) {
      const auto fields = local_time(member.mtime);
      std::string size = str(member.size);
      size.insert(0, size.size() < 6 ? 6 - size.size() : 0, ' ');
      io_.out.put(mode_text(member.mode).substr(1), ' ', member.uid, '/', member.gid, ' ', size, ' ',
                  fields ? time_text("%b %e %H:%M %Y", *fields, member.mtime, 0) : str(member.mtime), ' ');
    }
    io_.out.put(member.name, '\n');
  }

  Result<> print(const ArMember& member) {
    RangeSource source(fd_.get(), member.offset, member.size, path_);
    while (true) {
      const std::string_view block = TRY(source.next());
      if (block.empty())
        return {};
      io_.out.write(block);
    }
  }

  // A name is one of a file in this directory, and nothing else.
  Result<> extract(const ArMember& member) {
    if (member.name.find('/') != std::string::npos || member.name == "." || member.name == "..")
      return fail("extract", member.name, "its name leads out of the directory");
    if (opt_.verbose)
      io_.out.put("x - ", Printable(member.name), '\n');
    const std::string place = str(".rescue-", ::getpid(), '-', member.name.substr(0, 200));
    UniqueFd out = TRY(open_file(place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, member.mode & 0777));
    auto done = copy(member, out.get());
    const timespec times[] = {{.tv_sec = member.mtime, .tv_nsec = 0}, {.tv_sec = member.mtime, .tv_nsec = 0}};
    if (done && opt_.keep_dates && ::futimens(out.get(), times) < 0)
      done = fail("set times", member.name);
    if (done)
      done = out.close(member.name);
    if (done && ::rename(place.c_str(), member.name.c_str()) < 0)
      done = fail("write", member.name);
    if (!done)
      (void)::unlink(place.c_str());
    return done;
  }

  Result<> copy(const ArMember& member, int out) {
    RangeSource source(fd_.get(), member.offset, member.size, path_);
    while (true) {
      const std::string_view block = TRY(source.next());
      if (block.empty())
        return {};
      TRY(write_all(out, block, member.name));
    }
  }

  // --- writing a new archive, which takes the old one's place when it is whole

  struct Part {
    int fd;
    uint64_t offset;
    UniqueFd own;
  };

  Result<> change() {
    std::vector<Part> parts;
    parts.reserve(members_.size());
    for (const ArMember& member : members_)
      parts.push_back({fd_.get(), member.offset, {}});
    for (size_t i = 0; i < wanted_.size(); ++i) {
      const auto done = opt_.operation == 'd' ? remove(wanted_[i], parts) : add(wanted_[i], parts);
      if (!done)
        return done;
    }
    return write(parts);
  }

  Result<> remove(std::string_view name, std::vector<Part>& parts) {
    const auto place = std::ranges::find(members_, base_name(name), &ArMember::name);
    if (place == members_.end()) {
      if (opt_.verbose)
        io_.out.put("No member named `", name, "'\n");
      return {};
    }
    if (opt_.verbose)
      io_.out.put("d - ", name, '\n');
    parts.erase(parts.begin() + (place - members_.begin()));
    members_.erase(place);
    return {};
  }

  Result<> add(const std::string& path, std::vector<Part>& parts) {
    UniqueFd file = TRY(open_file(path, O_RDONLY));
    struct stat info{};
    if (::fstat(file.get(), &info) < 0)
      return fail("look at", path);
    if (!S_ISREG(info.st_mode))
      return fail("archive", path, "is no regular file");
    ArMember member{.name = std::string(base_name(path)), .mode = 0644, .size = static_cast<uint64_t>(info.st_size)};
    if (opt_.real_values) {
      member.mtime = info.st_mtim.tv_sec;
      member.uid = info.st_uid;
      member.gid = info.st_gid;
      member.mode = info.st_mode;
    }
    if (member.size > 9'999'999'999)
      return fail("archive", path, "is too large for ar");
    const auto place =
        opt_.operation == 'q' ? members_.end() : std::ranges::find(members_, member.name, &ArMember::name);
    if (place != members_.end() && opt_.update && info.st_mtim.tv_sec <= place->mtime)
      return {};
    if (opt_.verbose)
      io_.out.put(place == members_.end() ? "a - " : "r - ", path, '\n');
    const int fd = file.get();
    if (place == members_.end()) {
      members_.push_back(std::move(member));
      parts.push_back({fd, 0, std::move(file)});
    } else {
      *place = std::move(member);
      parts[static_cast<size_t>(place - members_.begin())] = {fd, 0, std::move(file)};
    }
    return {};
  }

  Result<> write(const std::vector<Part>& parts) {
    const std::string place = str(dir_name(path_), "/.rescue-", ::getpid(), '-', base_name(path_).substr(0, 200));
    UniqueFd out = TRY(open_file(place, O_WRONLY | O_CREAT | O_EXCL, 0666));
    struct stat info{};
    if (fd_ && ::fstat(fd_.get(), &info) == 0)
      (void)::fchmod(out.get(), info.st_mode & 0777);
    auto done = write_to(out.get(), parts);
    if (done)
      done = out.close(path_);
    if (done && ::rename(place.c_str(), path_.c_str()) < 0)
      done = fail("write", path_);
    if (!done)
      (void)::unlink(place.c_str());
    return done;
  }

  // The table of symbols, if there is to be one.
  Result<std::string> symbols_of(const std::vector<Part>& parts, uint64_t skip) {
    ArSymbols symbols;
    for (size_t i = 0; i < members_.size() && !opt_.no_symbols; ++i) {
      RangeSource source(parts[i].fd, parts[i].offset, members_[i].size, members_[i].name);
      const std::string content = TRY(read_all(source, members_[i].size));
      symbols.add(Bytes(content, members_[i].name));
    }
    if (!symbols.any())
      return "";
    return symbols.member(members_, skip, opt_.real_values ? ::time(nullptr) : 0);
  }

  Result<> write_to(int out, const std::vector<Part>& parts) {
    std::vector<std::optional<uint64_t>> places;
    const std::string names = ar_long_names(members_, places);
    TRY(write_all(out, str(ar_magic, TRY(symbols_of(parts, names.size())), names), path_));
    for (size_t i = 0; i < members_.size(); ++i) {
      const ArMember& member = members_[i];
      TRY(write_all(out, ar_header(member, places[i]), path_));
      RangeSource source(parts[i].fd, parts[i].offset, member.size, member.name);
      while (true) {
        const std::string_view block = TRY(source.next());
        if (block.empty())
          break;
        TRY(write_all(out, block, path_));
      }
      if (member.size % 2 != 0)
        TRY(write_all(out, "\n", path_));
    }
    return {};
  }

  const Options& opt_;
  Io& io_;
  std::string path_;
  std::vector<std::string> wanted_;
  std::vector<bool> found_;
  UniqueFd fd_;
  std::vector<ArMember> members_;
};

Result<int> work(Options& opt, Io& io, Args& args) {
  if (opt.operation == '\0' && opt.symbols)
    opt.operation = 's';
  if (opt.operation == '\0' || opt.several)
    return usage_error("exactly one of t x p r q d must be given");
  const std::string path(TRY(args.shift("ARCHIVE")));
  auto done = Archive(opt, io, path, args).run();
  if (!done && done.error().status() != Status::usage)
    done.error().set_status(Status::unset);
  return done;
}

// The letters may stand without a dash.
int run(const Applet& applet, Io& io, std::span<const char* const> words) {
  std::vector<const char*> modern(words.begin(), words.end());
  std::string first;
  if (!words.empty() && words[0][0] != '-') {
    first = str('-', words[0]);
    modern[0] = first.c_str();
  }
  return entry<options, work>(applet, io, modern);
}

}  // namespace

extern const Applet ar_applet = {
    .name = "ar",
    .summary = "list, extract and change ar archives",
    .usage = "[-]t|x|p[MODIFIER]... ARCHIVE [MEMBER]...\n[-]r|q|d[MODIFIER]... ARCHIVE FILE...\n[-]s ARCHIVE",
    .options = describe<options>,
    .run = run,
};
}  // namespace rescue
