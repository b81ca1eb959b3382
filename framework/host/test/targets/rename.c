// SPDX-License-Identifier: Apache-2.0
/*
 * Takes names that begin with "sonde-".
 *
 * `rename <times>`: so often, at once.
 * `rename`: so often as each number of its input says, and answers each with a line.
 * `rename children <count> <times>`: so many children, which each call exec and do it so often at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void rename_often(int times)
{
	for (int i = 0; i < times; i++)
		prctl(PR_SET_NAME, "sonde-renamed");
}

int main(int count, char **arguments)
{
	int times;

	if (count == 4 && !strcmp(arguments[1], "children")) {
		for (int i = 0; i < atoi(arguments[2]); i++) {
			if (!fork())
				execl(arguments[0], arguments[0], arguments[3], NULL);
			wait(NULL);
		}
		return 0;
	}
	if (count == 2) {
		rename_often(atoi(arguments[1]));
		return 0;
	}
	puts("ready");
	fflush(stdout);
	while (scanf("%d", &times) == 1) {
		rename_often(times);
		puts("done");
		fflush(stdout);
	}
	return 0;
}
