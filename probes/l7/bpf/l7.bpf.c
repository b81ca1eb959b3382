/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What requests said and how long they took, from the bytes that sockets send and receive.
 *
 * The hooks lie behind each read and write of a socket, with the socket in hand, in the process that called: the
 * registers of its syscall still say where the bytes are. No other syscall of the machine pays anything.
 */
#define SONDE_VALUE_MAX 4096
#include "engine/engine.h"

static __always_inline int sent(struct sock *sk, int size, struct desk *desk)
{
	return size > 0 ? observe(sk, size, SENT, desk) : 0;
}

static __always_inline int received(struct sock *sk, int size, int flags, struct desk *desk)
{
	if (flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE))
		return 0;
	if (size > 0)
		return observe(sk, size, RECEIVED, desk);
	return size ? observe_nothing(sk) : observe_end(sk, desk);
}

#ifndef SONDE_SOCKET_HASH
#include "hooks/sockets.h"
#else
#include "hooks/calls.h"
#endif

SONDE_SCRATCH(destroyed_desk, struct desk);

/* The connection is gone: what it left open will not be answered. Runs in any context. */
SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(on_destroy, struct sock *sk)
{
	return observe_destroy(sk, sonde_scratch(destroyed_desk));
}

/*
 * The probe stops: what waits for a response waits in vain. Not where another object of it goes on, which will find
 * those responses unmatched.
 */
#ifndef SONDE_SOCKET_HASH
SEC("iter/bpf_sk_storage_map")
int on_stop(struct bpf_iter__bpf_sk_storage_map *context)
{
	struct connection *connection = context->value;

	if (connection && !(sonde_target_mode & SONDE_TARGET_PAUSED))
		connection_forget(connection);
	return 0;
}
#else
SEC("iter/bpf_map_elem")
int on_stop_hash(struct bpf_iter__bpf_map_elem *context)
{
	u64 *address = context->key;
	struct connection *connection = address ? sonde_socket_get(connections, (void *)*address) : NULL;

	if (connection && !(sonde_target_mode & SONDE_TARGET_PAUSED))
		connection_forget(connection);
	return 0;
}
#endif

char LICENSE[] SEC("license") = "Dual BSD/GPL";
