// SPDX-License-Identifier: Apache-2.0
// l7-calls tcp|unix WAY COUNT
//
// Is client and server of one connection to itself: COUNT times it sends SET of Redis and answers OK. WAY says by which
// calls both sides write and read. By "splice" the server alone reads, and only every third request.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PIECES 4
#define MESSAGES 3

static const char *way;
static int requests;

static bool is(const char *name)
{
	return !strcmp(way, name);
}

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	perror(what);
	exit(1);
}

/* Cuts a buffer into pieces, the first ones small, one of them empty; what is left over is the last. */
static void cut(struct iovec *pieces, char *buffer, size_t size)
{
	static const size_t sizes[PIECES] = { 1, 0, 5 };

	for (int i = 0; i < PIECES; i++) {
		size_t length = i < PIECES - 1 && sizes[i] < size ? sizes[i] : size;

		if (i < PIECES - 1 && sizes[i] >= size)
			length = 0;
		pieces[i] = (struct iovec){ buffer, length };
		buffer += length;
		size -= length;
	}
}

/* A call of a 32-bit program: what it is given lies below 4 GB. */
static long call32(long number, long first, long second, long third)
{
#ifdef __x86_64__
	long result;

	asm volatile("int $0x80"
		     : "=a"(result)
		     : "a"(number), "b"(first), "c"(second), "d"(third)
		     : "memory", "r8", "r9", "r10", "r11");
	return result;
#else
	return -1;
#endif
}

#define READ_32 3
#define WRITE_32 4

/* Messages of a third of the buffer each, each in pieces. */
static void fill(struct mmsghdr *messages, struct iovec (*pieces)[PIECES], char *buffer, size_t size)
{
	size_t share = size / MESSAGES;

	memset(messages, 0, MESSAGES * sizeof(*messages));
	for (int i = 0; i < MESSAGES; i++) {
		size_t length = i < MESSAGES - 1 ? share : size - share * (MESSAGES - 1);

		cut(pieces[i], buffer, length);
		messages[i].msg_hdr.msg_iov = pieces[i];
		messages[i].msg_hdr.msg_iovlen = PIECES;
		buffer += length;
	}
}

static long total(struct mmsghdr *messages, int count)
{
	long sum = count < 0 ? count : 0;

	for (int i = 0; i < count; i++)
		sum += messages[i].msg_len;
	return sum;
}

static long put(int fd, char *buffer, size_t size)
{
	static struct mmsghdr messages[MESSAGES];
	static struct iovec in_messages[MESSAGES][PIECES];
	struct iovec pieces[PIECES];
	struct msghdr message = { .msg_iov = pieces, .msg_iovlen = PIECES };

	cut(pieces, buffer, size);
	if (is("readv/writev"))
		return writev(fd, pieces, PIECES);
	if (is("preadv2/pwritev2"))
		return pwritev2(fd, pieces, PIECES, -1, 0);
	if (is("recv/send"))
		return send(fd, buffer, size, 0);
	if (is("recvfrom/sendto"))
		return sendto(fd, buffer, size, MSG_NOSIGNAL, NULL, 0);
	if (is("recvmsg/sendmsg"))
		return sendmsg(fd, &message, 0);
	if (is("recvmmsg/sendmmsg")) {
		fill(messages, in_messages, buffer, size);
		return total(messages, sendmmsg(fd, messages, MESSAGES, 0));
	}
	if (is("32 bits"))
		return call32(WRITE_32, fd, (long)buffer, size);
	return write(fd, buffer, size);
}

static long get(int fd, char *buffer, size_t size, bool server)
{
	static struct mmsghdr messages[MESSAGES];
	static struct iovec in_messages[MESSAGES][PIECES];
	struct iovec pieces[PIECES];
	struct msghdr message = { .msg_iov = pieces, .msg_iovlen = PIECES };

	cut(pieces, buffer, size);
	if (is("readv/writev"))
		return readv(fd, pieces, PIECES);
	if (is("preadv2/pwritev2"))
		return preadv2(fd, pieces, PIECES, -1, 0);
	if (is("recv/send"))
		return recv(fd, buffer, size, 0);
	if (is("recvfrom/sendto"))
		return recvfrom(fd, buffer, size, 0, NULL, NULL);
	if (is("recvmsg/sendmsg"))
		return recvmsg(fd, &message, 0);
	if (is("recvmmsg/sendmmsg")) {
		fill(messages, in_messages, buffer, size);
		return total(messages, recvmmsg(fd, messages, MESSAGES, MSG_WAITFORONE, NULL));
	}
	if (is("32 bits"))
		return call32(READ_32, fd, (long)buffer, size);
	if (is("peek"))
		must(recv(fd, buffer, size, MSG_PEEK) > 0, "peek");
	if (is("splice") && server && requests % 3 == 1) {
		static int ends[2];

		if (!ends[1])
			must(!pipe(ends), "pipe");
		long moved = splice(fd, NULL, ends[1], NULL, size, 0);

		must(read(ends[0], buffer, size) == moved, "read of the pipe");
		return moved;
	}
	return read(fd, buffer, size);
}

/* From one end to the other, which reads until it has all. Now and then it has room for more, so that recvmmsg() ends early. */
static void transfer(int from, int to, char *text, char *buffer, bool to_server)
{
	static unsigned count;
	size_t size = strlen(text), here = 0, more = count++ % 3 == 0 ? 4000 : 0;

	must(put(from, text, size) == (long)size, "send");
	while (here < size) {
		long read = get(to, buffer + here, size - here + more, to_server);

		must(read > 0, "receive");
		here += read;
	}
	must(here == size && !memcmp(text, buffer, size), "what was sent");
}

static int connect_to_itself(int *server)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

	must(!bind(listener, (void *)&address, size) && !listen(listener, 1), "listen");
	must(!getsockname(listener, (void *)&address, &size), "getsockname");
	must(!connect(client, (void *)&address, size), "connect");
	*server = accept(listener, NULL, NULL);
	must(*server >= 0, "accept");
	for (int i = 0; i < 2; i++)
		must(!setsockopt(i ? client : *server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)), "setsockopt");
	return client;
}

int main(int argc, char **argv)
{
	char *text = mmap(NULL, 3 << 12, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	char *buffer = text + (1 << 12);
	int client, server, ends[2];

	if (argc != 4 || text == MAP_FAILED) {
		fprintf(stderr, "l7-calls tcp|unix WAY COUNT\n");
		return 2;
	}
	way = argv[2];
	if (!strcmp(argv[1], "unix")) {
		must(!socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
		client = ends[0];
		server = ends[1];
	} else {
		client = connect_to_itself(&server);
	}
	for (; requests < atoi(argv[3]); requests++) {
		int length = requests % 100;

		sprintf(text, "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$%d\r\n%.*s\r\n", length, length,
			"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789");
		transfer(client, server, text, buffer, true);
		strcpy(text, "+OK\r\n");
		transfer(server, client, text, buffer, false);
	}
	close(client);
	close(server);
	return 0;
}
