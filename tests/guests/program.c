/* A program as today's compilers make them by default where SSE2 is there. It knows nothing of the guest around it. */
#define _MM_MALLOC_H_INCLUDED	/* or gcc's header would want those of a C library for i386 */
#include <emmintrin.h>

#define COUNT 16

static double left[COUNT][COUNT], right[COUNT][COUNT], product[COUNT][COUNT];
static float singles[256];
static unsigned words[256];

static void fill(void)
{
	for (int i = 0; i < COUNT; i++)
		for (int j = 0; j < COUNT; j++) {
			left[i][j] = (i * 31 + j * 17) % 97 - 48;
			right[i][j] = (i * 13 + j * 29) % 89 / 8.0;
		}
	for (int i = 0; i < 256; i++) {
		singles[i] = i / 3.0f;
		words[i] = i * 0x01030507u;
	}
}

/* Sums of products that are all exact, so that every processor must get the same. */
int program_matrix(void)
{
	double sum = 0;

	fill();
	for (int i = 0; i < COUNT; i++)
		for (int j = 0; j < COUNT; j++) {
			product[i][j] = 0;
			for (int k = 0; k < COUNT; k++)
				product[i][j] += left[i][k] * right[k][j];
		}
	for (int i = 0; i < COUNT; i++)
		for (int j = 0; j < COUNT; j++)
			sum += product[i][j] * ((i ^ j) & 7);
	return (int)(sum * 8);
}

/* The square root by Newton's method, against the instruction. */
int program_roots(void)
{
	int wrong = 0;

	for (int i = 1; i < 40; i++) {
		double x = i * 1.25, root = x;

		for (int step = 0; step < 40; step++)
			root = (root + x / root) / 2;
		double direct = _mm_cvtsd_f64(_mm_sqrt_sd(_mm_setzero_pd(), _mm_set_sd(x))), difference = direct - root;
		if (difference > 1e-14 || difference < -1e-14)
			wrong++;
	}
	return wrong;
}

int program_conversions(void)
{
	int sum = 0;

	fill();
	for (int i = 0; i < 256; i++) {
		sum += (int)(singles[i] * 3.0f + 0.5f);
		sum += (int)(double)(float)(words[i] >> 8);
	}
	return sum;
}

int program_integers(void)
{
	__m128i sum = _mm_setzero_si128();
	unsigned lanes[4] __attribute__((aligned(16)));

	fill();
	for (int i = 0; i < 256; i += 4) {
		__m128i x = _mm_loadu_si128((const __m128i *)(words + i));

		x = _mm_xor_si128(_mm_slli_epi32(x, 7), _mm_srli_epi32(x, 5));
		sum = _mm_add_epi32(sum, _mm_shuffle_epi32(x, 0x1B));
	}
	_mm_store_si128((__m128i *)lanes, sum);
	return lanes[0] ^ lanes[1] * 3 ^ lanes[2] * 5 ^ lanes[3] * 7;
}

/* Through pointers, so that there is something to mark. */
typedef int work(void);
work *const program_works[] = { program_matrix, program_roots, program_conversions, program_integers };
