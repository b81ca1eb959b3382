// SPDX-License-Identifier: Apache-2.0
#include "map_scan.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "failure.h"

namespace sonde {

namespace {
constexpr int kNotSupported = 524;  // the kernel's ENOTSUPP
constexpr size_t kBufferBytes = 1 << 20;
constexpr uint32_t kFewest = 64;
}  // namespace

void MapScan::reserve(uint32_t capacity) {
  size_t fitting = kBufferBytes / (map_->keySize() + map_->stride());
  uint32_t usual = std::min<size_t>(map_->info().max_entries, std::max<size_t>(fitting, kFewest));
  capacity_ = std::max({capacity, capacity_, usual, 1u});
  keys_.resize(size_t{capacity_} * map_->keySize());
  values_.resize(capacity_ * map_->stride());
  position_.resize(std::max<size_t>(map_->keySize(), sizeof(uint64_t)));
}

MapScan::Step MapScan::nextBatch(bool first, uint32_t& count) {
  int error = bpf_map_lookup_batch(map_->fd(), first ? nullptr : position_.data(), position_.data(), keys_.data(),
                                   values_.data(), &count, nullptr);
  if (error == 0) return Step::More;
  switch (errno) {
    case ENOENT:
      return Step::End;
    case ENOSPC:  // a hash bucket holds more entries than the buffer
      return Step::Grow;
    case EINVAL:
    case EOPNOTSUPP:
    case kNotSupported:
      if (first) return Step::Unsupported;
  }
  throw systemFailure("MAP", std::string("batch read of map ") + map_->info().name, errno);
}

bool MapScan::nextEntry(bool first, size_t index) {
  uint8_t* next = keys_.data() + index * map_->keySize();
  if (bpf_map_get_next_key(map_->fd(), first ? nullptr : position_.data(), next) != 0) {
    if (errno == ENOENT) return false;
    throw systemFailure("MAP", std::string("walk of map ") + map_->info().name, errno);
  }
  memcpy(position_.data(), next, map_->keySize());
  return true;
}

}  // namespace sonde
