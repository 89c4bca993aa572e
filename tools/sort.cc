// sort: put lines in order. See lib/text/sort_order.h for the order.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/choice.h"
#include "lib/base/fd.h"
#include "lib/base/size_text.h"
#include "lib/base/text.h"
#include "lib/crypto/random.h"
#include "lib/sys/filter.h"
#include "lib/text/lines.h"
#include "lib/text/sort_order.h"

namespace rescue {
namespace {

using sort::Key;
using sort::Line;
using sort::Order;
using sort::Ordering;

enum class Check : uint8_t { no, diagnose, quiet };

struct Options {
  Ordering global;
  std::vector<Key> keys;
  std::optional<std::string> random_source;
  uint64_t batch = 16;
  Check check = Check::no;
  std::optional<std::string> names_file;
  bool merge = false;
  std::optional<std::string> output;
  bool stable = false;
  uint64_t memory = 0;
  std::optional<char> tab;
  std::vector<std::string> temporary;
  uint64_t threads = 0;
  bool unique = false;
  bool zero = false;
  bool debug = false;
  std::string compressor;
};

template <char letter>
Result<> ordering(Options& o, std::string_view /*none*/) {
  sort::add_letter(o.global, letter, true, true);
  return {};
}

Result<> add_key(Options& o, std::string_view text) {
  o.keys.push_back(TRY(sort::parse_key(text)));
  return {};
}

Result<> set_method(Options& o, std::string_view word) {
  constexpr Choice<char> choices[] = {{"general-numeric", 'g'}, {"human-numeric", 'h'}, {"month", 'M'},
                                      {"numeric", 'n'},         {"random", 'R'},        {"version", 'V'}};
  sort::add_letter(o.global, TRY(choose("--sort", word, choices)), true, true);
  return {};
}

Result<> set_check(Options& o, std::string_view word) {
  constexpr Choice<Check> choices[] = {
      {"diagnose-first", Check::diagnose}, {"quiet", Check::quiet}, {"silent", Check::quiet}};
  o.check = Check::diagnose;
  if (word.empty())
    return {};
  o.check = TRY(choose("--check", word, choices));
  return {};
}

Result<> set_memory(Options& o, std::string_view text) {
  struct sysinfo system{};
  ::sysinfo(&system);
  const uint64_t all = uint64_t{system.totalram} * system.mem_unit;
  if (text.ends_with('%')) {
    const auto percent = to_number<uint64_t>(text.substr(0, text.size() - 1));
    if (!percent)
      return fail("", "", "invalid --buffer-size argument '", Printable(text), '\'');
    o.memory = all / 100 * *percent;
    return {};
  }
  if (const auto kibibytes = to_number<uint64_t>(text)) {
    o.memory = *kibibytes > UINT64_MAX / 1024 ? UINT64_MAX : *kibibytes * 1024;
    return {};
  }
  const bool bytes = text.ends_with('b');
  const ParsedSize size = parse_size(bytes ? text.substr(0, text.size() - 1) : text, "KkMmGgTtPEZY");
  if (size.problem == SizeProblem::invalid || size.problem == SizeProblem::bad_suffix || !size.has_number)
    return fail("", "", "invalid --buffer-size argument '", Printable(text), '\'');
  o.memory = size.value;
  return {};
}

Result<> set_tab(Options& o, std::string_view text) {
  if (text.empty())
    return fail("", "", "empty tab");
  if (text.size() > 1 && text != "\\0")
    return fail("", "", "multi-character tab '", Printable(text), '\'');
  const char tab = text.size() > 1 ? '\0' : text[0];
  if (o.tab && *o.tab != tab)
    return fail("", "", "incompatible tabs");
  o.tab = tab;
  return {};
}

Result<> set_output(Options& o, std::string_view name) {
  if (o.output && *o.output != name)
    return fail("", "", "multiple output files specified");
  o.output = name;
  return {};
}

Result<> set_batch(Options& o, std::string_view text) {
  const auto count = to_number<uint64_t>(text);
  if (!count)
    return fail("", "", "invalid --batch-size argument '", Printable(text), '\'');
  if (*count < 2)
    return fail("", "", "invalid --batch-size argument '", *count, "': minimum --batch-size argument is '2'");
  o.batch = std::min<uint64_t>(*count, 1000);
  return {};
}

Result<> set_threads(Options& o, std::string_view text) {
  const auto count = to_number<uint64_t>(text);
  if (!count)
    return fail("", "", "invalid number of parallel sorts: '", Printable(text), '\'');
  if (*count == 0)
    return fail("", "", "number in parallel must be nonzero");
  o.threads = std::min<uint64_t>(*count, 64);
  return {};
}

constexpr Opt<Options> options[] = {
    Opt<Options>("The order"),
    {'b', "ignore-leading-blanks", ordering<'b'>, "blanks at the start do not count"},
    {'d', "dictionary-order", ordering<'d'>, "only blanks, letters and digits count"},
    {'f', "ignore-case", ordering<'f'>, "lower case counts as upper case"},
    {'g', "general-numeric-sort", ordering<'g'>, "by value: 1e3, -0x1p4, inf"},
    {'h', "human-numeric-sort", ordering<'h'>, "by size: 2K, 1G"},
    {'i', "ignore-nonprinting", ordering<'i'>, "only printable characters count"},
    {'M', "month-sort", ordering<'M'>, "by the names of months"},
    {'n', "numeric-sort", ordering<'n'>, "by number, with any count of digits"},
    {'R', "random-sort", ordering<'R'>, "at random, but equal keys together"},
    {0, "random-source", &Options::random_source, "take what is random from FILE", "FILE"},
    {'r', "reverse", ordering<'r'>, "the other way round"},
    {0, "sort", set_method, "general-numeric, human-numeric, month, numeric, random or version", "WORD"},
    {'V', "version-sort", ordering<'V'>, "by numbers within the text"},
    {'k', "key", add_key, "by a part of the line: FIELD[.CHAR][LETTERS][,FIELD[.CHAR][LETTERS]]", "KEY"},
    {'t', "field-separator", set_tab, "fields end at SEP, not where blanks begin", "SEP"},
    {'s', "stable", &Options::stable, "lines with equal keys stay as they are"},
    Opt<Options>("What is done"),
    {'c', nullptr, set<&Options::check, Check::diagnose, Options>, "only check, and say which line is out of order"},
    {0, "check", set_check, "the same; or check and be quiet", "[HOW]"},
    {'C', nullptr, set<&Options::check, Check::quiet, Options>, "the same as --check=quiet"},
    {'m', "merge", &Options::merge, "merge files that are in order"},
    {'u', "unique", &Options::unique, "print the first of equal lines only"},
    {'o', "output", set_output, "write to FILE, which may be one that is read", "FILE"},
    {'z', "zero-terminated", &Options::zero, "lines end with a zero byte"},
    {0, "files0-from", &Options::names_file, "read the files whose names FILE holds, each ended by a zero byte",
     "FILE"},
    {'S', "buffer-size", set_memory, "use no more than SIZE of memory for lines: 100M, 10%", "SIZE"},
    {'T', "temporary-directory", &Options::temporary, "put what does not fit into DIR, not $TMPDIR or /tmp", "DIR"},
    {0, "compress-program", &Options::compressor, "put what does not fit through PROGRAM; PROGRAM -d undoes it",
     "PROGRAM"},
    {0, "debug", &Options::debug, "mark under each line what is compared, and say on standard error what is odd"},
    {0, "batch-size", set_batch, "merge no more than N files at a time", "N"},
    {0, "parallel", set_threads, "sort in N parts at a time", "N"},
};

struct Free {
  void operator()(char* memory) const { std::free(memory); }  // NOLINT(cppcoreguidelines-no-malloc)
};

// A file of sorted lines: one that was named, or what did not fit into memory.
struct FileRun {
  FileRun(UniqueFd file, std::string_view name, char ending) : fd(std::move(file)), lines(fd.get(), name, ending) {}
  Filter filter;  // what decompresses it, which ends only once nobody reads from it
  UniqueFd fd;
  LineReader lines;
  unsigned rank = 0;  // how often its lines were merged
};

// Where a merge takes lines from.
struct Source {
  const Line* at = nullptr;  // in memory
  const Line* end = nullptr;
  FileRun* file = nullptr;
  Line current;

  // Goes to the next line; false where there is none.
  Result<bool> next(const Order& order) {
    if (file == nullptr) {
      if (at == end)
        return false;
      current = *at++;
      return true;
    }
    std::string_view line;
    if (!file->lines.next(line)) {
      TRY(file->lines.end());
      TRY(file->filter.finish());
      return false;
    }
    current = order.line_of(line);
    return true;
  }
};

class Sorter {
 public:
  Sorter(const Options& opt, const Order& order, std::vector<std::string> files, Io& io)
      : opt_(opt), order_(order), files_(std::move(files)), io_(io), ending_(opt.zero ? '\0' : '\n') {
    struct sysinfo system{};
    ::sysinfo(&system);
    memory_ = opt.memory != 0 ? opt.memory : (uint64_t{system.freeram} + system.bufferram) * system.mem_unit / 2;
    memory_ = std::max<uint64_t>(memory_, opt.memory != 0 ? 65536 : 64 << 20);
    // Of what this process may have in all, which the buffer needs twice while it grows.
    for (const int resource : {RLIMIT_AS, RLIMIT_DATA})
      if (struct rlimit most{}; opt.memory == 0 && ::getrlimit(resource, &most) == 0)
        memory_ = std::min<uint64_t>(memory_, most.rlim_cur / 4);
    const long processors = ::sysconf(_SC_NPROCESSORS_ONLN);
    threads_ =
        opt.threads != 0 ? static_cast<unsigned>(opt.threads) : static_cast<unsigned>(std::clamp(processors, 1L, 8L));
  }

  Result<int> sort() {
    for (const std::string& name : files_)
      TRY(read(name));
    split_lines();
    const std::vector<size_t> parts = sort::sort_lines(lines_, order_, threads_);
    std::vector<Source> sources;
    sources.reserve(opt_.batch + parts.size());
    TRY(reduce_runs(opt_.batch > parts.size() ? opt_.batch - (parts.size() - 1) : 1));
    for (const auto& run : runs_)
      sources.push_back({.file = run.get()});
    // What was read last comes last.
    for (size_t i = 0; i + 1 < parts.size(); ++i)
      sources.push_back({.at = lines_.data() + parts[i], .end = lines_.data() + parts[i + 1]});
    TRY(write_result(sources));
    return 0;
  }

  Result<int> merge() {
    bool reads_output = false;
    struct stat target{};
    const bool has_target = opt_.output && ::stat(opt_.output->c_str(), &target) == 0;
    for (const std::string& name : files_) {
      UniqueFd file(name == "-" ? ::dup(io_.in) : -1);
      if (name != "-")
        file = TRY(open_file(name, O_RDONLY));
      struct stat info{};
      if (has_target && ::fstat(file.get(), &info) == 0 && info.st_dev == target.st_dev && info.st_ino == target.st_ino)
        reads_output = true;
      TRY(keep(std::make_unique<FileRun>(std::move(file), name, ending_), SIZE_MAX));
    }
    TRY(reduce_runs(reads_output ? 1 : opt_.batch, reads_output));
    std::vector<Source> sources;
    sources.reserve(runs_.size());
    for (const auto& run : runs_)
      sources.push_back({.file = run.get()});
    TRY(write_result(sources));
    return 0;
  }

  Result<int> check() {
    const std::string& name = files_[0];
    UniqueFd file;
    if (name != "-")
      file = TRY(open_file(name, O_RDONLY));
    LineReader reader(file ? file.get() : io_.in, name, ending_);
    std::string before;
    uint64_t number = 0;
    for (std::string_view text; reader.next(text); ++number) {
      const Line line = order_.line_of(text);
      const int order = number == 0 ? -1 : order_.compare(order_.line_of(before), line);
      if (order > 0 || (order == 0 && opt_.unique)) {
        if (opt_.check == Check::diagnose)
          io_.err.put(io_.name, ": ", name, ':', number + 1, ": disorder: ", text, '\n');
        return 1;
      }
      before = text;
    }
    TRY(reader.end());
    return 0;
  }

 private:
  // --- reading

  Result<> read(const std::string& name) {
    UniqueFd file;
    if (name != "-")
      file = TRY(open_file(name, O_RDONLY));
    const int fd = file ? file.get() : io_.in;
    struct stat info{};
    if (::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode))
      return fail("read", name, EISDIR);
    const bool is_regular = S_ISREG(info.st_mode);
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    while (true) {
      TRY(make_room(is_regular ? static_cast<uint64_t>(info.st_size) : 0));
      const size_t count = TRY(read_some(fd, {text_.get() + filled_, capacity_ - filled_ - 1}, name));
      if (count == 0)
        break;
      filled_ += count;
    }
    // The last line ends, whether it says so or not.
    if (filled_ > 0 && text_[filled_ - 1] != ending_)
      text_[filled_++] = ending_;
    return {};
  }

  Result<> make_room(uint64_t hint) {
    constexpr size_t least = 65536;
    if (capacity_ - filled_ > least)
      return {};
    // For each line, twice its text at the most: short lines cost more.
    const uint64_t limit = std::max<uint64_t>(memory_ / 2, 2 * least);
    if (filled_ + least + 1 > limit && TRY(spill()))
      return {};
    uint64_t wanted = std::max<uint64_t>({2 * capacity_, filled_ + hint + 2 * least, 4 * least});
    wanted = std::min(wanted, std::max<uint64_t>(limit, filled_ + 2 * least));
    char* const larger = static_cast<char*>(std::realloc(text_.get(), wanted));  // NOLINT(cppcoreguidelines-no-malloc)
    if (larger == nullptr && TRY(spill()))
      return {};
    if (larger == nullptr)
      return fail("get memory for", "lines", ENOMEM);
    (void)text_.release();
    text_.reset(larger);
    capacity_ = wanted;
    return {};
  }

  void split_lines() {
    lines_.clear();
    lines_.reserve(count_byte({text_.get(), filled_}, ending_));
    const char* at = text_.get();
    const char* const end = at + filled_;
    while (at < end) {
      const char* const stop = find_byte(at, end, ending_);
      lines_.push_back(order_.line_of({at, stop}));
      at = stop + 1;
    }
  }

  // Sorts the whole lines in memory and writes them to a file of their own; false where there is none.
  Result<bool> spill() {
    const char* const last = find_last_byte(text_.get(), text_.get() + filled_, ending_);
    if (last == nullptr)
      return false;
    const size_t whole = static_cast<size_t>(last - text_.get()) + 1;
    const size_t all = std::exchange(filled_, whole);
    split_lines();
    const std::vector<size_t> parts = sort::sort_lines(lines_, order_, threads_);
    std::vector<Source> sources;
    sources.reserve(parts.size());
    for (size_t i = 0; i + 1 < parts.size(); ++i)
      sources.push_back({.at = lines_.data() + parts[i], .end = lines_.data() + parts[i + 1]});
    TRY(keep(TRY(write_run(sources)), opt_.batch));
    std::memmove(text_.get(), text_.get() + whole, all - whole);
    filled_ = all - whole;
    lines_.clear();
    return true;
  }

  // --- files for what does not fit

  Result<std::unique_ptr<FileRun>> write_run(std::vector<Source>& sources) {
    UniqueFd file = TRY(temporary_file());
    Filter compressor;
    if (!opt_.compressor.empty())
      compressor = TRY(Filter::into({opt_.compressor}, file.get()));
    Output out(compressor.runs() ? compressor.fd() : file.get(), "temporary file", true);
    TRY(merge_into(sources, out));
    TRY(out.flush());
    TRY(compressor.finish());
    if (::lseek(file.get(), 0, SEEK_SET) < 0)
      return fail("rewind", "temporary file");
    if (opt_.compressor.empty())
      return std::make_unique<FileRun>(std::move(file), "temporary file", ending_);
    Filter reader = TRY(Filter::from({opt_.compressor, "-d"}, file.get()));
    auto run = std::make_unique<FileRun>(reader.take_fd(), "temporary file", ending_);
    run->filter = std::move(reader);
    return run;
  }

  // Without a name from the start on: nothing is left over, however this ends.
  Result<UniqueFd> temporary_file() {
    std::string dir = "/tmp";
    if (const char* variable = std::getenv("TMPDIR"); variable != nullptr && *variable != '\0')
      dir = variable;
    if (!opt_.temporary.empty())
      dir = opt_.temporary[files_made_++ % opt_.temporary.size()];
    std::string path = str(dir, "/sortXXXXXX");
    UniqueFd file(::mkostemp(path.data(), O_CLOEXEC));
    if (!file)
      return fail("cannot create temporary file", dir);
    (void)::unlink(path.c_str());
    return file;
  }

  // Adds a run. `together` of one rank become one of the next, so that a line is written once a rank; and there are
  // never more than may be open.
  Result<> keep(std::unique_ptr<FileRun> run, size_t together) {
    const unsigned rank = run->rank;
    runs_.push_back(std::move(run));
    if (most_runs_ == 0)
      most_runs_ = room_for_runs();
    const auto last = std::find_if(runs_.rbegin(), runs_.rend(), [&](const auto& r) { return r->rank != rank; });
    const auto same = static_cast<size_t>(last - runs_.rbegin());
    if (same >= together) {
      auto merged = TRY(merge_runs(runs_.size() - same, same));
      runs_.resize(runs_.size() - same);
      return keep(std::move(merged), together);
    }
    return runs_.size() < most_runs_ ? Result<>() : reduce_runs(1);
  }

  // How many files may be open for runs: beside all others, one more to read and one to write.
  size_t room_for_runs() const {
    struct rlimit files{};
    constexpr size_t enough = 256;
    if (::getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur > 2 * enough)
      return enough;
    size_t others = opt_.compressor.empty() ? 2 : 8;  // with pipes
    for (int fd = 0; fd < static_cast<int>(files.rlim_cur); ++fd)
      others += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    const size_t room = files.rlim_cur + runs_.size();
    return room > others + 2 ? room - others : 2;
  }

  // Merges files that stand together into one until there are few enough; with `always`, even where there are.
  Result<> reduce_runs(size_t most, bool always = false) {
    size_t first = 0;
    while (runs_.size() > most || (always && !runs_.empty())) {
      if (first + 1 >= runs_.size())
        first = 0;
      const size_t count =
          std::min<size_t>({runs_.size() - first, opt_.batch, std::max<size_t>(runs_.size() - most + 1, 2)});
      auto merged = TRY(merge_runs(first, count));
      // In the place of those that it is made of: equal lines stay in order.
      const auto at = runs_.begin() + static_cast<ptrdiff_t>(first);
      *at = std::move(merged);
      runs_.erase(at + 1, at + static_cast<ptrdiff_t>(count));
      ++first;
      if (runs_.size() <= most)
        always = false;
    }
    return {};
  }

  Result<std::unique_ptr<FileRun>> merge_runs(size_t first, size_t count) {
    std::vector<Source> sources;
    sources.reserve(count);
    unsigned rank = 0;
    for (size_t i = first; i < first + count; ++i) {
      sources.push_back({.file = runs_[i].get()});
      rank = std::max(rank, runs_[i]->rank);
    }
    auto merged = TRY(write_run(sources));
    merged->rank = rank + 1;
    return merged;
  }

  // --- writing

  Result<> write_result(std::vector<Source>& sources) {
    if (!opt_.output) {
      TRY(merge_into(sources, io_.out));
      return {};
    }
    UniqueFd file = TRY(open_file(*opt_.output, O_WRONLY | O_CREAT | O_TRUNC, 0666));
    Output out(file.get(), *opt_.output, true);
    TRY(merge_into(sources, out));
    TRY(out.flush());
    return file.close(*opt_.output);
  }

  Result<> merge_into(std::vector<Source>& sources, Output& out) {
    // By order, and where that is the same, by place: a heap would be no faster for as few as these.
    std::vector<size_t> queue;
    queue.reserve(sources.size());
    for (size_t i = 0; i < sources.size(); ++i)
      if (TRY(sources[i].next(order_)))
        insert(queue, sources, i);
    std::string last;
    bool has_last = false;
    while (!queue.empty() && out.ok()) {
      const size_t first = queue.front();
      Source& source = sources[first];
      if (!opt_.unique || !has_last || order_.compare(order_.line_of(last), source.current) != 0) {
        put(source.current, source.file == nullptr, out);
        if (opt_.unique)
          last.assign(source.current.view());
        has_last = true;
      }
      if (!TRY(source.next(order_))) {
        queue.erase(queue.begin());
        continue;
      }
      if (queue.size() == 1 || !comes_after(sources, first, queue[1]))
        continue;
      queue.erase(queue.begin());
      insert(queue, sources, first);
    }
    return {};
  }

  bool comes_after(const std::vector<Source>& sources, size_t a, size_t b) const {
    const int order = order_.compare(sources[a].current, sources[b].current);
    return order != 0 ? order > 0 : a > b;
  }

  void insert(std::vector<size_t>& queue, const std::vector<Source>& sources, size_t which) const {
    const auto place =
        std::ranges::lower_bound(queue, which, [&](size_t a, size_t b) { return comes_after(sources, b, a); });
    queue.insert(place, which);
  }

  // In memory, the ending stands behind each line.
  void put(const Line& line, bool in_memory, Output& out) const {
    if (opt_.debug) {
      out.put(order_.marked(line.view()));
      return;
    }
    if (in_memory) {
      out.write({line.text, line.size + size_t{1}});
      return;
    }
    out.write(line.view());
    out.put(ending_);
  }

  const Options& opt_;
  const Order& order_;
  std::vector<std::string> files_;
  Io& io_;
  char ending_;
  uint64_t memory_ = 0;
  unsigned threads_ = 1;
  std::unique_ptr<char[], Free> text_;
  size_t filled_ = 0;
  size_t capacity_ = 0;
  std::vector<Line> lines_;
  std::vector<std::unique_ptr<FileRun>> runs_;
  size_t most_runs_ = 0;  // 0: not known yet
  size_t files_made_ = 0;
};

Result<std::vector<std::string>> files_of(const Options& opt, const Args& args, const Io& io) {
  if (!opt.names_file) {
    std::vector<std::string> files(args.begin(), args.end());
    if (files.empty())
      files.emplace_back("-");
    return files;
  }
  if (!args.empty())
    return fail("", "", "extra operand '", Printable(args[0]),
                "': file operands cannot be combined with --files0-from");
  UniqueFd file;
  if (*opt.names_file != "-")
    file = TRY(open_file(*opt.names_file, O_RDONLY));
  std::string text = TRY(read_all(file ? file.get() : io.in, uint64_t{1} << 32, *opt.names_file));
  if (text.empty())
    return fail("", "", "no input from '", Printable(*opt.names_file), '\'');
  if (text.ends_with('\0'))
    text.pop_back();
  std::vector<std::string> files;
  for (const std::string_view name : split(text, '\0')) {
    if (name.empty())
      return fail("", *opt.names_file, "invalid zero-length file name");
    if (name == "-" && *opt.names_file == "-")
      return fail("", name, "standard input gives the names already");
    files.emplace_back(name);
  }
  return files;
}

Result<uint64_t> seed_of(const Options& opt) {
  uint64_t seed = 0;
  uint8_t bytes[8]{};
  if (!opt.random_source) {
    TRY(random_bytes(bytes));
  } else {
    const UniqueFd file = TRY(open_file(*opt.random_source, O_RDONLY));
    const size_t count = TRY(read_full(file.get(), {reinterpret_cast<char*>(bytes), sizeof bytes}, *opt.random_source));
    if (count < sizeof bytes)
      return fail("", *opt.random_source, "end of file");
  }
  for (const uint8_t byte : bytes)
    seed = (seed << 8) | byte;
  return seed;
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  const bool random = opt.global.letters.contains('R') ||
                      std::ranges::any_of(opt.keys, [](const Key& key) { return key.order.letters.contains('R'); });
  const uint64_t seed = random ? TRY(seed_of(opt)) : 0;
  const Order order(opt.keys, opt.global, opt.tab, !opt.stable && !opt.unique, seed);
  TRY(order.check());
  std::vector<std::string> files = TRY(files_of(opt, args, io));
  if (opt.check != Check::no && files.size() > 1)
    return fail("", "", "extra operand '", Printable(files[1]), "' not allowed with -c");
  if (opt.check != Check::no && opt.output)
    return fail("", "", "options '-co' are incompatible");
  if (opt.debug) {
    if (opt.check != Check::no || opt.output)
      return fail("", "", "options '-",
                  opt.output                  ? 'o'
                  : opt.check == Check::quiet ? 'C'
                                              : 'c',
                  " --debug' are incompatible");
    io.note("text is compared byte by byte");
    for (const std::string& doubt : order.doubts())
      io.note(doubt);
  }
  Sorter sorter(opt, order, std::move(files), io);
  return opt.check != Check::no ? sorter.check() : opt.merge ? sorter.merge() : sorter.sort();
}

int run_sort(const Applet& applet, Io& io, std::span<const char* const> words) {
  return entry<options, run>(applet, io, sort::with_old_keys(words).words());
}

}  // namespace

extern const Applet sort_applet = {
    .name = "sort",
    .summary = "put lines in order",
    .usage = "[OPTION]... [FILE]...",
    .failure_status = 2,
    .dies_with_reader = true,
    .notes = dense<"Without a FILE, or where it is -, standard input is read. LETTERS of a KEY are bdfghiMnrRV.\n"
                   "+FIELD[.CHAR] [-FIELD[.CHAR]], the keys of old that count from 0, are taken as well.\n"
                   "Exit status: 0, 1 if -c finds a line out of order, 2 if something failed.">,
    .options = describe<options>,
    .run = run_sort,
};
}  // namespace rescue
