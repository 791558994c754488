/* The work that bench/ gives to every CPU it compares. */
#ifndef WORKLOADS_H
#define WORKLOADS_H

typedef unsigned char byte;
typedef unsigned short half;
typedef unsigned int word;

struct workload {
    const char *name;
    word (*run)(word rounds);   /* gives a checksum, so that all CPUs can be held to the same answer */
};

#define WORKLOADS 13

extern const struct workload workloads[WORKLOADS];

/* A small generator, so that the data is the same everywhere. */
word next_random(void);
void reset_random(void);

word run_many_functions(word rounds);   /* many.c, generated */

/* vectors.c: compiled for SSE2. */
word matrix(word rounds);
word matrix_packed(word rounds);
word copy_vectors(word rounds);
word sha256(word rounds);

#endif
