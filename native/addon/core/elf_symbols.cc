// SPDX-License-Identifier: Apache-2.0
#include "elf_symbols.h"

#include <gelf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <tuple>

#include "failure.h"
#include "fd.h"

namespace sonde {

namespace {

/** An ELF file open for reading. */
class ElfFile {
 public:
  explicit ElfFile(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (!fd_) throw Failure{errno == ENOENT ? "NOT_FOUND" : "READ", path + ": " + strerror(errno), errno};
    elf_version(EV_CURRENT);
    elf_ = elf_begin(fd_.get(), ELF_C_READ_MMAP, nullptr);
    if (!elf_ || elf_kind(elf_) != ELF_K_ELF) {
      elf_end(elf_);
      throw Failure{"CORRUPT", path + " is not an ELF file"};
    }
    readSegments();
  }
  ~ElfFile() { elf_end(elf_); }
  ElfFile(const ElfFile&) = delete;
  ElfFile& operator=(const ElfFile&) = delete;

  template <class Visit>
  void forEachSymbol(Visit visit) const {
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_, section));) {
      GElf_Shdr header;
      if (!gelf_getshdr(section, &header) || (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM)) continue;
      Elf_Data* data = elf_getdata(section, nullptr);
      if (!data || header.sh_entsize == 0) continue;
      for (size_t index = 0; index < header.sh_size / header.sh_entsize; index++) {
        GElf_Sym symbol;
        if (!gelf_getsym(data, index, &symbol)) break;
        const char* name = elf_strptr(elf_, header.sh_link, symbol.st_name);
        if (name && *name && symbol.st_shndx != SHN_UNDEF) visit(std::string(name, strcspn(name, "@")), symbol);
      }
    }
  }

  int64_t fileOffset(uint64_t address) const {
    for (const GElf_Phdr& segment : segments_) {
      if (address >= segment.p_vaddr && address < segment.p_vaddr + segment.p_filesz)
        return address - segment.p_vaddr + segment.p_offset;
    }
    return -1;
  }

 private:
  void readSegments() {
    size_t count = 0;
    elf_getphdrnum(elf_, &count);
    for (size_t index = 0; index < count; index++) {
      GElf_Phdr segment;
      if (gelf_getphdr(elf_, index, &segment) && segment.p_type == PT_LOAD) segments_.push_back(segment);
    }
  }

  Fd fd_;
  Elf* elf_ = nullptr;
  std::vector<GElf_Phdr> segments_;
};

}  // namespace

std::vector<ElfSymbolEntry> elfSymbols(const std::string& path) {
  ElfFile file(path);
  std::vector<ElfSymbolEntry> symbols;
  file.forEachSymbol([&](std::string name, const GElf_Sym& symbol) {
    uint8_t type = GELF_ST_TYPE(symbol.st_info);
    if (type == STT_SECTION || type == STT_FILE || type == STT_TLS) return;
    symbols.push_back({std::move(name), symbol.st_value, symbol.st_size, file.fileOffset(symbol.st_value), type});
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
  file.forEachSymbol([&](const std::string& candidate, const GElf_Sym& symbol) {
    if (candidate != name) return;
    bool code = GELF_ST_TYPE(symbol.st_info) == STT_FUNC || GELF_ST_TYPE(symbol.st_info) == STT_GNU_IFUNC;
    (code ? function : other) = file.fileOffset(symbol.st_value);
  });
  if (function < 0 && other < 0) throw Failure{"UNKNOWN_SYMBOL", path + " defines no symbol " + name};
  return function >= 0 ? function : other;
}

}  // namespace sonde
