// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <napi.h>

#include "../core/failure.h"

namespace sonde {

/** What the addon keeps for each environment (main thread or worker). */
struct Instance {
  /** The class NativeError of src/errors.ts. */
  Napi::FunctionReference errorClass;
};

/** A NativeError. */
Napi::Value toError(Napi::Env env, const Failure& failure);

/** Runs `body` and throws its Failure as a JavaScript exception. */
template <class Body>
auto guarded(Napi::Env env, Body body) {
  try {
    return body();
  } catch (const Failure& failure) {
    throw Napi::Error(env, toError(env, failure));
  }
}

}  // namespace sonde
