// SPDX-License-Identifier: Apache-2.0
#include "uprobe_multi.h"

#include <linux/bpf.h>
#include <sys/syscall.h>

namespace sonde {

namespace {

constexpr uint32_t kReturn = 1;  // BPF_F_UPROBE_MULTI_RETURN

/** The `link_create` part of union bpf_attr, with its `uprobe_multi`. */
struct LinkCreate {
  uint32_t programFd;
  uint32_t targetFd;
  uint32_t attachType;
  uint32_t flags;
  uint64_t path;
  uint64_t offsets;
  uint64_t refCtrOffsets;
  uint64_t cookies;
  uint32_t count;
  uint32_t multiFlags;
  uint32_t pid;
  uint32_t padding;
};

uint64_t address(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

}  // namespace

Fd createUprobeMultiLink(int programFd, const std::string& binary, const std::vector<uint64_t>& offsets,
                         const std::vector<uint64_t>& cookies, uint32_t pid, bool retprobe) {
  LinkCreate attributes{};
  attributes.programFd = programFd;
  attributes.attachType = kTraceUprobeMulti;
  attributes.path = address(binary.c_str());
  attributes.offsets = address(offsets.data());
  attributes.cookies = cookies.empty() ? 0 : address(cookies.data());
  attributes.count = offsets.size();
  attributes.multiFlags = retprobe ? kReturn : 0;
  attributes.pid = pid;
  return Fd(syscall(SYS_bpf, BPF_LINK_CREATE, &attributes, sizeof attributes));
}

}  // namespace sonde
