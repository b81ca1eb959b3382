/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every TCP connection and every segment, counted. One header a collector; connection.h holds what they share, owner.h
 * whose a connection is.
 *
 * The kernel keeps exact counts with each socket. The probe takes differences of them, when a connection closes and
 * before each snapshot, and books them to the process that owns the connection: so a segment costs nothing.
 */
#define SONDE_VALUE_MAX 8192

#include "hooks.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
