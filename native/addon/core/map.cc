// SPDX-License-Identifier: Apache-2.0
#include "map.h"

#include <bpf/libbpf.h>

#include <cerrno>

#include "failure.h"
#include "object.h"

namespace sonde {

namespace {

constexpr int kNotSupported = 524;  // the kernel's ENOTSUPP

bool isPerCpu(uint32_t type) {
  return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
         type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

Failure mapFailure(const Map& map, const char* what) {
  return systemFailure("MAP", std::string(what) + " in map " + map.info().name, errno);
}

}  // namespace

Map::Map(int fd) : fd_(Fd::duplicate(fd)) {
  uint32_t size = sizeof info_;
  if (!fd_ || bpf_obj_get_info_by_fd(fd_.get(), &info_, &size) != 0) throw systemFailure("MAP", "map information", errno);
  bool perCpu = isPerCpu(info_.type);
  lanes_ = perCpu ? possibleCpus() : 1;
  laneSize_ = perCpu ? (info_.value_size + 7) / 8 * 8 : info_.value_size;
}

bool Map::lookup(const void* key, void* value) const {
  if (bpf_map_lookup_elem(fd_.get(), key, value) == 0) return true;
  if (errno == ENOENT) return false;
  throw mapFailure(*this, "lookup");
}

void Map::update(const void* key, const void* value, uint64_t flags) const {
  if (bpf_map_update_elem(fd_.get(), key, value, flags) != 0) throw mapFailure(*this, "update");
}

bool Map::remove(const void* key) const {
  if (bpf_map_delete_elem(fd_.get(), key) == 0) return true;
  if (errno == ENOENT) return false;
  throw mapFailure(*this, "delete");
}

bool Map::take(const void* key, void* value) const {
  if (bpf_map_lookup_and_delete_elem(fd_.get(), key, value) == 0) return true;
  if (errno == ENOENT) return false;
  if (errno == EINVAL || errno == EOPNOTSUPP || errno == kNotSupported) return lookup(key, value) && remove(key);
  throw mapFailure(*this, "lookup and delete");
}

uint64_t Map::memory() const { return fdinfo(fd_.get(), "memlock"); }

uint32_t possibleCpus() {
  int cpus = libbpf_num_possible_cpus();
  if (cpus <= 0) throw systemFailure("READ", "/sys/devices/system/cpu/possible", cpus);
  return cpus;
}

}  // namespace sonde
