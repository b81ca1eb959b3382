// SPDX-License-Identifier: Apache-2.0
// at-pid PID PROGRAM [ARGUMENT…]: runs a program under a process id of the caller's choice, and waits for it.
// The kernel gives the id after that in ns_last_pid, unless somebody else's process was faster: then it is tried again.
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ATTEMPTS = 1000 };

static int say_last_pid(pid_t pid)
{
	FILE *file = fopen("/proc/sys/kernel/ns_last_pid", "w");

	return file && fprintf(file, "%d", pid) > 0 && !fclose(file) ? 0 : -1;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	pid_t pid = atoi(argv[1]);

	for (int i = 0; i < ATTEMPTS; i++) {
		int status;

		if (say_last_pid(pid - 1)) {
			perror("ns_last_pid");
			return 1;
		}
		pid_t child = fork();
		if (child < 0) {
			perror("fork");
			return 1;
		}
		if (child == 0) {
			if (getpid() != pid)
				_exit(0);
			execv(argv[2], argv + 2);
			perror(argv[2]);
			_exit(127);
		}
		waitpid(child, &status, 0);
		if (child == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	fprintf(stderr, "pid %d is in use\n", pid);
	return 1;
}
