// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fd.h"

namespace sonde {

/** Yes, no, or could not be told. */
using Answer = std::optional<bool>;

/** KernelFeatures of src/kernel-types.ts. */
struct Features {
  std::map<std::string, Answer> single, programTypes, mapTypes;
};

/** Tries everything; some tens of milliseconds. */
Features probeFeatures();

struct KernelType {
  std::string name;
  bool function;  // else a typedef
};

/** Whether the BTF of the kernel or of a module has each of these. */
std::vector<bool> findKernelTypes(const std::vector<KernelType>& wanted);
/** The names of an enum of the kernel by their numbers; none if the kernel itself has no such enum. */
std::vector<std::pair<std::string, int32_t>> kernelEnum(const std::string& name);

/** Keeps run statistics on while the descriptor is open. */
Fd enableRunStatistics();

}  // namespace sonde
