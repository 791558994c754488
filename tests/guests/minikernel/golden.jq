# From the launcher's events to one line for each hypercall, DMA, kick and buffer of a virtqueue; numbers are hexadecimal.
# MinikernelTests writes the same lines.

def hex: if . < 16 then "0123456789abcdef"[.:. + 1] else (. / 16 | floor | hex) + (. % 16 | hex) end;

def hypercall:
    .name + (if .slot == null then "" else "[\(.slot)]" end)
    + "(" + (.arguments | map(hex) | join(", ")) + ")"
    + (if .result == null then "" else " = \(.result | hex)" end)
    + " at \(.eip | hex)";

def dma:
    "\(.direction) \(.device)"
    + (.sections | map(" \(.address | hex)+\(.length | hex):\(.data)") | join(""))
    + (if .usedLength == null then "" else " used \(.usedLength | hex)" end)
    + (if .device == "console" then " \(.text | tojson)" else "" end);

def kick:
    "Kick \(.device) \(.purpose)" + (if .queue == null then "" else " \(.queue)" end)
    + (if .status == null then "" else " \(.status | hex)" end) + " at \(.address | hex)"
    + (if .text == null then "" else " \(.text | tojson)" end);

def buffer:
    "\(.operation) \(.device) \(.queue) head \(.head)"
    + (.device as $device | .descriptors | map(" \(.address | hex)+\(.length | hex)\(if .isWritable then "w" else "" end)"
       + (if $device == "rng" then "" else ":\(.data)" end)) | join(""))          # random numbers are in no list
    + (if .usedLength == null then "" else " used \(.usedLength | hex)" end)
    + (if .device == "console" then " \(.text | tojson)" else "" end);

if .kind == "Hypercall" then hypercall elif .kind == "Dma" then dma
elif .kind == "Kick" then kick elif .kind == "Virtqueue" then buffer else empty end
