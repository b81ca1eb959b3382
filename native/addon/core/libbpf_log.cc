// SPDX-License-Identifier: Apache-2.0
#include "libbpf_log.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <mutex>

/** What the Makefile makes libbpf use in place of stderr. */
extern "C" FILE* sonde_stderr;
FILE* sonde_stderr = stderr;

namespace sonde {

namespace {

thread_local std::string* collecting = nullptr;

int collect(libbpf_print_level level, const char* format, va_list arguments) {
  if (!collecting || level == LIBBPF_DEBUG) return 0;
  va_list measuring;
  va_copy(measuring, arguments);
  int length = vsnprintf(nullptr, 0, format, measuring);
  va_end(measuring);
  if (length <= 0) return 0;
  size_t end = collecting->size();
  collecting->resize(end + length + 1);
  vsnprintf(collecting->data() + end, length + 1, format, arguments);
  collecting->resize(end + length);
  return length;
}

}  // namespace

LibbpfLog::LibbpfLog() : outer_(collecting) {
  static std::once_flag once;
  std::call_once(once, [] { libbpf_set_print(collect); });
  collecting = &text_;
}

LibbpfLog::~LibbpfLog() { collecting = outer_; }

}  // namespace sonde
