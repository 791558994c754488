"""Writes many.c: thousands of small functions, none of them hot, so that translating code counts as much as running it."""
import random

FUNCTIONS = 4000
WORDS = 4096
random.seed(7)


def statement():
    a, b, c = random.randrange(WORDS), random.randrange(WORDS), random.randint(1, 99999)
    return random.choice([
        f"x += data[{a}];",
        f"data[{a}] = x ^ y;",
        f"if (x > {c}u) y += x >> {c % 13 + 1}; else data[{b}]++;",
        f"x = x * {c | 1}u + y;",
        f"if ((x ^ y) & {1 << c % 12}) {{ data[{a}] += y; x--; }}",
        f"y = y << {c % 9 + 1} | (x & {c});",
        f"if ((int)x < (int)data[{a}]) x += data[(y + {b}) % {WORDS}];",
        f"y ^= ((byte *)data)[x % {1 << random.randint(3, 12)}];",
    ])


lines = ['#include "workloads.h"', f"static word data[{WORDS}];"]
for i in range(FUNCTIONS):
    body = [statement() for _ in range(random.randint(3, 6))]
    if i >= 8 and i % 4 and random.random() < 0.5:
        # Only leaves are called, so that the depth stays 2.
        leaf = random.randint(max(0, i - 400), i - 1) // 4 * 4
        body.append(f"x += f{leaf}(y, x);")
    lines.append(f"static __attribute__((noinline)) word f{i}(word x, word y) {{ {' '.join(body)} return x + y; }}")
lines.append(f"static word (*const functions[{FUNCTIONS}])(word, word) = {{ {', '.join(f'f{i}' for i in range(FUNCTIONS))} }};")
lines.append(f"""word run_many_functions(word rounds)
{{
    word x = 1;
    for (word i = 0; i < {WORDS}; i++) data[i] = i * 2654435761u;
    for (word round = 0; round < rounds; round++)
        for (word i = 0; i < {FUNCTIONS}; i++) x = functions[i](x, i + round);
    return x;
}}""")
open("many.c", "w").write("\n".join(lines) + "\n")
