// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include "../core/fold.h"
#include "../core/map_scan.h"
#include "../core/snapshot_table.h"
#include "convert.h"
#include "exports.h"
#include "fold_fields.h"
#include "task.h"

namespace sonde {

namespace {

/** JavaScript's buffer over a column, made again only when the column has moved. */
class ColumnView {
 public:
  Napi::ArrayBuffer buffer(Napi::Env env, const Column& column) {
    if (seen_ != column.block()) {
      seen_ = column.block();
      buffer_ = Napi::Persistent(fromBlock(env, seen_).As<Napi::Object>());
    }
    return buffer_.Value().As<Napi::ArrayBuffer>();
  }

 private:
  std::shared_ptr<Block> seen_;
  Napi::ObjectReference buffer_;
};

/** Sets `nanoseconds` at the end of its life. */
class Stopwatch {
 public:
  explicit Stopwatch(double& nanoseconds) : nanoseconds_(nanoseconds) {}
  ~Stopwatch() { nanoseconds_ = std::chrono::duration<double, std::nano>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  double& nanoseconds_;
  Clock::time_point start_ = Clock::now();
};

class Reader {
 public:
  Reader(std::shared_ptr<Map> map, Fold fold, bool batches)
      : map_(map), scan_(map), fold_(std::move(fold)), folded_(map->valueSize()), table_(map->keySize(), map->valueSize()) {
    if (!batches) scan_.withoutBatches();
  }

  /** On the thread pool: reads the whole map. */
  void collect() {
    Stopwatch stopwatch(duration_);
    table_.begin();
    scan_.run([&](const uint8_t* keys, const uint8_t* values, uint32_t count) {
      for (uint32_t index = 0; index < count; index++)
        table_.visit(keys + size_t{index} * map_->keySize(), fold(values + index * map_->stride()));
    });
    table_.end();
  }

  /** On the thread pool: deletes entries from the map. */
  void take(const std::vector<uint32_t>& slots) {
    Stopwatch stopwatch(duration_);
    std::vector<uint8_t> lanes(map_->stride());
    table_.begin();
    table_.drop(slots.data(), slots.size(),
                [&](const uint8_t* key) { return map_->take(key, lanes.data()) ? fold(lanes.data()) : nullptr; });
  }

  /** MapChanges of src/map-types.ts. */
  Napi::Value changes(Napi::Env env) {
    const SnapshotChanges& found = table_.changes();
    auto bytes = [&](ColumnView& view, const Column& column) {
      return Napi::Uint8Array::New(env, column.size() * column.rowSize(), view.buffer(env, column), 0);
    };
    auto numbers = [&](ColumnView& view, const Column& column) {
      return Napi::Uint32Array::New(env, column.size(), view.buffer(env, column), 0);
    };
    auto result = Napi::Object::New(env);
    result.Set("total", found.total);
    result.Set("changed", static_cast<double>(found.slots.size()));
    result.Set("slots", numbers(slots_, found.slots));
    result.Set("fresh", bytes(fresh_, found.fresh));
    result.Set("keys", bytes(keys_, found.keys));
    result.Set("values", bytes(values_, found.values));
    result.Set("previous", bytes(previous_, found.previous));
    result.Set("removed", numbers(removed_, found.removed));
    result.Set("unchanged", bytes(unchanged_, found.unchanged));
    result.Set("durationNs", duration_);
    return result;
  }

  uint32_t slots() const { return table_.slots(); }

  bool busy = false;
  bool closed = false;

 private:
  const uint8_t* fold(const uint8_t* lanes) {
    if (map_->lanes() == 1) return lanes;
    fold_.apply(lanes, folded_.data());
    return folded_.data();
  }

  std::shared_ptr<Map> map_;
  MapScan scan_;
  Fold fold_;
  std::vector<uint8_t> folded_;
  SnapshotTable table_;
  double duration_ = 0;
  ColumnView slots_, fresh_, keys_, values_, previous_, removed_, unchanged_;
};

Napi::Value openReader(const Napi::CallbackInfo& info) {
  auto map = fromHandle<Map>(info[0]);
  return toHandle(info.Env(), std::make_shared<Reader>(map, toFold(*map, info[1]), toBool(info[2])));
}

/** One piece of work at a time on the reader's table. */
Napi::Value work(Napi::Env env, std::shared_ptr<Reader> reader, std::function<void()> what) {
  if (reader->busy) throw Failure{"STATE", "the reader is still at work"};
  reader->busy = true;
  return Task<std::optional<Failure>>::run(
      env,
      [what]() -> std::optional<Failure> {
        try {
          what();
        } catch (const Failure& failure) {
          return failure;
        }
        return {};
      },
      [reader](Napi::Env env, std::optional<Failure>& failure) {
        reader->busy = false;
        if (reader->closed) throw Failure{"CLOSED", "the reader was closed"};
        if (failure) throw *failure;
        return reader->changes(env);
      });
}

Napi::Value collect(const Napi::CallbackInfo& info) {
  auto reader = fromHandle<Reader>(info[0]);
  return work(info.Env(), reader, [reader] { reader->collect(); });
}

Napi::Value take(const Napi::CallbackInfo& info) {
  auto reader = fromHandle<Reader>(info[0]);
  auto slots = info[1].As<Napi::Uint32Array>();
  std::vector<uint32_t> wanted(slots.Data(), slots.Data() + slots.ElementLength());
  return work(info.Env(), reader, [reader, wanted] { reader->take(wanted); });
}

Napi::Value slots(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), fromHandle<Reader>(info[0])->slots());
}

Napi::Value closeReader(const Napi::CallbackInfo& info) {
  auto& reader = handleOwner<Reader>(info[0]);
  if (reader) reader->closed = true;
  reader.reset();
  return info.Env().Undefined();
}

}  // namespace

Napi::Object readerExports(Napi::Env env) {
  auto exports = Napi::Object::New(env);
  addFunction<openReader>(exports, "open");
  addFunction<collect>(exports, "collect");
  addFunction<take>(exports, "take");
  addFunction<slots>(exports, "slots");
  addFunction<closeReader>(exports, "close");
  return exports;
}

}  // namespace sonde
