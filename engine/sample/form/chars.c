/* engine/sample/form/chars.c - see chars.h.
 *
 * (1) After normalise() ranges rise, do not touch, and hold no surrogate.
 *
 * Categories are utf8proc's, collected once a process into one list of ranges each.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/chars.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/mem.h"
#include "base/utf8.h"

enum { CATEGORIES = UTF8PROC_CATEGORY_CO + 1, MAX_FOLDED = 20000 };

void chars_clear(struct chars *c)
{
    free(c->ranges);
    *c = (struct chars){0};
}

void chars_add(struct chars *c, uint32_t low, uint32_t high)
{
    if (c->n == c->room) {
        int room = c->room == 0 ? 16 : 2 * c->room;
        void *grown = mem_grow(c->ranges, (size_t)room, sizeof(*c->ranges), NULL);
        if (grown == NULL) {
            c->failed = true;
            return;
        }
        c->ranges = grown;
        c->room = room;
    }
    c->ranges[c->n].low = low;
    c->ranges[c->n++].high = high;
}

/* Add all of other. */
static void add_all(struct chars *c, const struct chars *other)
{
    c->failed = c->failed || other->failed;
    for (int i = 0; i < other->n; i++) {
        chars_add(c, other->ranges[i].low, other->ranges[i].high);
    }
}

static int by_low(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* What a range is without the surrogates: up to two ranges. */
static void drop_surrogates(struct chars *c)
{
    int n = c->n;
    for (int i = 0; i < n; i++) {
        uint32_t low = c->ranges[i].low, high = c->ranges[i].high;
        if (high < 0xd800 || low > 0xdfff) continue;
        c->ranges[i].high = low < 0xd800 ? 0xd7ff : 0; /* an empty range: low > high */
        if (low >= 0xd800) c->ranges[i].low = 1;
        if (high > 0xdfff) chars_add(c, 0xe000, high);
    }
}

/* Rising, apart, without surrogates. */
static void normalise(struct chars *c)
{
    drop_surrogates(c);
    if (c->n > 0) qsort(c->ranges, (size_t)c->n, sizeof(*c->ranges), by_low);
    int kept = 0;
    for (int i = 0; i < c->n; i++) {
        uint32_t low = c->ranges[i].low, high = c->ranges[i].high;
        if (low > high) continue;
        if (kept > 0 && low <= c->ranges[kept - 1].high + 1) {
            if (high > c->ranges[kept - 1].high) c->ranges[kept - 1].high = high;
        } else {
            c->ranges[kept].low = low;
            c->ranges[kept++].high = high;
        }
    }
    c->n = kept;
}

void chars_add_others(struct chars *c, const struct chars *other)
{
    struct chars sorted = {0};
    add_all(&sorted, other);
    normalise(&sorted);
    c->failed = c->failed || sorted.failed;
    uint32_t next = 0;
    for (int i = 0; i < sorted.n; i++) {
        if (sorted.ranges[i].low > next) chars_add(c, next, sorted.ranges[i].low - 1);
        next = sorted.ranges[i].high + 1;
    }
    if (next <= CHARS_LAST) chars_add(c, next, CHARS_LAST);
    chars_clear(&sorted);
}

/* ---- named sets ------------------------------------------------------------------------------ */

static struct chars of_category[CATEGORIES];
static pthread_once_t categories_once = PTHREAD_ONCE_INIT;

static void collect_categories(void)
{
    uint32_t from = 0;
    utf8proc_category_t last = utf8proc_category(0);
    for (uint32_t c = 1; c <= CHARS_LAST + 1; c++) {
        utf8proc_category_t now =
            c <= CHARS_LAST ? utf8proc_category((utf8proc_int32_t)c) : CATEGORIES;
        if (now == last) continue;
        chars_add(&of_category[last], from, c - 1);
        from = c;
        last = now;
    }
}

static const struct chars *category(int which)
{
    pthread_once(&categories_once, collect_categories);
    return &of_category[which];
}

/* All categories whose two-letter name begins so. */
static int add_categories(struct chars *c, struct span name)
{
    int n = 0;
    pthread_once(&categories_once, collect_categories);
    for (int i = 0; i < CATEGORIES; i++) {
        static const char *const names[CATEGORIES] = {
            "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd",
            "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm",
            "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co"};
        if (!span_starts(span_str(names[i]), name)) continue;
        add_all(c, category(i));
        n++;
    }
    return n;
}

bool chars_add_category(struct chars *c, struct span name, bool negated)
{
    if (name.n < 1 || name.n > 2) return false;
    struct chars set = {0};
    bool known = add_categories(&set, name) > 0;
    if (known && negated) {
        chars_add_others(c, &set);
    } else if (known) {
        add_all(c, &set);
    }
    chars_clear(&set);
    return known;
}

/* White space of ECMA-262 and of Python; only_one: also what is white space to one of them. */
static void add_spaces(struct chars *c, bool only_one)
{
    static const uint32_t both[][2] = {{9, 13},          {32, 32},         {0xa0, 0xa0},
                                       {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029},
                                       {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}};
    for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
        chars_add(c, both[i][0], both[i][1]);
    }
    if (!only_one) return;
    chars_add(c, 0x1c, 0x1f);
    chars_add(c, 0x85, 0x85);
    chars_add(c, 0xfeff, 0xfeff);
}

static void add_word(struct chars *c, bool only_one)
{
    chars_add(c, '0', '9');
    chars_add(c, 'A', 'Z');
    chars_add(c, 'a', 'z');
    chars_add(c, '_', '_');
    if (!only_one) return;
    add_categories(c, span_str("L"));
    add_categories(c, span_str("N"));
}

static void add_digits(struct chars *c, bool only_one)
{
    chars_add(c, '0', '9');
    if (only_one) add_categories(c, span_str("Nd"));
}

static void add_line_ends(struct chars *c, bool only_one)
{
    chars_add(c, '\n', '\n');
    if (!only_one) return;
    chars_add(c, '\r', '\r');
    chars_add(c, 0x2028, 0x2029);
}

/* A class and its opposite: the opposite lacks what either standard counts. */
static const struct {
    void (*add)(struct chars *c, bool only_one);
    bool others;
} classes[] = {
    [CHARS_DIGIT] = {add_digits, false}, [CHARS_NOT_DIGIT] = {add_digits, true},
    [CHARS_WORD] = {add_word, false},    [CHARS_NOT_WORD] = {add_word, true},
    [CHARS_SPACE] = {add_spaces, false}, [CHARS_NOT_SPACE] = {add_spaces, true},
    [CHARS_DOT] = {add_line_ends, true},
};

void chars_add_class(struct chars *c, enum chars_class which)
{
    if (which == CHARS_ANY) {
        chars_add(c, 0, CHARS_LAST);
        return;
    }
    struct chars set = {0};
    classes[which].add(&set, classes[which].others);
    if (classes[which].others) {
        chars_add_others(c, &set);
    } else {
        add_all(c, &set);
    }
    chars_clear(&set);
}

void chars_fold_case(struct chars *c)
{
    int n = c->n, folded = 0;
    for (int i = 0; i < n; i++) {
        for (uint32_t k = c->ranges[i].low; k <= c->ranges[i].high && folded < MAX_FOLDED;
             k++, folded++) {
            utf8proc_int32_t lower = utf8proc_tolower((utf8proc_int32_t)k);
            utf8proc_int32_t upper = utf8proc_toupper((utf8proc_int32_t)k);
            if (lower != (utf8proc_int32_t)k) chars_add(c, (uint32_t)lower, (uint32_t)lower);
            if (upper != (utf8proc_int32_t)k) chars_add(c, (uint32_t)upper, (uint32_t)upper);
        }
    }
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* A growing list of alternatives. */
struct list {
    rx *items;
    int n, room;
    bool failed;
};

static void list_add(struct list *l, rx a)
{
    if (l->n == l->room) {
        int room = l->room == 0 ? 32 : 2 * l->room;
        rx *grown = mem_grow(l->items, (size_t)room, sizeof(*grown), NULL);
        if (grown == NULL) {
            l->failed = true;
            return;
        }
        l->items = grown;
        l->room = room;
    }
    l->items[l->n++] = a;
}

/* Code points whose UTF-8 has n bytes: a range is split until its bytes range each for itself
 * (R. Cox, "Regular Expression Matching in the Wild", 2010, on RE2's UTF-8 ranges). */
static void add_between(struct rx_pool *p, struct list *l, uint32_t low, uint32_t high, int n)
{
    for (int i = 1; i < n; i++) {
        uint32_t mask = (1u << 6 * i) - 1;
        if ((low & ~mask) == (high & ~mask)) continue;
        uint32_t last = 0; /* of the lower half */
        if ((low & mask) != 0) {
            last = low | mask;
        } else if ((high & mask) != mask) {
            last = (high & ~mask) - 1;
        }
        if (last == 0) continue;
        add_between(p, l, low, last, n);
        add_between(p, l, last + 1, high, n);
        return;
    }
    char from[4] = {0}, to[4] = {0};
    utf8_encode(low, from);
    utf8_encode(high, to);
    rx all = RX_EMPTY;
    for (int i = n - 1; i >= 0; i--) {
        all = rx_cat(p, rx_byte_range(p, (uint8_t)from[i], (uint8_t)to[i]), all);
    }
    list_add(l, all);
}

static void add_utf8(struct rx_pool *p, struct list *l, uint32_t low, uint32_t high)
{
    static const uint32_t last_of_length[] = {0x7f, 0x7ff, 0xffff, CHARS_LAST};
    for (int i = 0; i < 4 && low <= high; i++) {
        if (low > last_of_length[i]) continue;
        uint32_t end = high < last_of_length[i] ? high : last_of_length[i];
        add_between(p, l, low, end, i + 1);
        low = end + 1;
    }
}

/* As a JSON string writes what it may not hold as it is; false for other characters. */
static bool json_escape(uint32_t c, char out[8])
{
    static const char short_of[] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    if (c == '"' || c == '\\') return snprintf(out, 8, "\\%c", (int)c), true;
    if (c >= 0x20) return false;
    if (c < sizeof(short_of) && short_of[c] != 0)
        return snprintf(out, 8, "\\%c", short_of[c]), true;
    snprintf(out, 8, "\\u%04x", (unsigned)c);
    return true;
}

static void add_json(struct rx_pool *p, struct list *l, uint32_t low, uint32_t high)
{
    uint32_t from = low; /* of those that stand for themselves */
    for (uint32_t c = low; c <= high && c <= '\\'; c++) {
        char text[8];
        if (!json_escape(c, text)) continue;
        list_add(l, rx_text(p, span_str(text)));
        if (from < c) add_utf8(p, l, from, c - 1);
        from = c + 1;
    }
    if (from <= high) add_utf8(p, l, from, high);
}

rx chars_rx(struct rx_pool *p, struct chars *c, enum chars_coding coding)
{
    struct list l = {0};
    normalise(c);
    for (int i = 0; i < c->n; i++) {
        assert(i == 0 || c->ranges[i].low > c->ranges[i - 1].high + 1); /* (1) */
        if (coding == CHARS_JSON) {
            add_json(p, &l, c->ranges[i].low, c->ranges[i].high);
        } else {
            add_utf8(p, &l, c->ranges[i].low, c->ranges[i].high);
        }
    }
    if (c->failed || l.failed) rx_give_up(p);
    rx all = rx_any_of(p, l.items, l.n);
    free(l.items);
    return all;
}

static_assert(2 * (CHARS_ANY + 1) <= RX_KEPT, "a place for each class in either coding");

rx chars_class_rx(struct rx_pool *p, enum chars_class which, enum chars_coding coding)
{
    int place = 2 * (int)which + (int)coding;
    rx all = rx_kept(p, place);
    if (all != RX_NONE) return all;
    struct chars c = {0};
    chars_add_class(&c, which);
    all = chars_rx(p, &c, coding);
    chars_clear(&c);
    rx_keep(p, place, all);
    return all;
}

rx chars_text_rx(struct rx_pool *p, struct span utf8, enum chars_coding coding)
{
    if (!utf8_is_valid(utf8)) return RX_NONE;
    if (coding == CHARS_PLAIN) return rx_text(p, utf8);
    rx all = RX_EMPTY;
    for (size_t end = utf8.n; end > 0;) {
        char text[8];
        uint8_t byte = (uint8_t)utf8.p[--end];
        if (json_escape(byte, text)) {
            all = rx_cat(p, rx_text(p, span_str(text)), all);
        } else {
            all = rx_cat(p, rx_byte_range(p, byte, byte), all);
        }
    }
    return all;
}
