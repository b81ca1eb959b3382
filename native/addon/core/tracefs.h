// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "fd.h"

namespace sonde {

/** The kernel's tracepoints, as tracefs lists them. */
class Tracefs {
 public:
  /**
   * Where tracefs is not mounted, as in many containers, it is mounted for this object alone, seen by nobody else
   * (kernel 5.2, CAP_SYS_ADMIN).
   * @throws Failure READ or PERMISSION
   */
  Tracefs();

  /** The number that perf_event_open(2) takes; nothing if there is no such tracepoint. */
  std::optional<uint64_t> tracepoint(const std::string& category, const std::string& name) const;

 private:
  Fd events_;
};

}  // namespace sonde
