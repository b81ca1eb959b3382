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

/* What does not fit into a tally any more goes where it is shown, with all that the tally holds. */
static __noinline int service_spill(struct connection *connection, struct tally *tally, u64 histogram, u64 ns)
{
	struct service *service = service_of(connection);

	if (!service || histogram > sizeof(*service) - sizeof(sonde_histogram_t))
		return 0;
	tally_book(tally, (void *)service + histogram);
	if (!tally_add(tally, ns))
		sonde_histogram_add((void *)service + histogram, ns);
	return 0;
}

/* Adds to the distribution of this name. */
#define service_add(connection, name, ns)                                                                           \
	do {                                                                                                        \
		u64 ___ns = ns;                                                                                     \
                                                                                                                    \
		if ((connection)->watched && !tally_add(&(connection)->name, ___ns))                                \
			service_spill(connection, &(connection)->name, offsetof(struct service, name), ___ns);      \
	} while (0)

static __always_inline void service_book_all(struct connection *connection, struct service *service)
{
	u64 connect = take(&connection->connect);

	if (connect)
		sonde_histogram_add(&service->connect, connect);
	tally_book(&connection->rtt, &service->rtt);
	tally_book(&connection->receive_queue, &service->receive_queue);
	tally_book(&connection->send_queue, &service->send_queue);
	tally_book(&connection->network, &service->network);
}

/* Books what the connection has tallied to the service of its owner. */
static __always_inline void service_book(struct connection *connection)
{
	struct service *service;

	if (!(connection->rtt.counts | connection->receive_queue.counts | connection->send_queue.counts |
	      connection->network.counts | connection->connect))
		return;
	service = service_of(connection);
	if (service)
		service_book_all(connection, service);
}

/* Whether a sequence number is at or past another; they wrap. */
static __always_inline bool reaches(u32 seq, u32 goal)
{
	return (s32)(seq - goal) >= 0;
}

/*
 * One write at a time is timed on its way: from the call to when its last byte was sent, and from there to its
 * acknowledgement. The kernel reads the clock when it sends, so whoever looks next has the time.
 */
static __always_inline void write_sent(struct connection *connection, struct tcp_sock *tcp)
{
	u64 sent = tcp->tcp_mstamp * 1000, queued = connection->write_since;

	if (connection->write_phase != WRITE_QUEUED || !reaches(tcp->snd_nxt, connection->write_end))
		return;
	connection->write_since = sent;
	connection->write_phase = WRITE_SENT;
	service_add(connection, send_queue, sent > queued ? sent - queued : 0);
}

static __always_inline void write_acknowledged(struct connection *connection, u64 now)
{
	u64 sent = connection->write_since;

	connection->write_phase = WRITE_NONE;
	service_add(connection, network, now > sent ? now - sent : 0);
}

/* TCP_SKB_CB(skb)->ack_seq; byte by byte, as the verifier has it. */
static __always_inline u32 acknowledgement_of(struct sk_buff *skb)
{
	u32 at = bpf_core_field_offset(struct tcp_skb_cb, ack_seq);
	u8 *bytes = (u8 *)skb->cb + at;

	return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (u32)bytes[3] << 24;
}

/* Every segment received while established, before the kernel takes it in. */
static __always_inline void service_segment(struct connection *connection, struct tcp_sock *tcp, struct sk_buff *skb)
{
	u32 rtt = tcp->srtt_us >> 3;
	bool arrives = skb->len > tcp->tcp_header_len && tcp->copied_seq == tcp->rcv_nxt, acknowledges = false;
	u64 now;

	if (rtt)
		service_add(connection, rtt, rtt * 1000ULL);
	if (connection->write_phase != WRITE_NONE) {
		write_sent(connection, tcp);
		acknowledges = connection->write_phase == WRITE_SENT &&
			       reaches(acknowledgement_of(skb), connection->write_end);
	}
	if (!arrives && !acknowledges)
		return;
	now = bpf_ktime_get_ns();
	if (acknowledges)
		write_acknowledged(connection, now);
	if (arrives) {
		connection->arrived_end = tcp->rcv_nxt + 1;
		connection->arrived = now;
	}
}

/* On loopback even the acknowledgement may have come within the call. */
static __always_inline void service_send(struct connection *connection, struct tcp_sock *tcp)
{
	if (connection->write_phase != WRITE_NONE) {
		write_sent(connection, tcp);
		/* acknowledged where no segment told: one write less is timed */
		if (!reaches(tcp->snd_una, connection->write_end))
			return;
	}
	connection->write_end = tcp->write_seq;
	if (tcp->snd_nxt == connection->write_end) {
		connection->write_since = tcp->tcp_mstamp * 1000;
		connection->write_phase = WRITE_SENT;
		service_add(connection, send_queue, 0);
	} else {
		connection->write_since = bpf_ktime_get_ns();
		connection->write_phase = WRITE_QUEUED;
	}
}

/* Less than this after its arrival, what looks like the time of a read may be the time stamp of the arrival itself. */
#define JUST_ARRIVED_NS 3000

/* From when the first unread byte arrived until it was read, for which tcp_rcv_space_adjust() has read the clock. */
static __always_inline void service_receive(struct connection *connection, struct tcp_sock *tcp)
{
	u64 arrived = connection->arrived, now;

	if (!reaches(tcp->copied_seq, connection->arrived_end))
		return;
	connection->arrived = 0;
	now = tcp->tcp_mstamp * 1000;
	if (now < arrived + JUST_ARRIVED_NS)
		now = bpf_ktime_get_ns();
	service_add(connection, receive_queue, now - arrived);
}

/* The client's handshake lasts from connect(); the server's from its SYN-ACK, which is the first round trip. */
static __always_inline void service_opened(struct connection *connection, struct tcp_sock *tcp)
{
	connection->connect = connection->role == ROLE_CLIENT ? connection->established - connection->began :
								(u64)(tcp->srtt_us >> 3) * 1000;
}

/* By the last segment, or timer, the kernel has just read the clock. */
static __always_inline u64 time_of_close(struct tcp_sock *tcp, int old)
{
	return old == TCP_LAST_ACK ? tcp->tcp_mstamp * 1000 : bpf_ktime_get_ns();
}

static __always_inline void service_closed(struct connection *connection, struct tcp_sock *tcp, int old)
{
	struct service *service;

	/* once a FIN is on its way no segment tells what it acknowledges */
	if (connection->write_phase == WRITE_SENT && reaches(tcp->snd_una, connection->write_end))
		write_acknowledged(connection, tcp->delivered_mstamp * 1000);
	service = service_of(connection);
	if (!service)
		return;
	service_book_all(connection, service);
	if (tcp->srtt_us)
		sonde_histogram_add(&service->rtt, (u64)(tcp->srtt_us >> 3) * 1000);
	if (connection->adopted)
		return;
	sonde_histogram_add(&service->duration, time_of_close(tcp, old) - connection->established);
	sonde_size_histogram_add(&service->sent, payload_sent(connection, tcp));
	sonde_size_histogram_add(&service->received, payload_received(tcp));
}

static __always_inline void service_state(struct connection *connection, struct tcp_sock *tcp, int old, int new)
{
	if (!connection->established)
		return;
	if (new == TCP_ESTABLISHED)
		service_opened(connection, tcp);
	else if (new == TCP_CLOSE)
		service_closed(connection, tcp, old);
}

#endif
