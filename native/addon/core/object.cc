// SPDX-License-Identifier: Apache-2.0
#include "object.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "btf_check.h"
#include "failure.h"
#include "fd.h"
#include "libbpf_log.h"
#include "program_maps.h"
#include "uprobe_multi.h"

namespace sonde {

namespace {

std::string orEmpty(const char* text) { return text ? text : ""; }

/** libbpf has error numbers of its own above those of the kernel. */
Failure openFailure(const std::string& path, int error, const std::string& log) {
  char text[128] = "";
  libbpf_strerror(error, text, sizeof text);
  return {"CORRUPT", path + " is not a usable BPF object: " + text, error < __LIBBPF_ERRNO__START ? error : 0, log};
}

/** As one store where size and alignment allow it, so that a running program never sees half a value. */
void copyAtomically(uint8_t* to, const uint8_t* from, size_t length) {
  auto store = [&](auto value) {
    memcpy(&value, from, sizeof value);
    __atomic_store_n(reinterpret_cast<decltype(value)*>(to), value, __ATOMIC_RELEASE);
  };
  bool aligned = length && reinterpret_cast<uintptr_t>(to) % length == 0;
  if (aligned && length == 8) return store(uint64_t{});
  if (aligned && length == 4) return store(uint32_t{});
  if (aligned && length == 2) return store(uint16_t{});
  memcpy(to, from, length);
}

}  // namespace

Object::Object(const std::string& path, const std::string& kernelBtf) {
  if (access(path.c_str(), R_OK) != 0)
    throw Failure{errno == ENOENT ? "NOT_FOUND" : "CORRUPT", path + ": " + strerror(errno), errno};
  checkBtf(path);
  programMaps_ = programMaps(path);
  LibbpfLog log;
  LIBBPF_OPTS(bpf_object_open_opts, options);
  if (!kernelBtf.empty()) options.btf_custom_path = kernelBtf.c_str();
  object_ = bpf_object__open_file(path.c_str(), &options);
  if (!object_) throw openFailure(path, errno, log.text());
}

Object::~Object() {
  for (auto& [name, section] : live_) munmap(section.data, section.length);
  bpf_object__close(object_);
}

std::vector<ProgramDescription> Object::programs() const {
  auto mapsOf = [&](const char* name) {
    auto found = programMaps_.find(name);
    return found == programMaps_.end() ? std::set<std::string>() : found->second;
  };
  std::vector<ProgramDescription> list;
  bpf_program* program;
  bpf_object__for_each_program(program, object_) {
    list.push_back({bpf_program__name(program), bpf_program__section_name(program),
                    orEmpty(libbpf_bpf_prog_type_str(bpf_program__type(program))), mapsOf(bpf_program__name(program))});
  }
  return list;
}

std::vector<MapDescription> Object::maps() const {
  std::vector<MapDescription> list;
  bpf_map* map;
  bpf_object__for_each_map(map, object_) {
    if (bpf_map__is_internal(map)) continue;
    list.push_back({bpf_map__name(map), orEmpty(libbpf_bpf_map_type_str(bpf_map__type(map))), bpf_map__key_size(map),
                    bpf_map__value_size(map), bpf_map__max_entries(map), bpf_map__map_flags(map),
                    bpf_map__btf_key_type_id(map), bpf_map__btf_value_type_id(map)});
  }
  return list;
}

std::vector<uint8_t> Object::btf() const {
  uint32_t size = 0;
  const struct btf* types = bpf_object__btf(object_);
  auto* bytes = types ? static_cast<const uint8_t*>(btf__raw_data(types, &size)) : nullptr;
  return bytes ? std::vector<uint8_t>(bytes, bytes + size) : std::vector<uint8_t>();
}

void Object::setProgramAutoload(const std::string& program, bool on) {
  expectNotLoaded("setProgramAutoload");
  bpf_program__set_autoload(findProgram(program), on);
}

void Object::setAttachTarget(const std::string& program, const std::string& target) {
  expectNotLoaded("setAttachTarget");
  LibbpfLog log;
  int error = bpf_program__set_attach_target(findProgram(program), 0, target.c_str());
  if (error) throw systemFailure("ATTACH", "attach target " + target + " of program " + program, error, log.text());
}

void Object::setUprobeMulti(const std::string& program) {
  expectNotLoaded("setUprobeMulti");
  bpf_program* found = findProgram(program);
  if (bpf_program__type(found) != BPF_PROG_TYPE_KPROBE)
    throw Failure{"INVALID", "program " + program + " is not a uprobe program"};
  bpf_program__set_expected_attach_type(found, static_cast<bpf_attach_type>(kTraceUprobeMulti));
}

void Object::setMapMaxEntries(const std::string& map, uint32_t entries) {
  expectNotLoaded("setMapMaxEntries");
  if (entries == 0) throw Failure{"INVALID", "map " + map + " needs at least one entry"};
  int error = bpf_map__set_max_entries(findMap(map), entries);
  if (error) throw systemFailure("INVALID", "max_entries of map " + map, error);
}

void Object::setMapAutocreate(const std::string& map, bool on) {
  expectNotLoaded("setMapAutocreate");
  bpf_map__set_autocreate(findMap(map), on);
}

void Object::reuseMap(const std::string& map, int fd) {
  expectNotLoaded("reuseMap");
  bpf_map* own = findMap(map);
  bpf_map_info other{};
  uint32_t size = sizeof other;
  if (bpf_obj_get_info_by_fd(fd, &other, &size)) throw systemFailure("MAP", "map to reuse for " + map, errno);
  bool alike = other.type == bpf_map__type(own) && other.key_size == bpf_map__key_size(own) &&
               other.value_size == bpf_map__value_size(own);
  if (!alike) throw Failure{"INVALID", "map " + map + " and the one to reuse differ in type or in the size of key or value"};
  if (int error = bpf_map__reuse_fd(own, fd)) throw systemFailure("MAP", "reuse for map " + map, error);
  reused_[map] = own;
}

void Object::writeSection(const std::string& name, size_t offset, const uint8_t* bytes, size_t length) {
  if (loaded_ && name.compare(0, 7, ".rodata") == 0)
    throw Failure{"STATE", "variables in " + name + " cannot be written after loading"};
  copyAtomically(section(name, offset, length).data + offset, bytes, length);
}

void Object::readSection(const std::string& name, size_t offset, uint8_t* bytes, size_t length) {
  memcpy(bytes, section(name, offset, length).data + offset, length);
}

Object::Section Object::section(const std::string& name, size_t offset, size_t length) {
  bpf_map* map = bpf_object__find_map_by_name(object_, name.c_str());
  if (!map) throw Failure{"UNKNOWN_GLOBAL", "the object has no section " + name};
  Section found{};
  // Const only in the signature: this is the copy that load() hands to the kernel.
  found.data = static_cast<uint8_t*>(const_cast<void*>(bpf_map__initial_value(map, &found.length)));
  if (loaded_ && name.compare(0, 7, ".rodata") != 0) {
    Section& live = live_[name];
    if (!live.data) {
      void* memory = mmap(nullptr, bpf_map__value_size(map), PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
      if (memory == MAP_FAILED) throw systemFailure("MAP", "memory of section " + name, errno);
      live = {static_cast<uint8_t*>(memory), bpf_map__value_size(map)};
    }
    found = live;
  }
  if (!found.data || offset + length > found.length)
    throw Failure{"INVALID", std::to_string(offset + length) + " bytes reach beyond section " + name};
  return found;
}

void Object::load() {
  expectNotLoaded("load");
  LibbpfLog log;
  int error = bpf_object__load(object_);
  if (error) throw systemFailure("LOAD", "object " + orEmpty(bpf_object__name(object_)), error, log.text());
  loaded_ = true;
}

bpf_program* Object::program(const std::string& name) const {
  bpf_program* found = findProgram(name);
  if (bpf_program__fd(found) < 0) throw Failure{"STATE", "program " + name + " is not loaded"};
  return found;
}

int Object::mapFd(const std::string& name) const {
  int fd = bpf_map__fd(findMap(name));
  if (!loaded_ || fd < 0) throw Failure{"STATE", "map " + name + " does not exist in the kernel yet"};
  return fd;
}

std::vector<ProgramStatistics> Object::statistics() const {
  std::vector<ProgramStatistics> list;
  bpf_program* program;
  bpf_object__for_each_program(program, object_) {
    int fd = bpf_program__fd(program);
    bpf_prog_info info{};
    uint32_t size = sizeof info;
    if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) != 0) continue;
    list.push_back({bpf_program__name(program), info.id, info.run_cnt, info.run_time_ns, info.verified_insns,
                    info.recursion_misses, fdinfo(fd, "memlock")});
  }
  return list;
}

std::vector<uint8_t> Object::runIterator(const std::string& name, const std::string& map) const {
  LibbpfLog log;
  bpf_iter_link_info over{};
  DECLARE_LIBBPF_OPTS(bpf_iter_attach_opts, options);
  if (!map.empty()) {
    over.map.map_fd = mapFd(map);
    options.link_info = &over;
    options.link_info_len = sizeof over;
  }
  bpf_link* link = bpf_program__attach_iter(program(name), &options);
  if (!link) throw systemFailure("ATTACH", "iterator " + name, errno, log.text());
  Fd reader(bpf_iter_create(bpf_link__fd(link)));
  int error = errno;
  bpf_link__destroy(link);
  if (!reader) throw systemFailure("ATTACH", "iterator " + name, error, log.text());

  constexpr size_t kChunk = 256 * 1024;
  std::vector<uint8_t> all;
  for (size_t used = 0;;) {
    all.resize(used + kChunk);
    ssize_t got = read(reader.get(), all.data() + used, kChunk);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) throw systemFailure("READ", "iterator " + name, errno);
    used += got;
    if (got == 0) {
      all.resize(used);
      return all;
    }
  }
}

bpf_program* Object::findProgram(const std::string& name) const {
  bpf_program* found = bpf_object__find_program_by_name(object_, name.c_str());
  if (!found) throw Failure{"UNKNOWN_PROGRAM", "the object has no program " + name};
  return found;
}

bpf_map* Object::findMap(const std::string& name) const {
  // libbpf gives a map that reuses another the other's name
  if (auto reused = reused_.find(name); reused != reused_.end()) return reused->second;
  bpf_map* found = bpf_object__find_map_by_name(object_, name.c_str());
  if (!found) throw Failure{"UNKNOWN_MAP", "the object has no map " + name};
  return found;
}

void Object::expectNotLoaded(const char* what) const {
  if (loaded_) throw Failure{"STATE", std::string(what) + " works only before loading"};
}

uint64_t fdinfo(int fd, const char* field) {
  std::string path = "/proc/self/fdinfo/" + std::to_string(fd);
  FILE* file = fopen(path.c_str(), "re");
  if (!file) return 0;
  char line[256];
  uint64_t value = 0;
  size_t length = strlen(field);
  while (fgets(line, sizeof line, file)) {
    if (strncmp(line, field, length) == 0 && line[length] == ':') value = strtoull(line + length + 1, nullptr, 10);
  }
  fclose(file);
  return value;
}

}  // namespace sonde
