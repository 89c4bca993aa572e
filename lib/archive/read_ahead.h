// Lets one processor decompress while another hashes and writes.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pthread.h>

#include "lib/archive/source.h"
#include "lib/base/error.h"

namespace rescue {

// The same bytes as the source that it wraps, read some blocks ahead by a thread of its own. Where there is one
// processor, or no thread to be had, it reads like any other. The thread ends with the object at the latest: a program
// that has let go of its sources may fork.
class ReadAheadSource : public Source {
 public:
  // How many blocks it may be ahead by: enough for the reader to be away for a while, few enough to stay in the
  // processor's cache.
  static constexpr size_t few = 4;
  explicit ReadAheadSource(std::unique_ptr<Source> source, size_t blocks = few)
      : source_(std::move(source)), slots_(blocks) {}
  ~ReadAheadSource() override;
  Result<std::string_view> next() override;
  std::string_view path() const override { return source_->path(); }

 private:
  struct Slot {
    std::string memory;
    std::string_view bytes;  // of `memory`
    std::optional<Error> error;
  };

  static void* run(void* self);
  void start();
  void fill_slots();
  bool fill(Slot& slot);

  std::unique_ptr<Source> source_;  // the thread's own, while it runs
  std::vector<Slot> slots_;         // a ring: those from taken_ to filled_ are the reader's, the others the thread's
  bool started_ = false;
  bool threaded_ = false;
  bool holding_ = false;  // the reader still looks at the slot that was handed out last
  bool ended_ = false;
  pthread_t thread_{};
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t filled_ = 0;
  size_t taken_ = 0;
  bool stopping_ = false;
};

}  // namespace rescue
