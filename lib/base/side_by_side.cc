#include "lib/base/side_by_side.h"

#include <algorithm>
#include <array>
#include <atomic>

#include <pthread.h>
#include <unistd.h>

namespace rescue {

namespace {

constexpr size_t most_threads = 8;

struct Job {
  size_t count;
  size_t portion;
  void (*work)(void* shared, size_t i);
  void* shared;
  std::atomic<size_t> next = 0;
};

void* work_on(void* pointer) {
  Job& job = *static_cast<Job*>(pointer);
  for (size_t i = job.next.fetch_add(job.portion); i < job.count; i = job.next.fetch_add(job.portion))
    for (size_t k = i; k < std::min(i + job.portion, job.count); ++k)
      job.work(job.shared, k);
  return nullptr;
}

}  // namespace

void side_by_side(size_t count, size_t portion, void (*work)(void* shared, size_t i), void* shared) {
  Job job{count, portion, work, shared};
  const auto processors = static_cast<size_t>(std::max(::sysconf(_SC_NPROCESSORS_ONLN), 1L));
  const size_t wanted = std::min({processors, most_threads, count / (4 * portion) + 1});
  std::array<pthread_t, most_threads> helpers{};
  size_t started = 0;
  while (started + 1 < wanted && ::pthread_create(&helpers[started], nullptr, work_on, &job) == 0)
    ++started;
  work_on(&job);
  while (started > 0)
    ::pthread_join(helpers[--started], nullptr);
}

}  // namespace rescue
