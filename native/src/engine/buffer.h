// Memory for tensors: aligned to a cache line, on huge pages where it is large, zero at first, freed by its last owner.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace weft {

class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t floats) { reserve(floats); }

  /** Makes room for so many floats. What was in it is lost when it grows; nothing happens when it is large enough. */
  void reserve(size_t floats) {
    if (floats <= size_) return;
    const size_t alignment = floats * 4 >= HUGE_PAGE ? HUGE_PAGE : 64;
    const size_t bytes = (floats * 4 + alignment - 1) / alignment * alignment;
    void* p = std::aligned_alloc(alignment, bytes);
    if (!p) throw std::bad_alloc();
#if defined(__linux__)
    if (alignment == HUGE_PAGE) madvise(p, bytes, MADV_HUGEPAGE);
#endif
    std::memset(p, 0, bytes);
    memory_ = std::shared_ptr<float>(static_cast<float*>(p), std::free);
    size_ = floats;
  }

  float* data() const { return lent_ ? lent_ : memory_.get(); }
  /** Makes data() another's memory, which is then only read; null: its own again. */
  void lend(float* memory) { lent_ = memory; }
  size_t size() const { return size_; }
  /** A share in the memory: it lives as long as any share. */
  std::shared_ptr<float> share() const { return memory_; }

 private:
  static constexpr size_t HUGE_PAGE = size_t{1} << 21;
  std::shared_ptr<float> memory_;
  float* lent_ = nullptr;
  size_t size_ = 0;
};

}  // namespace weft
