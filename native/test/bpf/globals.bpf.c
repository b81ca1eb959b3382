/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One type of each kind, and variables in each section. */
#include "types.h"

#define __tag(x) __attribute__((btf_decl_tag(x)))

enum colour { RED, GREEN = 5, BLUE = -1 };

union number {
	u32 whole;
	float real;
};

struct shape {
	u32 id;
	u32 filled : 1;
	u32 edges : 7;
	enum colour colour;
	char name[16];
	union number weight;
	struct shape *next;
	struct {
		s64 x, y;
	};
	_Bool seen __tag("seen-tag");
};

struct settings {
	u64 threshold;
	u32 mode;
	u32 limits[2];
};

const volatile u32 limit = 7;
struct settings settings = { .threshold = 1000, .mode = 1 };
struct shape last_shape;
u64 seen;
static volatile u32 hidden = 3;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} direct SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} indirect SEC(".maps");

static __noinline u64 look(u32 key)
{
	u64 *value = bpf_map_lookup_elem(&indirect, &key);

	return value ? *value : 0;
}

SEC("uprobe")
int at_mode(void *ctx)
{
	u32 key = 0;
	u64 *value = bpf_map_lookup_elem(&direct, &key);

	if (value && settings.mode == 2 && limit > hidden)
		__sync_fetch_and_add(&seen, 1);
	last_shape.id++;
	return 0;
}

SEC("uprobe")
int by_function(void *ctx)
{
	return look(0) > settings.threshold;
}
