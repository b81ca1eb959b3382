// SPDX-License-Identifier: Apache-2.0
#include "tracefs.h"

#include <linux/mount.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdlib>

#include "failure.h"

namespace sonde {

namespace {

Fd openDirectory(int at, const char* path) { return Fd(openat(at, path, O_PATH | O_DIRECTORY | O_CLOEXEC)); }

Fd mountDetached() {
  Fd context(syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC));
  if (!context || syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return Fd();
  return Fd(syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0));
}

}  // namespace

Tracefs::Tracefs() {
  for (const char* mounted : {"/sys/kernel/tracing/events", "/sys/kernel/debug/tracing/events"}) {
    events_ = openDirectory(AT_FDCWD, mounted);
    if (events_) return;
  }
  Fd root = mountDetached();
  if (root) events_ = openDirectory(root.get(), "events");
  if (!events_) throw systemFailure("READ", "tracefs is not mounted and cannot be", errno);
}

std::optional<uint64_t> Tracefs::tracepoint(const std::string& category, const std::string& name) const {
  Fd file(openat(events_.get(), (category + "/" + name + "/id").c_str(), O_RDONLY | O_CLOEXEC));
  char text[32] = "";
  if (!file || read(file.get(), text, sizeof text - 1) <= 0) return {};
  return strtoull(text, nullptr, 10);
}

}  // namespace sonde
