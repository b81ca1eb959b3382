// SPDX-License-Identifier: Apache-2.0
/*
 * `storm <starts a second> <seconds>`: starts processes (fork and exec) at that rate, each of which ends at once, and prints
 * how many. `storm sleepers <count>`: so many children that sleep until its input ends.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int storm(char *self, double rate, double seconds)
{
	double began = now();
	long started = 0;

	while (now() - began < seconds) {
		for (double at = now() - began; at < seconds && started < at * rate; at = now() - began) {
			char number[16];

			snprintf(number, sizeof(number), "%ld", started++);
			posix_spawn(NULL, self, NULL, NULL, (char *[]){ self, number, NULL }, environ);
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
		}
		usleep(1000);
	}
	while (wait(NULL) > 0)
		;
	printf("%ld\n", started);
	return 0;
}

static int sleepers(int count)
{
	for (int i = 0; i < count; i++) {
		if (!fork()) {
			pause();
			_exit(0);
		}
	}
	puts("ready");
	fflush(stdout);
	getchar();
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	return 0;
}

int main(int count, char **arguments)
{
	if (count != 3)
		return 0;
	if (!strcmp(arguments[1], "sleepers")) {
		setpgid(0, 0);
		return sleepers(atoi(arguments[2]));
	}
	return storm(arguments[0], atof(arguments[1]), atof(arguments[2]));
}
