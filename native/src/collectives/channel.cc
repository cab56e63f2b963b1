#include "channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "../vector/crc32c.h"

namespace weft {

void FrameCursor::begin(const std::vector<uint8_t>& head, uint8_t* payload, size_t payloadBytes, bool tail) {
  head_.assign(head.begin(), head.end());
  payload_ = payload;
  payloadBytes_ = payloadBytes;
  tailBytes_ = tail ? sizeof tail_ : 0;
  passed_ = 0;
}

size_t FrameCursor::payloadPassed() const {
  return passed_ <= head_.size() ? 0 : std::min(payloadBytes_, passed_ - head_.size());
}

int FrameCursor::parts(struct iovec* out) {
  const struct {
    uint8_t* at;
    size_t bytes;
  } all[] = {{head_.data(), head_.size()}, {payload_, payloadBytes_}, {tail_, tailBytes_}};
  int count = 0;
  size_t skip = passed_;
  for (const auto& part : all) {
    if (skip >= part.bytes) {
      skip -= part.bytes;
      continue;
    }
    out[count++] = {part.at + skip, part.bytes - skip};
    skip = 0;
  }
  return count;
}

int64_t FrameCursor::sendTo(int fd) {
  struct iovec iov[3];
  struct msghdr message = {};
  message.msg_iov = iov;
  message.msg_iovlen = parts(iov);
  const ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
  passed_ += n;
  return n;
}

int64_t FrameCursor::receiveFrom(int fd) {
  struct iovec iov[3];
  struct msghdr message = {};
  message.msg_iov = iov;
  message.msg_iovlen = parts(iov);
  const ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);
  if (n == 0) return -2;
  if (n < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
  passed_ += n;
  return n;
}

int64_t FrameCursor::receiveFrom(std::vector<uint8_t>& rest) {
  struct iovec iov[3];
  const int count = parts(iov);
  size_t taken = 0;
  for (int i = 0; i < count; i++) {
    const size_t n = std::min(iov[i].iov_len, rest.size() - taken);
    std::memcpy(iov[i].iov_base, rest.data() + taken, n);
    taken += n;
  }
  rest.erase(rest.begin(), rest.begin() + taken);
  passed_ += taken;
  return taken;
}

void headFor(const std::vector<uint8_t>& shape, size_t payloadBytes, std::vector<uint8_t>& out) {
  out.assign(shape.begin(), shape.end());
  const uint64_t bytes = payloadBytes;
  std::memcpy(out.data() + 16, &bytes, 8);
  const uint32_t crc = crc32c(out.data(), PREFIX_BYTES - 4, 0);
  std::memcpy(out.data() + PREFIX_BYTES - 4, &crc, 4);
}

}  // namespace weft
