// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sonde {

/** FoldField of src/map-types.ts. */
struct FoldField {
  enum class How { Sum, Min, Max, Last } how;
  uint32_t offset, size, count;
  bool isSigned;
};

/** Makes one value of the lanes of all CPUs. */
class Fold {
 public:
  /** @throws Failure INVALID for fields that do not fit into the value */
  Fold(std::vector<FoldField> fields, uint32_t valueSize, uint32_t laneSize, uint32_t lanes);
  /** Writes `valueSize` bytes. */
  void apply(const uint8_t* lanes, uint8_t* value);

 private:
  std::vector<FoldField> fields_;
  uint32_t valueSize_, laneSize_, lanes_;
  std::vector<const uint8_t*> written_;
};

}  // namespace sonde
