// SPDX-License-Identifier: Apache-2.0
/* Processes of known shapes for the tests: `spawn <shape> [arguments]`. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* `short <count>`: that many processes of 5 ms, twenty at a time, each with a number as its argument. */
static int short_lived(char *self, int count)
{
	for (int i = 0; i < count; i++) {
		char number[16];
		char *arguments[] = { self, "nap", number, NULL };
		pid_t child;

		snprintf(number, sizeof(number), "%d", i);
		if (posix_spawn(&child, self, NULL, NULL, arguments, environ))
			return 1;
		if (i >= 19)
			wait(NULL);
	}
	while (wait(NULL) > 0)
		;
	return 0;
}

/* `forks <count>`: that many children of 1 ms that never exec. */
static int forks(int count)
{
	for (int i = 0; i < count; i++) {
		if (fork() == 0) {
			usleep(1000);
			_exit(0);
		}
		if (i >= 19)
			wait(NULL);
	}
	while (wait(NULL) > 0)
		;
	return 0;
}

/* `reuse`: two children, one after the other, with one pid, which is printed. */
static int reuse(void)
{
	pid_t first = fork();

	if (!first)
		_exit(0);
	waitpid(first, NULL, 0);
	for (int attempt = 0; attempt < 100; attempt++) {
		int file = open("/proc/sys/kernel/ns_last_pid", O_WRONLY);
		char number[16];
		int length = snprintf(number, sizeof(number), "%d", first - 1);
		pid_t second;

		if (file < 0 || write(file, number, length) != length)
			return 1;
		close(file);
		second = fork();
		if (!second)
			_exit(0);
		waitpid(second, NULL, 0);
		if (second == first) {
			printf("%d\n", first);
			return 0;
		}
	}
	return 2;
}

static void *exec_in_thread(void *self)
{
	execl(self, self, "nap", "from-thread", NULL);
	return NULL;
}

/* `thread-exec`: an exec by a thread that is not the leader. */
static int thread_exec(char *self)
{
	pthread_t thread;

	pthread_create(&thread, NULL, exec_in_thread, self);
	pause();
	return 1;
}

static void *wait_long(void *unused)
{
	pause();
	return unused;
}

/* `threads <count>`: that many threads; prints a line when they run, and ends when its input does. */
static int threads(int count)
{
	pthread_t thread;

	for (int i = 0; i < count; i++)
		pthread_create(&thread, NULL, wait_long, NULL);
	puts("ready");
	fflush(stdout);
	return getchar() != EOF;
}

/* `drop <uid>`: becomes another user under another name, as daemons do; ends when its input does. */
static int drop(int uid)
{
	puts("ready");
	fflush(stdout);
	usleep(100000);
	prctl(PR_SET_NAME, "dropped");
	if (setuid(uid))
		return 1;
	return getchar() != EOF;
}

int main(int count, char **arguments)
{
	char *shape = count > 1 ? arguments[1] : "";
	int number = count > 2 ? atoi(arguments[2]) : 0;

	if (!strcmp(shape, "nap"))
		return usleep(5000);
	if (!strcmp(shape, "short"))
		return short_lived(arguments[0], number);
	if (!strcmp(shape, "forks"))
		return forks(number);
	if (!strcmp(shape, "reuse"))
		return reuse();
	if (!strcmp(shape, "thread-exec"))
		return thread_exec(arguments[0]);
	if (!strcmp(shape, "threads"))
		return threads(number);
	if (!strcmp(shape, "drop"))
		return drop(number);
	return 64;
}
