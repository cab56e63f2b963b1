// The threads that share one engine's work.
//
// Not OpenMP's: its barriers spin without giving the core away, so that with one core busy elsewhere a step took 10 to 60 times as
// long; told to sleep instead (OMP_WAIT_POLICY), they wake on the core that is already at work, and two threads were no faster than
// one. Here a waiting thread spins, but yields its core to whoever is ready, and sleeps after a while.
#pragma once

#include <omp.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace weft {

class Team {
 public:
  explicit Team(int threads) {
    for (int t = 1; t < threads; t++) workers_.emplace_back([this, t] { work(t); });
  }
  ~Team() {
    closed_ = true;
    publish(nullptr, 0);
    for (std::thread& worker : workers_) worker.join();
  }
  int size() const { return static_cast<int>(workers_.size()) + 1; }

  /** Calls f(0 … threads − 1, threads), 0 in the caller's thread, and returns when all have; throws what one of them threw. */
  template <typename F>
  void run(int threads, const F& f) {
    threads = std::max(1, std::min(threads, size()));
    if (threads == 1) return f(0, 1);
    const std::function<void(int)> job = [&](int t) { f(t, threads); };
    left_ = threads - 1;
    publish(&job, threads);
    std::exception_ptr own;
    try {
      job(0);
    } catch (...) {
      own = std::current_exception();
    }
    // The job lives on this stack: wait for the others even then.
    for (int i = 0; left_.load(std::memory_order_acquire) > 0; i++) pause(i);
    if (!own) std::swap(own, error_);
    error_ = nullptr;
    if (own) std::rethrow_exception(own);
  }

 private:
  // How long an idle worker stays awake: longer than the way of an answer to JavaScript and of the next step back.
  static constexpr auto AWAKE = std::chrono::microseconds(200);

  static void pause(int i) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
    if (i % 32 == 31) sched_yield();
  }

  void publish(const std::function<void(int)>* job, int threads) {
    job_ = job;
    threads_ = threads;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      round_.fetch_add(1, std::memory_order_release);
    }
    if (asleep_.load() > 0) wake_.notify_all();
  }

  void work(int t) {
    omp_set_num_threads(1);  // what oneDNN does in this thread, it does alone
    uint64_t seen = 0;
    for (;;) {
      await(seen);
      seen++;
      if (closed_) return;
      if (t >= threads_) continue;
      try {
        (*job_)(t);
      } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex_);
        error_ = std::current_exception();
      }
      left_.fetch_sub(1, std::memory_order_acq_rel);
    }
  }

  void await(uint64_t seen) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; round_.load(std::memory_order_acquire) == seen; i++) {
      pause(i);
      if (i % 256 != 255 || std::chrono::steady_clock::now() - start < AWAKE) continue;
      std::unique_lock<std::mutex> lock(mutex_);
      asleep_++;
      wake_.wait(lock, [&] { return round_.load() != seen; });
      asleep_--;
    }
  }

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<uint64_t> round_{0};
  std::atomic<int> left_{0}, asleep_{0}, threads_{0};
  std::atomic<const std::function<void(int)>*> job_{nullptr};
  std::atomic<bool> closed_{false};
  std::exception_ptr error_;
};

}  // namespace weft
