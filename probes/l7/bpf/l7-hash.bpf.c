/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The same from the ends of syscalls, whose programs have no more of a socket than its address. */
#define SONDE_SOCKET_HASH

#include "l7.bpf.c"
