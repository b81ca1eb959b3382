#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches a kernel of Debian 12 and prints the folder it lies in: fetch.sh main|backports [folder]
# main is Linux 6.1, backports 6.12. Needs apt and dpkg; changes nothing in /etc.
set -eu
suite=$1
folder=${2:-/var/tmp/sonde-kernels}/$suite
state=$folder/apt
mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
case $suite in main) release=bookworm ;; backports) release=bookworm-backports ;; *) echo "main or backports" >&2; exit 2 ;; esac
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $release main" >"$state/sources.list"
options="-q -o Dir::Etc::sourcelist=$state/sources.list -o Dir::Etc::sourceparts=/nonexistent -o Dir::State::lists=$state/lists
  -o Dir::Cache=$state/cache -o APT::Sandbox::User=root"
if ! ls "$folder"/boot/vmlinuz-* >/dev/null 2>&1; then
	apt-get $options update >&2
	package=linux-image-$(apt-cache $options depends linux-image-cloud-amd64 | sed -n 's/.*Depends: linux-image-//p' | head -n 1)
	(cd "$state" && apt-get $options download "$package" >&2 && dpkg-deb -x "$package"_*.deb "$folder" && rm "$package"_*.deb)
fi
echo "$folder"
