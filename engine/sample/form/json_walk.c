/* engine/sample/form/json_walk.c - see json_walk.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/json_walk.h"

#include "base/ascii.h"

#include <assert.h>
#include <string.h>

enum state {
    START,      /* the outermost { */
    FIRST_KEY,  /* a key or } */
    KEY,        /* a key */
    COLON,      /* : */
    VALUE,      /* a value */
    FIRST_ITEM, /* a value or ] */
    AFTER,      /* , or the closing bracket */
    END,        /* nothing */
    STRING,     /* inside a string */
    CHARACTER,  /* inside a character of several bytes */
    ESCAPE,     /* after \ */
    HEX,        /* digits after \u */
    LOW_SLASH,  /* \u of the low surrogate that a high one needs */
    LOW_U,
    LITERAL,  /* inside true, false, null */
    MINUS,    /* a digit must come */
    ZERO,     /* 0: no digit may come */
    WHOLE,    /* digits before the point */
    POINT,    /* a digit must come */
    FRACTION, /* digits after the point */
    EXPONENT, /* a sign or a digit must come */
    SIGN,     /* a digit must come */
    POWER     /* digits of the exponent */
};

/* What an escape of four digits is. */
enum { NONE, HIGH, LOW };

/* White space just read. */
enum { NO_SPACE, BLANK, NEWLINE };

void json_walk_begin(struct json_walk *w)
{
    *w = (struct json_walk){.state = START};
}

static_assert(sizeof(struct json_walk) == 24, "no padding");

bool json_walk_is_whole(const struct json_walk *w)
{
    return w->state == END;
}

static bool go(struct json_walk *w, enum state state)
{
    w->state = (uint8_t)state;
    return true;
}

/* ---- brackets ---- */

static bool in_object(const struct json_walk *w)
{
    assert(w->depth > 0);
    return w->objects >> (w->depth - 1) & 1;
}

static bool open_bracket(struct json_walk *w, bool object)
{
    if (w->depth == JSON_WALK_DEPTH) return false;
    assert((w->objects >> w->depth) == 0);
    w->objects |= (uint64_t)object << w->depth++;
    return go(w, object ? FIRST_KEY : FIRST_ITEM);
}

static bool close_bracket(struct json_walk *w, bool object)
{
    if (in_object(w) != object) return false;
    w->objects &= ~((uint64_t)1 << --w->depth);
    return go(w, w->depth == 0 ? END : AFTER);
}

static bool feed_after(struct json_walk *w, unsigned char byte)
{
    if (byte == ',') return go(w, in_object(w) ? KEY : VALUE);
    return (byte == '}' || byte == ']') && close_bracket(w, byte == '}');
}

/* ---- strings ---- */

static bool begin_string(struct json_walk *w, enum state next)
{
    w->next = (uint8_t)next;
    return go(w, STRING);
}

/* The first byte of a character of several: how many follow, and the range of the next (RFC
 * 3629, section 4). */
static bool begin_character(struct json_walk *w, unsigned char byte)
{
    if (byte < 0xC2 || byte > 0xF4) return false;
    w->left = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    w->low = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
    w->high = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
    return go(w, CHARACTER);
}

static bool feed_character(struct json_walk *w, unsigned char byte)
{
    if (byte < w->low || byte > w->high) return false;
    w->low = --w->left > 0 ? 0x80 : 0;
    w->high = w->left > 0 ? 0xBF : 0;
    return w->left > 0 || go(w, STRING);
}

static bool end_string(struct json_walk *w)
{
    uint8_t next = w->next;
    w->next = 0;
    return go(w, next);
}

static bool feed_string(struct json_walk *w, unsigned char byte)
{
    if (byte == '"') return end_string(w);
    if (byte == '\\') return go(w, ESCAPE);
    if (byte >= 0x80) return begin_character(w, byte);
    return byte >= 0x20;
}

static bool begin_hex(struct json_walk *w, unsigned char byte, bool low)
{
    w->left = 4;
    w->surrogate = low ? LOW : NONE;
    return byte == 'u' && go(w, HEX);
}

static bool feed_escape(struct json_walk *w, unsigned char byte)
{
    if (byte == 'u') return begin_hex(w, byte, false);
    return byte != '\0' && strchr("\"\\/bfnrt", byte) != NULL && go(w, STRING);
}

/* D800 to DBFF are high surrogates, DC00 to DFFF low ones: one goes with the other (RFC 8259,
 * section 7). */
static bool check_surrogate(struct json_walk *w, int digit)
{
    if (w->left == 4) {
        w->could_be = digit == 0xD;
        return w->could_be || w->surrogate != LOW;
    }
    if (w->left != 3 || !w->could_be) return true;
    if (digit >= 0xC) return w->surrogate == LOW;
    if (digit >= 0x8 && w->surrogate == NONE) w->surrogate = HIGH;
    return w->surrogate != LOW;
}

static bool feed_hex(struct json_walk *w, unsigned char byte)
{
    unsigned char letter = byte | 0x20;
    bool is_letter = letter >= 'a' && letter <= 'f';
    if (!ascii_is_digit(byte) && !is_letter) return false;
    if (!check_surrogate(w, is_letter ? letter - 'a' + 10 : byte - '0')) return false;
    if (--w->left > 0) return true;
    bool high = w->surrogate == HIGH;
    w->surrogate = w->could_be = 0;
    return go(w, high ? LOW_SLASH : STRING);
}

/* ---- literals and numbers ---- */

static const char *const literals[] = {"true", "false", "null"};

/* The literal that begins with byte, whose other bytes must follow. */
static bool begin_literal(struct json_walk *w, unsigned char byte)
{
    w->literal = byte == 't' ? 0 : byte == 'f' ? 1 : 2;
    w->left = (uint8_t)(strlen(literals[w->literal]) - 1);
    return go(w, LITERAL);
}

static bool feed_literal(struct json_walk *w, unsigned char byte)
{
    const char *text = literals[w->literal];
    if (byte != (unsigned char)text[strlen(text) - w->left]) return false;
    if (--w->left > 0) return true;
    w->literal = 0;
    return go(w, AFTER);
}

static bool digit(struct json_walk *w, unsigned char byte, enum state state)
{
    return ascii_is_digit(byte) && go(w, state);
}

static bool white_space(struct json_walk *w, unsigned char byte);

/* Where a number may end, what ends it belongs to its bracket. */
static bool end_number(struct json_walk *w, unsigned char byte)
{
    go(w, AFTER);
    return white_space(w, byte) || feed_after(w, byte);
}

static bool feed_number(struct json_walk *w, unsigned char byte)
{
    bool power = byte == 'e' || byte == 'E';
    switch ((enum state)w->state) {
    case MINUS:
        return byte == '0' ? go(w, ZERO) : digit(w, byte, WHOLE);
    case WHOLE:
        if (ascii_is_digit(byte)) return true;
        /* fall through */
    case ZERO:
        if (byte == '.') return go(w, POINT);
        return power ? go(w, EXPONENT) : end_number(w, byte);
    case POINT:
        return digit(w, byte, FRACTION);
    case FRACTION:
        if (ascii_is_digit(byte)) return true;
        return power ? go(w, EXPONENT) : end_number(w, byte);
    case EXPONENT:
        return byte == '+' || byte == '-' ? go(w, SIGN) : digit(w, byte, POWER);
    case SIGN:
        return digit(w, byte, POWER);
    default: /* POWER */
        return ascii_is_digit(byte) || end_number(w, byte);
    }
}

static bool begin_value(struct json_walk *w, unsigned char byte)
{
    switch (byte) {
    case '{':
    case '[':
        return open_bracket(w, byte == '{');
    case '"':
        return begin_string(w, AFTER);
    case 't':
    case 'f':
    case 'n':
        return begin_literal(w, byte);
    case '-':
        return go(w, MINUS);
    case '0':
        return go(w, ZERO);
    default:
        return digit(w, byte, WHOLE);
    }
}

/* ---- a byte ---- */

/* Is it white space where white space may stand? */
static bool white_space(struct json_walk *w, unsigned char byte)
{
    bool indent = (byte == ' ' || byte == '\t') && w->space >= NEWLINE;
    if (w->state >= END) return false;
    if (w->space == NO_SPACE && (byte == ' ' || byte == '\n')) {
        w->space = byte == ' ' ? BLANK : NEWLINE;
        return true;
    }
    if (!indent || w->space == NEWLINE + JSON_WALK_INDENT) return false;
    w->space++;
    return true;
}

bool json_walk_feed(struct json_walk *w, unsigned char byte)
{
    if (white_space(w, byte)) return true;
    w->space = NO_SPACE;
    switch ((enum state)w->state) {
    case START:
        return byte == '{' && open_bracket(w, true);
    case FIRST_KEY:
        return byte == '"' ? begin_string(w, COLON) : byte == '}' && close_bracket(w, true);
    case KEY:
        return byte == '"' && begin_string(w, COLON);
    case COLON:
        return byte == ':' && go(w, VALUE);
    case FIRST_ITEM:
        return byte == ']' ? close_bracket(w, false) : begin_value(w, byte);
    case VALUE:
        return begin_value(w, byte);
    case AFTER:
        return feed_after(w, byte);
    case END:
        return false;
    case STRING:
        return feed_string(w, byte);
    case CHARACTER:
        return feed_character(w, byte);
    case ESCAPE:
        return feed_escape(w, byte);
    case HEX:
        return feed_hex(w, byte);
    case LOW_SLASH:
        return byte == '\\' && go(w, LOW_U);
    case LOW_U:
        return begin_hex(w, byte, true);
    case LITERAL:
        return feed_literal(w, byte);
    default:
        return feed_number(w, byte);
    }
}
