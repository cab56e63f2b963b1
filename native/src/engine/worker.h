// The thread of one engine: jobs go in from JavaScript's thread, are done in order, and come back through a callback.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace weft {

class Worker {
 public:
  Worker() : thread_([this] { work(); }) {}
  /** Waits for the job that runs; what has not begun is dropped. */
  ~Worker() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      jobs_.clear();
      closed_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  void add(std::function<void()> job) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
  }

 private:
  void work() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      const std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool closed_ = false;
  std::thread thread_;  // last: it uses all above
};

}  // namespace weft
