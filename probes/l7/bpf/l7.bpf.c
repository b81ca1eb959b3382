/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What requests said and how long they took, from the bytes that sockets send and receive.
 *
 * The hooks lie behind each read and write of a socket, with the socket in hand, in the process that called: the
 * registers of its syscall still say where the bytes are. No other syscall of the machine pays anything.
 */
#define SONDE_VALUE_MAX 4096
#include "engine/engine.h"

/* For one program each. */
SONDE_SCRATCH(sent_desk, struct desk);
SONDE_SCRATCH(received_desk, struct desk);
SONDE_SCRATCH(destroyed_desk, struct desk);

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_send, struct sock *sk, int size, int flags)
{
	return size > 0 ? observe(sk, size, SENT, sonde_scratch(sent_desk)) : 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_receive, struct sock *sk, int size, int flags)
{
	if (flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE))
		return 0;
	if (size > 0)
		return observe(sk, size, RECEIVED, sonde_scratch(received_desk));
	return size ? observe_nothing(sk) : observe_end(sk, sonde_scratch(received_desk));
}

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
SEC("iter/bpf_sk_storage_map")
int on_stop(struct bpf_iter__bpf_sk_storage_map *context)
{
	struct connection *connection = context->value;

	if (connection && !(sonde_target_mode & SONDE_TARGET_PAUSED))
		connection_forget(connection);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
