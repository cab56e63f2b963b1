// A thread of an engine or a group: jobs go in from JavaScript's thread, are done in order, and come back through a callback.
#pragma once

#include <sched.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace weft {

/** What a waiting loop does in its i-th round: now and then it lets others have the core, whom it may be waiting for. */
inline void relax(int i) {
  if (i % 32 == 31) {
    sched_yield();
    return;
  }
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

class Worker {
 public:
  /** spins: looks for the next job before the thread sleeps. */
  explicit Worker(int spins = 0) : spins_(spins), thread_([this] { work(); }) {}
  /** Waits for the job that runs; what has not begun is dropped. */
  ~Worker() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      jobs_.clear();
      closed_ = true;
      added_.store(true, std::memory_order_release);
    }
    wake_.notify_one();
    thread_.join();
  }
  void add(std::function<void()> job) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      jobs_.push_back(std::move(job));
      added_.store(true, std::memory_order_release);
    }
    wake_.notify_one();
  }
  /** Drops what has not begun, and ends the thread after one more job, without waiting for it: then the destructor hardly waits. */
  void close(std::function<void()> last) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      jobs_.clear();
      jobs_.push_back(std::move(last));
      closed_ = true;
      added_.store(true, std::memory_order_release);
    }
    wake_.notify_one();
  }

 private:
  void work() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      if (spins_ > 0 && jobs_.empty() && !closed_) {
        lock.unlock();
        for (int i = 0; i < spins_ && !added_.load(std::memory_order_acquire); i++) relax(i);
        lock.lock();
      }
      wake_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      const std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      added_.store(!jobs_.empty(), std::memory_order_relaxed);
      lock.unlock();
      job();
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool closed_ = false;
  std::atomic<bool> added_{false};
  const int spins_;
  std::thread thread_;  // last: it uses all above
};

}  // namespace weft
