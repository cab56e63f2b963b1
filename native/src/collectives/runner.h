// Moves the chunks of one rank's collectives over its sockets, on a thread of its own: sends, receives and reduces as far as each
// can go, spins a little when nothing can, and then sleeps in poll() until something can, the deadline, or an abort.
#pragma once

#include <atomic>
#include <chrono>
#include <vector>

#include "channel.h"

namespace weft {

class Runner {
 public:
  /** Takes duplicates of the descriptors: the caller closes its own. rests: what had been read already of each to receive on. spins: tries before it sleeps.
   *  Throws std::system_error. */
  Runner(const std::vector<int>& receiveFds, const std::vector<int>& sendFds, std::vector<std::vector<uint8_t>> rests, int spins);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /** One collective, from the runner's thread. After a failure the streams are cut inside a frame: all are closed. */
  Outcome run(const Job& job);
  /** From the runner's thread, or when that has ended: no later job can succeed. */
  void closeSockets();
  /** Ends the running job, and every later one. From any thread. */
  void abort();

 private:
  struct Sending {
    int fd = -1;
    std::vector<int> queue;
    size_t next = 0;
    bool begun = false;
    FrameCursor frame;
    bool idle() const { return next == queue.size(); }
  };
  struct Receiving {
    int fd = -1;
    std::vector<int> queue;
    size_t next = 0;
    bool begun = false, checked = false;
    size_t applied = 0;
    uint32_t crc = 0;
    size_t summed = 0;
    /** Prefix and header that must come. */
    std::vector<uint8_t> expected;
    std::vector<uint8_t> scratch;
    /** What was read before this thread began. */
    std::vector<uint8_t> rest;
    FrameCursor frame;
    bool idle() const { return next == queue.size(); }
  };
  /** Where a range's encoded bytes are. */
  struct Place {
    size_t start, end, at;
    bool operator<(const Place& other) const { return start != other.start ? start < other.start : end < other.end; }
    bool operator==(const Place& other) const { return start == other.start && end == other.end; }
  };
  bool advance(Sending& channel, int index);
  bool advance(Receiving& channel, int index);
  bool apply(Receiving& channel, const Receive& r);
  void beginSend(Sending& channel, const Send& s);
  void beginReceive(Receiving& channel, const Receive& r);
  bool canBegin(const Send& s) const { return s.after < 0 || applied_[s.after]; }
  uint8_t* encoded(size_t start, size_t end);
  Wire wireOf(bool plain) const { return plain ? Wire::float32 : job_->wire; }
  void prepare();
  bool advance();
  bool wait();
  bool expired();
  void fail(Failure failure, bool receiving, int index);

  const int spins_;
  int wake_ = -1;
  std::vector<Sending> sending_;
  std::vector<Receiving> receiving_;
  std::atomic<bool> aborted_{false};

  // Of the running job.
  const Job* job_ = nullptr;
  Outcome outcome_;
  std::vector<uint8_t> applied_, sent_;
  std::vector<uint8_t> head_, bytes_;
  std::vector<Place> places_;
  uint32_t headerCrc_ = 0;
  size_t open_ = 0;
  std::chrono::steady_clock::time_point deadline_;
};

}  // namespace weft
