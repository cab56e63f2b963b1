#include "runner.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "../engine/worker.h"
#include "../kernels/kernels.h"
#include "../vector/crc32c.h"
#include "element-codec.h"

namespace weft {
namespace {

constexpr size_t SHOWN_BYTES = 1024;
/** Iterations between two looks at the clock while bytes flow. */
constexpr int CLOCK_EVERY = 64;
constexpr int MAX_POLL_MS = 1000;

int duplicate(int fd) {
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) throw std::system_error(errno, std::generic_category(), "socket descriptor");
  return copy;
}

}  // namespace

Runner::Runner(const std::vector<int>& receiveFds, const std::vector<int>& sendFds, std::vector<std::vector<uint8_t>> rests,
               int spins)
    : spins_(spins) {
  receiving_.resize(receiveFds.size());
  sending_.resize(sendFds.size());
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  try {
    for (size_t i = 0; i < receiveFds.size(); i++) {
      receiving_[i].fd = duplicate(receiveFds[i]);
      receiving_[i].rest = std::move(rests[i]);
    }
    for (size_t i = 0; i < sendFds.size(); i++) sending_[i].fd = duplicate(sendFds[i]);
  } catch (...) {  // no destructor follows
    closeSockets();
    close(wake_);
    throw;
  }
}

Runner::~Runner() {
  closeSockets();
  close(wake_);
}

void Runner::closeSockets() {
  for (Receiving& c : receiving_) if (c.fd >= 0) { close(c.fd); c.fd = -1; }
  for (Sending& c : sending_) if (c.fd >= 0) { close(c.fd); c.fd = -1; }
}

void Runner::abort() {
  aborted_.store(true);
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(wake_, &one, sizeof one);
}

Outcome Runner::run(const Job& job) {
  job_ = &job;
  outcome_ = {};
  deadline_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(job.timeoutMs);
  prepare();
  if (open_ > 0) expired();
  int idle = 0, rounds = 0;
  while (open_ > 0 && outcome_.failure == Failure::none) {
    const bool moved = advance();
    if (outcome_.failure != Failure::none) break;
    if (moved) {
      idle = 0;
      if ((++rounds % CLOCK_EVERY == 0 || aborted_.load(std::memory_order_relaxed)) && open_ > 0 && expired()) break;
    } else if (idle++ < spins_ && !aborted_.load(std::memory_order_relaxed)) {
      relax(idle);
    } else {
      idle = 0;
      if (expired() || !wait()) break;
    }
  }
  if (outcome_.failure != Failure::none) closeSockets();
  return outcome_;
}

/** All channels as far as each can go; returns whether one could. The first that fails ends it: its reason is the job's. */
bool Runner::advance() {
  bool moved = false;
  for (size_t i = 0; i < sending_.size(); i++) {
    if (!sending_[i].idle()) moved |= advance(sending_[i], i);
    if (outcome_.failure != Failure::none) return moved;
  }
  for (size_t i = 0; i < receiving_.size(); i++) {
    if (!receiving_[i].idle()) moved |= advance(receiving_[i], i);
    if (outcome_.failure != Failure::none) return moved;
  }
  return moved;
}

void Runner::prepare() {
  const Job& job = *job_;
  applied_.assign(job.receives.size(), 0);
  sent_.assign(job.sends.size(), 0);
  open_ = job.receives.size() + job.sends.size();
  headerCrc_ = crc32c(job.head.data() + PREFIX_BYTES, job.head.size() - PREFIX_BYTES, 0);
  const auto reset = [](auto& channels) {
    for (auto& c : channels) {
      c.queue.clear();
      c.next = 0;
      c.begun = false;
    }
  };
  reset(sending_);
  reset(receiving_);
  for (size_t i = 0; i < job.sends.size(); i++) sending_[job.sends[i].channel].queue.push_back(i);
  for (size_t i = 0; i < job.receives.size(); i++) receiving_[job.receives[i].channel].queue.push_back(i);
  if (job.wire == Wire::float32) return;
  // Each range's encoded bytes have a place, so that they can be forwarded as they came.
  places_.clear();
  for (const Send& s : job.sends) places_.push_back({s.start, s.end, 0});
  for (const Receive& r : job.receives) places_.push_back({r.start, r.end, 0});
  std::sort(places_.begin(), places_.end());
  places_.erase(std::unique(places_.begin(), places_.end()), places_.end());
  size_t bytes = 0;
  for (Place& place : places_) {
    place.at = bytes;
    bytes += (wireBytes(job.wire, place.end - place.start) + 7) / 8 * 8;
  }
  if (bytes_.size() < bytes) bytes_.resize(bytes);
}

uint8_t* Runner::encoded(size_t start, size_t end) {
  return bytes_.data() + std::lower_bound(places_.begin(), places_.end(), Place{start, end, 0})->at;
}

void Runner::beginSend(Sending& channel, const Send& s) {
  const size_t n = s.end - s.start;
  float* x = job_->vector + s.start;
  const Wire wire = wireOf(s.encoding == Encoding::plain);
  uint8_t* payload = reinterpret_cast<uint8_t*>(x);
  if (wire != Wire::float32 && n > 0) {
    payload = encoded(s.start, s.end);
    if (s.encoding != Encoding::forward) encodeElements(wire, x, n, payload);
    if (s.encoding == Encoding::keep) decodeElements(wire, payload, n, x);
  }
  const size_t bytes = wireBytes(wire, n);
  headFor(job_->head, bytes, head_);
  channel.frame.begin(head_, payload, bytes, job_->crc);
  if (job_->crc) {
    const uint64_t crc = crc32c(payload, bytes, headerCrc_);
    std::memcpy(channel.frame.tail(), &crc, 8);
  }
  channel.begun = true;
}

bool Runner::advance(Sending& channel, int index) {
  const int transfer = channel.queue[channel.next];
  if (!channel.begun) {
    if (!canBegin(job_->sends[transfer])) return false;
    beginSend(channel, job_->sends[transfer]);
  }
  const int64_t n = channel.frame.sendTo(channel.fd);
  if (n < 0) {
    fail(Failure::lost, false, index);
    return false;
  }
  if (channel.frame.complete()) {
    sent_[transfer] = 1;
    channel.begun = false;
    channel.next++;
    open_--;
  }
  return n > 0;
}

void Runner::beginReceive(Receiving& channel, const Receive& r) {
  const size_t n = r.end - r.start;
  const Wire wire = wireOf(r.plain);
  const size_t bytes = wireBytes(wire, n);
  uint8_t* payload = reinterpret_cast<uint8_t*>(job_->vector + r.start);
  if (r.reduce) {
    if (channel.scratch.size() < bytes) channel.scratch.resize(bytes);
    payload = channel.scratch.data();
  } else if (wire != Wire::float32 && n > 0) {
    payload = encoded(r.start, r.end);
  }
  headFor(job_->head, bytes, channel.expected);
  channel.frame.begin(channel.expected, payload, bytes, job_->crc);
  channel.begun = true;
  channel.checked = false;
  channel.applied = 0;
  channel.summed = 0;
  channel.crc = headerCrc_;
}

bool Runner::advance(Receiving& channel, int index) {
  const int transfer = channel.queue[channel.next];
  const Receive& r = job_->receives[transfer];
  if (!channel.begun) beginReceive(channel, r);
  FrameCursor& frame = channel.frame;
  int64_t n = 0;
  if (!frame.complete()) {
    n = channel.rest.empty() ? frame.receiveFrom(channel.fd) : frame.receiveFrom(channel.rest);
    if (n < 0) {
      if (n == -2) errno = 0;
      fail(Failure::lost, true, index);
      return false;
    }
    if (n == 0) return false;
    if (!channel.checked && frame.passed() >= PREFIX_BYTES) {
      const size_t came = std::min(frame.passed(), channel.expected.size());
      if (std::memcmp(frame.head().data(), channel.expected.data(), came) != 0) {
        fail(Failure::head, true, index);
        return false;
      }
      channel.checked = came == channel.expected.size();
    }
    if (job_->crc) {
      const size_t passed = frame.payloadPassed();
      channel.crc = crc32c(frame.payload() + channel.summed, passed - channel.summed, channel.crc);
      channel.summed = passed;
      if (frame.complete()) {
        uint64_t crc;
        std::memcpy(&crc, frame.tail(), 8);
        if (crc != channel.crc) {
          fail(Failure::checksum, true, index);
          return false;
        }
      }
    }
  }
  if (!apply(channel, r)) return n > 0;
  applied_[transfer] = 1;
  channel.begun = false;
  channel.next++;
  open_--;
  return true;
}

/** What has come goes into the vector; returns whether that was the last of it. */
bool Runner::apply(Receiving& channel, const Receive& r) {
  const FrameCursor& frame = channel.frame;
  const size_t n = r.end - r.start;
  float* y = job_->vector + r.start;
  const Wire wire = wireOf(r.plain);
  if (r.after >= 0 && !sent_[r.after]) return false;
  if (r.reduce && wire == Wire::float32) {
    // Bytes that just came are still in the cache.
    const size_t ready = frame.payloadPassed() / 4;
    const float* x = reinterpret_cast<const float*>(frame.payload());
    reduceElements(job_->op, x + channel.applied, y + channel.applied, ready - channel.applied);
    if (r.scale && job_->factor != 1) kernels().scale(job_->factor, y + channel.applied, ready - channel.applied);
    channel.applied = ready;
  }
  if (!frame.complete()) return false;
  if (r.reduce && wire != Wire::float32) {
    constexpr size_t STRIP = 4096;  // a multiple of the int8 blocks
    float strip[STRIP];
    for (size_t i = 0; i < n; i += STRIP) {
      const size_t m = std::min(STRIP, n - i);
      decodeElements(wire, frame.payload() + wireBytes(wire, i), m, strip);
      reduceElements(job_->op, strip, y + i, m);
    }
    if (r.scale && job_->factor != 1) kernels().scale(job_->factor, y, n);
  } else if (!r.reduce && wire != Wire::float32) {
    decodeElements(wire, frame.payload(), n, y);
  }
  return true;
}

bool Runner::expired() {
  if (aborted_.load()) {
    fail(Failure::aborted, true, -1);
    return true;
  }
  if (std::chrono::steady_clock::now() < deadline_) return false;
  fail(Failure::timeout, true, -1);
  return true;
}

bool Runner::wait() {
  std::vector<struct pollfd> fds;
  fds.push_back({wake_, POLLIN, 0});
  for (const Receiving& c : receiving_) if (!c.idle() && !(c.begun && c.frame.complete())) fds.push_back({c.fd, POLLIN, 0});
  for (const Sending& c : sending_) {
    if (!c.idle() && (c.begun || canBegin(job_->sends[c.queue[c.next]]))) fds.push_back({c.fd, POLLOUT, 0});
  }
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now()).count();
  const int n = poll(fds.data(), fds.size(), static_cast<int>(std::clamp<int64_t>(left + 1, 1, MAX_POLL_MS)));
  if (n < 0 && errno != EINTR) {
    fail(Failure::lost, true, -1);
    return false;
  }
  return true;
}

/** index −1: whoever is waited for first. */
void Runner::fail(Failure failure, bool receiving, int index) {
  const int error = errno;
  if (index < 0) {
    for (size_t i = 0; i < receiving_.size() && index < 0; i++) if (!receiving_[i].idle()) index = i;
    if (index < 0) {
      receiving = false;
      for (size_t i = 0; i < sending_.size() && index < 0; i++) if (!sending_[i].idle()) index = i;
    }
  }
  outcome_.failure = failure;
  outcome_.receiving = receiving;
  outcome_.channel = index;
  outcome_.error = failure == Failure::lost ? error : 0;
  if (index < 0) return;
  if (receiving) {
    Receiving& c = receiving_[index];
    outcome_.transfer = c.queue[c.next];
    const Receive& r = job_->receives[outcome_.transfer];
    outcome_.expectedBytes = wireBytes(wireOf(r.plain), r.end - r.start);
    if (!c.begun) return;
    outcome_.bytes = c.frame.payloadPassed();
    if (failure == Failure::head) {
      const std::vector<uint8_t>& head = c.frame.head();
      outcome_.came.assign(head.begin(), head.begin() + std::min(head.size(), c.frame.passed()));
      const size_t more = std::min(SHOWN_BYTES - std::min(SHOWN_BYTES, outcome_.came.size()), c.frame.payloadPassed());
      outcome_.came.insert(outcome_.came.end(), c.frame.payload(), c.frame.payload() + more);
    }
  } else {
    const Sending& c = sending_[index];
    outcome_.transfer = c.queue[c.next];
    const Send& s = job_->sends[outcome_.transfer];
    outcome_.expectedBytes = wireBytes(wireOf(s.encoding == Encoding::plain), s.end - s.start);
    if (c.begun) outcome_.bytes = c.frame.payloadPassed();
  }
}

}  // namespace weft
