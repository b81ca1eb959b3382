// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <napi.h>

#include <functional>
#include <optional>
#include <variant>

#include "instance.h"

namespace sonde {

/** The result of work that has none. */
using Done = std::monostate;

/** Work on the thread pool, and a promise for it. */
template <class Result>
class Task {
 public:
  using Work = std::function<Result()>;
  using Resolve = std::function<Napi::Value(Napi::Env, Result&)>;

  /** `work` must not touch JavaScript; `resolve` runs on the event loop. Both may throw Failure. */
  static Napi::Value run(Napi::Env env, Work work, Resolve resolve) {
    auto* task = new Task{std::move(work), std::move(resolve)};
    napi_value promise, name = Napi::String::New(env, "sonde");
    napi_create_promise(env, &task->deferred_, &promise);
    napi_create_async_work(env, nullptr, name, execute, complete, task, &task->handle_);
    napi_queue_async_work(env, task->handle_);
    return Napi::Value(env, promise);
  }

 private:
  Task(Work work, Resolve resolve) : work_(std::move(work)), resolve_(std::move(resolve)) {}

  static void execute(napi_env, void* data) {
    auto* task = static_cast<Task*>(data);
    try {
      task->result_ = task->work_();
    } catch (const Failure& failure) {
      task->failure_ = failure;
    } catch (const std::bad_alloc&) {
      task->failure_ = Failure{"MAP", "out of memory", ENOMEM};
    }
  }

  /** When the environment is being torn down no call into JavaScript succeeds, and nobody waits for the promise. */
  static void complete(napi_env rawEnv, napi_status status, void* data) {
    std::unique_ptr<Task> task(static_cast<Task*>(data));
    Napi::Env env(rawEnv);
    Napi::HandleScope scope(env);
    try {
      if (status == napi_ok) task->settle(env);
    } catch (const Napi::Error& error) {
      napi_reject_deferred(env, task->deferred_, error.Value());
    }
    napi_delete_async_work(env, task->handle_);
  }

  void settle(Napi::Env env) {
    if (!failure_) {
      try {
        Napi::Value value = resolve_(env, *result_);
        napi_resolve_deferred(env, deferred_, value);
        return;
      } catch (const Failure& failure) {
        failure_ = failure;
      }
    }
    napi_reject_deferred(env, deferred_, toError(env, *failure_));
  }

  Work work_;
  Resolve resolve_;
  std::optional<Result> result_;
  std::optional<Failure> failure_;
  napi_deferred deferred_ = nullptr;
  napi_async_work handle_ = nullptr;
};

/** As Task, for work without a result. */
inline Napi::Value runTask(Napi::Env env, std::function<void()> work) {
  return Task<Done>::run(
      env,
      [work = std::move(work)] {
        work();
        return Done{};
      },
      [](Napi::Env env, Done&) { return env.Undefined(); });
}

}  // namespace sonde
