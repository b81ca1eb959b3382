// SPDX-License-Identifier: Apache-2.0
// Makes the probe send COUNT records of 64 bytes, as fast as it can or RATE a second: flood COUNT [RATE]
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// The probe counts only calls that ask about this, which the kernel does not know.
#define FLOOD_WHICH 0x50000000

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 1000, rate = argc > 2 ? atol(argv[2]) : 0;
	double began = now(), seconds;

	for (long number = 0; number < count; number++) {
		while (rate && number > (now() - began) * rate)
			usleep(1000);
		syscall(SYS_getpriority, FLOOD_WHICH, number);
	}
	seconds = now() - began;
	printf("{\"pid\":%d,\"records\":%ld,\"seconds\":%.6f}\n", getpid(), count, seconds);
	return 0;
}
