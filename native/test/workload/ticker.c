/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does on command what probes count. Each line of input is one command, answered by "ok" when it is done:
 *   tick N   calls tick(0) … tick(N-1), and passes the USDT probe sonde:tick as often
 *   exec N   runs /bin/true N times
 *   spin N   computes for N milliseconds
 */
#include <stdio.h>
#include <sys/sdt.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

__attribute__((noinline)) long tick(long number)
{
	__asm__ volatile("" : "+r"(number));
	return number;
}

__attribute__((noinline)) long tock(long number)
{
	__asm__ volatile("" : "+r"(number));
	return number;
}

static void ticks(long count)
{
	for (long number = 0; number < count; number++) {
		tick(number);
		tock(number);
		DTRACE_PROBE1(sonde, tick, number);
	}
}

static void execs(long count)
{
	for (long number = 0; number < count; number++) {
		if (fork() == 0) {
			execl("/bin/true", "true", NULL);
			_exit(1);
		}
		wait(NULL);
	}
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void spin(long count)
{
	long end = milliseconds() + count;

	while (milliseconds() < end)
		;
}

int main(void)
{
	char command[16];
	long count;

	setbuf(stdout, NULL);
	while (scanf("%15s %ld", command, &count) == 2) {
		if (command[0] == 't')
			ticks(count);
		else if (command[0] == 'e')
			execs(count);
		else
			spin(count);
		puts("ok");
	}
	return 0;
}
