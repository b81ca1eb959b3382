// SPDX-License-Identifier: Apache-2.0
#include "kallsyms.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "failure.h"

namespace sonde {

KernelSymbols::KernelSymbols() : text_(1, '\0') {
  FILE* file = fopen("/proc/kallsyms", "re");
  if (!file) throw systemFailure("READ", "/proc/kallsyms", errno);
  auto store = [&](const char* text) {
    uint32_t at = text_.size();
    text_.append(text).push_back('\0');
    return at;
  };
  char line[1024], type, name[512], module[128];
  unsigned long long address;
  uint64_t anyBits = 0;
  std::string lastModule;
  uint32_t lastModuleAt = 0;
  while (fgets(line, sizeof line, file)) {
    int fields = sscanf(line, "%llx %c %511s [%127[^]]", &address, &type, name, module);
    if (fields < 3 || !strchr("tTwW", type)) continue;
    anyBits |= address;
    if (fields == 4 && lastModule != module) {
      lastModule = module;
      lastModuleAt = store(module);
    }
    symbols_.push_back({address, store(name), fields == 4 ? lastModuleAt : 0});
  }
  fclose(file);
  if (anyBits == 0) throw Failure{"PERMISSION", "/proc/kallsyms hides addresses (CAP_SYSLOG and kernel.kptr_restrict)", EPERM};
  std::stable_sort(symbols_.begin(), symbols_.end(), [](auto& a, auto& b) { return a.address < b.address; });
  symbols_.shrink_to_fit();
  text_.shrink_to_fit();
}

std::optional<KernelSymbols::Found> KernelSymbols::lookup(uint64_t address) const {
  auto after = std::upper_bound(symbols_.begin(), symbols_.end(), address,
                                [](uint64_t value, const Symbol& symbol) { return value < symbol.address; });
  if (after == symbols_.begin()) return {};
  const Symbol& symbol = *std::prev(after);
  return Found{text_.data() + symbol.name, text_.data() + symbol.module, symbol.address};
}

std::optional<uint64_t> KernelSymbols::address(const std::string& name) const {
  for (const Symbol& symbol : symbols_) {
    if (name == text_.data() + symbol.name) return symbol.address;
  }
  return {};
}

}  // namespace sonde
