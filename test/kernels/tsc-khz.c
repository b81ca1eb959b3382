// SPDX-License-Identifier: Apache-2.0
/*
 * Prints how many thousand times a second this processor's time stamp counter counts. A guest is told so, since it would
 * measure it wrongly on a busy machine, and its clock would run many times too fast.
 */
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_RAW, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(void)
{
	unsigned long long ticks = __rdtsc();
	long long began = now();

	while (now() - began < 200000000)
		;
	printf("%llu\n", (__rdtsc() - ticks) * 1000000 / (now() - began));
	return 0;
}
