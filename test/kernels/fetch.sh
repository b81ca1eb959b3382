#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches the kernel of a suite of Debian, such as bookworm-backports or bullseye-security, unless it is there already,
# and prints the folder that it lies in: fetch.sh <suite> [folder]
# Needs apt and dpkg; changes nothing in /etc.
set -eu
suite=$1
folder=${2:-/var/tmp/sonde-kernels}/$suite
state=$folder/apt
case $suite in *-security) archive=debian-security ;; *) archive=debian ;; esac
options="-q -o Dir::Etc::sourcelist=$state/sources.list -o Dir::Etc::sourceparts=/nonexistent -o Dir::State::lists=$state/lists
  -o Dir::Cache=$state/cache -o APT::Sandbox::User=root"

if [ ! -e "$folder/complete" ]; then
	rm -rf "$folder"
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
	keys=/usr/share/keyrings/debian-archive-keyring.gpg
	echo "deb [arch=amd64 signed-by=$keys] http://deb.debian.org/$archive $suite main" >"$state/sources.list"
	apt-get $options update >&2
	image=$(apt-cache $options depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9]\)/\1/p' | head -n 1)
	(cd "$state" && apt-get $options download "$image" >&2 && dpkg-deb -x "$image"_*.deb "$folder" && rm "$image"_*.deb)
	touch "$folder/complete"
fi
echo "$folder"
