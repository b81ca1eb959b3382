// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <bpf/bpf.h>

#include <cstdint>
#include <string>
#include <vector>

#include "fd.h"

namespace sonde {

/** A map in the kernel, by a descriptor of its own. Safe to use on several threads. */
class Map {
 public:
  /** Duplicates the descriptor. */
  explicit Map(int fd);

  int fd() const { return fd_.get(); }
  const bpf_map_info& info() const { return info_; }
  uint32_t keySize() const { return info_.key_size; }
  uint32_t valueSize() const { return info_.value_size; }
  /** 1, or the number of possible CPUs for a per-CPU map. */
  uint32_t lanes() const { return lanes_; }
  /** Bytes of one CPU's value as the kernel copies it: padded to 8 on per-CPU maps. */
  uint32_t laneSize() const { return laneSize_; }
  /** Bytes of all lanes. */
  size_t stride() const { return size_t{laneSize_} * lanes_; }

  /** False if there is no such entry. */
  bool lookup(const void* key, void* value) const;
  void update(const void* key, const void* value, uint64_t flags) const;
  bool remove(const void* key) const;
  bool take(const void* key, void* value) const;
  /** Kernel memory, in bytes. */
  uint64_t memory() const;

 private:
  Fd fd_;
  bpf_map_info info_{};
  uint32_t lanes_ = 1;
  uint32_t laneSize_ = 0;
};

/** CPUs that may ever come online: the number of lanes of per-CPU maps. */
uint32_t possibleCpus();

}  // namespace sonde
