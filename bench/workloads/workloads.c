/* Compiled i386 code of the kinds that matter: integer loops, memory, branches, calls, pointers. */
#include "workloads.h"

#define MEBIBYTE (1u << 20)
#define NOINLINE __attribute__((noinline))

static byte area_a[MEBIBYTE], area_b[MEBIBYTE], area_c[MEBIBYTE];
static word random_state;

void reset_random(void)
{
    random_state = 12345;
}

word next_random(void)
{
    random_state = random_state * 1664525 + 1013904223;
    return random_state >> 8;
}

/* Checksums: a table look-up for each byte, then additions and a rare division. */
static word crc_table[256];

static NOINLINE word crc32(word crc, const byte *bytes, word count)
{
    crc = ~crc;
    while (count--)
        crc = crc_table[(crc ^ *bytes++) & 255] ^ crc >> 8;
    return ~crc;
}

static NOINLINE word adler32(const byte *bytes, word count)
{
    word a = 1, b = 0;
    while (count) {
        word part = count < 3800 ? count : 3800;
        count -= part;
        while (part--) {
            a += *bytes++;
            b += a;
        }
        a %= 65521;
        b %= 65521;
    }
    return b << 16 | a;
}

static word checksum(word rounds)
{
    word result = 0;
    for (word i = 0; i < 256; i++) {
        word entry = i;
        for (int bit = 0; bit < 8; bit++)
            entry = entry & 1 ? 0xEDB88320 ^ entry >> 1 : entry >> 1;
        crc_table[i] = entry;
    }
    for (word i = 0; i < 65536; i++)
        area_a[i] = next_random();
    while (rounds--)
        result = crc32(result, area_a, 65536) ^ adler32(area_a, 65536);
    return result;
}

/* Unpacking: a bit reader, a code table, copies from what was written before. */
struct bit_reader {
    const byte *next;
    word held, count;
};

static half code_table[512];

static inline word take_bits(struct bit_reader *in, word count)
{
    while (in->count < count) {
        in->held |= (word)*in->next++ << in->count;
        in->count += 8;
    }
    word bits = in->held & ((1u << count) - 1);
    in->held >>= count;
    in->count -= count;
    return bits;
}

static NOINLINE void unpack_once(const byte *packed, byte *out, word size)
{
    struct bit_reader in = { packed, 0, 0 };
    byte *at = out, *end = out + size;
    while (at < end) {
        while (in.count < 9) {
            in.held |= (word)*in.next++ << in.count;
            in.count += 8;
        }
        half code = code_table[in.held & 511];
        in.held >>= code >> 12;
        in.count -= code >> 12;
        word symbol = code & 0xFFF;
        if (symbol < 256 || at == out) {
            *at++ = symbol;
            continue;
        }
        word length = 3 + take_bits(&in, symbol & 7);
        word distance = 1 + take_bits(&in, 10) % (word)(at - out);
        if (length > (word)(end - at))
            length = end - at;
        const byte *from = at - distance;
        while (length--)
            *at++ = *from++;
    }
}

static word unpack(word rounds)
{
    word result = 0;
    for (word i = 0; i < 512; i++)
        code_table[i] = i & 1 ? (i & 2 ? 9 << 12 | (i >> 2 & 127) : 4 << 12 | (257 + (i >> 2 & 3))) : 6 << 12 | (97 + (i >> 1 & 31));
    for (word i = 0; i < MEBIBYTE; i++)
        area_a[i] = next_random();
    for (word round = 0; round < rounds; round++) {
        unpack_once(area_a + round % 1024 * 7, area_b, 200000);
        for (word i = 0; i < 200000; i += 997)
            result = result * 31 + area_b[i];
    }
    return result;
}

/* Memory: string instructions of all lengths, and a byte loop. */
static inline void move_words(void *to, const void *from, word bytes)
{
    word count = bytes / 4;
    __asm__ volatile("rep movsl" : "+c"(count), "+D"(to), "+S"(from) : : "memory");
}

static inline void move_bytes(void *to, const void *from, word count)
{
    __asm__ volatile("rep movsb" : "+c"(count), "+D"(to), "+S"(from) : : "memory");
}

static inline void store_words(void *to, word value, word count)
{
    __asm__ volatile("rep stosl" : "+c"(count), "+D"(to) : "a"(value) : "memory");
}

static NOINLINE void copy_loop(byte *to, const byte *from, word count)
{
    for (word i = 0; i < count; i++) {
        to[i] = from[i];
        __asm__ volatile("" : : : "memory");
    }
}

static word memory(word rounds)
{
    word result = 0;
    for (word round = 0; round < rounds; round++) {
        store_words(area_a, round * 0x01010101, 4096);
        move_words(area_b + 64, area_a, 4096);
        move_bytes(area_c + 3, area_b + (round & 63), 100);
        for (word i = 0; i < 20; i++) {
            move_words(area_b + i * 40, area_c + i * 36, 32);
            copy_loop(area_c + i * 17, area_b + i * 5, 24);
        }
        result = result * 33 + area_c[round & 1023] + area_b[round * 7 & 4095];
    }
    return result;
}

/* Branches and strides. */
static word sieve(word rounds)
{
    word primes = 0;
    while (rounds--) {
        for (word i = 0; i < 200000; i++)
            area_a[i] = 1;
        primes = 0;
        for (word i = 2; i < 200000; i++) {
            if (!area_a[i])
                continue;
            primes++;
            for (word multiple = i + i; multiple < 200000; multiple += i)
                area_a[multiple] = 0;
        }
    }
    return primes;
}

/* Pointers and recursion. */
struct node {
    struct node *left, *right;
    word key, count;
};

static struct node nodes[5000];
static word node_count;

static NOINLINE struct node *insert(struct node *tree, word key)
{
    if (!tree) {
        tree = &nodes[node_count++];
        tree->left = tree->right = 0;
        tree->key = key;
        tree->count = 1;
    } else if (key < tree->key) {
        tree->left = insert(tree->left, key);
    } else if (key > tree->key) {
        tree->right = insert(tree->right, key);
    } else {
        tree->count++;
    }
    return tree;
}

static NOINLINE word fold(const struct node *tree, word depth)
{
    return tree ? fold(tree->left, depth + 1) * 3 + tree->key + tree->count + depth + fold(tree->right, depth + 1) : depth;
}

static NOINLINE const struct node *find(const struct node *tree, word key)
{
    while (tree && tree->key != key)
        tree = key < tree->key ? tree->left : tree->right;
    return tree;
}

static word tree(word rounds)
{
    word result = 0;
    while (rounds--) {
        struct node *root = 0;
        node_count = 0;
        for (word i = 0; i < 5000; i++)
            root = insert(root, next_random() & 0xFFFF);
        result += fold(root, 0);
        for (word key = 0; key < 20000; key++) {
            const struct node *found = find(root, key);
            if (found)
                result += found->count;
        }
    }
    return result;
}

/* An interpreter: indirect jumps that are hard to foresee. */
enum { END, ADD, MIX, SUBTRACT, PUSH, POP_ADD, ROTATE, SKIP_IF_ODD, LOOP, MULTIPLY, MASK, SET_LOW, SWAP, SHIFT, INVERT, ABSOLUTE };

static const byte program[] = {
    PUSH, ADD, 5, MIX, PUSH, MULTIPLY, ROTATE, POP_ADD, SKIP_IF_ODD, 3, INVERT, SUBTRACT, 9, SWAP,
    MASK, 3, SET_LOW, SHIFT, ABSOLUTE, POP_ADD, ADD, 1, SKIP_IF_ODD, 2, PUSH, POP_ADD, LOOP, 27, END,
};

static NOINLINE word interpret(const byte *at, word limit)
{
    static word stack[64];
    word *top = stack + 1, value = limit, loops = 0;
    for (;;) {
        switch (*at++) {
        case END: return value;
        case ADD: value += *at++; break;
        case MIX: value ^= value << 5; break;
        case SUBTRACT: value -= *at++; break;
        case PUSH: *top++ = value; break;
        case POP_ADD: value += *--top; break;
        case ROTATE: value = value >> 7 | value << 25; break;
        case SKIP_IF_ODD: if (value & 1) at += *at; else at++; break;
        case LOOP: if (++loops < limit) at -= *at; else at++; top = stack + 1; break;
        case MULTIPLY: value *= 0x9E3779B1; break;
        case MASK: value &= ~(word)*at++; break;
        case SET_LOW: value |= 1; break;
        case SWAP: { word other = top[-1]; top[-1] = value; value = other; break; }
        case SHIFT: value = (word)((int)value >> 3); break;
        case INVERT: value = ~value; break;
        case ABSOLUTE: if ((int)value < 0) value = -value; break;
        }
    }
}

static word interpreter(word rounds)
{
    word result = 0;
    for (word round = 0; round < rounds; round++)
        result = result * 31 + interpret(program, 40 + (round & 7));
    return result;
}

/* Sorting: compares and swaps. */
static NOINLINE void quicksort(int *values, int low, int high)
{
    while (low < high) {
        int pivot = values[(low + high) / 2], i = low, j = high;
        while (i <= j) {
            while (values[i] < pivot)
                i++;
            while (values[j] > pivot)
                j--;
            if (i <= j) {
                int held = values[i];
                values[i++] = values[j];
                values[j--] = held;
            }
        }
        if (j - low < high - i) {
            quicksort(values, low, j);
            low = i;
        } else {
            quicksort(values, i, high);
            high = j;
        }
    }
}

static word sort(word rounds)
{
    int *values = (int *)area_a;
    word result = 0;
    while (rounds--) {
        for (word i = 0; i < 20000; i++)
            values[i] = next_random();
        quicksort(values, 0, 19999);
        for (word i = 0; i < 20000; i += 501)
            result = result * 7 + values[i];
    }
    return result;
}

/* Strings in a hash table. */
struct entry {
    struct entry *next;
    const char *key;
    word value;
};

static struct entry *buckets[1024], entries[4000];
static char keys[64000];

static NOINLINE word hash_of(const char *key)
{
    word hash = 5381;
    while (*key)
        hash = hash * 33 + (byte)*key++;
    return hash;
}

static NOINLINE int compare(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (byte)*a - (byte)*b;
}

static NOINLINE const struct entry *look_up(const char *key)
{
    const struct entry *entry = buckets[hash_of(key) & 1023];
    while (entry && compare(entry->key, key))
        entry = entry->next;
    return entry;
}

static word hash(word rounds)
{
    char *at = keys;
    word result = 0;
    for (word i = 0; i < 1024; i++)
        buckets[i] = 0;
    for (word i = 0; i < 4000; i++) {
        word rest = i * 7919;
        entries[i].key = at;
        for (int k = 0; k < 10; k++) {
            *at++ = 'a' + rest % 17;
            rest = rest / 5 + k;
        }
        *at++ = 0;
        struct entry **bucket = &buckets[hash_of(entries[i].key) & 1023];
        entries[i].next = *bucket;
        entries[i].value = i;
        *bucket = &entries[i];
    }
    for (word round = 0; round < rounds; round++)
        for (word i = 0; i < 4000; i++)
            result += look_up(entries[i * 37 % 4000].key)->value ^ round;
    return result;
}

const struct workload workloads[WORKLOADS] = {
    { "checksum", checksum }, { "unpack", unpack }, { "memory", memory }, { "sieve", sieve }, { "tree", tree },
    { "interpreter", interpreter }, { "sort", sort }, { "hash", hash }, { "many functions", run_many_functions },
    { "matrix", matrix }, { "matrix, packed", matrix_packed }, { "copy by xmm", copy_vectors }, { "sha256", sha256 },
};
