// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <bpf/libbpf.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace sonde {

struct ProgramDescription {
  std::string name, section, type;
  /** Of the program and the functions it calls. */
  std::set<std::string> maps;
};

struct MapDescription {
  std::string name, type;
  uint32_t keySize, valueSize, maxEntries, flags, keyType, valueType;
};

struct ProgramStatistics {
  std::string name;
  uint32_t id;
  uint64_t runCount, runTimeNs, verifiedInsns, recursionMisses, memlockBytes;
};

/** One bpf_object. Not thread-safe: the caller runs one method at a time. */
class Object {
 public:
  /** Parses the file. `kernelBtf` may be empty. */
  Object(const std::string& path, const std::string& kernelBtf);
  ~Object();
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  bool loaded() const { return loaded_; }
  std::vector<ProgramDescription> programs() const;
  /** Without the maps that hold globals. */
  std::vector<MapDescription> maps() const;
  /** The object's raw BTF; empty if it has none. */
  std::vector<uint8_t> btf() const;

  void setProgramAutoload(const std::string& program, bool on);
  void setAttachTarget(const std::string& program, const std::string& target);
  void setUprobeMulti(const std::string& program);
  void setMapMaxEntries(const std::string& map, uint32_t entries);
  void setMapAutocreate(const std::string& map, bool on);
  void reuseMap(const std::string& map, int fd);

  /** `offset` counts from the start of the section. */
  void writeSection(const std::string& section, size_t offset, const uint8_t* bytes, size_t length);
  void readSection(const std::string& section, size_t offset, uint8_t* bytes, size_t length);

  void load();
  /** A loaded program. */
  bpf_program* program(const std::string& name) const;
  /** The descriptor of a created map, owned by this object. */
  int mapFd(const std::string& name) const;
  std::vector<ProgramStatistics> statistics() const;
  /** Attaches an iterator, reads it to the end, detaches it. `map` names the map it walks, or is empty. */
  std::vector<uint8_t> runIterator(const std::string& program, const std::string& map) const;

 private:
  struct Section {
    uint8_t* data;
    size_t length;
  };
  bpf_program* findProgram(const std::string& name) const;
  bpf_map* findMap(const std::string& name) const;
  void expectNotLoaded(const char* what) const;
  Section section(const std::string& name, size_t offset, size_t length);

  bpf_object* object_ = nullptr;
  std::map<std::string, std::set<std::string>> programMaps_;
  /** By the name in the object. */
  std::map<std::string, bpf_map*> reused_;
  bool loaded_ = false;
  /** The memory of .data and .bss sections, shared with the running programs. */
  std::map<std::string, Section> live_;
};

/** The value of a numeric field in /proc/self/fdinfo/<fd>, 0 if absent. */
uint64_t fdinfo(int fd, const char* field);

}  // namespace sonde
