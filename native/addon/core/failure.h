// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace sonde {

/** What every function here throws. `code` is one of NativeErrorCode in src/errors.ts. */
struct Failure {
  const char* code;
  std::string message;
  /** Positive errno, 0 if no system call failed. */
  int error = 0;
  /** What libbpf and the verifier printed. */
  std::string log = {};
};

/**
 * A failed system call or libbpf call (`error` may have either sign). The code becomes PERMISSION where the kernel said
 * EPERM or EACCES and the process indeed lacks the capabilities, so that a policy's refusal is not taken for it.
 */
Failure systemFailure(const char* code, const std::string& what, int error, std::string log = {});

/** Whether this thread may use BPF for tracing: CAP_SYS_ADMIN, or CAP_BPF with CAP_PERFMON. */
bool hasBpfCapabilities();

}  // namespace sonde
