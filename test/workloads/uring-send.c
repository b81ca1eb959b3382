// SPDX-License-Identifier: Apache-2.0
// uring-send PORT COUNT
//
// Connects to PORT of the loopback address and sends "PING" and a line end COUNT times through io_uring.
#include <arpa/inet.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int sock = socket(AF_INET, SOCK_STREAM, 0);
	struct io_uring_params params = {};
	int ring = syscall(__NR_io_uring_setup, 1, &params);

	if (argc != 3 || ring < 0 || connect(sock, (void *)&to, sizeof(to))) {
		perror("uring-send");
		return 1;
	}

	char *queue = mmap(0, params.sq_off.array + 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	struct io_uring_sqe *entry = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	unsigned *tail = (unsigned *)(queue + params.sq_off.tail), *array = (unsigned *)(queue + params.sq_off.array);

	for (int i = 0; i < atoi(argv[2]); i++) {
		memset(entry, 0, sizeof(*entry));
		entry->opcode = IORING_OP_SEND;
		entry->fd = sock;
		entry->addr = (unsigned long)"PING\r\n";
		entry->len = 6;
		array[0] = 0;
		__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
		if (syscall(__NR_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, 0, 0) != 1) {
			perror("io_uring_enter");
			return 1;
		}
		usleep(1000);
	}
	return 0;
}
