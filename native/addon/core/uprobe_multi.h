// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "fd.h"

namespace sonde {

/** BPF_TRACE_UPROBE_MULTI, which the headers of libbpf 1.1 do not know. */
constexpr uint32_t kTraceUprobeMulti = 48;

/** BPF_LINK_CREATE for many uprobes at once (kernel 6.6). The result is not valid on failure, with errno set. */
Fd createUprobeMultiLink(int programFd, const std::string& binary, const std::vector<uint64_t>& offsets,
                         const std::vector<uint64_t>& cookies, uint32_t pid, bool retprobe);

}  // namespace sonde
