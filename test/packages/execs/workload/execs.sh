#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs /bin/true COUNT times, each with three arguments and the name: execs.sh COUNT
set -eu
done=0
while [ "$done" -lt "$1" ]; do
	/bin/true one two three
	done=$((done + 1))
done
echo "{\"execs\":$done}"
