#!/bin/sh
# What `bench devices` runs as the first process of a Linux: disk and network.
. /bench/marks
mkdir -p /proc
mount -t proc proc /proc
sink=$(sed 's/.*sink=\([0-9]*\).*/\1/' /proc/cmdline)
major=$(sed -n 's/^ *\([0-9]*\) virtblk$/\1/p' /proc/devices)
[ -e /dev/vda ] || mknod /dev/vda b "$major" 0
ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up

disk() { dd if=/dev/vda of=/dev/null bs=65536 2>/dev/null && echo 'read to the end'; }
tcp() { dd if=/dev/zero bs=65536 count=512 2>/dev/null | nc 10.0.2.2 "$sink" && echo 'sent to the end'; }

run 'reading a disk, 256 MiB' disk
run 'sending by TCP, 32 MiB' tcp
finish
