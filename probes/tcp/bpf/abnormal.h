/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What goes wrong on connections: segments sent again, resets, drops, closed windows, memory limits. */
#ifndef TCP_ABNORMAL_H
#define TCP_ABNORMAL_H

#include "events.h"

struct trouble_key {
	struct sonde_process process;
	sonde_ip_t peer;
	sonde_port_t server_port;
	u8 role, family;
	u32 kind;   /* of a retransmission; or the direction */
	u32 reason; /* in the kernel's numbers */
	u32 reserved;
};

struct trouble {
	u64 count;
};

/* 4096 x (48 B key, 8 B value, 48 B of the map's own): 0.4 MB each. */
SONDE_HASH(retransmits, struct trouble_key, struct trouble, 4096);
SONDE_HASH(resets, struct trouble_key, struct trouble, 4096);
SONDE_HASH(drops, struct trouble_key, struct trouble, 4096);
SONDE_HASH(zero_windows, struct trouble_key, struct trouble, 4096);
SONDE_HASH(memory_limits, struct trouble_key, struct trouble, 4096);

enum direction { DIRECTION_TRANSMIT, DIRECTION_RECEIVE };

enum retransmit_kind { RETRANSMIT_OTHER, RETRANSMIT_FAST, RETRANSMIT_TIMEOUT, RETRANSMIT_LOSS_PROBE, RETRANSMIT_SYN };

static __always_inline struct trouble_key trouble_of(struct connection *connection, u32 kind, u32 reason)
{
	struct trouble_key key = {
		.process = *owner_of(connection),
		.server_port = server_port(connection),
		.role = connection->role,
		.family = connection->family,
		.kind = kind,
		.reason = reason,
	};

	if (connection->with_peer || connection->role == ROLE_CLIENT)
		key.peer = connection->peer;
	return key;
}

/* Counts `n` in one of the maps above, and reports one event. */
#define trouble(map, connection, event, kind, reason, n)                                                            \
	do {                                                                                                        \
		struct trouble_key ___key;                                                                          \
		struct trouble *___entry;                                                                           \
                                                                                                                    \
		if (!(connection)->watched)                                                                         \
			break;                                                                                      \
		___key = trouble_of(connection, kind, reason);                                                      \
		___entry = sonde_slot(map, &___key);                                                                \
		if (___entry)                                                                                       \
			sonde_add(&___entry->count, n);                                                             \
		report(connection, &___key.process, event, kind, reason);                                           \
	} while (0)

/* include/net/tcp.h and inet_connection_sock.h: never changed since 3.10 */
#define TCP_CA_RECOVERY 3
#define TCP_CA_LOSS 4
#define ICSK_TIME_LOSS_PROBE 5

static __always_inline u32 retransmit_kind(struct tcp_sock *tcp)
{
	struct inet_connection_sock *icsk = &tcp->inet_conn;
	u32 state = BPF_CORE_READ_BITFIELD(icsk, icsk_ca_state);

	if (icsk->icsk_inet.sk.__sk_common.skc_state == TCP_SYN_SENT)
		return RETRANSMIT_SYN;
	if (icsk->icsk_pending == ICSK_TIME_LOSS_PROBE)
		return RETRANSMIT_LOSS_PROBE;
	if (state == TCP_CA_LOSS)
		return RETRANSMIT_TIMEOUT;
	return state == TCP_CA_RECOVERY ? RETRANSMIT_FAST : RETRANSMIT_OTHER;
}

/* One call may stand for several segments, so the kernel's own count is asked. */
static __always_inline void retransmitted(struct connection *connection, struct tcp_sock *tcp)
{
	u32 segments = advance32(&connection->booked.retransmits, tcp->total_retrans);

	if (segments)
		trouble(retransmits, connection, EVENT_RETRANSMIT, retransmit_kind(tcp), 0, segments);
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(abnormal_retransmit, struct sock *sk)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	struct connection *connection = tcp ? connection_of(sk) : NULL;

	if (connection)
		retransmitted(connection, tcp);
	return 0;
}

/* What no hook told, such as data of a SYN that was sent again without. */
static __always_inline void abnormal_state(struct connection *connection, struct tcp_sock *tcp, int new)
{
	if (new == TCP_CLOSE)
		retransmitted(connection, tcp);
}

static __always_inline void nobodys(void *map, void *overflow, u32 kind, u32 reason)
{
	struct trouble_key key = { .kind = kind, .reason = reason };
	struct trouble *entry = ___sonde_slot(map, overflow, &key);

	if (entry)
		sonde_add(&entry->count, 1);
}

/* Segments to a closed port, or to a connection that is over, are answered by no socket. */
static __always_inline int reset_sent(struct sock *sk, u32 reason)
{
	struct connection *connection = sk ? connection_of(sk) : NULL;

	if (connection)
		trouble(resets, connection, EVENT_RESET, DIRECTION_TRANSMIT, reason, 1);
	else if (!sonde_target_mode)
		nobodys(&resets, &resets__overflow, DIRECTION_TRANSMIT, reason);
	return 0;
}

SEC("tp_btf/tcp_send_reset")
int BPF_PROG(abnormal_reset_sent, struct sock *sk, struct sk_buff *skb, u32 reason)
{
	return reset_sent(sk, reason);
}

/* Kernels before 6.10 give no reason. */
SEC("tp_btf/tcp_send_reset")
int BPF_PROG(abnormal_reset_sent_plain, struct sock *sk, struct sk_buff *skb)
{
	return reset_sent(sk, 0);
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(abnormal_reset_received, struct sock *sk)
{
	struct connection *connection = connection_of(sk);

	if (connection)
		trouble(resets, connection, EVENT_RESET, DIRECTION_RECEIVE, ~0U, 1);
	return 0;
}

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd

static __always_inline bool carries_tcp(struct sk_buff *skb)
{
	void *network = BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, network_header);
	u16 ethernet = bpf_ntohs(BPF_CORE_READ(skb, protocol));
	u8 protocol = 0;

	if (ethernet == ETH_P_IP)
		bpf_probe_read_kernel(&protocol, 1, network + 9);
	else if (ethernet == ETH_P_IPV6)
		bpf_probe_read_kernel(&protocol, 1, network + 6);
	return protocol == IPPROTO_TCP;
}

static __always_inline int dropped(struct sk_buff *skb, struct sock *sk, u32 reason)
{
	struct connection *connection = sk && is_tcp(sk) ? connection_of(sk) : NULL;

	if (connection)
		trouble(drops, connection, EVENT_DROP, DIRECTION_RECEIVE, reason, 1);
	else if (!sonde_target_mode && carries_tcp(skb))
		nobodys(&drops, &drops__overflow, DIRECTION_RECEIVE, reason);
	return 0;
}

/* The socket is that which received the packet, else that which sent it. */
SEC("tp_btf/kfree_skb")
int BPF_PROG(abnormal_drop, struct sk_buff *skb, void *location, u32 reason, struct sock *receiver)
{
	return dropped(skb, receiver ? receiver : skb->sk, reason);
}

/* Kernels before 6.11 do not say which socket received. */
SEC("tp_btf/kfree_skb")
int BPF_PROG(abnormal_drop_unnamed, struct sk_buff *skb, void *location, u32 reason)
{
	return dropped(skb, skb->sk, reason);
}

/* Kernels before 5.17 give no reason. */
SEC("tp_btf/kfree_skb")
int BPF_PROG(abnormal_drop_plain, struct sk_buff *skb, void *location)
{
	return dropped(skb, skb->sk, 0);
}

/*
 * A closed window is seen at the next segment at the latest: that which opens it. A window that this side closes opens
 * when the process reads, which tcp_rcv_space_adjust() tells before it happens.
 */
static __always_inline void abnormal_segment(struct connection *connection, struct tcp_sock *tcp)
{
	if (likely(tcp->snd_wnd && tcp->rcv_wnd) &&
	    likely(!(connection->zero_window_received | connection->zero_window_sent)))
		return;
	if (tcp->snd_wnd)
		connection->zero_window_received = 0;
	else if (first_time(&connection->zero_window_received))
		trouble(zero_windows, connection, EVENT_ZERO_WINDOW, DIRECTION_RECEIVE, 0, 1);
	if (tcp->rcv_wnd)
		connection->zero_window_sent = 0;
	else if (first_time(&connection->zero_window_sent))
		trouble(zero_windows, connection, EVENT_ZERO_WINDOW, DIRECTION_TRANSMIT, 0, 1);
}

SEC("tp_btf/tcp_rcv_space_adjust")
int BPF_PROG(abnormal_read, struct sock *sk)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	struct connection *connection = tcp && !tcp->rcv_wnd ? connection_of(sk) : NULL;

	if (connection && first_time(&connection->zero_window_sent))
		trouble(zero_windows, connection, EVENT_ZERO_WINDOW, DIRECTION_TRANSMIT, 0, 1);
	return 0;
}

/* net.ipv4.tcp_mem, or the limit of the memory cgroup, is reached. */
SEC("tp_btf/sock_exceed_buf_limit")
int BPF_PROG(abnormal_memory, struct sock *sk, void *prot, long allocated, int kind)
{
	struct connection *connection = is_tcp(sk) ? connection_of(sk) : NULL;

	if (connection)
		trouble(memory_limits, connection, EVENT_MEMORY_LIMIT, kind ? DIRECTION_RECEIVE : DIRECTION_TRANSMIT, 0, 1);
	return 0;
}

#endif
