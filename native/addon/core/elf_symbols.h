// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace sonde {

struct ElfSymbolEntry {
  std::string name;
  uint64_t address, size;
  /** -1 if no loaded segment holds the symbol. */
  int64_t fileOffset;
  /** STT_… */
  uint8_t type;
};

/** The defined symbols of .symtab and .dynsym, each once; versions (`name@@VERSION`) are taken off. */
std::vector<ElfSymbolEntry> elfSymbols(const std::string& path);

/** The file offset of a symbol, functions first. */
uint64_t symbolOffset(const std::string& path, const std::string& name);

}  // namespace sonde
