// Writes gzip with all processors: the input is cut into blocks that are compressed side by side, each with the end of
// the one before as its dictionary, so that nearly nothing is lost. For encode.cc.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <pthread.h>

#include "lib/archive/codec.h"

namespace rescue {

// The bytes are the same for any number of threads.
class GzipSink : public Encoder {
 public:
  GzipSink(Sink& output, std::string_view path);
  ~GzipSink() override;
  Result<> start(const EncodeOptions& options);
  Result<> write(std::string_view bytes) override;
  Result<> finish() override;

 private:
  // A block on its way.
  struct Job {
    std::string dictionary;
    std::string input;
    std::string output;
    bool last = false;
    bool done = false;
    bool failed = false;
  };
  class Deflater;

  static void* work(void* self);
  void start_threads();
  void run_worker();
  Result<> submit(bool last);
  Result<> take_oldest();

  Sink& output_;
  std::string_view path_;
  int level_ = 6;
  unsigned threads_ = 1;
  std::unique_ptr<Deflater> own_;  // of the thread that writes, which helps while no others run
  std::vector<pthread_t> workers_;
  std::vector<Job> ring_;
  std::string block_;       // being filled
  std::string dictionary_;  // the end of the block before
  uint32_t crc_ = 0;
  uint32_t size_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t submitted_ = 0;  // jobs, counted from the start
  size_t started_ = 0;
  size_t written_ = 0;
  bool stopping_ = false;
};

}  // namespace rescue
