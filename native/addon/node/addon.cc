// SPDX-License-Identifier: Apache-2.0
#include "exports.h"

namespace sonde {

namespace {

/** JavaScript hands over its error class before anything else is called. */
Napi::Value setErrorClass(const Napi::CallbackInfo& info) {
  info.Env().GetInstanceData<Instance>()->errorClass = Napi::Persistent(info[0].As<Napi::Function>());
  return info.Env().Undefined();
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Instance());
  addFunction<setErrorClass>(exports, "setErrorClass");
  exports.Set("object", objectExports(env));
  exports.Set("map", mapExports(env));
  exports.Set("reader", readerExports(env));
  exports.Set("ring", ringExports(env));
  exports.Set("kernel", kernelExports(env));
  exports.Set("elf", elfExports(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(sonde, initialise)

}  // namespace sonde
