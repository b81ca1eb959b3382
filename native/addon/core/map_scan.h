// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "map.h"

namespace sonde {

/** Reads whole maps into buffers that it keeps. */
class MapScan {
 public:
  explicit MapScan(std::shared_ptr<const Map> map) : map_(std::move(map)) {}

  /**
   * Calls `visit(keys, values, count)` until every entry was passed once; values as Map::stride(). In batches, or, where
   * the map type or the kernel has none, one by one: then an entry may be passed twice while others are deleted.
   */
  template <class Visit>
  void run(Visit visit) {
    if (batches_ && !runBatches(visit)) batches_ = false;
    if (!batches_) runOneByOne(visit);
  }
  /** For tests: read one by one from now on. */
  void withoutBatches() { batches_ = false; }

 private:
  /** False, before the first visit, if there are no batches for this map. */
  template <class Visit>
  bool runBatches(Visit& visit);
  template <class Visit>
  void runOneByOne(Visit& visit);
  void reserve(uint32_t capacity);

  enum class Step { More, End, Grow, Unsupported };
  Step nextBatch(bool first, uint32_t& count);
  bool nextEntry(bool first, size_t index);

  std::shared_ptr<const Map> map_;
  bool batches_ = true;
  uint32_t capacity_ = 0;
  std::vector<uint8_t> keys_, values_, position_;
};

template <class Visit>
bool MapScan::runBatches(Visit& visit) {
  reserve(0);
  for (bool first = true;;) {
    uint32_t count = capacity_;
    Step step = nextBatch(first, count);
    if (step == Step::Unsupported) return false;
    if (step == Step::Grow) {
      reserve(capacity_ * 2);
      continue;
    }
    first = false;
    if (count) visit(keys_.data(), values_.data(), count);
    if (step == Step::End) return true;
  }
}

template <class Visit>
void MapScan::runOneByOne(Visit& visit) {
  reserve(0);
  // When the entry that the scan stands on is deleted, the kernel starts again from the first: hence the limit.
  size_t limit = 2 * size_t{map_->info().max_entries} + 1;
  size_t count = 0;
  for (bool first = true; limit && nextEntry(first, count); first = false, limit--) {
    if (!map_->lookup(position_.data(), values_.data() + count * map_->stride())) continue;
    if (++count < capacity_) continue;
    visit(keys_.data(), values_.data(), count);
    count = 0;
  }
  if (count) visit(keys_.data(), values_.data(), count);
}

}  // namespace sonde
