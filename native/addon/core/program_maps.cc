// SPDX-License-Identifier: Apache-2.0
#include "program_maps.h"

#include <linux/bpf.h>

#include "elf_file.h"

namespace sonde {

namespace {

/** A place in the file: section number and byte in it. */
using Place = std::pair<size_t, uint64_t>;

struct Function {
  std::string name;
  uint64_t end;
  std::set<std::string> maps;
  std::set<Place> calls;
};

/** The functions of an object and what their instructions refer to. */
class CallGraph {
 public:
  explicit CallGraph(const std::string& path) : file_(path) {
    findSections();
    findSymbols();
    file_.forEachSection([&](Elf_Scn* section, const GElf_Shdr& header) {
      if (header.sh_type == SHT_REL && code_.count(header.sh_info)) readRelocations(section, header);
    });
    for (auto& [index, section] : code_) readLocalCalls(index, section);
  }

  std::map<std::string, std::set<std::string>> mapsByFunction() {
    std::map<std::string, std::set<std::string>> result;
    for (auto& [place, function] : functions_) {
      std::set<Place> visited;
      collect(place, visited, result[function.name]);
    }
    return result;
  }

 private:
  void findSections() {
    file_.forEachSection([&](Elf_Scn* section, const GElf_Shdr& header) {
      if (header.sh_type == SHT_SYMTAB) symbols_ = elf_getdata(section, nullptr);
      if (header.sh_flags & SHF_EXECINSTR) code_[elf_ndxscn(section)] = elf_getdata(section, nullptr);
      if (file_.sectionName(header) == ".maps") mapsSection_ = elf_ndxscn(section);
    });
  }

  void findSymbols() {
    file_.forEachSymbol([&](const char* name, const GElf_Sym& symbol) {
      Place place(symbol.st_shndx, symbol.st_value);
      if (symbol.st_shndx == mapsSection_) maps_[place.second] = name;
      if (GELF_ST_TYPE(symbol.st_info) == STT_FUNC) functions_[place] = {name, symbol.st_value + symbol.st_size, {}, {}};
    });
  }

  void readRelocations(Elf_Scn* section, const GElf_Shdr& header) {
    Elf_Data* data = elf_getdata(section, nullptr);
    GElf_Rel relocation;
    GElf_Sym symbol;
    for (int index = 0; data && gelf_getrel(data, index, &relocation); index++) {
      Function* function = functionAt({header.sh_info, relocation.r_offset});
      const bpf_insn* instruction = instructionAt(code_[header.sh_info], relocation.r_offset);
      if (!function || !instruction || !gelf_getsym(symbols_, GELF_R_SYM(relocation.r_info), &symbol)) continue;
      relocated_.insert({header.sh_info, relocation.r_offset});
      // A reference by way of the section's symbol has the rest of the address in the instruction.
      bool bySection = GELF_ST_TYPE(symbol.st_info) == STT_SECTION;
      bool call = instruction->code == (BPF_JMP | BPF_CALL);
      int64_t rest = call ? (int64_t{instruction->imm} + 1) * sizeof(bpf_insn) : instruction->imm;
      refer(*function, {symbol.st_shndx, symbol.st_value + (bySection ? rest : 0)});
    }
  }

  /** Calls within a section that the compiler has resolved itself. */
  void readLocalCalls(size_t section, Elf_Data* data) {
    for (uint64_t at = 0; const bpf_insn* instruction = instructionAt(data, at); at += sizeof(bpf_insn)) {
      bool local = instruction->code == (BPF_JMP | BPF_CALL) && instruction->src_reg == BPF_PSEUDO_CALL;
      Function* function = functionAt({section, at});
      if (!local || !function || relocated_.count({section, at})) continue;
      refer(*function, {section, at + (int64_t{instruction->imm} + 1) * sizeof(bpf_insn)});
    }
  }

  void refer(Function& from, Place to) {
    if (to.first == mapsSection_ && maps_.count(to.second)) from.maps.insert(maps_[to.second]);
    if (code_.count(to.first)) from.calls.insert(to);
  }

  void collect(Place place, std::set<Place>& visited, std::set<std::string>& maps) {
    auto found = functions_.find(place);
    if (found == functions_.end() || !visited.insert(place).second) return;
    maps.insert(found->second.maps.begin(), found->second.maps.end());
    for (Place callee : found->second.calls) collect(callee, visited, maps);
  }

  Function* functionAt(Place place) {
    auto after = functions_.upper_bound(place);
    if (after == functions_.begin()) return nullptr;
    auto& [start, function] = *std::prev(after);
    return start.first == place.first && place.second < function.end ? &function : nullptr;
  }

  static const bpf_insn* instructionAt(const Elf_Data* data, uint64_t at) {
    bool inside = data && data->d_buf && at + sizeof(bpf_insn) <= data->d_size;
    return inside ? reinterpret_cast<const bpf_insn*>(static_cast<const uint8_t*>(data->d_buf) + at) : nullptr;
  }

  ElfFile file_;
  Elf_Data* symbols_ = nullptr;
  size_t mapsSection_ = SIZE_MAX;
  std::map<size_t, Elf_Data*> code_;
  std::map<uint64_t, std::string> maps_;
  std::map<Place, Function> functions_;
  std::set<Place> relocated_;
};

}  // namespace

std::map<std::string, std::set<std::string>> programMaps(const std::string& path) {
  return CallGraph(path).mapsByFunction();
}

}  // namespace sonde
