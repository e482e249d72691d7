/* base/tools/json_step.c - see json_step.h. A state says what the next byte may be; a function a
 * state.
 *
 * (1) depth is 0 before the opening brace alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/tools/json_step.h"

#include <assert.h>
#include <string.h>

#include "base/ascii.h"
#include "base/json.h"

enum {
    START,      /* the opening brace */
    VALUE,      /* a value */
    FIRST_ITEM, /* a value, or ] */
    FIRST_KEY,  /* a key, or } */
    KEY,        /* a key */
    COLON,
    AFTER, /* a comma or the bracket's end */
    STRING,
    ESCAPE,
    HEX,
    WORD,
    MINUS, /* digits must come */
    ZERO,
    INTEGER,
    POINT, /* digits must come */
    FRACTION,
    EXPONENT, /* a sign or digits must come */
    SIGN,     /* digits must come */
    POWER
};

void json_step_begin(struct json_step *s)
{
    *s = (struct json_step){.state = START};
}

static bool is_space(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool in_object(const struct json_step *s)
{
    assert(s->depth > 0); /* (1) */
    return s->objects >> (s->depth - 1) & 1;
}

static bool open_bracket(struct json_step *s, bool object)
{
    if (s->depth >= JSON_MAX_DEPTH) return false;
    uint64_t bit = (uint64_t)1 << s->depth++;
    s->objects = object ? s->objects | bit : s->objects & ~bit;
    s->state = object ? FIRST_KEY : FIRST_ITEM;
    return true;
}

static enum json_step_event close_bracket(struct json_step *s)
{
    s->depth--;
    s->state = AFTER;
    if (s->depth == 0) return JSON_STEP_WHOLE;
    return s->depth == 1 ? JSON_STEP_END : JSON_STEP_NONE;
}

static bool begin_word(struct json_step *s, const char *word)
{
    s->word = word;
    s->state = WORD;
    return true;
}

static bool begin_value(struct json_step *s, unsigned char c)
{
    s->in_key = false;
    switch (c) {
    case '{':
    case '[':
        return open_bracket(s, c == '{');
    case '"':
        s->state = STRING;
        return true;
    case 't':
        return begin_word(s, "rue");
    case 'f':
        return begin_word(s, "alse");
    case 'n':
        return begin_word(s, "ull");
    case '-':
        s->state = MINUS;
        return true;
    default:
        s->state = c == '0' ? ZERO : INTEGER;
        return ascii_is_digit(c);
    }
}

static enum json_step_event step_value(struct json_step *s, unsigned char c)
{
    bool own = s->depth == 1; /* a value of the outermost object */
    if (is_space(c)) return JSON_STEP_NONE;
    if (s->state == FIRST_ITEM && c == ']') return close_bracket(s);
    if (!begin_value(s, c)) return JSON_STEP_BAD;
    return own ? JSON_STEP_VALUE : JSON_STEP_NONE;
}

static enum json_step_event step_key(struct json_step *s, unsigned char c)
{
    if (is_space(c)) return JSON_STEP_NONE;
    if (s->state == FIRST_KEY && c == '}') return close_bracket(s);
    if (c != '"') return JSON_STEP_BAD;
    s->state = STRING;
    s->in_key = true;
    return s->depth == 1 ? JSON_STEP_KEY : JSON_STEP_NONE;
}

static enum json_step_event step_after(struct json_step *s, unsigned char c)
{
    bool object = in_object(s);
    s->state = AFTER;
    if (is_space(c)) return JSON_STEP_NONE;
    if (c == (object ? '}' : ']')) return close_bracket(s);
    s->state = object ? KEY : VALUE;
    return c == ',' ? JSON_STEP_NONE : JSON_STEP_BAD;
}

static enum json_step_event step_string(struct json_step *s, unsigned char c)
{
    if (c == '\\') {
        s->state = ESCAPE;
    } else if (c == '"') {
        s->state = s->in_key ? COLON : AFTER;
        return !s->in_key && s->depth == 1 ? JSON_STEP_END : JSON_STEP_NONE;
    }
    return c < 0x20 ? JSON_STEP_BAD : JSON_STEP_NONE;
}

static bool step_escape(struct json_step *s, unsigned char c)
{
    s->state = c == 'u' ? HEX : STRING;
    s->left = 4;
    return c == 'u' || (c != 0 && strchr("\"\\/bfnrt", c) != NULL);
}

static bool step_hex(struct json_step *s, unsigned char c)
{
    if (--s->left == 0) s->state = STRING;
    return ascii_hex(c) >= 0;
}

static bool step_word(struct json_step *s, unsigned char c)
{
    if (c != (unsigned char)*s->word) return false;
    if (*++s->word == '\0') s->state = AFTER;
    return true;
}

/* A number's next state, or AFTER where it may end before this byte; -1: it may not. */
static int number_state(int state, unsigned char c)
{
    bool digit = ascii_is_digit(c), exponent = c == 'e' || c == 'E';
    switch (state) {
    case MINUS:
        return c == '0' ? ZERO : digit ? INTEGER : -1;
    case ZERO:
        return c == '.' ? POINT : exponent ? EXPONENT : digit ? -1 : AFTER;
    case INTEGER:
        return digit ? INTEGER : c == '.' ? POINT : exponent ? EXPONENT : AFTER;
    case POINT:
        return digit ? FRACTION : -1;
    case FRACTION:
        return digit ? FRACTION : exponent ? EXPONENT : AFTER;
    case EXPONENT:
        return digit ? POWER : c == '+' || c == '-' ? SIGN : -1;
    case SIGN:
        return digit ? POWER : -1;
    default:
        return digit ? POWER : AFTER;
    }
}

static enum json_step_event step_number(struct json_step *s, unsigned char c)
{
    int state = number_state(s->state, c);
    if (state < 0) return JSON_STEP_BAD;
    if (state == AFTER) return step_after(s, c);
    s->state = (uint8_t)state;
    return JSON_STEP_NONE;
}

static enum json_step_event fine(bool ok)
{
    return ok ? JSON_STEP_NONE : JSON_STEP_BAD;
}

enum json_step_event json_step(struct json_step *s, unsigned char c)
{
    switch (s->state) {
    case START:
        return fine(c == '{' && open_bracket(s, true));
    case VALUE:
    case FIRST_ITEM:
        return step_value(s, c);
    case FIRST_KEY:
    case KEY:
        return step_key(s, c);
    case COLON:
        if (is_space(c)) return JSON_STEP_NONE;
        s->state = VALUE;
        return c != ':' ? JSON_STEP_BAD : s->depth == 1 ? JSON_STEP_COLON : JSON_STEP_NONE;
    case AFTER:
        return step_after(s, c);
    case STRING:
        return step_string(s, c);
    case ESCAPE:
        return fine(step_escape(s, c));
    case HEX:
        return fine(step_hex(s, c));
    case WORD:
        return fine(step_word(s, c));
    default:
        return step_number(s, c);
    }
}
