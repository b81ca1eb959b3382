// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace sonde {

/**
 * Collects what libbpf prints on this thread while it lives; without one libbpf is silent. libbpf has one print callback
 * for the process, so the text is kept per thread.
 */
class LibbpfLog {
 public:
  LibbpfLog();
  ~LibbpfLog();
  LibbpfLog(const LibbpfLog&) = delete;
  LibbpfLog& operator=(const LibbpfLog&) = delete;

  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::string* outer_;
};

}  // namespace sonde
