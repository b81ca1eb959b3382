/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Routes: the path of a request with what tells one thing from another of its kind taken out, as /users/{id}/orders.
 *
 * A part of a path stands for an id if it has a digit in it (but for a version such as v1), a '%' or '@', or is longer
 * than words are. What is behind 63 bytes is cut off, with a '*'.
 */
#ifndef L7_HTTP1_ROUTE_H
#define L7_HTTP1_ROUTE_H

#include "../../bpf/engine/parser.h"

#define ROUTE_TEXT 64
/* A part of a path that is longer is no word. */
#define ROUTE_WORD 24
/* Bytes of a path that are looked at. */
#define ROUTE_LOOK 160

struct route {
	char text[ROUTE_TEXT];
} __attribute__((aligned(8))); /* so that it is copied by words */

#define ROUTES_MAX 4096

/* The param maxRoutes: how many routes are told apart. */
const volatile u32 max_routes = 1000;

/* The number of each route. 4096 x 116 B: 464 KiB. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ROUTES_MAX);
	__type(key, struct route);
	__type(value, u32);
} http1_routes SEC(".maps");

/* The text of each number. 0 has none: it stands for what found no room. 4096 x 64 B: 256 KiB. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ROUTES_MAX);
	__type(key, u32);
	__type(value, struct route);
} http1_route_texts SEC(".maps");

u32 http1_routes_known;

struct route_walk {
	const struct window *window;
	struct route *route;
	u32 at, end;   /* what of the window has not been read */
	u32 length;    /* of the text */
	u32 part;      /* where in the text the part at hand begins */
	u32 part_size; /* its bytes so far */
	u32 digits, odd;
	u8 first;
	u8 ended; /* its end was found */
};

static __always_inline void route_put(struct route_walk *walk, u8 byte)
{
	u64 index = walk->length;

	asm volatile("" : "+r"(index));
	if (index < ROUTE_TEXT) {
		walk->route->text[index] = byte;
		walk->length = index + 1;
	}
}

static __always_inline void route_part_ends(struct route_walk *walk)
{
	bool version = walk->first == 'v' && walk->digits + 1 == walk->part_size && walk->part_size <= 4;

	if ((walk->digits && !version) || walk->odd || walk->part_size > ROUTE_WORD) {
		for (u32 i = 4; i < ROUTE_WORD + 1; i++) {
			u64 index = walk->part + i;

			asm volatile("" : "+r"(index));
			if (index < ROUTE_TEXT)
				walk->route->text[index] = 0;
		}
		walk->length = walk->part;
		route_put(walk, '{');
		route_put(walk, 'i');
		route_put(walk, 'd');
		route_put(walk, '}');
	}
	walk->digits = walk->odd = walk->part_size = 0;
	walk->first = 0;
}

static long route_step(u32 index, struct route_walk *walk)
{
	u8 byte = window_byte(walk->window, walk->at);

	if (walk->at >= walk->end)
		return 1;
	if (byte <= ' ' || byte == '?' || byte == '#') {
		walk->ended = 1;
		return 1;
	}
	walk->at++;
	if (byte == '/') {
		route_part_ends(walk);
		route_put(walk, '/');
		walk->part = walk->length;
		return 0;
	}
	if (!walk->part_size++)
		walk->first = byte;
	if ((u8)(byte - '0') < 10)
		walk->digits++;
	else if (byte == '%' || byte == '@' || byte >= 0x7f)
		walk->odd++;
	if (walk->part_size <= ROUTE_WORD)
		route_put(walk, byte);
	return 0;
}

/*
 * The number of the route whose text this is; 0 if there is no room for another. Not global: before 6.2 such a function
 * cannot look up by what it was handed.
 */
static __noinline u32 route_number(const struct route *route)
{
	u32 *known = bpf_map_lookup_elem(&http1_routes, route);
	struct route *text;
	u32 number;

	if (likely(known))
		return *known;
	if (http1_routes_known >= max_routes)
		return 0;
	number = __sync_fetch_and_add(&http1_routes_known, 1) + 1;
	text = bpf_map_lookup_elem(&http1_route_texts, &number);
	if (!text)
		return 0;
	*text = *route;
	if (!bpf_map_update_elem(&http1_routes, route, &number, BPF_NOEXIST))
		return number;
	known = bpf_map_lookup_elem(&http1_routes, route); /* another CPU was faster */
	return known ? *known : 0;
}

/* Puts the route of the path at `at` into `route`. Returns its bytes and the one that ends it; 0 if that is not in the window. */
__noinline u32 route_of(const struct window *window, u32 at, u32 end, struct route *route)
{
	struct route_walk walk = { .window = window, .route = route, .at = at, .end = end };

	if (!window || !route)
		return 0;
	__builtin_memset(route, 0, sizeof(*route));
	bpf_loop(ROUTE_LOOK, route_step, &walk, 0);
	route_part_ends(&walk);
	if (walk.length >= ROUTE_TEXT - 1) {
		route->text[ROUTE_TEXT - 2] = '*';
		route->text[ROUTE_TEXT - 1] = 0;
	}
	return walk.ended ? walk.at - at + 1 : 0;
}

/* Paths with up to so many bytes, the one behind them included, are remembered. */
#define PATH_WORDS 8

/* A path that was seen, and the number of its route. */
struct path_seen {
	u64 words[PATH_WORDS];
	u32 size; /* with the byte that ends it; 0: none */
	u32 number;
};

#define PATHS_SEEN_BITS 4

struct paths_seen {
	struct path_seen paths[1 << PATHS_SEEN_BITS];
};

/* The last paths of each CPU: clients repeat themselves, and a route is dear. 16 x 72 B: 1.1 KiB a CPU. */
SONDE_SCRATCH(http1_paths_seen, struct paths_seen);

/* Where a path that begins like this is remembered. */
static __always_inline struct path_seen *path_place(const struct window *window, u32 at)
{
	struct paths_seen *seen = sonde_scratch(http1_paths_seen);
	u64 place = (window_word(window, at) ^ window_word(window, at + 8) * 3) * 0x9e3779b97f4a7c15ULL >> (64 - PATHS_SEEN_BITS);

	asm volatile("" : "+r"(place));
	return seen ? &seen->paths[place & ((1 << PATHS_SEEN_BITS) - 1)] : NULL;
}

/* Whether this very path, with what ends it, is at `at`. */
static __always_inline bool path_is(const struct path_seen *path, const struct window *window, u32 at, u32 end)
{
	u32 size = path->size;

	if (!size || at + size > end)
		return false;
	for (u32 i = 0; i < PATH_WORDS && i * 8 < size; i++)
		if (low_bytes(window_word(window, at + i * 8), size - i * 8) != path->words[i])
			return false;
	return true;
}

static __always_inline void path_remember(struct path_seen *path, const struct window *window, u32 at, u32 size, u32 number)
{
	if (!size || size > PATH_WORDS * 8)
		return;
	for (u32 i = 0; i < PATH_WORDS; i++)
		path->words[i] = i * 8 < size ? low_bytes(window_word(window, at + i * 8), size - i * 8) : 0;
	path->size = size;
	path->number = number;
}

#endif
