/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whose a connection is: the process of the last read or write, else the one that connected, else the one that listens.
 */
#ifndef TCP_OWNER_H
#define TCP_OWNER_H

#include "handshake.h"
#include "link.h"
#include "opened.h"
#include "service.h"

/* Takes what its owner has done into the books before another process takes over. */
static __always_inline void settle(struct connection *connection, struct tcp_sock *tcp)
{
	service_book(connection);
	handshake_opened(connection);
	if (!collecting.link)
		return;
	link_leave(connection, tcp);
	connection->once.link_opened = 0;
	connection->once.link_closed = 0;
}

/* Gives a connection to the current process. What happened before anybody read or wrote belongs to it too. */
static __always_inline void take_over(struct connection *connection, struct tcp_sock *tcp,
				      const struct sonde_process *process, bool watched)
{
	bool is_first = connection->claim <= CLAIM_LISTENER;

	if (!is_first || connection->once.link_opened)
		settle(connection, tcp);
	if (watched && !connection->watched && !is_first)
		begin_anew(connection, tcp);
	set_owner(connection, process, CLAIM_IO);
	connection->watched = watched;
}

static __always_inline bool is_same(const struct sonde_process *a, const struct sonde_process *b)
{
	return a->tgid == b->tgid && a->exec_id == b->exec_id && a->start == b->start;
}

/* A connection that was open before the probe: its past is not counted. */
static __always_inline struct connection *adopt(struct opened socket, struct tcp_sock *tcp, u8 role)
{
	struct connection *connection = connection_new(socket.at);
	struct sock *sk = socket.sk;

	if (!connection)
		return NULL;
	connection->adopted = 1;
	connection->role = role;
	connection->established = bpf_ktime_get_ns();
	connection->with_peer = role != ROLE_SERVER || settings.server_peers;
	connection->with_client_port = settings.client_port;
	take_addresses(connection, sk);
	begin_anew(connection, tcp);
	return connection;
}

/* Gives the connection of a socket to the current process; NULL if there is none. */
static __noinline struct connection *owned_anew(struct sock *sk, struct connection *connection)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	struct sonde_process process;
	bool watched;

	if (!tcp || sk->__sk_common.skc_state == TCP_CLOSE)
		return NULL;
	if (!connection)
		connection = adopt((struct opened){ sk, sk }, tcp, ROLE_CLIENT);
	if (!connection)
		return NULL;
	sonde_process_current(&process);
	watched = sonde_target_match();
	if (connection->claim != CLAIM_IO || connection->watched != watched ||
	    !is_same(owner_of(connection), &process))
		take_over(connection, tcp, &process, watched);
	return connection;
}

/* The connection of a socket that the current process has read from or written to, which belongs to it from now on. */
static __always_inline struct connection *owned_by_current(struct sock *sk)
{
	struct connection *connection = connection_of(sk);
	struct sonde_process process;

	if (likely(connection && connection->claim == CLAIM_IO && connection->watched && !sonde_target_mode)) {
		sonde_process_current(&process);
		if (likely(is_same(owner_of(connection), &process)))
			return connection;
	}
	return owned_anew(sk, connection);
}

/* connect() and listen(), in the process that calls. A socket may be used again after it was disconnected. */
static __always_inline void begin(struct sock *sk, u8 role)
{
	struct connection *connection = connection_new(sk);
	struct sonde_process process;

	if (!connection)
		return;
	if (connection->claim != CLAIM_NONE)
		__builtin_memset(connection, 0, sizeof(*connection));
	sonde_process_current(&process);
	set_owner(connection, &process, CLAIM_OPENER);
	connection->watched = sonde_target_match();
	connection->role = role;
	connection->booked.drops = sk->sk_drops.counter;
	if (role == ROLE_CLIENT)
		connection->began = bpf_ktime_get_ns();
	take_addresses(connection, sk);
}

/* A child of a listener, in softirq: it starts as a copy of the listener's, if the probe knows that one. */
static __always_inline void inherit(struct sock *sk)
{
	struct connection *connection = connection_new(sk);

	if (!connection)
		return;
	connection->claim = connection->claim == CLAIM_NONE ? CLAIM_NONE : CLAIM_LISTENER;
	connection->role = ROLE_SERVER;
	connection->adopted = 0;
	connection->booked.drops = 0;
	if (connection->claim == CLAIM_NONE)
		connection->watched = !sonde_target_mode;
}

/* The kernel has just read the clock, for the last segment of the handshake. */
static __always_inline void establish(struct connection *connection, struct sock *sk, struct tcp_sock *tcp)
{
	take_addresses(connection, sk);
	connection->with_peer = connection->role != ROLE_SERVER || settings.server_peers;
	connection->with_client_port = settings.client_port;
	connection->established = tcp->tcp_mstamp * 1000;
}

struct listening_key {
	sonde_netns_t netns;
	u32 port;
};

/* Ports on which somebody listened at the start tell the server's side of a connection. At most 16384 x 64 B: 1 MB. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct listening_key);
	__type(value, u8);
} listening SEC(".maps");

static __always_inline struct listening_key listening_at(struct sock *sk)
{
	struct listening_key key = { .port = sk->__sk_common.skc_num };

	key.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	return key;
}

static __always_inline void give_to(struct connection *connection, struct task_struct *task, u8 claim)
{
	struct sonde_process process;

	sonde_process_of(task, &process);
	connection->watched = sonde_target_match_task(task);
	set_owner(connection, &process, claim);
}

/* At the start, first: who listens where. */
SEC("iter/task_file")
int adopt_listeners(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct opened socket = opened_socket(context);
	struct sock *sk = socket.sk;
	struct connection *connection;
	struct listening_key key;
	u8 yes = 1;

	if (!task || !sk || !is_tcp(sk) || sk->__sk_common.skc_state != TCP_LISTEN)
		return 0;
	key = listening_at(sk);
	if (bpf_map_update_elem(&listening, &key, &yes, BPF_ANY))
		sonde_lost(SONDE_LOSS_STATE_FULL, 1);
	connection = connection_new(socket.at);
	if (!connection || connection->claim != CLAIM_NONE)
		return 0;
	connection->adopted = 1;
	connection->role = ROLE_SERVER;
	connection->booked.drops = sk->sk_drops.counter;
	take_addresses(connection, sk);
	give_to(connection, task, CLAIM_OPENER);
	return 0;
}

/* Then: the connections that are open already. */
SEC("iter/task_file")
int adopt_connections(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct opened socket = opened_socket(context);
	struct sock *sk = socket.sk;
	struct connection *connection;
	struct listening_key key;
	struct tcp_sock *tcp;

	if (!task || !sk || !is_tcp(sk) || sk->__sk_common.skc_state == TCP_LISTEN ||
	    sk->__sk_common.skc_state == TCP_CLOSE)
		return 0;
	connection = connection_of(socket.at);
	tcp = opened_tcp(socket);
	if (connection || !tcp)
		return 0;
	key = listening_at(sk);
	connection = adopt(socket, tcp, bpf_map_lookup_elem(&listening, &key) ? ROLE_SERVER : ROLE_CLIENT);
	if (connection)
		give_to(connection, task, CLAIM_OPENER);
	return 0;
}

#endif
