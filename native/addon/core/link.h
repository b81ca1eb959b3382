// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <bpf/libbpf.h>

#include <memory>
#include <vector>

#include "fd.h"

namespace sonde {

class Object;

/** An attachment: what libbpf made (one link for each CPU of a perf event), or a descriptor of our own. */
class Link {
 public:
  /** Keeps the object alive, because libbpf's USDT links refer to it. */
  explicit Link(std::shared_ptr<Object> object) : object_(std::move(object)) {}
  ~Link() { detach(); }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void add(bpf_link* link) { links_.push_back(link); }
  void add(Fd fd) { fd_ = std::move(fd); }
  void detach() {
    for (bpf_link* link : links_) bpf_link__destroy(link);
    links_.clear();
    fd_.reset();
    object_.reset();
  }

 private:
  std::shared_ptr<Object> object_;
  std::vector<bpf_link*> links_;
  Fd fd_;
};

}  // namespace sonde
