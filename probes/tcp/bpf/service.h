/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How well connections do, as distributions by process, role and server port. */
#ifndef TCP_SERVICE_H
#define TCP_SERVICE_H

#include "connection.h"

struct service_key {
	struct sonde_process process;
	sonde_port_t server_port;
	u8 role, family;
	u32 reserved;
};

struct service {
	sonde_histogram_t rtt;
	sonde_histogram_t connect;
	sonde_histogram_t duration;
	sonde_size_histogram_t sent, received;
	sonde_histogram_t send_queue, network, receive_queue;
};

/* The param maxServices; 1024 x (24 B key, 6848 B value, 48 B): 6.9 MB. */
SONDE_HASH(services, struct service_key, struct service, 1024);

static __always_inline struct service *service_of(struct connection *connection)
{
	struct service_key key = {
		.process = *owner_of(connection),
		.server_port = server_port(connection),
		.role = connection->role,
		.family = connection->family,
	};

	return connection->watched ? sonde_slot(services, &key) : NULL;
}

/* Whether a sequence number is at or past another; they wrap. */
static __always_inline bool reaches(u32 seq, u32 goal)
{
	return (s32)(seq - goal) >= 0;
}

/*
 * One write at a time is timed on its way: from the call to when its last byte was sent, and from there to its
 * acknowledgement, by the kernel's own time stamps of the segment acknowledged last.
 */
static __always_inline void time_acknowledged(struct connection *connection, struct tcp_sock *tcp, struct service *service)
{
	u64 written = connection->timed.written, sent, acknowledged;

	if (!written || !reaches(tcp->snd_una, connection->timed.written_seq))
		return;
	connection->timed.written = 0;
	sent = tcp->first_tx_mstamp * 1000;
	acknowledged = tcp->delivered_mstamp * 1000;
	sonde_histogram_add(&service->send_queue, sent > written ? sent - written : 0);
	if (acknowledged >= sent)
		sonde_histogram_add(&service->network, acknowledged - sent);
}

/* Every segment received while established, before the kernel takes it in. */
SEC("tp_btf/tcp_probe")
int BPF_PROG(service_segment, struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	struct connection *connection = tcp ? connection_of(sk) : NULL;
	struct service *service = connection ? service_of(connection) : NULL;

	if (!service)
		return 0;
	if (tcp->srtt_us)
		sonde_histogram_add(&service->rtt, (u64)(tcp->srtt_us >> 3) * 1000);
	time_acknowledged(connection, tcp, service);
	if (skb->len > tcp->tcp_header_len && tcp->copied_seq == tcp->rcv_nxt) {
		connection->timed.arrived_seq = tcp->rcv_nxt + 1;
		connection->timed.arrived = bpf_ktime_get_ns();
	}
	return 0;
}

/* On loopback the acknowledgement may have come before the call returns. */
SEC("tp_btf/sock_send_length")
int BPF_PROG(service_send, struct sock *sk, int length, int flags)
{
	struct connection *connection = length > 0 && is_tcp(sk) ? connection_of(sk) : NULL;
	struct tcp_sock *tcp = connection ? bpf_skc_to_tcp_sock(sk) : NULL;
	struct service *service = tcp ? service_of(connection) : NULL;

	if (!service)
		return 0;
	time_acknowledged(connection, tcp, service);
	if (connection->timed.written)
		return 0;
	connection->timed.written_seq = tcp->write_seq;
	connection->timed.written = bpf_ktime_get_ns();
	time_acknowledged(connection, tcp, service);
	return 0;
}

/* From when the first unread byte arrived until it was read. */
SEC("tp_btf/sock_recv_length")
int BPF_PROG(service_receive, struct sock *sk, int length, int flags)
{
	struct connection *connection = length > 0 && !(flags & MSG_PEEK) && is_tcp(sk) ? connection_of(sk) : NULL;
	struct tcp_sock *tcp = connection && connection->timed.arrived ? bpf_skc_to_tcp_sock(sk) : NULL;
	struct service *service;

	if (!tcp || !reaches(tcp->copied_seq, connection->timed.arrived_seq))
		return 0;
	service = service_of(connection);
	if (service)
		sonde_histogram_add(&service->receive_queue, bpf_ktime_get_ns() - connection->timed.arrived);
	connection->timed.arrived = 0;
	return 0;
}

/* The client's handshake lasts from connect(); the server's from its SYN-ACK, which is the first round trip. */
static __always_inline void service_opened(struct connection *connection, struct tcp_sock *tcp)
{
	struct service *service;
	u64 took = connection->role == ROLE_CLIENT ? connection->established - connection->began :
						     (u64)(tcp->srtt_us >> 3) * 1000;

	if (!took)
		return;
	service = service_of(connection);
	if (service)
		sonde_histogram_add(&service->connect, took);
}

static __always_inline void service_closed(struct connection *connection, struct tcp_sock *tcp)
{
	struct service *service = service_of(connection);

	if (!service)
		return;
	time_acknowledged(connection, tcp, service);
	if (tcp->srtt_us)
		sonde_histogram_add(&service->rtt, (u64)(tcp->srtt_us >> 3) * 1000);
	if (connection->adopted)
		return;
	sonde_histogram_add(&service->duration, bpf_ktime_get_ns() - connection->established);
	sonde_size_histogram_add(&service->sent, payload_sent(connection, tcp));
	sonde_size_histogram_add(&service->received, payload_received(tcp));
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(service_state, struct sock *sk, int old, int new)
{
	struct connection *connection;
	struct tcp_sock *tcp;

	if ((new != TCP_ESTABLISHED && new != TCP_CLOSE) || old == TCP_LISTEN || !(tcp = bpf_skc_to_tcp_sock(sk)))
		return 0;
	connection = connection_of(sk);
	if (!connection || !connection->established)
		return 0;
	if (new == TCP_ESTABLISHED)
		service_opened(connection, tcp);
	else
		service_closed(connection, tcp);
	return 0;
}

#endif
