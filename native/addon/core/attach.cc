// SPDX-License-Identifier: Apache-2.0
#include "attach.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>

#include <cerrno>
#include <fstream>

#include "elf_symbols.h"
#include "failure.h"
#include "libbpf_log.h"
#include "tracefs.h"
#include "uprobe_multi.h"

namespace sonde {

namespace {

std::vector<int> onlineCpus() {
  std::ifstream file("/sys/devices/system/cpu/online");
  std::vector<int> cpus;
  for (int first; file >> first; file.get()) {
    int last = first;
    if (file.peek() == '-') file.get(), file >> last;
    for (int cpu = first; cpu <= last; cpu++) cpus.push_back(cpu);
  }
  return cpus;
}

bpf_link* attachUprobe(bpf_program* program, const AttachRequest& request) {
  uint64_t offset = request.offset;
  if (!request.symbol.empty()) offset += symbolOffset(request.binary, request.symbol);
  LIBBPF_OPTS(bpf_uprobe_opts, options);
  options.retprobe = request.retprobe;
  return bpf_program__attach_uprobe_opts(program, request.pid, request.binary.c_str(), offset, &options);
}

bpf_link* attachKprobe(bpf_program* program, const AttachRequest& request) {
  LIBBPF_OPTS(bpf_kprobe_opts, options);
  options.offset = request.offset;
  options.retprobe = request.retprobe;
  return bpf_program__attach_kprobe_opts(program, request.function.c_str(), &options);
}

bpf_link* attachEvent(bpf_program* program, perf_event_attr attributes, int pid, int cpu) {
  attributes.size = sizeof attributes;
  Fd event(syscall(SYS_perf_event_open, &attributes, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC));
  if (!event) return nullptr;
  bpf_link* link = bpf_program__attach_perf_event(program, event.get());
  if (link) event.release();
  return link;
}

bpf_link* attachPerfEvent(bpf_program* program, const AttachRequest& request, int cpu) {
  perf_event_attr attributes{};
  attributes.type = request.type;
  attributes.config = request.config;
  attributes.freq = request.frequency > 0;
  if (attributes.freq) attributes.sample_freq = request.frequency;
  else attributes.sample_period = request.period;
  return attachEvent(program, attributes, request.pid, cpu);
}

/** libbpf would only look for tracefs where it is usually mounted. */
bpf_link* attachTracepoint(bpf_program* program, const std::string& category, const std::string& name) {
  auto id = Tracefs().tracepoint(category, name);
  if (!id) throw Failure{"ATTACH", "this kernel has no tracepoint " + category + "/" + name, ENOENT};
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_TRACEPOINT;
  attributes.config = *id;
  return attachEvent(program, attributes, -1, 0);
}

bpf_link* attachAsDeclared(bpf_program* program) {
  std::string section = bpf_program__section_name(program);  // tracepoint/<category>/<name>
  size_t category = section.find('/') + 1, name = section.find('/', category) + 1;
  if (bpf_program__type(program) != BPF_PROG_TYPE_TRACEPOINT || !category || !name) return bpf_program__attach(program);
  return attachTracepoint(program, section.substr(category, name - 1 - category), section.substr(name));
}

bpf_link* attachOne(bpf_program* program, const AttachRequest& request) {
  if (request.kind == "auto") return attachAsDeclared(program);
  if (request.kind == "tracepoint") return attachTracepoint(program, request.category, request.name);
  if (request.kind == "raw_tracepoint") return bpf_program__attach_raw_tracepoint(program, request.name.c_str());
  if (request.kind == "kprobe") return attachKprobe(program, request);
  if (request.kind == "uprobe") return attachUprobe(program, request);
  if (request.kind == "usdt")
    return bpf_program__attach_usdt(program, request.pid, request.binary.c_str(), request.category.c_str(),
                                    request.name.c_str(), nullptr);
  throw Failure{"INVALID", "there is no kind of attachment named " + request.kind};
}

}  // namespace

std::unique_ptr<Link> attach(std::shared_ptr<Object> object, const std::string& name, const AttachRequest& request) {
  LibbpfLog log;
  bpf_program* program = object->program(name);
  auto link = std::make_unique<Link>(std::move(object));
  auto fail = [&](int error) { return systemFailure("ATTACH", "program " + name + " (" + request.kind + ")", error, log.text()); };

  if (request.kind == "uprobe_multi") {
    Fd fd = createUprobeMultiLink(bpf_program__fd(program), request.binary, request.offsets, request.cookies,
                                  request.pid > 0 ? request.pid : 0, request.retprobe);
    if (!fd) throw fail(errno);
    link->add(std::move(fd));
  } else if (request.kind == "perf_event") {
    for (int cpu : request.cpu >= 0 ? std::vector<int>{request.cpu} : onlineCpus()) {
      bpf_link* one = attachPerfEvent(program, request, cpu);
      if (!one) throw fail(errno);
      link->add(one);
    }
  } else {
    bpf_link* one = attachOne(program, request);
    if (!one) throw fail(errno);
    link->add(one);
  }
  return link;
}

}  // namespace sonde
