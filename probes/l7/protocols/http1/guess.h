/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether a stream is HTTP. */
#ifndef L7_HTTP1_GUESS_H
#define L7_HTTP1_GUESS_H

#include "requests.h"

/* The method at the beginning of a request line, and its length in the high half; 0 where there is none. */
__noinline u32 http1_method(u64 word, u64 next)
{
#define ___method(text, size, number)                                                                              \
	if (low_bytes(word, size + 1) == text)                                                                     \
	return size << 16 | number
	___method(TEXT("GET "), 3, HTTP1_GET);
	___method(TEXT("HEAD "), 4, HTTP1_HEAD);
	___method(TEXT("POST "), 4, HTTP1_POST);
	___method(TEXT("PUT "), 3, HTTP1_PUT);
	___method(TEXT("DELETE "), 6, HTTP1_DELETE);
	___method(TEXT("CONNECT "), 7, HTTP1_CONNECT);
	___method(TEXT("OPTIONS "), 7, HTTP1_OPTIONS);
	___method(TEXT("TRACE "), 5, HTTP1_TRACE);
	___method(TEXT("PATCH "), 5, HTTP1_PATCH);
#undef ___method
	for (u32 i = 0; i < 16; i++) {
		if ((u8)word == ' ')
			return i << 16 | HTTP1_OTHER;
		if ((u8)(word - 'A') >= 26)
			return 0;
		word = word >> 8 | next << 56;
		next >>= 8;
	}
	return 0;
}

#define METHOD(packed) ((packed) & 0xffff)
#define METHOD_LENGTH(packed) ((packed) >> 16)

#define HTTP1_VERSION TEXT("HTTP/1.")

/* Whether what comes after the method begins a target. */
static __always_inline bool http1_is_target(u8 byte, u32 method)
{
	return byte == '/' || (byte | 0x20) == 'h' || (byte == '*' && method == HTTP1_OPTIONS) || method == HTTP1_CONNECT;
}

__noinline int http1_guess(const struct window *window, u32 at, u32 end)
{
	u32 method;
	u64 word;

	if (!window)
		return GUESS_NO;
	word = window_word(window, at);
	if ((u8)(word - 'A') >= 26)
		return GUESS_NO;
	if (end - at < 10)
		return has_line(window, at, end, 10) ? GUESS_NO : GUESS_MORE;
	if (low_bytes(word, 7) == HTTP1_VERSION)
		return GUESS_RESPONSE;
	method = http1_method(word, 0);
	if (METHOD(method) == HTTP1_OTHER)
		return GUESS_NO;
	return http1_is_target(window_byte(window, at + METHOD_LENGTH(method) + 1), METHOD(method)) ? GUESS_REQUEST : GUESS_NO;
}

#endif
