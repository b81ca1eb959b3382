// SPDX-License-Identifier: Apache-2.0
#include "../core/attach.h"
#include "../core/map.h"
#include "convert.h"
#include "exports.h"
#include "task.h"

namespace sonde {

namespace {

std::shared_ptr<Object> self(const Napi::CallbackInfo& info) { return fromHandle<Object>(info[0]); }

Napi::Value openObject(const Napi::CallbackInfo& info) {
  return Task<std::shared_ptr<Object>>::run(
      info.Env(), [path = toString(info[0]), btf = toString(info[1])] { return std::make_shared<Object>(path, btf); },
      [](Napi::Env env, std::shared_ptr<Object>& object) { return toHandle(env, std::move(object)); });
}

Napi::Value programs(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  return fromList(env, self(info)->programs(), [&](const ProgramDescription& program) {
    auto entry = Napi::Object::New(env);
    entry.Set("name", program.name);
    entry.Set("section", program.section);
    entry.Set("type", program.type);
    std::vector<std::string> maps(program.maps.begin(), program.maps.end());
    entry.Set("maps", fromList(env, maps, [&](const std::string& map) { return Napi::String::New(env, map); }));
    return entry;
  });
}

Napi::Value maps(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  return fromList(env, self(info)->maps(), [&](const MapDescription& map) {
    auto entry = Napi::Object::New(env);
    entry.Set("name", map.name);
    entry.Set("type", map.type);
    entry.Set("keySize", map.keySize);
    entry.Set("valueSize", map.valueSize);
    entry.Set("maxEntries", map.maxEntries);
    entry.Set("flags", map.flags);
    if (map.keyType) entry.Set("keyType", map.keyType);
    if (map.valueType) entry.Set("valueType", map.valueType);
    return entry;
  });
}

Napi::Value btf(const Napi::CallbackInfo& info) {
  std::vector<uint8_t> bytes = self(info)->btf();
  return fromBytes(info.Env(), bytes.data(), bytes.size());
}

Napi::Value setProgramAutoload(const Napi::CallbackInfo& info) {
  self(info)->setProgramAutoload(toString(info[1]), toBool(info[2]));
  return info.Env().Undefined();
}

Napi::Value setAttachTarget(const Napi::CallbackInfo& info) {
  self(info)->setAttachTarget(toString(info[1]), toString(info[2]));
  return info.Env().Undefined();
}

Napi::Value setUprobeMulti(const Napi::CallbackInfo& info) {
  self(info)->setUprobeMulti(toString(info[1]));
  return info.Env().Undefined();
}

Napi::Value setMapMaxEntries(const Napi::CallbackInfo& info) {
  self(info)->setMapMaxEntries(toString(info[1]), toUint32(info[2]));
  return info.Env().Undefined();
}

Napi::Value setMapAutocreate(const Napi::CallbackInfo& info) {
  self(info)->setMapAutocreate(toString(info[1]), toBool(info[2]));
  return info.Env().Undefined();
}

Napi::Value reuseMap(const Napi::CallbackInfo& info) {
  self(info)->reuseMap(toString(info[1]), fromHandle<Map>(info[2])->fd());
  return info.Env().Undefined();
}

Napi::Value writeSection(const Napi::CallbackInfo& info) {
  Bytes bytes = toBytes(info[3]);
  self(info)->writeSection(toString(info[1]), toUint32(info[2]), bytes.data, bytes.length);
  return info.Env().Undefined();
}

Napi::Value readSection(const Napi::CallbackInfo& info) {
  auto bytes = Napi::Uint8Array::New(info.Env(), toUint32(info[3]));
  self(info)->readSection(toString(info[1]), toUint32(info[2]), bytes.Data(), bytes.ByteLength());
  return bytes;
}

Napi::Value load(const Napi::CallbackInfo& info) {
  return runTask(info.Env(), [object = self(info)] { object->load(); });
}

AttachRequest toAttachRequest(Napi::Object spec) {
  AttachRequest request;
  auto has = [&](const char* field) { return !spec.Get(field).IsUndefined(); };
  auto text = [&](const char* field, std::string& to) { if (has(field)) to = toString(spec.Get(field)); };
  auto number = [&](const char* field, auto& to) { if (has(field)) to = toUint64(spec.Get(field)); };
  auto numbers = [&](const char* field, std::vector<uint64_t>& to) {
    if (!has(field)) return;
    auto list = spec.Get(field).As<Napi::Array>();
    for (uint32_t index = 0; index < list.Length(); index++) to.push_back(toUint64(list.Get(index)));
  };
  text("kind", request.kind);
  text(has("provider") ? "provider" : "category", request.category);
  text("name", request.name);
  text("function", request.function);
  text("binary", request.binary);
  text("symbol", request.symbol);
  number("offset", request.offset);
  numbers("offsets", request.offsets);
  numbers("cookies", request.cookies);
  number("pid", request.pid);
  if (has("retprobe")) request.retprobe = toBool(spec.Get("retprobe"));
  number("type", request.type);
  number("config", request.config);
  number("frequency", request.frequency);
  number("period", request.period);
  number("cpu", request.cpu);
  return request;
}

Napi::Value attachProgram(const Napi::CallbackInfo& info) {
  return Task<std::shared_ptr<Link>>::run(
      info.Env(),
      [object = self(info), program = toString(info[1]), request = toAttachRequest(info[2].As<Napi::Object>())] {
        return std::shared_ptr<Link>(attach(object, program, request));
      },
      [](Napi::Env env, std::shared_ptr<Link>& link) { return toHandle(env, std::move(link)); });
}

Napi::Value detach(const Napi::CallbackInfo& info) {
  auto link = std::move(handleOwner<Link>(info[0]));
  return runTask(info.Env(), [link] {
    if (link) link->detach();
  });
}

Napi::Value map(const Napi::CallbackInfo& info) {
  return toHandle(info.Env(), std::make_shared<Map>(self(info)->mapFd(toString(info[1]))));
}

Napi::Value statistics(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  return fromList(env, self(info)->statistics(), [&](const ProgramStatistics& program) {
    auto entry = Napi::Object::New(env);
    entry.Set("name", program.name);
    entry.Set("id", program.id);
    entry.Set("runCount", static_cast<double>(program.runCount));
    entry.Set("runTimeNs", static_cast<double>(program.runTimeNs));
    entry.Set("verifiedInsns", static_cast<double>(program.verifiedInsns));
    entry.Set("recursionMisses", static_cast<double>(program.recursionMisses));
    entry.Set("memlockBytes", static_cast<double>(program.memlockBytes));
    return entry;
  });
}

Napi::Value runIterator(const Napi::CallbackInfo& info) {
  return Task<std::vector<uint8_t>>::run(
      info.Env(), [object = self(info), program = toString(info[1]), map = toString(info[2])] {
        return object->runIterator(program, map);
      },
      [](Napi::Env env, std::vector<uint8_t>& bytes) { return fromBytes(env, bytes.data(), bytes.size()); });
}

/** Frees the object on the thread pool, unless links still hold it. */
Napi::Value closeObject(const Napi::CallbackInfo& info) {
  auto object = std::make_shared<std::shared_ptr<Object>>(std::move(handleOwner<Object>(info[0])));
  return runTask(info.Env(), [object] { object->reset(); });
}

}  // namespace

Napi::Object objectExports(Napi::Env env) {
  auto exports = Napi::Object::New(env);
  addFunction<openObject>(exports, "open");
  addFunction<programs>(exports, "programs");
  addFunction<maps>(exports, "maps");
  addFunction<btf>(exports, "btf");
  addFunction<setProgramAutoload>(exports, "setProgramAutoload");
  addFunction<setAttachTarget>(exports, "setAttachTarget");
  addFunction<setUprobeMulti>(exports, "setUprobeMulti");
  addFunction<setMapMaxEntries>(exports, "setMapMaxEntries");
  addFunction<setMapAutocreate>(exports, "setMapAutocreate");
  addFunction<reuseMap>(exports, "reuseMap");
  addFunction<writeSection>(exports, "writeSection");
  addFunction<readSection>(exports, "readSection");
  addFunction<load>(exports, "load");
  addFunction<attachProgram>(exports, "attach");
  addFunction<detach>(exports, "detach");
  addFunction<map>(exports, "map");
  addFunction<statistics>(exports, "statistics");
  addFunction<runIterator>(exports, "runIterator");
  addFunction<closeObject>(exports, "close");
  return exports;
}

}  // namespace sonde
