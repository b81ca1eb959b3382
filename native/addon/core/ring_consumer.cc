// SPDX-License-Identifier: Apache-2.0
#include "ring_consumer.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "failure.h"

namespace sonde {

namespace {

constexpr size_t kHeader = BPF_RINGBUF_HDR_SZ;
constexpr uint32_t kFlags = BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT;

uint64_t loadPosition(const uint8_t* page) {
  return __atomic_load_n(reinterpret_cast<const uint64_t*>(page), __ATOMIC_ACQUIRE);
}

uint32_t loadHeader(const uint8_t* frame) {
  return __atomic_load_n(reinterpret_cast<const uint32_t*>(frame), __ATOMIC_ACQUIRE);
}

uint8_t* mapMemory(int fd, size_t length, int protection, size_t offset) {
  void* memory = mmap(nullptr, length, protection, MAP_SHARED, fd, offset);
  if (memory == MAP_FAILED) throw systemFailure("MAP", "memory of the ring", errno);
  return static_cast<uint8_t*>(memory);
}

}  // namespace

RingConsumer::RingConsumer(const Map& map)
    : fd_(Fd::duplicate(map.fd())), size_(map.info().max_entries), page_(sysconf(_SC_PAGESIZE)) {
  if (map.info().type != BPF_MAP_TYPE_RINGBUF) throw Failure{"INVALID", std::string(map.info().name) + " is not a ring"};
  consumer_ = mapMemory(fd_.get(), page_, PROT_READ | PROT_WRITE, 0);
  try {
    // The data is mapped twice in a row, so no frame is ever split.
    producer_ = mapMemory(fd_.get(), page_ + 2 * size_, PROT_READ, page_);
  } catch (...) {
    munmap(consumer_, page_);
    throw;
  }
}

RingConsumer::~RingConsumer() {
  munmap(consumer_, page_);
  munmap(producer_, page_ + 2 * size_);
}

uint64_t RingConsumer::producerPosition() const { return loadPosition(producer_); }
uint64_t RingConsumer::consumerPosition() const { return loadPosition(consumer_); }

RingFrames RingConsumer::drain(uint8_t* out, size_t capacity, uint32_t maxRecords, uint64_t end) {
  RingFrames frames;
  uint64_t position = consumerPosition();
  uint64_t produced = producerPosition();
  const uint8_t* run = nullptr;  // neighbouring frames are copied at once
  size_t runBytes = 0;
  auto copyRun = [&] {
    if (runBytes == 0) return;
    memcpy(out + frames.bytes - runBytes, run, runBytes);
    runBytes = 0;
  };
  while (position < produced && position < end && frames.records < maxRecords) {
    const uint8_t* frame = frameAt(position);
    uint32_t header = loadHeader(frame);
    if (header & BPF_RINGBUF_BUSY_BIT) break;
    uint32_t length = header & ~kFlags;
    size_t step = (kHeader + length + 7) / 8 * 8;
    if (header & BPF_RINGBUF_DISCARD_BIT) {
      copyRun();
      position += step;
      continue;
    }
    if (frames.bytes + step > capacity) {
      if (frames.records == 0) frames.needed = step;
      break;
    }
    if (runBytes == 0) run = frame;
    // Past the end of the second mapping the run goes on at the start of the data.
    if (run + runBytes != frame) copyRun(), run = frame;
    runBytes += step;
    frames.bytes += step;
    frames.records++;
    frames.payload += length;
    position += step;
  }
  copyRun();
  __atomic_store_n(reinterpret_cast<uint64_t*>(consumer_), position, __ATOMIC_SEQ_CST);
  // Looked at after the store: a producer that committed in between saw the old position and woke nobody.
  frames.more = position < end && hasFrame(position);
  return frames;
}

bool RingConsumer::hasFrame(uint64_t position) const {
  return position < producerPosition() && !(loadHeader(frameAt(position)) & BPF_RINGBUF_BUSY_BIT);
}

const uint8_t* RingConsumer::frameAt(uint64_t position) const { return producer_ + page_ + (position & (size_ - 1)); }

}  // namespace sonde
