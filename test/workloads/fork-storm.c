// SPDX-License-Identifier: Apache-2.0
// fork-storm N PROGRAM [ARGUMENT…]: forks N children that run a program, a few at a time, and waits for all.
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AT_A_TIME = 8 };

static int failures;

static void reap(void)
{
	int status;

	if (wait(&status) > 0 && status != 0)
		failures++;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	int count = atoi(argv[1]);

	for (int i = 0; i < count; i++) {
		if (i >= AT_A_TIME)
			reap();
		pid_t child = fork();
		if (child < 0) {
			perror("fork");
			return 1;
		}
		if (child == 0) {
			execv(argv[2], argv + 2);
			_exit(127);
		}
	}
	for (int i = 0; i < count && i < AT_A_TIME; i++)
		reap();
	return failures > 0;
}
