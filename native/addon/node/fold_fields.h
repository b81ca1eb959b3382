// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "../core/fold.h"
#include "../core/map.h"
#include "convert.h"

namespace sonde {

/** A list of FoldField of src/map-types.ts, for this map. */
inline Fold toFold(const Map& map, Napi::Value list) {
  auto array = list.As<Napi::Array>();
  std::vector<FoldField> fields;
  for (uint32_t index = 0; index < array.Length(); index++) {
    auto field = array.Get(index).As<Napi::Object>();
    std::string name = toString(field.Get("fold"));
    auto how = name == "sum"   ? FoldField::How::Sum
               : name == "min" ? FoldField::How::Min
               : name == "max" ? FoldField::How::Max
                               : FoldField::How::Last;
    Napi::Value count = field.Get("count");
    fields.push_back({how, toUint32(field.Get("offset")), toUint32(field.Get("size")),
                      count.IsUndefined() ? 1 : toUint32(count), field.Get("signed").ToBoolean()});
  }
  return Fold(std::move(fields), map.valueSize(), map.laneSize(), map.lanes());
}

}  // namespace sonde
