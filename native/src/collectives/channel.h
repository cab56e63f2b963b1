// One direction of one connection, and the frame that is on its way there.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "transfer.h"

namespace weft {

constexpr size_t PREFIX_BYTES = 40;

/** A frame's parts in memory, and how many of its bytes have passed. */
class FrameCursor {
 public:
  /** tail: 8 bytes for the checksum, or none. The payload is not owned. */
  void begin(const std::vector<uint8_t>& head, uint8_t* payload, size_t payloadBytes, bool tail);
  bool complete() const { return passed_ == total(); }
  size_t passed() const { return passed_; }
  size_t total() const { return head_.size() + payloadBytes_ + tailBytes_; }
  /** Payload bytes that have passed. */
  size_t payloadPassed() const;
  const uint8_t* payload() const { return payload_; }
  std::vector<uint8_t>& head() { return head_; }
  uint8_t* tail() { return tail_; }
  /** Non-blocking. Returns bytes moved, 0 for none now, −1 with errno, −2 at the end of the stream. */
  int64_t sendTo(int fd);
  int64_t receiveFrom(int fd);
  /** Takes from the front of what had been read before. */
  int64_t receiveFrom(std::vector<uint8_t>& rest);

 private:
  int parts(struct iovec* out);
  std::vector<uint8_t> head_;
  uint8_t* payload_ = nullptr;
  size_t payloadBytes_ = 0, tailBytes_ = 0, passed_ = 0;
  uint8_t tail_[8] = {};
};

/** The head of a frame of so many payload bytes, from the job's template. */
void headFor(const std::vector<uint8_t>& shape, size_t payloadBytes, std::vector<uint8_t>& out);

}  // namespace weft
