/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is counted of HTTP, and what is kept of its streams. */
#ifndef L7_HTTP1_REQUESTS_H
#define L7_HTTP1_REQUESTS_H

#include "../../bpf/engine/span.h"
#include "route.h"

enum http1_phase {
	HTTP1_IDLE,
	HTTP1_LINE,	    /* the rest of a line of the head */
	HTTP1_FIELD,	    /* a field of the head, or its end */
	HTTP1_BODY,	    /* behind the body, once it has been passed over */
	HTTP1_CHUNK,	    /* the size of a chunk */
	HTTP1_CHUNK_LINE,   /* the rest of that line */
	HTTP1_TRAILER,	    /* a field behind the last chunk, or the end */
	HTTP1_TRAILER_LINE, /* the rest of that field */
	HTTP1_TO_THE_END,   /* a body that ends with the connection */
};

enum http1_method {
	HTTP1_OTHER,
	HTTP1_GET,
	HTTP1_HEAD,
	HTTP1_POST,
	HTTP1_PUT,
	HTTP1_DELETE,
	HTTP1_CONNECT,
	HTTP1_OPTIONS,
	HTTP1_TRACE,
	HTTP1_PATCH,
};

/* stream.flags of a message */
#define HTTP1_HAS_LENGTH 1
#define HTTP1_CHUNKED 2
#define HTTP1_LAST_CHUNK 4

/* What is left of a body whose length nobody said. */
#define HTTP1_NO_END (1ULL << 62)

struct http1_key {
	struct sonde_process process;
	struct route route;
	sonde_ip_t peer;
	sonde_port_t port;
	u16 status;
	u16 error; /* the status, if it says that the request failed */
	u8 method;
	u8 transport;
};

struct http1_requests {
	sonde_histogram_t duration;
	sonde_histogram_t first_byte;
	sonde_size_histogram_t request_body;
	sonde_size_histogram_t response_body;
};

/* The param maxSeries; 1024 of (104 B key, 3424 B value, 48 B of the map's own): 3.7 MB each. */
SONDE_HASH(http1_servers, struct http1_key, struct http1_requests, 1024);
SONDE_HASH(http1_clients, struct http1_key, struct http1_requests, 1024);

#endif
