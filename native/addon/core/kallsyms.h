// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sonde {

/** The kernel's functions, sorted by address. */
class KernelSymbols {
 public:
  /** Reads /proc/kallsyms. */
  KernelSymbols();

  struct Found {
    const char* name;
    /** Empty for the kernel proper. */
    const char* module;
    uint64_t address;
  };
  std::optional<Found> lookup(uint64_t address) const;
  std::optional<uint64_t> address(const std::string& name) const;
  size_t size() const { return symbols_.size(); }

 private:
  /** `name` and `module` are offsets into text_. */
  struct Symbol {
    uint64_t address;
    uint32_t name, module;
  };
  std::vector<Symbol> symbols_;
  std::string text_;
};

}  // namespace sonde
