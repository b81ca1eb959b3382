// SPDX-License-Identifier: Apache-2.0
#include "snapshot_table.h"

#include <sys/random.h>

#include <cstring>

namespace sonde {

SnapshotTable::SnapshotTable(size_t keySize, size_t valueSize)
    : keySize_(keySize), valueSize_(valueSize), cells_(256), changes_(keySize, valueSize) {
  // Keys can come from the network (addresses, ports), so nobody may be able to choose their collisions.
  if (getrandom(&seed_, sizeof seed_, 0) != sizeof seed_) seed_ = reinterpret_cast<uint64_t>(this);
}

void SnapshotTable::begin() {
  if (++snapshot_ == kVacant) ++snapshot_;
  last_ = UINT32_MAX;
  changes_.total = 0;
  for (Column* column : {&changes_.slots, &changes_.fresh, &changes_.keys, &changes_.values, &changes_.previous,
                         &changes_.removed})
    column->clear();
}

void SnapshotTable::visit(const uint8_t* newKey, const uint8_t* newValue) {
  uint32_t guess = last_ + 1;
  bool guessed = guess < slotCount_ && seen_[guess] != kVacant && memcmp(key(guess), newKey, keySize_) == 0;
  uint32_t before = live_;
  uint32_t slot = guessed ? guess : find(newKey);
  last_ = slot;
  if (live_ != before) {
    changes_.total++;
    report(slot, newValue, true);
  } else if (seen_[slot] != snapshot_) {
    changes_.total++;
    update(slot, newValue);
  }
}

void SnapshotTable::update(uint32_t slot, const uint8_t* newValue) {
  seen_[slot] = snapshot_;
  uint8_t& unchanged = *changes_.unchanged.row(slot);
  if (memcmp(value(slot), newValue, valueSize_) != 0) {
    report(slot, newValue, false);
  } else if (unchanged < UINT8_MAX) {
    unchanged++;
  }
}

void SnapshotTable::report(uint32_t slot, const uint8_t* newValue, bool fresh) {
  changes_.slots.append(&slot);
  *changes_.fresh.append() = fresh;
  changes_.keys.append(key(slot));
  changes_.values.append(newValue);
  if (fresh) memset(changes_.previous.append(), 0, valueSize_);
  else changes_.previous.append(value(slot));
  memcpy(value(slot), newValue, valueSize_);
  *changes_.unchanged.row(slot) = 0;
}

void SnapshotTable::end() {
  if (changes_.total == live_) return;
  for (uint32_t slot = 0; slot < slotCount_; slot++) {
    if (seen_[slot] == kVacant || seen_[slot] == snapshot_) continue;
    changes_.removed.append(&slot);
    remove(slot);
  }
}

uint32_t SnapshotTable::find(const uint8_t* wanted) {
  uint32_t code = hash(wanted);
  size_t mask = cells_.size() - 1;
  for (size_t at = code & mask; cells_[at].slot; at = (at + 1) & mask) {
    uint32_t slot = cells_[at].slot - 1;
    if (cells_[at].hash == code && memcmp(key(slot), wanted, keySize_) == 0) return slot;
  }
  return insert(wanted, code);
}

uint32_t SnapshotTable::insert(const uint8_t* newKey, uint32_t code) {
  if ((live_ + 1) * size_t{2} > cells_.size()) grow();
  uint32_t slot = newSlot();
  memcpy(key(slot), newKey, keySize_);
  seen_[slot] = snapshot_;
  live_++;
  size_t mask = cells_.size() - 1;
  size_t at = code & mask;
  while (cells_[at].slot) at = (at + 1) & mask;
  cells_[at] = {slot + 1, code};
  return slot;
}

uint32_t SnapshotTable::newSlot() {
  if (!free_.empty()) {
    uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  uint32_t slot = slotCount_++;
  keys_.resize(slotCount_ * keySize_);
  values_.resize(slotCount_ * valueSize_);
  seen_.resize(slotCount_, kVacant);
  changes_.unchanged.resize(slotCount_);
  return slot;
}

void SnapshotTable::remove(uint32_t slot) {
  size_t mask = cells_.size() - 1;
  size_t hole = hash(key(slot)) & mask;
  while (cells_[hole].slot != slot + 1) hole = (hole + 1) & mask;
  // Entries after the hole move back into it, unless that is before the cell they belong to.
  for (size_t at = (hole + 1) & mask; cells_[at].slot; at = (at + 1) & mask) {
    size_t distance = (at - cells_[at].hash) & mask;
    if (distance < ((at - hole) & mask)) continue;
    cells_[hole] = cells_[at];
    hole = at;
  }
  cells_[hole] = {};
  seen_[slot] = kVacant;
  free_.push_back(slot);
  live_--;
}

void SnapshotTable::grow() {
  std::vector<Cell> old(cells_.size() * 2);
  old.swap(cells_);
  size_t mask = cells_.size() - 1;
  for (const Cell& cell : old) {
    if (!cell.slot) continue;
    size_t at = cell.hash & mask;
    while (cells_[at].slot) at = (at + 1) & mask;
    cells_[at] = cell;
  }
}

uint32_t SnapshotTable::hash(const uint8_t* bytes) const {
  uint64_t state = seed_ ^ keySize_;
  auto mix = [&](uint64_t word) {
    unsigned __int128 product = static_cast<unsigned __int128>(state ^ word) * 0x9e3779b97f4a7c15u;
    state = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  };
  size_t at = 0;
  for (uint64_t word; at + 8 <= keySize_; at += 8) {
    memcpy(&word, bytes + at, 8);
    mix(word);
  }
  uint64_t rest = 0;
  memcpy(&rest, bytes + at, keySize_ - at);
  mix(rest);
  return state ^ (state >> 32);
}

}  // namespace sonde
