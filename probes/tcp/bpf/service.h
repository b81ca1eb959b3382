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
static __always_inline void time_acknowledged(struct connection *connection, struct tcp_sock *tcp,
					      struct service *service)
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
static __always_inline void service_segment(struct connection *connection, struct tcp_sock *tcp, struct sk_buff *skb)
{
	struct service *service = service_of(connection);

	if (!service)
		return;
	if (tcp->srtt_us)
		sonde_histogram_add(&service->rtt, (u64)(tcp->srtt_us >> 3) * 1000);
	time_acknowledged(connection, tcp, service);
	if (skb->len > tcp->tcp_header_len && tcp->copied_seq == tcp->rcv_nxt) {
		connection->timed.arrived_seq = tcp->rcv_nxt + 1;
		connection->timed.arrived = bpf_ktime_get_ns();
	}
}

/*
 * When a write was sent within the call, the kernel has just read the clock for it. On loopback even the
 * acknowledgement may have come; it is told with the next segment, or the next write.
 */
static __always_inline void service_send(struct connection *connection, struct tcp_sock *tcp)
{
	if (connection->timed.written) {
		struct service *service;

		if (!reaches(tcp->snd_una, connection->timed.written_seq))
			return;
		service = service_of(connection);
		if (service)
			time_acknowledged(connection, tcp, service);
	}
	connection->timed.written_seq = tcp->write_seq;
	connection->timed.written = tcp->snd_nxt == tcp->write_seq ? tcp->tcp_mstamp * 1000 : bpf_ktime_get_ns();
}

/* From when the first unread byte arrived until it was read. */
static __always_inline void service_receive(struct connection *connection, struct tcp_sock *tcp)
{
	struct service *service;

	if (!connection->timed.arrived || !reaches(tcp->copied_seq, connection->timed.arrived_seq))
		return;
	service = service_of(connection);
	if (service)
		sonde_histogram_add(&service->receive_queue, bpf_ktime_get_ns() - connection->timed.arrived);
	connection->timed.arrived = 0;
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

static __always_inline void service_state(struct connection *connection, struct tcp_sock *tcp, int new)
{
	if (!connection->established)
		return;
	if (new == TCP_ESTABLISHED)
		service_opened(connection, tcp);
	else if (new == TCP_CLOSE)
		service_closed(connection, tcp);
}

#endif
