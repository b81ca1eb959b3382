// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include "block.h"

namespace sonde {

/** What one snapshot changed: the columns of MapChanges in src/map-types.ts. */
struct SnapshotChanges {
  SnapshotChanges(size_t keySize, size_t valueSize)
      : slots(4), fresh(1), keys(keySize), values(valueSize), previous(valueSize), removed(4), unchanged(1) {}
  uint32_t total = 0;
  Column slots, fresh, keys, values, previous, removed;
  /** By slot, kept from one snapshot to the next. */
  Column unchanged;
};

/** The entries of a map as last seen: key → slot by open addressing, slot → value. */
class SnapshotTable {
 public:
  SnapshotTable(size_t keySize, size_t valueSize);

  void begin();
  /** An entry of the map. Seen twice between begin() and end(), it counts once, as first seen. */
  void visit(const uint8_t* key, const uint8_t* value);
  void end();
  /** Between begin() and the reading of changes(): drops entries, and reports those whose last value is another. */
  template <class Last>
  void drop(const uint32_t* slots, size_t count, Last last);
  const SnapshotChanges& changes() const { return changes_; }
  /** One more than the highest slot ever used. */
  uint32_t slots() const { return slotCount_; }

 private:
  /** `slot` is one more than the slot; 0 is an empty cell. */
  struct Cell {
    uint32_t slot, hash;
  };
  static constexpr uint32_t kVacant = 0;

  uint32_t hash(const uint8_t* key) const;
  uint32_t find(const uint8_t* key);
  uint32_t insert(const uint8_t* key, uint32_t hash);
  uint32_t newSlot();
  void remove(uint32_t slot);
  void grow();
  void update(uint32_t slot, const uint8_t* value);
  void report(uint32_t slot, const uint8_t* value, bool fresh);
  uint8_t* key(uint32_t slot) { return keys_.data() + slot * keySize_; }
  uint8_t* value(uint32_t slot) { return values_.data() + slot * valueSize_; }

  size_t keySize_, valueSize_;
  uint64_t seed_;
  std::vector<Cell> cells_;
  std::vector<uint8_t> keys_, values_;
  /** By slot: the snapshot that saw it last; kVacant if free. */
  std::vector<uint32_t> seen_;
  std::vector<uint32_t> free_;
  uint32_t snapshot_ = kVacant;
  uint32_t slotCount_ = 0;
  uint32_t live_ = 0;
  /** The slot visited last: maps are mostly walked in the order of the last time. */
  uint32_t last_ = UINT32_MAX;
  SnapshotChanges changes_;
};

/** `last(key)` takes the entry out of the map: its last value, or null if it was not there any more. */
template <class Last>
void SnapshotTable::drop(const uint32_t* slots, size_t count, Last last) {
  for (size_t index = 0; index < count; index++) {
    uint32_t slot = slots[index];
    if (slot >= slotCount_ || seen_[slot] == kVacant) continue;
    const uint8_t* newValue = last(key(slot));
    if (newValue && memcmp(value(slot), newValue, valueSize_) != 0) report(slot, newValue, false);
    remove(slot);
  }
  changes_.total = live_;
}

}  // namespace sonde
