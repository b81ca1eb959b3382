// SPDX-License-Identifier: Apache-2.0
/*
 * `storm <starts a second> <seconds>`: starts processes (fork and exec) at that rate, each of which ends at once, and prints
 * how many. `storm sleepers <count>`: so many children with command lines of their own that sleep until its input ends; a
 * line of input for each group of equal size names the cgroup.procs that they enter, and then one empty line.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
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

static void enter(const char *procs)
{
	int file = open(procs, O_WRONLY);

	if (file < 0 || write(file, "0", 1) != 1)
		perror(procs);
	close(file);
}

static int sleepers(char *self, int count)
{
	static char procs[4096][256];
	int groups = 0;

	while (groups < 4096 && fgets(procs[groups], sizeof(procs[0]), stdin) && procs[groups][0] != '\n') {
		procs[groups][strcspn(procs[groups], "\n")] = 0;
		groups++;
	}
	for (int i = 0; i < count; i++) {
		if (!fork()) {
			char config[64], port[32];

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			enter(procs[i % groups]);
			snprintf(config, sizeof(config), "/etc/server/instance-%d.yaml", i);
			snprintf(port, sizeof(port), "0.0.0.0:%d", 1024 + i);
			execl(self, self, "sleep", "--config", config, "--listen", port, NULL);
			_exit(127);
		}
	}
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}

int main(int count, char **arguments)
{
	if (count > 1 && !strcmp(arguments[1], "sleep"))
		return pause();
	if (count != 3)
		return 0;
	if (!strcmp(arguments[1], "sleepers"))
		return sleepers(arguments[0], atoi(arguments[2]));
	return storm(arguments[0], atof(arguments[1]), atof(arguments[2]));
}
