/* The second program: works, and tries the disk. Its status says what went wrong. */

#include "user.h"

static u8 was[SECTOR_SIZE], written[SECTOR_SIZE], found[SECTOR_SIZE];

static int same(const u8 *one, const u8 *other)
{
    for (u32 i = 0; i < SECTOR_SIZE; i++)
        if (one[i] != other[i])
            return 0;
    return 1;
}

static int read_back(u32 sector, const u8 *expected)
{
    memset(found, 0, sizeof found);
    return call(CALL_DISK_READ, sector, (u32)found) && same(found, expected);
}

/* Writes to a sector and then puts back what was there. */
static int sector_works(u32 sector)
{
    for (u32 i = 0; i < SECTOR_SIZE; i++)
        written[i] = sector + i * 7;
    return call(CALL_DISK_READ, sector, (u32)was) &&
           call(CALL_DISK_WRITE, sector, (u32)written) && read_back(sector, written) &&
           call(CALL_DISK_WRITE, sector, (u32)was) && read_back(sector, was);
}

static int disk_works(void)
{
    u32 sectors = call(CALL_DISK_SECTORS, 0, 0);

    return sectors && sector_works(0) && sector_works(sectors - 1) &&
           !call(CALL_DISK_READ, sectors, (u32)found) && !call(CALL_DISK_WRITE, sectors, (u32)found);
}

int main(void)
{
    u32 wrong = work(2, 12);

    if ((call(CALL_FEATURES, 0, 0) & FEATURE_DISK) && !disk_works())
        wrong |= WRONG_DISK;
    return wrong;
}
