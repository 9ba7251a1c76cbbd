#!/bin/sh
# Boots one host of the lab: joins its cgroup, makes its namespaces, its link to the bridge and its root, becomes systemd.
# In the environment: LAB_CGROUP, LAB_HUB (a process in the bridge's namespace), LAB_NAME, LAB_PORT (the link's end at
# the bridge), LAB_ADDRESS (with prefix length), LAB_GATEWAY, LAB_MOUNT (an empty folder), LAB_LAYERS (folders, one a line).
set -eu

if [ "${1:-}" != inside ]; then
	echo $$ >"$LAB_CGROUP/cgroup.procs"
	exec unshare --net --mount --uts --ipc --cgroup --pid --fork --kill-child -- /bin/sh "$0" inside
fi

# The link. This process is 1 in its own process namespace, and that is how the kernel reads "netns 1".
in_hub() { nsenter --net="/proc/$LAB_HUB/ns/net" -- "$@"; }
in_hub ip link add "$LAB_PORT" type veth peer name eth0 netns 1
in_hub ip link set "$LAB_PORT" master br0 up
ip link set lo up
ip address add "$LAB_ADDRESS" dev eth0
ip link set eth0 up
hostname "$LAB_NAME"

# The root: an overlay of / whose upper layer lives in memory and starts with the lab's own files.
mount -t tmpfs -o mode=755,size=2g lab "$LAB_MOUNT"
mkdir "$LAB_MOUNT/upper" "$LAB_MOUNT/work" "$LAB_MOUNT/root"
echo "$LAB_LAYERS" | while read -r layer; do
	cp -a --remove-destination "$layer/." "$LAB_MOUNT/upper/"
done
mount -t overlay -o "lowerdir=/,upperdir=$LAB_MOUNT/upper,workdir=$LAB_MOUNT/work" lab "$LAB_MOUNT/root"
cd "$LAB_MOUNT/root"

mount -t proc -o nosuid,nodev,noexec proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755,nosuid,nodev run run
mount -t tmpfs -o mode=1777,nosuid,nodev tmp tmp
mount -t tmpfs -o mode=755,nosuid dev dev
mkdir dev/pts dev/shm dev/mqueue
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5,nosuid,noexec devpts dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev shm dev/shm
mount -t mqueue -o nosuid,nodev,noexec mqueue dev/mqueue
while read -r name minor; do
	mknod -m 666 "dev/$name" c 1 "$minor"
done <<-NODES
	null 3
	zero 5
	full 7
	random 8
	urandom 9
NODES
mknod -m 666 dev/tty c 5 0
ln -s null dev/console
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr

pivot_root . mnt
cd /
umount -l /mnt

# No host may set the kernel's clock, load modules or reach the machine's devices: they are the whole machine's.
exec setpriv --bounding-set -sys_time,-sys_module,-sys_rawio --inh-caps -all -- \
	env -i container=lab PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	/lib/systemd/systemd --system --unit=multi-user.target </dev/null >/dev/null 2>&1
