// SPDX-License-Identifier: Apache-2.0
#include "fold.h"

#include <cstring>
#include <string>

#include "failure.h"

namespace sonde {

namespace {

using Lanes = std::vector<const uint8_t*>;

bool isZero(const uint8_t* lane, size_t bytes) {
  for (size_t at = 0; at < bytes; at += 8) {
    uint64_t word;
    memcpy(&word, lane + at, 8);
    if (word) return false;
  }
  return true;
}

template <class T>
T combine(FoldField::How how, T a, T b) {
  switch (how) {
    case FoldField::How::Sum:
      return a + b;
    case FoldField::How::Min:
      return b < a ? b : a;
    case FoldField::How::Max:
      return b > a ? b : a;
    default:
      return a;
  }
}

template <class T>
void foldField(const FoldField& field, const Lanes& lanes, uint8_t* value) {
  for (uint32_t at = field.offset; at < field.offset + field.count * sizeof(T); at += sizeof(T)) {
    T folded, next;
    memcpy(&folded, lanes.back() + at, sizeof(T));
    for (size_t lane = 0; lane + 1 < lanes.size(); lane++) {
      memcpy(&next, lanes[lane] + at, sizeof(T));
      folded = combine<T>(field.how, folded, next);
    }
    memcpy(value + at, &folded, sizeof(T));
  }
}

void foldField(const FoldField& field, const Lanes& lanes, uint8_t* value) {
  switch (field.size) {
    case 1:
      return field.isSigned ? foldField<int8_t>(field, lanes, value) : foldField<uint8_t>(field, lanes, value);
    case 2:
      return field.isSigned ? foldField<int16_t>(field, lanes, value) : foldField<uint16_t>(field, lanes, value);
    case 4:
      return field.isSigned ? foldField<int32_t>(field, lanes, value) : foldField<uint32_t>(field, lanes, value);
    default:
      return field.isSigned ? foldField<int64_t>(field, lanes, value) : foldField<uint64_t>(field, lanes, value);
  }
}

}  // namespace

Fold::Fold(std::vector<FoldField> fields, uint32_t valueSize, uint32_t laneSize, uint32_t lanes)
    : valueSize_(valueSize), laneSize_(laneSize), lanes_(lanes) {
  for (const FoldField& field : fields) {
    bool sized = field.size == 1 || field.size == 2 || field.size == 4 || field.size == 8;
    if (!sized || field.offset + uint64_t{field.size} * field.count > valueSize)
      throw Failure{"INVALID", "the folded field at byte " + std::to_string(field.offset) + " does not fit the value"};
    if (field.how != FoldField::How::Last) fields_.push_back(field);
  }
}

void Fold::apply(const uint8_t* lanes, uint8_t* value) {
  written_.clear();
  for (uint32_t lane = 0; lane < lanes_; lane++) {
    const uint8_t* start = lanes + size_t{lane} * laneSize_;
    if (lanes_ == 1 || !isZero(start, laneSize_)) written_.push_back(start);
  }
  memcpy(value, written_.empty() ? lanes : written_.back(), valueSize_);
  if (written_.size() < 2) return;
  for (const FoldField& field : fields_) foldField(field, written_, value);
}

}  // namespace sonde
