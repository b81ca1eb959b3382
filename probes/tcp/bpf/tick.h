/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How long a jiffy is: the kernel's timeouts are in jiffies, and it tells HZ to nobody but its own configuration. */
#ifndef TCP_TICK_H
#define TCP_TICK_H

#include <sonde/types.h>

#define NANOSECONDS 1000000000ULL

u64 tick_nanoseconds;

/* How far the jiffies are from what they would be with this HZ: they begin at -300 s, as 32 bits. */
static __always_inline u64 tick_error(u64 hz, u64 jiffies, u64 now)
{
	s64 error = jiffies - ((1ULL << 32) - 300 * hz + now / (NANOSECONDS / hz));

	return error < 0 ? -error : error;
}

static __always_inline u64 tick_ns(void)
{
	u64 jiffies, now, hz = 1000, error;

	if (tick_nanoseconds)
		return tick_nanoseconds;
	jiffies = bpf_jiffies64();
	now = bpf_ktime_get_ns();
	error = tick_error(1000, jiffies, now);
	if (tick_error(300, jiffies, now) < error)
		error = tick_error(hz = 300, jiffies, now);
	if (tick_error(250, jiffies, now) < error)
		error = tick_error(hz = 250, jiffies, now);
	if (tick_error(100, jiffies, now) < error)
		hz = 100;
	tick_nanoseconds = NANOSECONDS / hz;
	return tick_nanoseconds;
}

#endif
