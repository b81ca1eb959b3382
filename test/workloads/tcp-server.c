// SPDX-License-Identifier: Apache-2.0
/*
 * A TCP server whose every byte is known: accepts connections one after the other, reads and writes so many bytes on each, and keeps them
 * open until its standard input ends.
 *
 *	tcp-server [-a address] [-p port] [-b backlog] [-n connections] [-r bytes read of each] [-s bytes written on each] [mode]
 *
 * Modes: -f a worker, forked after listen(), accepts; -P each connection is handed to a child over a unix socket; -q reads nothing;
 * -c closes each connection at once; -i accepts nothing.
 * Prints the port, then "done" when all connections are served.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char buffer[1 << 16];

static void read_all(int fd, long bytes)
{
	while (bytes > 0) {
		ssize_t got = read(fd, buffer, bytes < (long)sizeof(buffer) ? bytes : (long)sizeof(buffer));

		if (got <= 0)
			err(1, "read");
		bytes -= got;
	}
}

static void write_all(int fd, long bytes)
{
	while (bytes > 0) {
		ssize_t put = write(fd, buffer, bytes < (long)sizeof(buffer) ? bytes : (long)sizeof(buffer));

		if (put <= 0)
			err(1, "write");
		bytes -= put;
	}
}

static void say(const char *word)
{
	puts(word);
	fflush(stdout);
}

static void until_end_of_input(void)
{
	while (read(0, buffer, sizeof(buffer)) > 0)
		;
}

static void send_descriptor(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	if (sendmsg(socket, &message, 0) != 1)
		err(1, "sendmsg");
}

static int receive_descriptor(int socket)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	int fd;

	if (recvmsg(socket, &message, 0) != 1)
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	return fd;
}

int main(int argc, char **argv)
{
	const char *address = "127.0.0.1", *port = "0";
	long connections = 1, reads = 0, writes = 0;
	int backlog = 1024, option, listener, yes = 1, pair[2], parts = 2;
	bool fork_worker = false, pass = false, quiet = false, close_at_once = false, idle = false;
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_PASSIVE, .ai_socktype = SOCK_STREAM }, *where;
	struct sockaddr_storage bound;
	socklen_t length = sizeof(bound);
	struct rlimit files = { 16384, 16384 };
	char name[16];

	while ((option = getopt(argc, argv, "a:p:b:n:r:s:fPqci")) != -1) {
		switch (option) {
		case 'a': address = optarg; break;
		case 'p': port = optarg; break;
		case 'b': backlog = atoi(optarg); break;
		case 'n': connections = atol(optarg); break;
		case 'r': reads = atol(optarg); break;
		case 's': writes = atol(optarg); break;
		case 'f': fork_worker = true; break;
		case 'P': pass = true; break;
		case 'q': quiet = true; break;
		case 'c': close_at_once = true; break;
		case 'i': idle = true; break;
		default: errx(2, "see the top of the source");
		}
	}
	setrlimit(RLIMIT_NOFILE, &files);
	if (getaddrinfo(address, port, &hints, &where))
		errx(1, "%s port %s", address, port);
	listener = socket(where->ai_family, SOCK_STREAM, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(listener, where->ai_addr, where->ai_addrlen) || listen(listener, backlog))
		err(1, "listen");
	getsockname(listener, (struct sockaddr *)&bound, &length);
	snprintf(name, sizeof(name), "%d", ntohs(((struct sockaddr_in *)&bound)->sin_port));
	say(name);
	if (idle) {
		until_end_of_input();
		return 0;
	}
	if (fork_worker && fork() > 0) {
		wait(NULL);
		return 0;
	}
	if (pass) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
			err(1, "socketpair");
		if (fork() > 0) {
			/* the parent reads the first half, and leaves the rest to its child */
			for (long i = 0; i < connections; i++) {
				int fd = accept(listener, NULL, NULL);

				read_all(fd, reads / parts);
				send_descriptor(pair[0], fd);
				close(fd);
			}
			wait(NULL);
			return 0;
		}
		snprintf(name, sizeof(name), "tcp-heir");
		prctl(PR_SET_NAME, name);
	}
	for (long i = 0; i < connections; i++) {
		int fd = pass ? receive_descriptor(pair[1]) : accept(listener, NULL, NULL);

		if (fd < 0)
			err(1, "accept");
		if (!quiet)
			read_all(fd, pass ? reads - reads / parts : reads);
		write_all(fd, writes);
		if (close_at_once)
			close(fd);
	}
	say("done");
	until_end_of_input();
	return 0;
}
