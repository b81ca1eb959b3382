// SPDX-License-Identifier: Apache-2.0
// Calls read_line() COUNT times; each takes PAUSE microseconds: lines COUNT [PAUSE] [wait]
// With `wait` it waits for the end of stdin first.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long lines;

__attribute__((noinline)) long read_line(long pause)
{
	if (pause)
		usleep(pause);
	return ++lines;
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 1, pause = argc > 2 ? atol(argv[2]) : 0;

	while (argc > 3 && !strcmp(argv[3], "wait") && getchar() != EOF)
		;
	while (lines < count)
		read_line(pause);
	printf("{\"pid\":%d,\"lines\":%ld}\n", getpid(), lines);
	return 0;
}
