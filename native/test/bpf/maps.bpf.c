/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps of every kind that can be read whole; user space fills them. */
#include "types.h"

struct endpoint {
	u64 address;
	u32 port;
	u32 reserved;
};

struct traffic {
	u64 bytes;
	u64 packets;
	u64 histogram[6];
};

/* What each CPU keeps of its own: one field for each way of folding. */
struct lane {
	u64 sum;
	s32 lowest;
	u32 highest;
	u16 latest;
	u8 parts[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1000);
	__type(key, u32);
	__type(value, u64);
} small SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__type(key, struct endpoint);
	__type(value, struct traffic);
} large SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1000);
	__type(key, u32);
	__type(value, u64);
} recent SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 100);
	__type(key, u16);
	__type(value, u8);
} narrow SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1000);
	__type(key, u32);
	__type(value, struct lane);
} lanes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 10);
	__type(key, u32);
	__type(value, u32);
} array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 10);
	__type(key, u32);
	__type(value, u64);
} percpu_array SEC(".maps");

/* A kind that the kernel has no batches for. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 16);
	__uint(key_size, sizeof(u32));
	__uint(value_size, 8 * sizeof(u64));
} stacks SEC(".maps");
