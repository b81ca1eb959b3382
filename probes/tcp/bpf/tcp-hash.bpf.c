/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The same for kernels before 5.12, where tracing programs have neither socket storage nor compare-and-exchange. */
#define SONDE_SOCKET_HASH

#include "tcp.bpf.c"
