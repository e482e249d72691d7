/* base/ascii.h - classes of ASCII characters, whatever the locale is.
 *
 * A character may be given as a char, signed or not, or as an int: what is outside ASCII is in no
 * class.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_ASCII_H
#define BASE_ASCII_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* 0 to 9 */
static inline bool ascii_is_digit(int c)
{
    return c >= '0' && c <= '9';
}

/* A to Z, a to z */
static inline bool ascii_is_letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool ascii_is_alnum(int c)
{
    return ascii_is_letter(c) || ascii_is_digit(c);
}

/* A printable one that is neither letter nor digit nor space: Python's string.punctuation. */
static inline bool ascii_is_mark(int c)
{
    return c > ' ' && c < 0x7f && !ascii_is_alnum(c);
}

/* Each of the n bytes is a letter, a digit or one of marks. */
static inline bool ascii_is_plain(const char *p, size_t n, const char *marks)
{
    for (size_t i = 0; i < n; i++) {
        if (!ascii_is_alnum(p[i]) && (p[i] == '\0' || strchr(marks, p[i]) == NULL)) return false;
    }
    return true;
}

/* A to Z as a to z; any other value itself. */
static inline int ascii_lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* The value of a hexadecimal digit of either case, or -1. */
static inline int ascii_hex(int c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Space, tab, line feed, vertical tab, form feed, carriage return: isspace() of the C locale. */
static inline bool ascii_is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

#endif
