// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <set>
#include <string>

namespace sonde {

/** For each function of a BPF object file: the maps that it and the functions it calls refer to. */
std::map<std::string, std::set<std::string>> programMaps(const std::string& path);

}  // namespace sonde
