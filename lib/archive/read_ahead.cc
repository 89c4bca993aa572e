#include "lib/archive/read_ahead.h"

#include <utility>

#include <unistd.h>

namespace rescue {

namespace {

// musl's threads get 128 KiB by default; what a decompressor needs is nobody's promise.
constexpr size_t stack_size = 512 * 1024;

}  // namespace

void* ReadAheadSource::run(void* self) {
  static_cast<ReadAheadSource*>(self)->fill_slots();
  return nullptr;
}

void ReadAheadSource::start() {
  if (std::exchange(started_, true))
    return;
  pthread_attr_t attributes;
  if (::sysconf(_SC_NPROCESSORS_ONLN) < 2 || ::pthread_attr_init(&attributes) != 0)
    return;
  (void)::pthread_attr_setstacksize(&attributes, stack_size);
  threaded_ = ::pthread_create(&thread_, &attributes, run, this) == 0;
  (void)::pthread_attr_destroy(&attributes);
}

// Takes the next block into a slot; false when it was the last one.
bool ReadAheadSource::fill(Slot& slot) {
  auto block = source_->next_into(slot.memory);
  slot.bytes = block ? *block : std::string_view();
  if (!block)
    slot.error = std::move(block).error();
  return !slot.bytes.empty();
}

void ReadAheadSource::fill_slots() {
  std::unique_lock lock(mutex_);
  for (bool more = true; more && !stopping_;) {
    if (filled_ - taken_ == slots_.size()) {
      changed_.wait(lock);
      continue;
    }
    Slot& slot = slots_[filled_ % slots_.size()];
    lock.unlock();
    more = fill(slot);
    lock.lock();
    ++filled_;
    changed_.notify_one();
  }
}

Result<std::string_view> ReadAheadSource::next() {
  start();
  if (!threaded_)
    return source_->next();
  if (ended_)
    return std::string_view();
  std::unique_lock lock(mutex_);
  if (std::exchange(holding_, true)) {
    ++taken_;
    changed_.notify_one();
  }
  changed_.wait(lock, [&] { return filled_ != taken_; });
  const Slot& slot = slots_[taken_ % slots_.size()];
  ended_ = slot.bytes.empty();
  if (slot.error)
    return std::unexpected(*slot.error);
  return slot.bytes;
}

ReadAheadSource::~ReadAheadSource() {
  if (!threaded_)
    return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  (void)::pthread_join(thread_, nullptr);
}

}  // namespace rescue
