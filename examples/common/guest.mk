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

# The symbol table stays: the host shows names beside addresses.
%.elf: $(SHARED)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.S %.c,$^)
	strip --strip-debug $@
