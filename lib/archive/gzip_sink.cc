#include "lib/archive/gzip_sink.h"

#include <algorithm>

#include <zlib.h>

#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr size_t block_size = 128 * 1024;
constexpr size_t dictionary_size = 32 * 1024;
constexpr size_t stack_size = 128 * 1024;

void append_number(std::string& bytes, uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8)
    bytes += static_cast<char>(number >> shift & 0xff);
}

}  // namespace

class GzipSink::Deflater {
 public:
  ~Deflater() {
    if (ready_)
      (void)::deflateEnd(&stream_);
  }

  void run(Job& job, int level) {
    // -15: the largest window, and no header, for that is written once.
    const int ready =
        ready_ ? ::deflateReset(&stream_) : ::deflateInit2(&stream_, level, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY);
    ready_ = ready_ || ready == Z_OK;
    job.failed = ready != Z_OK;
    if (job.failed)
      return;
    if (!job.dictionary.empty())
      (void)::deflateSetDictionary(&stream_, bytes_of(job.dictionary), static_cast<unsigned>(job.dictionary.size()));
    job.output.resize(::deflateBound(&stream_, job.input.size()) + 64);
    stream_.next_in = bytes_of(job.input);
    stream_.avail_in = static_cast<unsigned>(job.input.size());
    stream_.next_out = bytes_of(job.output);
    stream_.avail_out = static_cast<unsigned>(job.output.size());
    const int done = ::deflate(&stream_, job.last ? Z_FINISH : Z_SYNC_FLUSH);
    job.failed = done != (job.last ? Z_STREAM_END : Z_OK) || stream_.avail_in != 0;
    job.output.resize(job.output.size() - stream_.avail_out);
  }

 private:
  static Bytef* bytes_of(std::string& text) { return reinterpret_cast<Bytef*>(text.data()); }

  z_stream stream_{};
  bool ready_ = false;
};

GzipSink::GzipSink(Sink& output, std::string_view path) : output_(output), path_(path) {}

Result<> GzipSink::start(const EncodeOptions& options) {
  level_ = options.level.value_or(6);
  if (level_ < 0 || level_ > 9)
    return fail("compress", path_, "there is no level ", level_);
  threads_ = thread_count(options.threads);
  own_ = std::make_unique<Deflater>();
  ring_.resize(threads_ > 1 ? size_t{threads_} * 3 : 1);
  std::string header("\x1f\x8b\x08", 3);
  header += options.name.empty() ? '\0' : '\x08';
  append_number(header, options.mtime);
  header += level_ == 9 ? '\x02' : level_ == 1 ? '\x04' : '\0';
  header += '\x03';  // Unix
  if (!options.name.empty()) {
    header += options.name;
    header += '\0';
  }
  return output_.write(header);
}

void* GzipSink::work(void* self) {
  static_cast<GzipSink*>(self)->run_worker();
  return nullptr;
}

void GzipSink::start_threads() {
  pthread_attr_t attributes;
  if (threads_ < 2 || !workers_.empty() || ::pthread_attr_init(&attributes) != 0)
    return;
  (void)::pthread_attr_setstacksize(&attributes, stack_size);
  for (unsigned i = 0; i < threads_; ++i)
    if (pthread_t thread{}; ::pthread_create(&thread, &attributes, work, this) == 0)
      workers_.push_back(thread);
  (void)::pthread_attr_destroy(&attributes);
}

void GzipSink::run_worker() {
  Deflater deflater;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || started_ != submitted_; });
    if (stopping_)
      return;
    Job& job = ring_[started_++ % ring_.size()];
    lock.unlock();
    deflater.run(job, level_);
    lock.lock();
    job.done = true;
    changed_.notify_all();
  }
}

// Hands the block over to the workers, or compresses it here where there are none.
Result<> GzipSink::submit(bool last) {
  if (submitted_ - written_ == ring_.size())
    TRY(take_oldest());
  crc_ = static_cast<uint32_t>(::crc32_z(crc_, reinterpret_cast<const Bytef*>(block_.data()), block_.size()));
  size_ += static_cast<uint32_t>(block_.size());
  Job& job = ring_[submitted_ % ring_.size()];
  job.dictionary.swap(dictionary_);
  job.input.swap(block_);
  dictionary_.assign(job.input, job.input.size() - std::min(job.input.size(), dictionary_size));
  block_.clear();
  job.last = last;
  job.done = false;
  // A file of one block is not worth a thread.
  if (!last)
    start_threads();
  if (workers_.empty()) {
    own_->run(job, level_);
    job.done = true;
    ++submitted_;
    ++started_;
    return take_oldest();
  }
  const std::lock_guard lock(mutex_);
  ++submitted_;
  changed_.notify_all();
  return {};
}

Result<> GzipSink::take_oldest() {
  Job& job = ring_[written_ % ring_.size()];
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return job.done; });
  }
  ++written_;
  if (job.failed)
    return fail("compress", path_, "not enough memory");
  return output_.write(job.output);
}

Result<> GzipSink::write(std::string_view bytes) {
  while (!bytes.empty()) {
    // Not before there is more: the last block must be known to be the last.
    if (block_.size() == block_size)
      TRY(submit(false));
    block_.reserve(block_size);
    const size_t count = std::min(block_size - block_.size(), bytes.size());
    block_.append(bytes.substr(0, count));
    bytes.remove_prefix(count);
  }
  return {};
}

Result<> GzipSink::finish() {
  TRY(submit(true));
  while (written_ != submitted_)
    TRY(take_oldest());
  std::string trailer;
  append_number(trailer, crc_);
  append_number(trailer, size_);
  return output_.write(trailer);
}

GzipSink::~GzipSink() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  for (const pthread_t worker : workers_)
    (void)::pthread_join(worker, nullptr);
}

}  // namespace rescue
