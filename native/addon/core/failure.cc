// SPDX-License-Identifier: Apache-2.0
#include "failure.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace sonde {

namespace {
constexpr unsigned kCapSysAdmin = 21;
constexpr unsigned kCapPerfmon = 38;
constexpr unsigned kCapBpf = 39;
}  // namespace

bool hasBpfCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) != 0) return false;
  auto has = [&](unsigned capability) { return (data[capability / 32].effective >> (capability % 32)) & 1; };
  return has(kCapSysAdmin) || (has(kCapBpf) && has(kCapPerfmon));
}

Failure systemFailure(const char* code, const std::string& what, int error, std::string log) {
  error = std::abs(error);
  bool refused = error == EPERM || error == EACCES;
  return {refused && !hasBpfCapabilities() ? "PERMISSION" : code, what + ": " + strerror(error), error, std::move(log)};
}

}  // namespace sonde
