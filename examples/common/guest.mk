# Builds guests: every line NAME.elf: SOURCES of the including Makefile becomes an image.
# The same sources give the same bytes: no build id, no paths, no dates.

COMMON := $(dir $(lastword $(MAKEFILE_LIST)))
RUNTIME := $(COMMON)start.S $(COMMON)guest.c
SHARED := $(wildcard $(COMMON)*.h) $(COMMON)guest.lds $(COMMON)guest.mk

CC = gcc
CFLAGS = -m32 -march=i686 -Os -Wall -Wextra -Werror -std=gnu11 -I$(COMMON) \
	-ffreestanding -nostdlib -static -fno-pie -no-pie \
	-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -fno-unwind-tables \
	-fno-tree-loop-distribute-patterns -ffunction-sections -fdata-sections \
	-mgeneral-regs-only -mno-sse -mno-mmx -mpreferred-stack-boundary=2
LDFLAGS = -Wl,-T,$(COMMON)guest.lds -Wl,-n -Wl,--gc-sections -Wl,--build-id=none -Wl,--no-warn-rwx-segments -Wl,-z,noexecstack

# For files of a guest that are built as programs of today are: floating point in xmm, and landing marks for indirect jumps.
VECTOR_CFLAGS = $(filter-out -march=% -O% -mgeneral-regs-only -mno-sse -mno-mmx -fcf-protection=none,$(CFLAGS)) \
	-march=pentium4 -O2 -msse2 -mfpmath=sse -fcf-protection

# The symbol table stays: the host shows names beside addresses.
%.elf: $(SHARED)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.S %.c %.o,$^)
	strip --strip-debug $@
