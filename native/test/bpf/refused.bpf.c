/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs and maps that no kernel takes. */
#include "types.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} values SEC(".maps");

/* An array needs room for one entry at least. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 0);
	__type(key, u32);
	__type(value, u64);
} roomless SEC(".maps");

SEC("uprobe")
int without_check(void *ctx)
{
	u32 key = bpf_get_prandom_u32();
	u64 *value = bpf_map_lookup_elem(&values, &key);

	return *value;
}

SEC("tp_btf/no_such_tracepoint")
int without_hook(void *ctx)
{
	return 0;
}

SEC("uprobe")
int harmless(void *ctx)
{
	return 0;
}
