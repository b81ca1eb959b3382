// SPDX-License-Identifier: Apache-2.0
// Flushes files a known number of times, and says how often:
//   fsyncs [-n files] [-s fsyncs a file] [-d fdatasyncs a file] [-b bytes a file] [-p pause in us] [-w] FOLDER
// With -w it waits for the end of stdin first. SIGTERM ends it early; it prints what it has done in any case.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static int open_file(const char *folder, int number, long bytes)
{
	char path[4096], byte = 0;
	int file;

	snprintf(path, sizeof(path), "%s/file-%d", folder, number);
	file = open(path, O_RDWR | O_CREAT, 0600);
	if (file < 0 || ftruncate(file, bytes))
		return -1;
	if (bytes > 0 && pwrite(file, &byte, 1, bytes - 1) != 1)
		return -1;
	return file;
}

static long call_repeatedly(int (*flush)(int), int file, long times, long pause)
{
	long done = 0;

	while (done < times && !stopped) {
		if (flush(file))
			break;
		done++;
		if (pause)
			usleep(pause);
	}
	return done;
}

int main(int argc, char **argv)
{
	long files = 1, fsyncs = 10, fdatasyncs = 0, bytes = 4096, pause = 0, fsynced = 0, fdatasynced = 0;
	int option, wait = 0;

	while ((option = getopt(argc, argv, "n:s:d:b:p:w")) != -1) {
		switch (option) {
		case 'n': files = atol(optarg); break;
		case 's': fsyncs = atol(optarg); break;
		case 'd': fdatasyncs = atol(optarg); break;
		case 'b': bytes = atol(optarg); break;
		case 'p': pause = atol(optarg); break;
		case 'w': wait = 1; break;
		default: return 2;
		}
	}
	if (optind != argc - 1) {
		fprintf(stderr, "usage: fsyncs [options] FOLDER\n");
		return 2;
	}
	signal(SIGTERM, stop);
	while (wait && getchar() != EOF)
		;
	for (int number = 0; number < files && !stopped; number++) {
		int file = open_file(argv[optind], number, bytes);

		if (file < 0)
			return fail("file");
		fsynced += call_repeatedly(fsync, file, fsyncs, pause);
		fdatasynced += call_repeatedly(fdatasync, file, fdatasyncs, pause);
		close(file);
	}
	printf("{\"pid\":%d,\"fsync\":%ld,\"fdatasync\":%ld}\n", getpid(), fsynced, fdatasynced);
	return 0;
}
