// SPDX-License-Identifier: Apache-2.0
#include "elf_symbols.h"

#include <algorithm>
#include <tuple>

#include "elf_file.h"

namespace sonde {

namespace {

/** Without the version: `name@@VERSION`. */
std::string plainName(const char* name) { return {name, strcspn(name, "@")}; }

}  // namespace

std::vector<ElfSymbolEntry> elfSymbols(const std::string& path) {
  ElfFile file(path);
  std::vector<ElfSymbolEntry> symbols;
  file.forEachSymbol([&](const char* name, const GElf_Sym& symbol) {
    uint8_t type = GELF_ST_TYPE(symbol.st_info);
    if (type == STT_SECTION || type == STT_FILE || type == STT_TLS) return;
    symbols.push_back({plainName(name), symbol.st_value, symbol.st_size, file.fileOffset(symbol.st_value), type});
  });
  auto order = [](const ElfSymbolEntry& a) { return std::tie(a.address, a.name); };
  std::sort(symbols.begin(), symbols.end(), [&](auto& a, auto& b) { return order(a) < order(b); });
  auto twice = std::unique(symbols.begin(), symbols.end(), [&](auto& a, auto& b) { return order(a) == order(b); });
  symbols.erase(twice, symbols.end());
  return symbols;
}

uint64_t symbolOffset(const std::string& path, const std::string& name) {
  ElfFile file(path);
  int64_t function = -1, other = -1;
  file.forEachSymbol([&](const char* candidate, const GElf_Sym& symbol) {
    if (plainName(candidate) != name) return;
    bool code = GELF_ST_TYPE(symbol.st_info) == STT_FUNC || GELF_ST_TYPE(symbol.st_info) == STT_GNU_IFUNC;
    (code ? function : other) = file.fileOffset(symbol.st_value);
  });
  if (function < 0 && other < 0) throw Failure{"UNKNOWN_SYMBOL", path + " defines no symbol " + name};
  return function >= 0 ? function : other;
}

}  // namespace sonde
