// SPDX-License-Identifier: Apache-2.0
#include <bpf/libbpf.h>

#include "../core/fold.h"
#include "../core/map_scan.h"
#include "convert.h"
#include "exports.h"
#include "fold_fields.h"
#include "task.h"

namespace sonde {

namespace {

std::shared_ptr<Map> self(const Napi::CallbackInfo& info) { return fromHandle<Map>(info[0]); }

const uint8_t* sized(Napi::Value value, size_t size, const char* what) {
  Bytes bytes = toBytes(value);
  if (bytes.length != size)
    throw Failure{"INVALID", std::string(what) + " has " + std::to_string(bytes.length) + " bytes, the map wants " +
                                 std::to_string(size)};
  return bytes.data;
}

const uint8_t* keyOf(const Map& map, Napi::Value value) { return sized(value, map.keySize(), "the key"); }

Napi::Value info(const Napi::CallbackInfo& info) {
  auto map = self(info);
  auto entry = Napi::Object::New(info.Env());
  const char* type = libbpf_bpf_map_type_str(static_cast<bpf_map_type>(map->info().type));
  entry.Set("id", map->info().id);
  entry.Set("type", type ? type : "");
  entry.Set("keySize", map->keySize());
  entry.Set("valueSize", map->valueSize());
  entry.Set("maxEntries", map->info().max_entries);
  entry.Set("flags", map->info().map_flags);
  return entry;
}

Napi::Value lookup(const Napi::CallbackInfo& info) {
  auto map = self(info);
  auto value = Napi::Uint8Array::New(info.Env(), map->stride());
  return map->lookup(keyOf(*map, info[1]), value.Data()) ? value : info.Env().Undefined();
}

Napi::Value take(const Napi::CallbackInfo& info) {
  auto map = self(info);
  auto value = Napi::Uint8Array::New(info.Env(), map->stride());
  return map->take(keyOf(*map, info[1]), value.Data()) ? value : info.Env().Undefined();
}

Napi::Value update(const Napi::CallbackInfo& info) {
  auto map = self(info);
  map->update(keyOf(*map, info[1]), sized(info[2], map->stride(), "the value"), toUint64(info[3]));
  return info.Env().Undefined();
}

Napi::Value remove(const Napi::CallbackInfo& info) {
  auto map = self(info);
  return Napi::Boolean::New(info.Env(), map->remove(keyOf(*map, info[1])));
}

Napi::Value updateBatch(const Napi::CallbackInfo& info) {
  auto map = self(info);
  size_t count = toUint32(info[3]);
  sized(info[1], count * map->keySize(), "the batch of keys");
  sized(info[2], count * map->stride(), "the batch of values");
  return runTask(info.Env(), [map, count, keys = copyBytes(info[1]), values = copyBytes(info[2])] {
    for (size_t index = 0; index < count; index++)
      map->update(keys.data() + index * map->keySize(), values.data() + index * map->stride(), BPF_ANY);
  });
}

struct Deleted {
  std::vector<uint8_t> mask, values;
};

/** One by one, because the kernel's batch stops at the first key that is not there. */
Deleted deleteEntries(const Map& map, const std::vector<uint8_t>& keys, size_t count, std::optional<Fold> fold) {
  Deleted result{std::vector<uint8_t>(count), std::vector<uint8_t>(fold ? count * map.valueSize() : 0)};
  std::vector<uint8_t> lanes(map.stride());
  for (size_t index = 0; index < count; index++) {
    const uint8_t* key = keys.data() + index * map.keySize();
    result.mask[index] = fold ? map.take(key, lanes.data()) : map.remove(key);
    if (fold && result.mask[index]) fold->apply(lanes.data(), result.values.data() + index * map.valueSize());
  }
  return result;
}

Napi::Value deleteBatch(const Napi::CallbackInfo& info) {
  auto map = self(info);
  size_t count = toUint32(info[2]);
  sized(info[1], count * map->keySize(), "the batch of keys");
  std::optional<Fold> fold;
  if (info[3].IsArray()) fold = toFold(*map, info[3]);
  return Task<Deleted>::run(
      info.Env(),
      [map, count, fold, keys = copyBytes(info[1])] { return deleteEntries(*map, keys, count, fold); },
      [taking = fold.has_value()](Napi::Env env, Deleted& deleted) {
        auto result = Napi::Object::New(env);
        result.Set("deleted", fromBytes(env, deleted.mask.data(), deleted.mask.size()));
        if (taking) result.Set("values", fromBytes(env, deleted.values.data(), deleted.values.size()));
        return result;
      });
}

struct Entries {
  Column keys, values;
};

Napi::Value entries(const Napi::CallbackInfo& info) {
  return Task<Entries>::run(
      info.Env(),
      [map = self(info)] {
        Entries all{Column(map->keySize()), Column(map->stride())};
        MapScan(map).run([&](const uint8_t* keys, const uint8_t* values, uint32_t count) {
          all.keys.append(keys, count);
          all.values.append(values, count);
        });
        return all;
      },
      [](Napi::Env env, Entries& all) {
        auto view = [&](const Column& column) {
          return Napi::Uint8Array::New(env, column.size() * column.rowSize(), fromBlock(env, column.block()), 0);
        };
        auto result = Napi::Object::New(env);
        result.Set("count", static_cast<double>(all.keys.size()));
        result.Set("keys", view(all.keys));
        result.Set("values", view(all.values));
        return result;
      });
}

Napi::Value memory(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), self(info)->memory());
}

Napi::Value closeMap(const Napi::CallbackInfo& info) {
  handleOwner<Map>(info[0]).reset();
  return info.Env().Undefined();
}

}  // namespace

Napi::Object mapExports(Napi::Env env) {
  auto exports = Napi::Object::New(env);
  addFunction<info>(exports, "info");
  addFunction<lookup>(exports, "lookup");
  addFunction<take>(exports, "take");
  addFunction<update>(exports, "update");
  addFunction<remove>(exports, "remove");
  addFunction<updateBatch>(exports, "updateBatch");
  addFunction<deleteBatch>(exports, "deleteBatch");
  addFunction<entries>(exports, "entries");
  addFunction<memory>(exports, "memory");
  addFunction<closeMap>(exports, "close");
  return exports;
}

}  // namespace sonde
