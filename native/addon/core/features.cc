// SPDX-License-Identifier: Apache-2.0
#include "features.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>

#include <cerrno>
#include <fstream>

#include "failure.h"
#include "libbpf_log.h"
#include "uprobe_multi.h"

namespace sonde {

namespace {

/** A function that every kernel has, that can be traced and that is never called in between. */
constexpr const char* kKernelFunction = "kernel_power_off";

struct Trivial {
  bpf_prog_type type;
  uint32_t attachType = 0;
  uint32_t btfId = 0;
};

/** A program that returns 0. */
Fd loadTrivial(const Trivial& program) {
  const bpf_insn instructions[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = 0},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
  };
  LIBBPF_OPTS(bpf_prog_load_opts, options);
  options.expected_attach_type = static_cast<bpf_attach_type>(program.attachType);
  options.attach_btf_id = program.btfId;
  return Fd(bpf_prog_load(program.type, nullptr, "GPL", instructions, 2, &options));
}

bool hasBatches(bpf_map_type type) {
  Fd map(bpf_map_create(type, nullptr, sizeof(uint32_t), sizeof(uint64_t), 1, nullptr));
  if (!map) return false;
  std::vector<uint64_t> values(libbpf_num_possible_cpus());
  uint32_t key, position, count = 1;
  int error = bpf_map_lookup_batch(map.get(), nullptr, &position, &key, values.data(), &count, nullptr);
  return error == 0 || errno == ENOENT;
}

bool hasRing() {
  return bool(Fd(bpf_map_create(BPF_MAP_TYPE_RINGBUF, nullptr, 0, 0, sysconf(_SC_PAGESIZE), nullptr)));
}

bool hasPerfLink() {
  Fd program = loadTrivial({BPF_PROG_TYPE_TRACEPOINT});
  // Where the kernel knows such links it gets as far as the bad descriptor.
  return program && bpf_link_create(program.get(), -1, BPF_PERF_EVENT, nullptr) < 0 && errno == EBADF;
}

/** The number of a dynamic perf event source, or -1. */
int eventSource(const char* name) {
  std::ifstream file(std::string("/sys/bus/event_source/devices/") + name + "/type");
  int type;
  return file >> type ? type : -1;
}

bool hasKprobe() {
  int type = eventSource("kprobe");
  if (type < 0) return false;
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = type;
  attributes.kprobe_func = reinterpret_cast<uint64_t>(kKernelFunction);
  return bool(Fd(syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
}

bool hasKprobeMulti() {
  Fd program = loadTrivial({BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI});
  LIBBPF_OPTS(bpf_link_create_opts, options);
  const char* symbols[] = {kKernelFunction};
  options.kprobe_multi.syms = symbols;
  options.kprobe_multi.cnt = 1;
  return program && Fd(bpf_link_create(program.get(), 0, BPF_TRACE_KPROBE_MULTI, &options));
}

bool hasUprobeMulti() {
  Fd program = loadTrivial({BPF_PROG_TYPE_KPROBE, kTraceUprobeMulti});
  // Where the kernel knows such links it gets as far as seeing that / is no regular file.
  return program && !createUprobeMultiLink(program.get(), "/", {0}, {}, 0, false) && errno == EBADF;
}

bool hasFentry() {
  int id = libbpf_find_vmlinux_btf_id(kKernelFunction, BPF_TRACE_FENTRY);
  if (id <= 0) return false;
  Fd program = loadTrivial({BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, static_cast<uint32_t>(id)});
  return program && Fd(bpf_raw_tracepoint_open(nullptr, program.get()));
}

/** libbpf tries an fentry program, which some kernels refuse while they take other tracing programs. */
bool hasTracing() {
  int id = libbpf_find_vmlinux_btf_id("sched_process_exec", BPF_TRACE_RAW_TP);
  return id > 0 && loadTrivial({BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, static_cast<uint32_t>(id)});
}

/** Yes, no, or (negative) unknown, as libbpf says it. */
Answer answer(int probed) { return probed < 0 ? Answer() : Answer(probed > 0); }

std::vector<std::string> moduleNames() {
  std::vector<std::string> names;
  DIR* directory = opendir("/sys/kernel/btf");
  if (!directory) return names;
  while (dirent* entry = readdir(directory)) {
    std::string name = entry->d_name;
    if (name[0] != '.' && name != "vmlinux") names.push_back(name);
  }
  closedir(directory);
  return names;
}

/** Marks what this BTF has; false if something is still missing. */
bool markFound(const btf* types, const std::vector<KernelType>& wanted, std::vector<bool>& found) {
  bool all = true;
  for (size_t index = 0; index < wanted.size(); index++) {
    uint32_t kind = wanted[index].function ? BTF_KIND_FUNC : BTF_KIND_TYPEDEF;
    if (!found[index]) found[index] = btf__find_by_name_kind(types, wanted[index].name.c_str(), kind) > 0;
    all = all && found[index];
  }
  return all;
}

}  // namespace

Features probeFeatures() {
  LibbpfLog quiet;
  Features features;
  bool able = hasBpfCapabilities();
  auto tried = [&](bool (*probe)()) { return able ? Answer(probe()) : Answer(); };
  features.single = {
      {"btf", access("/sys/kernel/btf/vmlinux", R_OK) == 0},
      {"batchOps", tried([] { return hasBatches(BPF_MAP_TYPE_HASH); })},
      {"percpuArrayBatchOps", tried([] { return hasBatches(BPF_MAP_TYPE_PERCPU_ARRAY); })},
      {"ringbuf", tried(hasRing)},
      {"perfLink", tried(hasPerfLink)},
      {"uprobe", eventSource("uprobe") >= 0},
      {"uprobeMulti", tried(hasUprobeMulti)},
      {"kprobe", tried(hasKprobe)},
      {"kprobeMulti", tried(hasKprobeMulti)},
      {"fentry", tried(hasFentry)},
      {"runStats", tried([] { return bool(Fd(bpf_enable_stats(BPF_STATS_RUN_TIME))); })},
  };
  for (int type = 1; const char* name = libbpf_bpf_prog_type_str(static_cast<bpf_prog_type>(type)); type++)
    features.programTypes[name] = answer(able ? libbpf_probe_bpf_prog_type(bpf_prog_type(type), nullptr) : -EPERM);
  if (able && hasTracing()) features.programTypes["tracing"] = true;
  for (int type = 1; const char* name = libbpf_bpf_map_type_str(static_cast<bpf_map_type>(type)); type++)
    features.mapTypes[name] = answer(able ? libbpf_probe_bpf_map_type(bpf_map_type(type), nullptr) : -EPERM);
  return features;
}

std::vector<bool> findKernelTypes(const std::vector<KernelType>& wanted) {
  LibbpfLog log;
  std::vector<bool> found(wanted.size());
  btf* kernel = btf__load_vmlinux_btf();
  if (!kernel) throw systemFailure("NO_KERNEL_BTF", "BTF of the kernel", errno, log.text());
  bool all = markFound(kernel, wanted, found);
  for (const std::string& module : all ? std::vector<std::string>() : moduleNames()) {
    btf* types = btf__load_module_btf(module.c_str(), kernel);
    if (!types) continue;
    all = markFound(types, wanted, found);
    btf__free(types);
    if (all) break;
  }
  btf__free(kernel);
  return found;
}

std::vector<std::pair<std::string, int32_t>> kernelEnum(const std::string& name) {
  LibbpfLog log;
  std::vector<std::pair<std::string, int32_t>> members;
  btf* kernel = btf__load_vmlinux_btf();
  if (!kernel) throw systemFailure("NO_KERNEL_BTF", "BTF of the kernel", errno, log.text());
  if (int id = btf__find_by_name_kind(kernel, name.c_str(), BTF_KIND_ENUM); id > 0) {
    const btf_type* type = btf__type_by_id(kernel, id);
    const struct btf_enum* member = btf_enum(type);
    for (int index = 0; index < btf_vlen(type); index++) {
      members.emplace_back(btf__name_by_offset(kernel, member[index].name_off), member[index].val);
    }
  }
  btf__free(kernel);
  return members;
}

Fd enableRunStatistics() {
  Fd fd(bpf_enable_stats(BPF_STATS_RUN_TIME));
  if (!fd) throw systemFailure("UNSUPPORTED", "run statistics", errno);
  return fd;
}

}  // namespace sonde
