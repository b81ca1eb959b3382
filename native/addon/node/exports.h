// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <napi.h>

#include "instance.h"

namespace sonde {

/** Each makes one group of functions; what they take and give is in src/addon.ts. */
Napi::Object objectExports(Napi::Env env);
Napi::Object mapExports(Napi::Env env);
Napi::Object readerExports(Napi::Env env);
Napi::Object ringExports(Napi::Env env);
Napi::Object kernelExports(Napi::Env env);
Napi::Object elfExports(Napi::Env env);

/** Adds a function whose Failure becomes a NativeError. */
template <Napi::Value (*Function)(const Napi::CallbackInfo&)>
void addFunction(Napi::Object to, const char* name) {
  to.Set(name, Napi::Function::New(
                   to.Env(), [](const Napi::CallbackInfo& info) { return guarded(info.Env(), [&] { return Function(info); }); },
                   name));
}

}  // namespace sonde
