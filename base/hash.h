/* base/hash.h - mixing 64 bits, and bytes into 64 bits. None of it resists an attacker.
 *
 * Sources: splitmix64, Steele et al., OOPSLA 2014; FNV-1a, Fowler, Noll and Vo.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#include "base/span.h"

#define HASH_STEP 0x9E3779B97F4A7C15u /* 2^64 over the golden ratio */

/* splitmix64's finaliser: a permutation of 64 bits in which every bit depends on every other; 0 stays 0. */
static inline uint64_t hash_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* The hash of what h is the hash of, and x after it. */
static inline uint64_t hash_add(uint64_t h, uint64_t x)
{
    return hash_mix(h + x + HASH_STEP);
}

/* FNV-1a of the bytes of s. Its low bits are the better ones: fold before taking high ones. */
static inline uint64_t hash_bytes(struct span s)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < s.n; i++) {
        h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
    }
    return h;
}

#endif
