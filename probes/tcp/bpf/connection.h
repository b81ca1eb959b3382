/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the probe keeps with each TCP socket: whose it is, who opened it, and what of the kernel's own counters has been
 * booked already. The kernel counts; the probe only takes differences.
 */
#ifndef TCP_CONNECTION_H
#define TCP_CONNECTION_H

#include "kernel.h"
#include "tally.h"
#include <bpf/bpf_endian.h>

enum tcp_role { ROLE_UNKNOWN, ROLE_CLIENT, ROLE_SERVER };

/* By what right a process owns a connection; a stronger right takes it from a weaker one. */
enum claim {
	CLAIM_NONE,
	CLAIM_LISTENER, /* it listens, and nobody has read or written yet */
	CLAIM_OPENER,   /* it called connect() or listen() */
	CLAIM_IO,       /* it was the last to read or write */
};

/* Which things of a connection that happen once have been booked, so that they are booked once. */
struct once {
	u32 link_opened; /* in the links of which object: after a reload it is open in those of the next */
	u32 link_closed;
	u32 opened;
};

/* How far the kernel's counters have been booked. */
struct booked {
	u64 sent, received;
	u32 segments_sent, segments_received;
	u32 retransmits;
	u32 drops;
};

enum write_phase { WRITE_NONE, WRITE_QUEUED, WRITE_SENT };

/* In the order of use: what each segment, each read and each write touches comes first. */
struct connection {
	u8 owner; /* which of the two: an owner is never seen half written */
	u8 claim;
	u8 watched; /* the owner is a target of the probe */
	u8 role;
	u8 family; /* 4 or 6 */
	u8 write_phase; /* of the write that is being timed */
	u8 adopted; /* it was open before the probe saw it */
	u8 reserved;
	u64 write_since; /* when its phase began */
	u32 write_end;
	u32 arrived_end; /* of the segment that waits to be read */
	u64 arrived; /* 0: none does */
	struct tally rtt;
	u32 zero_window_sent, zero_window_received;
	struct tally receive_queue, send_queue, network;
	struct sonde_process owners[2];
	struct once once;
	u32 opening; /* the handshake is done, and `opened` may be booked */
	u8 with_peer, with_client_port; /* what tells its link from others was settled when it opened */
	sonde_port_t local_port, peer_port;
	struct booked booked;
	sonde_ip_t local, peer;
	u64 began, established;
	u64 connect; /* how long the handshake took, until that is booked, ns */
};

/* One for each TCP socket, freed with it: 248 B, and some 200 B for its first storage. A child takes its listener's.
 * As a hash: 65536 x 304 B, 20 MB when it is full.
 */
SONDE_SOCKET_STATE(connections, struct connection, BPF_F_CLONE, 65536);

volatile struct {
	u64 events_per_second;
	bool client_port;
	bool server_peers;
	bool report_events;
} settings;

/* Which collectors are on: one program serves all of them at one hook. */
volatile struct {
	bool link, service, handshake, abnormal, udp;
} collecting;

static __always_inline bool is_tcp(struct sock *sk)
{
	u16 family = sk->__sk_common.skc_family;

	return sk->sk_protocol == IPPROTO_TCP && (family == AF_INET || family == AF_INET6);
}

/* The connection of a full socket, or NULL if the probe does not know it, or if another object counts for now. */
static __always_inline struct connection *connection_of(struct sock *sk)
{
	return sonde_target_paused() ? NULL : sonde_socket_get(connections, sk);
}

/*
 * The connection of a socket that may be new; NULL if another object counts for now, or, which is counted, if there is
 * no memory.
 */
static __always_inline struct connection *connection_new(struct sock *sk)
{
	return sonde_target_paused() ? NULL : sonde_socket_new(connections, sk);
}

static __always_inline struct sonde_process *owner_of(struct connection *connection)
{
	return connection->owner & 1 ? &connection->owners[1] : &connection->owners[0];
}

static __always_inline void set_owner(struct connection *connection, const struct sonde_process *process, u8 claim)
{
	u8 next = !(connection->owner & 1);

	if (next)
		connection->owners[1] = *process;
	else
		connection->owners[0] = *process;
	connection->claim = claim;
	barrier();
	sonde_set(&connection->owner, next);
}

static __always_inline void mapped_address(sonde_ip_t *to, u32 ipv4)
{
	__builtin_memset(to, 0, 10);
	to->bytes[10] = to->bytes[11] = 0xff;
	__builtin_memcpy(&to->bytes[12], &ipv4, 4);
}

/* An IPv6 socket that speaks IPv4 has mapped addresses, so it is told by them. */
static __always_inline u8 family_of(const sonde_ip_t *address)
{
	const u32 *words = (const u32 *)address;

	return !words[0] && !words[1] && words[2] == bpf_htonl(0xffff) ? 4 : 6;
}

static __always_inline void take_addresses(struct connection *connection, struct sock *sk)
{
	connection->peer_port = bpf_ntohs(sk->__sk_common.skc_dport);
	connection->local_port = sk->__sk_common.skc_num;
	if (sk->__sk_common.skc_family == AF_INET) {
		mapped_address(&connection->local, sk->__sk_common.skc_rcv_saddr);
		mapped_address(&connection->peer, sk->__sk_common.skc_daddr);
		connection->family = 4;
	} else {
		bpf_core_read(&connection->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_core_read(&connection->peer, 16, &sk->__sk_common.skc_v6_daddr);
		connection->family = family_of(&connection->peer);
	}
}

static __always_inline sonde_port_t server_port(const struct connection *connection)
{
	return connection->role == ROLE_SERVER ? connection->local_port : connection->peer_port;
}

/*
 * Books up to `now`: how much that is more than before. Counters only rise, and whoever comes late with a smaller value
 * adds nothing: so the iterator and the hooks may book the same connection at the same time, and each unit counts once.
 */
#ifndef SONDE_SOCKET_HASH
static __always_inline u64 advance(u64 *booked, u64 now)
{
	for (int i = 0; i < 4; i++) {
		u64 before = *(volatile u64 *)booked;

		if ((s64)(now - before) <= 0)
			return 0;
		if (__sync_val_compare_and_swap(booked, before, now) == before)
			return now - before;
	}
	return 0;
}

static __always_inline u32 advance32(u32 *booked, u32 now)
{
	for (int i = 0; i < 4; i++) {
		u32 before = *(volatile u32 *)booked;

		if ((s32)(now - before) <= 0)
			return 0;
		if (__sync_val_compare_and_swap(booked, before, now) == before)
			return now - before;
	}
	return 0;
}

/* True the first time. */
static __always_inline bool first_time(u32 *once)
{
	return !*(volatile u32 *)once && __sync_val_compare_and_swap(once, 0, 1) == 0;
}

/* True the first time in this object. */
static __always_inline bool first_time_here(u32 *once)
{
	u32 before = *(volatile u32 *)once;

	return before != sonde_generation && __sync_val_compare_and_swap(once, before, sonde_generation) == before;
}

/* What there is, once. */
static __always_inline u64 take(u64 *value)
{
	return __sync_lock_test_and_set(value, 0);
}
#else
/*
 * Before 5.12 there is no compare-and-exchange. Two that book in the same instant may both count the difference; it is
 * booked twice as well, so that what comes next makes up for it.
 */
static __always_inline u64 advance(u64 *booked, u64 now)
{
	u64 difference = now - *(volatile u64 *)booked;

	if ((s64)difference <= 0)
		return 0;
	sonde_add(booked, difference);
	return difference;
}

static __always_inline u32 advance32(u32 *booked, u32 now)
{
	u32 difference = now - *(volatile u32 *)booked;

	if ((s32)difference <= 0)
		return 0;
	sonde_add(booked, difference);
	return difference;
}

static __always_inline bool first_time(u32 *once)
{
	if (*(volatile u32 *)once)
		return false;
	sonde_set(once, 1);
	return true;
}

static __always_inline bool first_time_here(u32 *once)
{
	if (*(volatile u32 *)once == sonde_generation)
		return false;
	sonde_set(once, sonde_generation);
	return true;
}

static __always_inline u64 take(u64 *value)
{
	u64 taken = *(volatile u64 *)value;

	sonde_set(value, 0);
	return taken;
}
#endif

/* Whether the FIN is written, in a state that is looked at after what it may be part of. */
static __always_inline bool has_finished(struct tcp_sock *tcp)
{
	u8 state = tcp->inet_conn.icsk_inet.sk.__sk_common.skc_state;

	return state != TCP_ESTABLISHED && state != TCP_CLOSE_WAIT && state != TCP_SYN_RECV;
}

/* Payload that the peer has acknowledged: bytes_acked without the SYN and the FIN, which take a number each. */
static __always_inline u64 payload_sent(const struct connection *connection, struct tcp_sock *tcp)
{
	u64 acked = tcp->bytes_acked;

	barrier();
	if (acked && connection->role == ROLE_CLIENT)
		acked--;
	if (acked && has_finished(tcp) && tcp->snd_una == tcp->write_seq)
		acked--;
	return acked;
}

/* Payload that arrived in order: bytes_received without the FIN. */
static __always_inline u64 payload_received(struct tcp_sock *tcp)
{
	u64 received = tcp->bytes_received;

	return received && tcp->inet_conn.icsk_inet.sk.__sk_common.skc_flags & (1 << SOCK_DONE) ? received - 1 : received;
}

/* From here on differences count: what the socket did before was not seen, or not to be seen. */
static __always_inline void begin_anew(struct connection *connection, struct tcp_sock *tcp)
{
	connection->booked.sent = payload_sent(connection, tcp);
	connection->booked.received = payload_received(tcp);
	connection->booked.segments_sent = tcp->segs_out;
	connection->booked.segments_received = tcp->segs_in;
	connection->booked.retransmits = tcp->total_retrans;
	connection->booked.drops = tcp->inet_conn.icsk_inet.sk.sk_drops.counter;
}

#endif
