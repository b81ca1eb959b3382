/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading the memory of the observed process. A fault is counted as SONDE_LOSS_COPY_FAULT. */
#ifndef SONDE_USER_H
#define SONDE_USER_H

#include <sonde/types.h>
#include <sonde/loss.h>

/* Copies `size` bytes at the user address `from`. Returns 0 or a negative error; on error `to` is zeroed. */
static __always_inline long sonde_read_user(void *to, u32 size, const void *from)
{
	long error = bpf_probe_read_user(to, size, from);

	if (error)
		sonde_lost(SONDE_LOSS_COPY_FAULT, 1);
	return error;
}

/* Copies a string with its NUL. Returns its length with the NUL, at most `size`, or a negative error. */
static __always_inline long sonde_read_user_str(void *to, u32 size, const void *from)
{
	long length = bpf_probe_read_user_str(to, size, from);

	if (length < 0)
		sonde_lost(SONDE_LOSS_COPY_FAULT, 1);
	return length;
}

#endif
