/* Code for SSE2, as compilers make it today: floating point in xmm, copies by 16 bytes, integers four at a time. */
#include <emmintrin.h>
#include "workloads.h"

#define NOINLINE __attribute__((noinline))
#define SIZE 64

static double left[SIZE][SIZE], right[SIZE][SIZE], product[SIZE][SIZE];
static byte from[65536 + 64], to[65536 + 64];

static void fill_matrices(void)
{
    for (word i = 0; i < SIZE; i++)
        for (word j = 0; j < SIZE; j++) {
            left[i][j] = (int)(next_random() & 0xFFFF) / 1000.0 - 30;
            right[i][j] = (int)(next_random() & 0xFFFF) / 777.0 - 40;
        }
}

static word sum_of_product(word rounds)
{
    double sum = rounds;
    for (word i = 0; i < SIZE; i++)
        for (word j = 0; j < SIZE; j++)
            sum += product[i][j];
    union { double number; word words[2]; } bits = { sum };
    return bits.words[0] ^ bits.words[1];
}

/* One product of doubles after the other. */
static NOINLINE void multiply(void)
{
    for (word i = 0; i < SIZE; i++)
        for (word j = 0; j < SIZE; j++) {
            double sum = 0;
            for (word k = 0; k < SIZE; k++)
                sum += left[i][k] * right[k][j];
            product[i][j] = sum;
        }
}

word matrix(word rounds)
{
    fill_matrices();
    for (word round = 0; round < rounds; round++)
        multiply();
    return sum_of_product(rounds);
}

/* Two at a time. */
static NOINLINE void multiply_packed(void)
{
    for (word i = 0; i < SIZE; i++)
        for (word j = 0; j < SIZE; j += 4) {
            __m128d sum = _mm_setzero_pd(), next = _mm_setzero_pd();
            for (word k = 0; k < SIZE; k++) {
                __m128d factor = _mm_set1_pd(left[i][k]);
                sum = _mm_add_pd(sum, _mm_mul_pd(factor, _mm_loadu_pd(&right[k][j])));
                next = _mm_add_pd(next, _mm_mul_pd(factor, _mm_loadu_pd(&right[k][j + 2])));
            }
            _mm_storeu_pd(&product[i][j], sum);
            _mm_storeu_pd(&product[i][j + 2], next);
        }
}

word matrix_packed(word rounds)
{
    fill_matrices();
    for (word round = 0; round < rounds; round++)
        multiply_packed();
    return sum_of_product(rounds);
}

/* As C libraries copy: 64 bytes each time round, unaligned in, aligned out. */
static NOINLINE void copy(byte *out, const byte *in, word count)
{
    for (; count >= 64; count -= 64, in += 64, out += 64) {
        __m128i a = _mm_loadu_si128((const __m128i *)in), b = _mm_loadu_si128((const __m128i *)(in + 16));
        __m128i c = _mm_loadu_si128((const __m128i *)(in + 32)), d = _mm_loadu_si128((const __m128i *)(in + 48));
        _mm_store_si128((__m128i *)out, a);
        _mm_store_si128((__m128i *)(out + 16), b);
        _mm_store_si128((__m128i *)(out + 32), c);
        _mm_store_si128((__m128i *)(out + 48), d);
        __asm__ volatile("" : : : "memory");
    }
}

word copy_vectors(word rounds)
{
    byte *aligned = (byte *)((word)(to + 15) & ~15u);
    word result = 0;
    for (word i = 0; i < 65536; i++)
        from[i] = next_random();
    for (word round = 0; round < rounds; round++) {
        copy(aligned, from + (round & 15), 65536 - 64);
        result = result * 31 + aligned[round * 977 & 0xFFFF];
    }
    return result;
}

/* SHA-256 of four messages at once (FIPS 180-4), with the lanes of an xmm register for the four. */
static const word constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

#define ROTATED(x, n) _mm_or_si128(_mm_srli_epi32(x, n), _mm_slli_epi32(x, 32 - (n)))
#define XOR3(x, y, z) _mm_xor_si128(x, _mm_xor_si128(y, z))

static NOINLINE void compress(__m128i state[8], const __m128i block[16])
{
    __m128i words[64], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    for (word i = 0; i < 64; i++) {
        if (i < 16) {
            words[i] = block[i];
        } else {
            __m128i x = words[i - 15], y = words[i - 2];
            __m128i small = XOR3(ROTATED(x, 7), ROTATED(x, 18), _mm_srli_epi32(x, 3));
            __m128i large = XOR3(ROTATED(y, 17), ROTATED(y, 19), _mm_srli_epi32(y, 10));
            words[i] = _mm_add_epi32(_mm_add_epi32(words[i - 16], small), _mm_add_epi32(words[i - 7], large));
        }
        __m128i choice = _mm_xor_si128(_mm_and_si128(e, f), _mm_andnot_si128(e, g));
        __m128i one = _mm_add_epi32(_mm_add_epi32(h, XOR3(ROTATED(e, 6), ROTATED(e, 11), ROTATED(e, 25))),
                                    _mm_add_epi32(choice, _mm_add_epi32(_mm_set1_epi32(constants[i]), words[i])));
        __m128i majority = XOR3(_mm_and_si128(a, b), _mm_and_si128(a, c), _mm_and_si128(b, c));
        __m128i two = _mm_add_epi32(XOR3(ROTATED(a, 2), ROTATED(a, 13), ROTATED(a, 22)), majority);
        h = g; g = f; f = e;
        e = _mm_add_epi32(d, one);
        d = c; c = b; b = a;
        a = _mm_add_epi32(one, two);
    }
    state[0] = _mm_add_epi32(state[0], a); state[1] = _mm_add_epi32(state[1], b);
    state[2] = _mm_add_epi32(state[2], c); state[3] = _mm_add_epi32(state[3], d);
    state[4] = _mm_add_epi32(state[4], e); state[5] = _mm_add_epi32(state[5], f);
    state[6] = _mm_add_epi32(state[6], g); state[7] = _mm_add_epi32(state[7], h);
}

word sha256(word rounds)
{
    static const word first[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
    __m128i state[8], block[16];
    for (word i = 0; i < 8; i++)
        state[i] = _mm_set1_epi32(first[i]);
    for (word round = 0; round < rounds * 16; round++) {
        for (word i = 0; i < 16; i++)
            block[i] = _mm_set_epi32(next_random(), next_random(), next_random(), next_random());
        compress(state, block);
    }
    __m128i folded = _mm_xor_si128(state[0], state[7]);
    return _mm_cvtsi128_si32(_mm_xor_si128(folded, _mm_shuffle_epi32(folded, 0x4E)));
}
