#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a command in a guest with another kernel and this file system, which it cannot change, and exits with its code:
# boot.sh <folder of fetch.sh> <command...>
# /tmp is empty in there, but for the working directory. Needs gcc, qemu-system-x86, busybox-static, cpio, kmod and xz-utils of Debian. Emulated: slow.
set -eu
kernel=$1
shift
version=$(basename "$kernel"/lib/modules/*)
work=$(mktemp -d)
trap 'rm -rf "$work"; kill "$filesystem" 2>/dev/null || true' EXIT

root=$work/root
mkdir -p "$root"/bin "$root"/modules "$root"/proc "$root"/sys "$root"/dev "$root"/mnt
cp /bin/busybox "$root/bin/"
depmod -b "$kernel" "$version"
modprobe -d "$kernel" -S "$version" --show-depends -a virtio_pci virtiofs overlay veth sch_netem nf_tables nft_numgen nf_tables_inet 2>/dev/null |
	sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' | while read -r module; do
	name=$(basename "$module" | sed 's/\.xz$//')
	case $module in *.xz) xz -dc "$module" ;; *) cat "$module" ;; esac >"$root/modules/$name"
	echo "$name" >>"$root/modules/order"
done
cat >"$root/init" <<'INIT'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc; $b mount -t sysfs sys /sys; $b mount -t devtmpfs dev /dev
for module in $($b cat /modules/order); do $b insmod /modules/$module; done
$b mkdir -p /mnt/lower /mnt/upper /mnt/root
$b mount -t virtiofs -o ro host /mnt/lower
$b mount -t tmpfs tmpfs /mnt/upper
$b mkdir /mnt/upper/data /mnt/upper/work
$b mount -t overlay -o lowerdir=/mnt/lower,upperdir=/mnt/upper/data,workdir=/mnt/upper/work overlay /mnt/root
for type in proc sysfs devtmpfs; do
	case $type in proc) at=proc ;; sysfs) at=sys ;; devtmpfs) at=dev ;; esac
	$b mount -t $type $type /mnt/root/$at
done
$b mkdir /mnt/here; $b mount --bind "/mnt/root$($b cat /here)" /mnt/here
$b mount -t tmpfs tmpfs /mnt/root/run; $b mount -t tmpfs tmpfs /mnt/root/tmp
$b mkdir -p "/mnt/root$($b cat /here)"; $b mount --bind /mnt/here "/mnt/root$($b cat /here)"
$b mount -t bpf bpf /mnt/root/sys/fs/bpf; $b mount -t tracefs tracefs /mnt/root/sys/kernel/tracing
$b mount -t cgroup2 cgroup2 /mnt/root/sys/fs/cgroup
$b cp /command /mnt/root/run/command; $b ip link set lo up
$b chroot /mnt/root /bin/sh /run/command
echo "EXIT-CODE $?"
$b poweroff -f
INIT
chmod +x "$root/init"
printf '%s' "$PWD" >"$root/here"
command=$root/command
{ echo "cd '$PWD'"; echo "export PATH='$PATH'"; printf '%s\n' "exec $*"; } >"$command"
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initramfs"

cc -O1 -o "$work/tsc-khz" "$(dirname "$0")/tsc-khz.c"
/usr/lib/qemu/virtiofsd --socket-path="$work/fs.sock" -o source=/ -o sandbox=chroot -o cache=always >/dev/null 2>&1 &
filesystem=$!
while [ ! -S "$work/fs.sock" ]; do sleep 0.1; done
timeout "${TIMEOUT:-300}" qemu-system-x86_64 -machine q35 -accel tcg,thread=multi,tb-size=512 -cpu max,la57=off,cx16=off -smp 2 \
	-m 2048 -object memory-backend-memfd,id=mem,size=2048M,share=on -numa node,memdev=mem \
	-chardev socket,id=c0,path="$work/fs.sock" -device vhost-user-fs-pci,chardev=c0,tag=host \
	-nodefaults -display none -no-reboot -serial stdio -kernel "$kernel"/boot/vmlinuz-* -initrd "$work/initramfs" \
	-append "console=ttyS0 quiet panic=-1 mitigations=off nokaslr tsc=reliable tsc_early_khz=$("$work/tsc-khz") no_timer_check rcupdate.rcu_expedited=1" \
	</dev/null | tee "$work/console"
code=$(tr -d '\r' <"$work/console" | sed -n 's/^EXIT-CODE //p')
[ -n "$code" ] || echo "the guest did not come to its end in ${TIMEOUT:-300} s" >&2
exit "${code:-124}"
