// SPDX-License-Identifier: Apache-2.0
// values COUNT VALUE [COUNT VALUE…] [exec PROGRAM ARGUMENT…]
//
// Calls getppid(VALUE, MARK) COUNT times for each pair; the probe in fixtures/values counts these calls. COUNT `until`
// goes on until SIGTERM comes, and prints how many calls there were. With `exec`, the process then becomes PROGRAM.
// VALUE may be `n`: then the calls have the values 0, 1, 2, …; with `n1000`, they begin at 1000.
// Environment PAUSE_US: microseconds between two calls.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const uint64_t MARK = 0x534f4e4445;
static volatile sig_atomic_t stopped;

static void on_stop(int signal)
{
	(void)signal;
	stopped = 1;
}

int main(int argc, char **argv)
{
	const char *pause_text = getenv("PAUSE_US");
	int pause_us = pause_text ? atoi(pause_text) : 0;
	int at = 1;

	struct sigaction action = { .sa_handler = on_stop };
	sigaction(SIGTERM, &action, NULL);
	for (; at + 1 < argc && strcmp(argv[at], "exec"); at += 2) {
		int until = !strcmp(argv[at], "until");
		int counting = argv[at + 1][0] == 'n';
		uint64_t count = strtoull(argv[at], NULL, 0);
		uint64_t value = strtoull(argv[at + 1] + counting, NULL, 0);
		uint64_t done = 0;

		while (until ? !stopped : done < count) {
			syscall(SYS_getppid, counting ? value + done : value, MARK);
			done++;
			if (pause_us)
				usleep(pause_us);
		}
		if (until)
			printf("%llu\n", (unsigned long long)done);
	}
	fflush(stdout);
	if (at + 1 < argc)
		execv(argv[at + 1], argv + at + 1);
	return at + 1 < argc ? 127 : 0;
}
