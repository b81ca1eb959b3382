// SPDX-License-Identifier: Apache-2.0
#include "convert.h"

#include "instance.h"

namespace sonde {

Napi::Value toError(Napi::Env env, const Failure& failure) {
  auto details = Napi::Object::New(env);
  if (!failure.log.empty()) details.Set("log", failure.log);
  return env.GetInstanceData<Instance>()->errorClass.New({
      Napi::String::New(env, failure.code),
      Napi::String::New(env, failure.message),
      Napi::Number::New(env, failure.error),
      details,
  });
}

Napi::ArrayBuffer fromBlock(Napi::Env env, const std::shared_ptr<Block>& block) {
  auto owner = std::make_unique<std::shared_ptr<Block>>(block);
  auto buffer = Napi::ArrayBuffer::New(
      env, block->data(), block->capacity(), [](Napi::Env, void*, std::shared_ptr<Block>* held) { delete held; },
      owner.get());
  owner.release();
  return buffer;
}

}  // namespace sonde
