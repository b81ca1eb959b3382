/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Datagrams by process and port. */
#ifndef TCP_UDP_H
#define TCP_UDP_H

#include "kernel.h"

struct udp_key {
	struct sonde_process process;
	sonde_port_t server_port;
	u8 role, family;
	u32 reserved;
};

struct udp {
	u64 sent, received;
	u64 datagrams_sent, datagrams_received;
	u64 drops;
};

/* 4096 x (24 B key, 40 B value, 48 B of the map's own): 0.5 MB. */
SONDE_HASH(udp_ports, struct udp_key, struct udp, 4096);

struct udp_error_key {
	struct udp_key port;
	u32 direction;
	sonde_errno_t error;
};

struct udp_errors {
	u64 count;
};

/* 1024 x (32 B key, 8 B value, 48 B): 88 KB. */
SONDE_HASH(udp_errors, struct udp_error_key, struct udp_errors, 1024);

/* Who read or wrote last: a packet is dropped where no process runs. */
struct udp_owner {
	struct sonde_process process;
	u32 watched;
	u32 reserved;
};

/* One for each UDP socket that has been used, allocated with it: about 200 B of kernel memory. */
SONDE_SOCKET_STATE(udp_owners, struct udp_owner, 0, 16384);

/* In sk_userlocks: the process chose the address, or the port. */
#define SOCK_BINDADDR_LOCK 4
#define SOCK_BINDPORT_LOCK 8

/* Connected to a peer: a client. Else, if the process chose where to be reached, a server. Else a client. */
static __always_inline struct udp_key udp_key_of(struct sock *sk, const struct udp_owner *owner)
{
	u16 peer_port = bpf_ntohs(sk->__sk_common.skc_dport);
	bool is_server = !peer_port &&
			 BPF_CORE_READ_BITFIELD(sk, sk_userlocks) & (SOCK_BINDADDR_LOCK | SOCK_BINDPORT_LOCK);

	return (struct udp_key){
		.process = owner->process,
		.role = is_server ? ROLE_SERVER : ROLE_CLIENT,
		.family = sk->__sk_common.skc_family == AF_INET ? 4 : 6,
		.server_port = is_server ? sk->__sk_common.skc_num : peer_port,
	};
}

static __always_inline bool is_udp(struct sock *sk)
{
	u16 family = sk->__sk_common.skc_family;

	return sk->sk_protocol == IPPROTO_UDP && (family == AF_INET || family == AF_INET6);
}

/* The socket's owner, which is the current process from now on; NULL if that is no target. */
static __always_inline struct udp_owner *udp_owned(struct sock *sk)
{
	struct udp_owner *owner = sonde_target_paused() ? NULL : sonde_socket_new(udp_owners, sk);

	if (!owner)
		return NULL;
	sonde_process_current(&owner->process);
	owner->watched = sonde_target_match();
	return owner->watched ? owner : NULL;
}

static __always_inline void udp_failed(struct sock *sk, const struct udp_owner *owner, u32 direction, int error)
{
	struct udp_error_key key = { .direction = direction, .error = -error };
	struct udp_errors *entry;

	if (error == -11 /* EAGAIN */ || error == -4 /* EINTR */ || error <= -512 /* to be called again */)
		return;
	key.port = udp_key_of(sk, owner);
	entry = sonde_slot(udp_errors, &key);
	if (entry)
		sonde_add(&entry->count, 1);
}

static __always_inline int udp_send(struct sock *sk, int length)
{
	struct udp_owner *owner = udp_owned(sk);
	struct udp_key key;
	struct udp *entry;

	if (!owner)
		return 0;
	if (length < 0) {
		udp_failed(sk, owner, DIRECTION_TRANSMIT, length);
		return 0;
	}
	key = udp_key_of(sk, owner);
	entry = sonde_slot(udp_ports, &key);
	if (!entry)
		return 0;
	sonde_add(&entry->datagrams_sent, 1);
	sonde_add(&entry->sent, length);
	return 0;
}

static __always_inline int udp_receive(struct sock *sk, int length, int flags)
{
	struct udp_owner *owner = flags & MSG_PEEK ? NULL : udp_owned(sk);
	struct udp_key key;
	struct udp *entry;

	if (!owner)
		return 0;
	if (length < 0) {
		udp_failed(sk, owner, DIRECTION_RECEIVE, length);
		return 0;
	}
	key = udp_key_of(sk, owner);
	entry = sonde_slot(udp_ports, &key);
	if (!entry)
		return 0;
	sonde_add(&entry->datagrams_received, 1);
	sonde_add(&entry->received, length);
	return 0;
}

/* At the start: whose the sockets are that are open already. */
SEC("iter/task_file")
int udp_adopt(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct opened socket = opened_socket(context);
	struct udp_owner *owner;

	if (!task || !socket.sk || !is_udp(socket.sk) || sonde_target_paused())
		return 0;
	owner = sonde_socket_new(udp_owners, socket.at);
	if (!owner || owner->process.start)
		return 0;
	sonde_process_of(task, &owner->process);
	owner->watched = sonde_target_match_task(task);
	return 0;
}

/* The socket's queue is full, or its memory. A socket that was never used belongs to nobody the probe knows. */
SEC("tp_btf/udp_fail_queue_rcv_skb")
int BPF_PROG(udp_drop, int error, struct sock *sk)
{
	struct udp_owner *known = sonde_socket_get(udp_owners, sk), nobody = { .watched = !sonde_target_mode };
	struct udp_owner *owner = known ? known : &nobody;
	struct udp_key key;
	struct udp *entry;

	if (!owner->watched || sonde_target_paused())
		return 0;
	key = udp_key_of(sk, owner);
	entry = sonde_slot(udp_ports, &key);
	if (entry)
		sonde_add(&entry->drops, 1);
	return 0;
}

#endif
