/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring-consumer produce PROGRAM_ID SECONDS   runs the producing program over and over
 * ring-consumer consume MAP_ID SECONDS       adds up the records of the ring by libbpf, as fast as C can; prints their
 *                                            number, the sum, and the nanoseconds of CPU time it took
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct record {
	unsigned long long number;
	unsigned long long delta;
};

static unsigned long long records, sum, histogram[16];

static unsigned long long clock_of(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static int on_record(void *context, void *data, size_t size)
{
	const struct record *record = data;

	records++;
	sum += record->delta;
	histogram[record->number & 15] += record->delta;
	return 0;
}

static int produce(int program, unsigned long long end)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	while (clock_of(CLOCK_MONOTONIC) < end) {
		if (bpf_prog_test_run_opts(program, &options))
			return 1;
	}
	return 0;
}

static int consume(int map, unsigned long long end)
{
	struct ring_buffer *ring = ring_buffer__new(map, on_record, NULL, NULL);
	unsigned long long now;

	if (!ring)
		return 1;
	while ((now = clock_of(CLOCK_MONOTONIC)) < end)
		ring_buffer__poll(ring, 100);
	ring_buffer__consume(ring);
	printf("%llu %llu %llu\n", records, sum, clock_of(CLOCK_PROCESS_CPUTIME_ID));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: ring-consumer produce|consume ID SECONDS\n");
		return 2;
	}
	unsigned long long end = clock_of(CLOCK_MONOTONIC) + (unsigned long long)(atof(argv[3]) * 1e9);

	if (!strcmp(argv[1], "produce"))
		return produce(bpf_prog_get_fd_by_id(atoi(argv[2])), end);
	return consume(bpf_map_get_fd_by_id(atoi(argv[2])), end);
}
