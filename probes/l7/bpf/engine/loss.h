/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Why a request is missing from the metrics. The names become the `cause` of sonde_loss_total. */
#ifndef L7_LOSS_H
#define L7_LOSS_H

#include <sonde/probe.h>

enum sonde_custom_loss {
	SONDE_LOSS_GAP = SONDE_LOSS_CUSTOM, /* bytes went by that nobody showed, in the middle of a message */
	SONDE_LOSS_UNSEEN,		    /* a call whose bytes cannot be read: io_uring, a 32-bit program */
	SONDE_LOSS_UNPARSED,		    /* bytes that break the grammar of the protocol that was spoken so far */
	SONDE_LOSS_UNMATCHED,		    /* a response whose request was not seen */
	SONDE_LOSS_OPEN_AT_EXIT,	    /* a request whose connection ended, or changed its protocol, before the response */
	SONDE_LOSS_QUEUE_FULL,		    /* a request beyond those that a connection may have open */
	SONDE_LOSS_CONTENDED,		    /* two threads at once read, or wrote, the same connection */
	SONDE_LOSS_UNCAPTURED,		    /* the text of a request, for its span: no room beside the connection */
};
SONDE_EXPORT(enum sonde_custom_loss);

#endif
