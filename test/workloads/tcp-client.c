// SPDX-License-Identifier: Apache-2.0
/*
 * A TCP client whose every byte is known: opens connections one after the other, writes and reads so many bytes on each, and keeps them open
 * until its standard input ends.
 *
 *	tcp-client [-a address] -p port [-n connections] [-s bytes written on each] [-r bytes read of each] [mode] [-- program [argument…]]
 *
 * Modes: -c closes each connection at once; -l aborts each (SO_LINGER 0); -e expects connect() to fail, and prints why; -N connects without
 * waiting; -F fills the connection until nothing more goes in, and prints how much that was.
 * Prints "done" when all is written and read. With a program, it becomes that one instead, its connections still open.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[1 << 16];

static void move_all(int fd, long bytes, bool out)
{
	while (bytes > 0) {
		size_t some = bytes < (long)sizeof(buffer) ? bytes : (long)sizeof(buffer);
		ssize_t moved = out ? write(fd, buffer, some) : read(fd, buffer, some);

		if (moved <= 0)
			err(1, out ? "write" : "read");
		bytes -= moved;
	}
}

/* Windows open and buffers grow while data flows, so a full connection is tried again for a while. */
static long fill(int fd)
{
	long total = 0;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (int idle = 0; idle < 5; idle++) {
		ssize_t put;

		while ((put = write(fd, buffer, sizeof(buffer))) > 0) {
			total += put;
			idle = 0;
		}
		usleep(100000);
	}
	return total;
}

int main(int argc, char **argv)
{
	const char *address = "127.0.0.1", *port = "0";
	long connections = 1, reads = 0, writes = 0;
	bool close_at_once = false, expect_failure = false, no_wait = false, fills = false;
	struct linger abort = { 0, 0 };
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM }, *where;
	struct rlimit files = { 16384, 16384 };
	int option;

	while ((option = getopt(argc, argv, "a:p:n:r:s:cleNF")) != -1) {
		switch (option) {
		case 'a': address = optarg; break;
		case 'p': port = optarg; break;
		case 'n': connections = atol(optarg); break;
		case 'r': reads = atol(optarg); break;
		case 's': writes = atol(optarg); break;
		case 'c': close_at_once = true; break;
		case 'l': close_at_once = true, abort.l_onoff = 1; break;
		case 'e': expect_failure = true; break;
		case 'N': no_wait = true; break;
		case 'F': fills = true; break;
		default: errx(2, "see the top of the source");
		}
	}
	setrlimit(RLIMIT_NOFILE, &files);
	if (getaddrinfo(address, port, &hints, &where))
		errx(1, "%s port %s", address, port);
	for (long i = 0; i < connections; i++) {
		int fd = socket(where->ai_family, SOCK_STREAM | (no_wait ? SOCK_NONBLOCK : 0), 0);

		if (connect(fd, where->ai_addr, where->ai_addrlen) && !(no_wait && errno == EINPROGRESS)) {
			if (!expect_failure)
				err(1, "connect");
			puts(strerror(errno));
			close(fd);
			continue;
		}
		if (no_wait)
			continue;
		move_all(fd, writes, true);
		if (fills)
			printf("%ld\n", fill(fd));
		move_all(fd, reads, false);
		if (abort.l_onoff)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
		if (close_at_once)
			close(fd);
	}
	if (optind < argc) {
		execv(argv[optind], argv + optind);
		err(1, "%s", argv[optind]);
	}
	puts("done");
	fflush(stdout);
	while (read(0, buffer, sizeof(buffer)) > 0)
		;
	return 0;
}
