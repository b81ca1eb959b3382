// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <gelf.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "failure.h"
#include "fd.h"

namespace sonde {

/**
 * An ELF file open for reading. It may be anybody's, a container's too: it is read and not mapped, since who cuts a mapped
 * file short ends us with SIGBUS, and what is no regular file is not waited for.
 */
class ElfFile {
 public:
  explicit ElfFile(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (!fd_) throw Failure{errno == ENOENT ? "NOT_FOUND" : "READ", path + ": " + strerror(errno), errno};
    struct stat status;
    if (fstat(fd_.get(), &status) != 0 || !S_ISREG(status.st_mode)) throw Failure{"CORRUPT", path + " is not an ELF file"};
    elf_version(EV_CURRENT);
    elf_ = elf_begin(fd_.get(), ELF_C_READ, nullptr);
    if (!elf_ || elf_kind(elf_) != ELF_K_ELF) {
      elf_end(elf_);
      throw Failure{"CORRUPT", path + " is not an ELF file"};
    }
    readSegments();
  }
  ~ElfFile() { elf_end(elf_); }
  ElfFile(const ElfFile&) = delete;
  ElfFile& operator=(const ElfFile&) = delete;

  /** Every section with its header. */
  template <class Visit>
  void forEachSection(Visit visit) const {
    GElf_Shdr header;
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_, section));) {
      if (gelf_getshdr(section, &header)) visit(section, header);
    }
  }

  /** Every defined, named symbol of .symtab and .dynsym; the name is valid as long as the file. */
  template <class Visit>
  void forEachSymbol(Visit visit) const {
    forEachSection([&](Elf_Scn* section, const GElf_Shdr& header) {
      if (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM) return;
      Elf_Data* data = elf_getdata(section, nullptr);
      GElf_Sym symbol;
      for (int index = 0; data && gelf_getsym(data, index, &symbol); index++) {
        const char* name = elf_strptr(elf_, header.sh_link, symbol.st_name);
        if (name && *name && symbol.st_shndx != SHN_UNDEF) visit(name, symbol);
      }
    });
  }

  std::string sectionName(const GElf_Shdr& header) const {
    size_t strings = 0;
    const char* name = elf_getshdrstrndx(elf_, &strings) == 0 ? elf_strptr(elf_, strings, header.sh_name) : nullptr;
    return name ? name : "";
  }

  /** Where in the file an address lies; -1 if no loaded segment holds it. */
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

}  // namespace sonde
