/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Links: what the connections of one process between two addresses and one server port carry. */
#ifndef TCP_LINK_H
#define TCP_LINK_H

#include "connection.h"
#include "tick.h"

struct link_key {
	struct sonde_process process;
	sonde_ip_t local, peer;
	sonde_port_t server_port;
	sonde_port_t client_port;
	u8 role, family;
	u16 reserved;
};

struct link {
	u64 sent, received;
	u64 segments_sent, segments_received;
	s64 open;
	u64 walk; /* the last walk over the sockets that saw one of it: gauges are of that */
	sonde_ns_t rtt, rtt_min, rtt_receiver, rto, ato;
	u64 congestion_window, slow_start_threshold;
	u64 send_window, send_window_available, receive_window;
	u64 unsent, unacknowledged;
	u64 lost, sacked;
	u64 reordering;
	u64 send_buffer, send_buffer_used, receive_buffer, receive_buffer_used;
	u64 pacing_rate, delivery_rate;
};

/* The param maxLinks; 16384 x (56 B key, 216 B value, 48 B of the map's own): 5.0 MB. */
SONDE_HASH(links, struct link_key, struct link, 16384);

static __always_inline struct link *link_of(const struct connection *connection, const struct sonde_process *owner)
{
	struct link_key key = {
		.process = *owner,
		.local = connection->local,
		.server_port = server_port(connection),
		.role = connection->role,
		.family = connection->family,
	};

	if (connection->with_peer)
		key.peer = connection->peer;
	if (connection->with_client_port)
		key.client_port = connection->role == ROLE_SERVER ? connection->peer_port : connection->local_port;
	return sonde_slot(links, &key);
}

/*
 * Books what the socket has done since the last time to the link of its owner, and gives that link; NULL if the owner
 * is no target.
 * Outside of the socket's lock a FIN may be counted that is not marked yet: `hold` keeps a byte back.
 */
static __always_inline struct link *link_book(struct connection *connection, struct tcp_sock *tcp, u64 hold)
{
	u64 received = payload_received(tcp);
	struct link *link;
	u64 delta;

	if (!connection->watched || !connection->established)
		return NULL;
	link = link_of(connection, owner_of(connection));
	if (!link)
		return NULL;
	if (first_time_here(&connection->once.link_opened))
		sonde_add(&link->open, 1);
	delta = advance(&connection->booked.sent, payload_sent(connection, tcp));
	if (delta)
		sonde_add(&link->sent, delta);
	delta = advance(&connection->booked.received, received > hold ? received - hold : received);
	if (delta)
		sonde_add(&link->received, delta);
	delta = advance32(&connection->booked.segments_sent, tcp->segs_out);
	if (delta)
		sonde_add(&link->segments_sent, delta);
	delta = advance32(&connection->booked.segments_received, tcp->segs_in);
	if (delta)
		sonde_add(&link->segments_received, delta);
	return link;
}

/* Books the rest, and takes the connection from the number of open ones. */
static __always_inline void link_leave(struct connection *connection, struct tcp_sock *tcp)
{
	struct link *link = link_book(connection, tcp, 0);

	if (link && first_time(&connection->once.link_closed))
		sonde_add(&link->open, -1);
}

/* After the last state change only segments go to and fro: a reset, and what answers it. */
static __always_inline void link_destroy(struct connection *connection, struct tcp_sock *tcp)
{
	u32 sent = tcp->segs_out, received = tcp->segs_in;
	struct link *link;

	if (!connection->watched || !connection->established ||
	    ((s32)(sent - connection->booked.segments_sent) <= 0 &&
	     (s32)(received - connection->booked.segments_received) <= 0))
		return;
	link = link_of(connection, owner_of(connection));
	if (!link)
		return;
	sonde_add(&link->segments_sent, advance32(&connection->booked.segments_sent, sent));
	sonde_add(&link->segments_received, advance32(&connection->booked.segments_received, received));
}

/* Whether somebody else is at work on the socket right now. */
static __always_inline bool is_locked(struct sock *sk)
{
	struct sock___lock {
		struct {
			struct {
				struct {
					struct {
						struct {
							int counter;
						} val;
					} raw_lock;
				} rlock;
			} slock;
			int owned;
		} sk_lock;
	} __attribute__((preserve_access_index)) *lock = (void *)sk;

	if (BPF_CORE_READ(lock, sk_lock.owned))
		return true;
	return !bpf_core_field_exists(lock->sk_lock.slock.rlock.raw_lock.val.counter) ||
	       BPF_CORE_READ(lock, sk_lock.slock.rlock.raw_lock.val.counter);
}

#define ___fold_min(field, value) ((field) = first || (value) < (field) ? (value) : (field))
#define ___fold_max(field, value) ((field) = first || (value) > (field) ? (value) : (field))
#define ___fold_sum(field, value) ((field) = (first ? 0 : (field)) + (value))

/* Only the walk writes gauges, so no two do at once. */
static __always_inline void link_gauges(struct link *link, struct tcp_sock *tcp, u64 walk)
{
	struct inet_connection_sock *icsk = &tcp->inet_conn;
	struct sock *sk = &icsk->icsk_inet.sk;
	u32 in_flight = tcp->snd_nxt - tcp->snd_una;
	bool first = link->walk != walk;
	u64 interval = tcp->rate_interval_us;

	link->walk = walk;
	___fold_max(link->rtt, (u64)(tcp->srtt_us >> 3) * 1000);
	___fold_min(link->rtt_min, (u64)tcp->rtt_min.s[0].v * 1000);
	___fold_max(link->rtt_receiver, (u64)(tcp->rcv_rtt_est.rtt_us >> 3) * 1000);
	___fold_max(link->ato, BPF_CORE_READ_BITFIELD(icsk, icsk_ack.ato) * tick_ns());
	___fold_max(link->rto, tcp->inet_conn.icsk_rto * tick_ns());
	___fold_min(link->congestion_window, tcp->snd_cwnd);
	___fold_min(link->slow_start_threshold, tcp->snd_ssthresh);
	___fold_min(link->send_window, tcp->snd_wnd);
	___fold_min(link->send_window_available, tcp->snd_wnd > in_flight ? tcp->snd_wnd - in_flight : 0);
	___fold_min(link->receive_window, tcp->rcv_wnd);
	___fold_sum(link->unsent, (u32)(tcp->write_seq - tcp->snd_nxt));
	___fold_sum(link->unacknowledged, in_flight);
	___fold_sum(link->lost, tcp->lost_out);
	___fold_sum(link->sacked, tcp->sacked_out);
	___fold_max(link->reordering, tcp->reordering);
	___fold_sum(link->send_buffer, sk->sk_sndbuf);
	___fold_sum(link->send_buffer_used, sk->sk_wmem_queued);
	___fold_sum(link->receive_buffer, sk->sk_rcvbuf);
	___fold_sum(link->receive_buffer_used, sk->sk_backlog.rmem_alloc.counter);
	___fold_sum(link->pacing_rate, sk->sk_pacing_rate == ~0UL ? 0 : sk->sk_pacing_rate);
	___fold_sum(link->delivery_rate,
		    interval ? (u64)tcp->rate_delivered * tcp->mss_cache * 1000000 / interval : 0);
}

/* The last state change tells the final numbers: an abort resets them before the socket is destroyed. */
static __always_inline void link_state(struct connection *connection, struct tcp_sock *tcp, int new)
{
	if (new == TCP_CLOSE)
		link_leave(connection, tcp);
}

/* Before each snapshot: what has happened on open connections, and how they are. */
static __always_inline void link_walk(struct connection *connection, struct tcp_sock *tcp, struct sock *sk, u64 walk)
{
	struct link *link = link_book(connection, tcp, is_locked(sk));

	if (link)
		link_gauges(link, tcp, walk);
}

#endif
