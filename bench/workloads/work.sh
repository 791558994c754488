#!/bin/sh
# What `bench work` runs as the first process of a Linux: programs of every day.
. /bench/marks

zeros() { dd if=/dev/zero bs=65536 count=512 2>/dev/null | md5sum; }
packed() { gzip -c text > text.gz; md5sum < text.gz; }
unpacked() { gunzip -c text.gz > again; cksum < again; }
sorted() { sort part; }
found() { grep -c '[aeiou][a-m]*t[^ ]* [0-9]*7[0-9]*$' text; }
integers() { awk 'BEGIN { for (i = 0; i < 300000; i++) s = (s * 31 + i) % 65521; print s }'; }
numbers() { awk 'BEGIN { for (i = 1; i < 200000; i++) s += i / (i + 0.5) * 1.0001 - 0.3 / i; printf "%.9f\n", s }'; }
loop() { i=0; s=0; while [ $i -lt 60000 ]; do i=$((i + 1)); s=$(((s * 5 + i) & 4095)); done; echo $s; }
starts() { i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i + 1)); done; }

dd if=text of=part bs=1000 count=1500 2>/dev/null
run md5sum zeros
run gzip packed
run gunzip unpacked
run sort sorted
run grep found
run 'awk, integers' integers
run 'awk, floating point' numbers
run 'shell loop' loop
run '200 fork and exec' starts
run 'many functions' ./workloads 8 150
run memcpy ./workloads 2 60000
run 'memcpy by xmm' ./workloads 11 1500
run 'matrix of doubles' ./workloads 9 60
finish
