/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the probe reads of the kernel's sockets. Partial: the loader finds each field in the running kernel's BTF. */
#ifndef TCP_KERNEL_H
#define TCP_KERNEL_H

#include <sonde/probe.h>

#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define MSG_PEEK 2
#define SEND_SHUTDOWN 2
#define S_IFMT 0170000
#define S_IFSOCK 0140000

/* enum tcp_state of include/net/tcp_states.h; part of the user API, as in tcp_info.tcpi_state */
enum tcp_state {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_FIN_WAIT1,
	TCP_FIN_WAIT2,
	TCP_TIME_WAIT,
	TCP_CLOSE,
	TCP_CLOSE_WAIT,
	TCP_LAST_ACK,
	TCP_LISTEN,
	TCP_CLOSING,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

struct in6_addr {
	u8 in6_u[16];
};

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	u32 skc_daddr, skc_rcv_saddr;
	u16 skc_dport, skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	unsigned long skc_flags;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};

/* Bits of skc_flags. */
enum sock_flags {
	SOCK_DONE = 1, /* the peer's FIN has come */
};

struct socket;

struct sock {
	struct sock_common __sk_common;
	atomic_t sk_drops;
	struct {
		atomic_t rmem_alloc;
	} sk_backlog;
	int sk_rcvbuf, sk_sndbuf, sk_wmem_queued, sk_err, sk_err_soft;
	unsigned long sk_pacing_rate;
	u16 sk_protocol;
	u8 sk_userlocks;
	u32 sk_ack_backlog, sk_max_ack_backlog;
};

struct socket {
	struct sock *sk;
};

struct inet_sock {
	struct sock sk;
	u16 inet_sport;
};

struct inet_connection_sock {
	struct inet_sock icsk_inet;
	u32 icsk_rto;
	u8 icsk_ca_state : 5;
	u8 icsk_pending;
	struct {
		u32 ato : 8;
	} icsk_ack;
};

struct minmax_sample {
	u32 t, v;
};

struct minmax {
	struct minmax_sample s[3];
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	u64 bytes_acked, bytes_received;
	u32 segs_in, segs_out, total_retrans;
	u32 srtt_us, mss_cache, reordering;
	struct minmax rtt_min;
	u32 snd_cwnd, snd_ssthresh, snd_wnd, rcv_wnd;
	u32 snd_una, snd_nxt, write_seq, copied_seq, rcv_nxt;
	u32 packets_out, lost_out, sacked_out, retrans_out;
	u32 rate_delivered, rate_interval_us;
	u64 tcp_mstamp, delivered_mstamp;
	u16 tcp_header_len;
	struct {
		u32 rtt_us;
	} rcv_rtt_est;
};

struct sk_buff {
	unsigned int len;
	struct sock *sk;
	char cb[48];
	unsigned char *head, *data;
	u16 protocol, network_header, transport_header;
};

struct tcp_skb_cb {
	u32 ack_seq;
};

struct request_sock;

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	u32 fd;
	struct file *file;
};

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key, *value;
};

struct bpf_iter__bpf_sk_storage_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	struct sock *sk;
	void *value;
};

#pragma clang attribute pop

#endif
