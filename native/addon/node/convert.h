// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "../core/block.h"
#include "../core/failure.h"

namespace sonde {

/** A handle that JavaScript holds; empty once closed. */
template <class T>
Napi::Value toHandle(Napi::Env env, std::shared_ptr<T> value) {
  // Making the external fails when the environment is being torn down.
  auto owner = std::make_unique<std::shared_ptr<T>>(std::move(value));
  auto handle = Napi::External<std::shared_ptr<T>>::New(env, owner.get(),
                                                        [](Napi::Env, std::shared_ptr<T>* held) { delete held; });
  owner.release();
  return handle;
}

/** The owner behind a handle, perhaps empty. */
template <class T>
std::shared_ptr<T>& handleOwner(Napi::Value handle) {
  return *handle.As<Napi::External<std::shared_ptr<T>>>().Data();
}

/** What a handle stands for. @throws Failure CLOSED */
template <class T>
std::shared_ptr<T> fromHandle(Napi::Value handle) {
  std::shared_ptr<T> held = handleOwner<T>(handle);
  if (!held) throw Failure{"CLOSED", "it was closed"};
  return held;
}

struct Bytes {
  const uint8_t* data;
  size_t length;
};

inline Bytes toBytes(Napi::Value value) {
  auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

inline std::vector<uint8_t> copyBytes(Napi::Value value) {
  Bytes bytes = toBytes(value);
  return {bytes.data, bytes.data + bytes.length};
}

inline std::string toString(Napi::Value value) { return value.As<Napi::String>().Utf8Value(); }
inline uint32_t toUint32(Napi::Value value) { return value.As<Napi::Number>().Uint32Value(); }
inline uint64_t toUint64(Napi::Value value) { return value.As<Napi::Number>().Int64Value(); }
inline bool toBool(Napi::Value value) { return value.As<Napi::Boolean>().Value(); }

inline Napi::Uint8Array fromBytes(Napi::Env env, const void* data, size_t length) {
  auto array = Napi::Uint8Array::New(env, length);
  if (length) memcpy(array.Data(), data, length);
  return array;
}

/** JavaScript's view of a block, without a copy. */
Napi::ArrayBuffer fromBlock(Napi::Env env, const std::shared_ptr<Block>& block);

template <class List, class Convert>
Napi::Array fromList(Napi::Env env, const List& list, Convert convert) {
  auto array = Napi::Array::New(env, list.size());
  for (size_t index = 0; index < list.size(); index++) array.Set(index, convert(list[index]));
  return array;
}

}  // namespace sonde
