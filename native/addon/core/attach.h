// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "link.h"
#include "object.h"

namespace sonde {

/** Where to attach: AttachSpec of src/link-types.ts, all kinds in one. */
struct AttachRequest {
  std::string kind;
  std::string category, name;            // tracepoint, raw_tracepoint, usdt (provider = category)
  std::string function;                  // kprobe
  std::string binary, symbol;            // uprobe, uprobe_multi, usdt
  uint64_t offset = 0;                   // kprobe, uprobe
  std::vector<uint64_t> offsets, cookies;  // uprobe_multi
  int pid = -1;
  bool retprobe = false;
  uint32_t type = 0;                     // perf_event
  uint64_t config = 0, frequency = 0, period = 0;
  int cpu = -1;
};

std::unique_ptr<Link> attach(std::shared_ptr<Object> object, const std::string& program, const AttachRequest& request);

}  // namespace sonde
