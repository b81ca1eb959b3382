/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All of the kit's BPF side. */
#ifndef SONDE_PROBE_H
#define SONDE_PROBE_H

#include <sonde/types.h>
#include <sonde/process.h>
#include <sonde/target.h>
#include <sonde/loss.h>
#include <sonde/map.h>
#include <sonde/histogram.h>
#include <sonde/ring.h>
#include <sonde/rate.h>
#include <sonde/user.h>
#include <sonde/socket.h>

#endif
