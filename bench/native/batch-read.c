/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch-read MAP_ID ROUNDS: reads a whole map by BPF_MAP_LOOKUP_BATCH, as fast as C can, and prints for each round the
 * number of entries and the nanoseconds.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BATCH 8192

static unsigned long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static unsigned int read_all(int map, char *keys, char *values)
{
	unsigned long long position;
	unsigned int total = 0, count;
	int first = 1, error;

	do {
		count = BATCH;
		error = bpf_map_lookup_batch(map, first ? NULL : &position, &position, keys, values, &count, NULL);
		if (error && errno != ENOENT) {
			perror("batch");
			exit(1);
		}
		total += count;
		first = 0;
	} while (!error);
	return total;
}

int main(int argc, char **argv)
{
	struct bpf_map_info info = {};
	unsigned int size = sizeof(info);
	int map = argc == 3 ? bpf_map_get_fd_by_id(atoi(argv[1])) : -1;

	if (map < 0 || bpf_obj_get_info_by_fd(map, &info, &size)) {
		fprintf(stderr, "usage: batch-read MAP_ID ROUNDS\n");
		return 2;
	}
	int lanes = info.type == BPF_MAP_TYPE_PERCPU_HASH ? libbpf_num_possible_cpus() : 1;
	char *keys = malloc((size_t)BATCH * info.key_size);
	char *values = malloc((size_t)BATCH * lanes * ((info.value_size + 7) / 8 * 8));

	for (int round = 0; round < atoi(argv[2]); round++) {
		unsigned long long start = now();
		unsigned int total = read_all(map, keys, values);

		printf("%u %llu\n", total, now() - start);
	}
	return 0;
}
