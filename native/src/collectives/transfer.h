// What one rank sends and receives in a collective, as packages/transport/src/collectives/program.ts plans it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft {

/** How elements are written on the wire. */
enum class Wire { float32, half, bfloat, int8 };

enum class Reduction { sum, max };

/** plain: float32 whatever the job's wire; encode; keep: encode, and put what the others will read in the vector's place too;
 *  forward: the bytes that came for the same range. */
enum class Encoding { plain, encode, keep, forward };

/** Elements [start, end) of the vector, to a channel, once receive `after` is applied (−1: at once). */
struct Send {
  int channel;
  size_t start, end;
  int after;
  Encoding encoding;
};

/** Elements [start, end), from a channel; applied once send `after` has left (−1: as they come). */
struct Receive {
  int channel;
  size_t start, end;
  int after;
  bool reduce, plain, scale;
};

/** One collective of one rank. Transfers of a channel come in the order of the lists. */
struct Job {
  std::vector<Send> sends;
  std::vector<Receive> receives;
  float* vector = nullptr;
  Wire wire = Wire::float32;
  Reduction op = Reduction::sum;
  /** What a receive with `scale` multiplies by: 1/P for the mean. */
  float factor = 1;
  /** Prefix and padded header of every frame, payloadBytes and prefixCrc still 0. */
  std::vector<uint8_t> head;
  bool crc = false;
  int64_t timeoutMs = 30000;
};

enum class Failure { none, timeout, aborted, lost, head, checksum };

/** How a job ended; where it failed, at which receive or send. */
struct Outcome {
  Failure failure = Failure::none;
  bool receiving = true;
  int channel = -1;
  /** Index in the job's receives or sends. */
  int transfer = -1;
  uint64_t bytes = 0, expectedBytes = 0;
  int error = 0;
  /** Of a frame that is another than expected: as much of it as had come, at most 1 KiB. */
  std::vector<uint8_t> came;
};

}  // namespace weft
