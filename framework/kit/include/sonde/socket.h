/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a probe keeps with each socket, by one name for two ways to keep it:
 *
 *	struct connection { u64 sent; };
 *	SONDE_SOCKET_STATE(connections, struct connection, 0, 16384);
 *
 *	struct connection *connection = sonde_socket_new(connections, sk);
 *	if (connection)
 *		sonde_add(&connection->sent, length);
 *
 * As it stands that is the kernel's socket storage (programs of type tp_btf, fentry, fexit and iter from 5.11 on): found in
 * some 20 ns, and freed with the socket. An object that is compiled with SONDE_SOCKET_HASH keeps a hash by the address of the
 * socket instead, for older kernels and for programs of other types. The probe then frees entries itself, with
 * sonde_socket_free(), where the socket ends; what it misses stays until the map is full. Offer both in `object` of the
 * manifest: bpf/mine.bpf.c, and beside it bpf/mine-hash.bpf.c with `#define SONDE_SOCKET_HASH` and `#include "mine.bpf.c"`.
 */
#ifndef SONDE_SOCKET_H
#define SONDE_SOCKET_H

#include <sonde/types.h>
#include <sonde/loss.h>
#include <sonde/map.h>

#ifndef SONDE_SOCKET_HASH

/*
 * Declares the state. `flags` is 0, or BPF_F_CLONE: the child of a listener begins with a copy of the listener's.
 * `max` is how many sockets the hash has room for; each entry takes the size of its value and 64 B.
 */
#define SONDE_SOCKET_STATE(name, value_t, flags, max)                                                              \
	struct {                                                                                                   \
		__uint(type, BPF_MAP_TYPE_SK_STORAGE);                                                             \
		__uint(map_flags, BPF_F_NO_PREALLOC | (flags));                                                    \
		__type(key, int);                                                                                  \
		__type(value, value_t);                                                                            \
	} name SEC(".maps")

/* The state of a socket, or NULL if it has none. */
#define sonde_socket_get(name, sk) ((typeof((name).value))bpf_sk_storage_get(&(name), sk, NULL, 0))

#define ___sonde_socket_new(name, sk) bpf_sk_storage_get(&(name), sk, NULL, BPF_SK_STORAGE_GET_F_CREATE)

/* The socket ends. */
#define sonde_socket_free(name, sk) ((void)(sk))

#else

#define SONDE_SOCKET_STATE(name, value_t, flags, max)                                                              \
	struct {                                                                                                   \
		__uint(type, BPF_MAP_TYPE_HASH);                                                                   \
		__uint(map_flags, BPF_F_NO_PREALLOC);                                                              \
		__uint(max_entries, max);                                                                          \
		__type(key, u64);                                                                                  \
		__type(value, value_t);                                                                            \
	} name SEC(".maps");                                                                                       \
	_Static_assert(sizeof(value_t) <= SONDE_VALUE_MAX, "define SONDE_VALUE_MAX for so large a value")

static __always_inline void *___sonde_socket_find(void *map, const void *sk)
{
	u64 address = (u64)sk;

	return bpf_map_lookup_elem(map, &address);
}

static __always_inline void *___sonde_socket_insert(void *map, const void *sk)
{
	u64 address = (u64)sk;
	void *value = bpf_map_lookup_elem(map, &address);

	if (value)
		return value;
	bpf_map_update_elem(map, &address, sonde_zeroes, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, &address);
}

static __always_inline void ___sonde_socket_delete(void *map, const void *sk)
{
	u64 address = (u64)sk;

	bpf_map_delete_elem(map, &address);
}

#define sonde_socket_get(name, sk) ((typeof((name).value))___sonde_socket_find(&(name), sk))
#define ___sonde_socket_new(name, sk) ___sonde_socket_insert(&(name), sk)
#define sonde_socket_free(name, sk) ___sonde_socket_delete(&(name), sk)

#endif

/* The state of a socket, zeroed if it is new; NULL, which has been counted, if there is no room. */
#define sonde_socket_new(name, sk)                                                                                 \
	({                                                                                                         \
		typeof((name).value) ___state = ___sonde_socket_new(name, sk);                                     \
		if (unlikely(!___state))                                                                           \
			sonde_lost(SONDE_LOSS_STATE_FULL, 1);                                                      \
		___state;                                                                                          \
	})

#endif
