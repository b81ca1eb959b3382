// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>

#include "map.h"

namespace sonde {

/** Frames copied out of a ring. */
struct RingFrames {
  size_t bytes = 0;
  uint32_t records = 0;
  /** Payload without headers and padding. */
  uint64_t payload = 0;
  /** The ring may hold more. */
  bool more = false;
  /** Not 0: the next frame alone needs a buffer of this size. */
  size_t needed = 0;
};

/** The consuming end of a BPF ring buffer, over its memory. */
class RingConsumer {
 public:
  explicit RingConsumer(const Map& map);
  ~RingConsumer();
  RingConsumer(const RingConsumer&) = delete;
  RingConsumer& operator=(const RingConsumer&) = delete;

  size_t size() const { return size_; }
  /** Becomes readable when a program submits with a wake-up. */
  int fd() const { return fd_.get(); }
  /** Where producers stand: records before this position are reserved. */
  uint64_t producerPosition() const;
  uint64_t consumerPosition() const;
  /** Copies committed frames, header and all, until `out`, `maxRecords` or `end` (a position) is reached. */
  RingFrames drain(uint8_t* out, size_t capacity, uint32_t maxRecords, uint64_t end = UINT64_MAX);

 private:
  const uint8_t* frameAt(uint64_t position) const;
  /** Whether a committed frame is there. */
  bool hasFrame(uint64_t position) const;

  Fd fd_;
  size_t size_;
  size_t page_;
  uint8_t* consumer_;
  uint8_t* producer_;
};

}  // namespace sonde
