// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace sonde {

/**
 * Looks whether the type information of a BPF object file refers only to what is there: libbpf before 1.3 trusts it.
 * @throws Failure CORRUPT
 */
void checkBtf(const std::string& path);

}  // namespace sonde
