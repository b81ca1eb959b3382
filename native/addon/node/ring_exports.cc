// SPDX-License-Identifier: Apache-2.0
#include <uv.h>

#include <algorithm>
#include <optional>

#include "../core/ring_consumer.h"
#include "convert.h"
#include "exports.h"

namespace sonde {

namespace {

/** Longest wait for records that were submitted without a wake-up. */
constexpr uint64_t kIntervalMs = 100;
constexpr uint32_t kRecordsPerWake = 4096;

/**
 * A ring on the event loop. It owns itself: the memory goes when libuv has closed its handles, after close() or in the
 * cleanup of the environment.
 */
class Ring {
 public:
  static std::shared_ptr<Ring> open(Napi::Env env, const Map& map, Napi::Function handler, size_t maxBytes) {
    std::shared_ptr<Ring> ring(new Ring(env, map, handler, maxBytes));
    ring->start(ring);
    return ring;
  }

  /** Within a call from JavaScript: all that is there now. */
  uint32_t consume() {
    if (closed_) throw Failure{"CLOSED", "the ring was closed"};
    if (delivering_) throw Failure{"STATE", "consume() was called from the ring's own handler"};
    uint64_t end = consumer_->producerPosition();
    uint32_t total = 0;
    for (RingFrames frames{.more = true}; frames.more && !closed_;) {
      frames = copy(end);
      total += frames.records;
      if (frames.records) deliver(frames, nullptr);
    }
    return total;
  }

  void close() {
    if (closed_) return;
    closed_ = true;
    uv_poll_stop(&poll_);
    handler_.Reset();
    buffer_.Reset();
    context_.reset();
    uv_close(reinterpret_cast<uv_handle_t*>(&poll_), onClosed);
    uv_close(reinterpret_cast<uv_handle_t*>(&timer_), onClosed);
  }

  uint64_t bytes() const { return bytes_; }
  uint64_t records() const { return records_; }

 private:
  Ring(Napi::Env env, const Map& map, Napi::Function handler, size_t maxBytes)
      : env_(env), consumer_(std::in_place, map), handler_(Napi::Persistent(handler)) {
    resizeBuffer(std::min(maxBytes, consumer_->size()));
    context_ = std::make_unique<Napi::AsyncContext>(env, "sonde:ring");
  }

  void start(std::shared_ptr<Ring> self) {
    uv_loop_t* loop = nullptr;
    napi_get_uv_event_loop(env_, &loop);
    if (int error = uv_poll_init(loop, &poll_, consumer_->fd())) throw systemFailure("MAP", "poll of the ring", error);
    uv_timer_init(loop, &timer_);
    poll_.data = timer_.data = this;
    self_ = std::move(self);
    uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* poll, int, int) { static_cast<Ring*>(poll->data)->wake(); });
    uv_unref(reinterpret_cast<uv_handle_t*>(&timer_));
    setTimer(kIntervalMs);
    napi_add_async_cleanup_hook(env_, onCleanup, this, &cleanup_);
  }

  void setTimer(uint64_t milliseconds) {
    uv_timer_start(&timer_, [](uv_timer_t* timer) { static_cast<Ring*>(timer->data)->wake(); }, milliseconds, 0);
  }

  /** From libuv. One bounded batch, and the rest after other events had their turn. */
  void wake() {
    if (closed_ || delivering_) return;
    Napi::HandleScope scope(env_);
    RingFrames frames = copy(UINT64_MAX);
    if (frames.records) deliver(frames, context_.get());
    if (!closed_) setTimer(frames.more ? 0 : kIntervalMs);
  }

  RingFrames copy(uint64_t end) {
    RingFrames frames = consumer_->drain(data_, capacity_, kRecordsPerWake, end);
    if (!frames.needed) return frames;
    resizeBuffer(frames.needed);
    return consumer_->drain(data_, capacity_, kRecordsPerWake, end);
  }

  /** `context` is null within a call from JavaScript, where exceptions go to the caller. */
  void deliver(const RingFrames& frames, Napi::AsyncContext* context) {
    records_ += frames.records;
    bytes_ += frames.payload;
    napi_value arguments[] = {buffer_.Value(), Napi::Number::New(env_, frames.bytes),
                              Napi::Number::New(env_, frames.records)};
    delivering_ = true;
    napi_value self = env_.Global(), result;
    napi_status status = context ? napi_make_callback(env_, *context, self, handler_.Value(), 3, arguments, &result)
                                 : napi_call_function(env_, self, handler_.Value(), 3, arguments, &result);
    delivering_ = false;
    if (status == napi_pending_exception) raise(context != nullptr);
  }

  void raise(bool uncaught) {
    napi_value exception;
    if (napi_get_and_clear_last_exception(env_, &exception) != napi_ok) return;
    if (!uncaught) throw Napi::Error(env_, exception);
    napi_fatal_exception(env_, exception);
  }

  void resizeBuffer(size_t capacity) {
    auto array = Napi::Uint8Array::New(env_, capacity);
    buffer_ = Napi::Persistent(array.As<Napi::Object>());
    data_ = array.Data();
    capacity_ = capacity;
  }

  static void onCleanup(napi_async_cleanup_hook_handle, void* data) { static_cast<Ring*>(data)->close(); }

  static void onClosed(uv_handle_t* handle) {
    auto* ring = static_cast<Ring*>(handle->data);
    if (++ring->closedHandles_ < 2) return;
    napi_remove_async_cleanup_hook(ring->cleanup_);
    ring->consumer_.reset();
    ring->self_.reset();
  }

  Napi::Env env_;
  /** Gone once closed, and with it the ring's memory, whenever the handle is collected. */
  std::optional<RingConsumer> consumer_;
  Napi::FunctionReference handler_;
  Napi::ObjectReference buffer_;
  uint8_t* data_ = nullptr;
  size_t capacity_ = 0;
  std::unique_ptr<Napi::AsyncContext> context_;
  uv_poll_t poll_{};
  uv_timer_t timer_{};
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
  std::shared_ptr<Ring> self_;
  int closedHandles_ = 0;
  bool closed_ = false;
  bool delivering_ = false;
  uint64_t bytes_ = 0;
  uint64_t records_ = 0;
};

Napi::Value openRing(const Napi::CallbackInfo& info) {
  auto map = fromHandle<Map>(info[0]);
  return toHandle(info.Env(), Ring::open(info.Env(), *map, info[1].As<Napi::Function>(), toUint64(info[2])));
}

Napi::Value consume(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), fromHandle<Ring>(info[0])->consume());
}

Napi::Value bytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), fromHandle<Ring>(info[0])->bytes());
}

Napi::Value records(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), fromHandle<Ring>(info[0])->records());
}

Napi::Value closeRing(const Napi::CallbackInfo& info) {
  fromHandle<Ring>(info[0])->close();
  return info.Env().Undefined();
}

}  // namespace

Napi::Object ringExports(Napi::Env env) {
  auto exports = Napi::Object::New(env);
  addFunction<openRing>(exports, "open");
  addFunction<consume>(exports, "consume");
  addFunction<bytes>(exports, "bytes");
  addFunction<records>(exports, "records");
  addFunction<closeRing>(exports, "close");
  return exports;
}

}  // namespace sonde
