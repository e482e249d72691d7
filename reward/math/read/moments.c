/* reward/math/read/moments.c - dates and times of day.
 *
 * A date is read from its folded words, in any order; a time from its digits and what stands behind them.
 * Each takes the whole text or none of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/moments.h"

#include "base/ascii.h"
#include "reward/math/read/numerals.h"
#include "reward/math/read/words.h"

enum { LONGEST_DATE = 40, LONGEST_TIME = 60 };

/* ---- dates ------------------------------------------------------------------------------------- */

/* The month that w names, also abbreviated, as a whole word: 1 for January; 0 when it names none. */
static int month(struct span w)
{
    static const char *const months[] = {"january",   "february", "march",    "april",
                                         "may",       "june",     "july",     "august",
                                         "september", "october",  "november", "december"};
    for (int k = 0; k < 12; k++) {
        if (span_is(w, months[k]) || (w.n == 3 && span_starts(span_str(months[k]), w))) {
            return k + 1;
        }
    }
    return 0;
}

static bool has_month(struct span s)
{
    struct span w;
    for (size_t i = 0; words_next(s, &i, &w);) {
        if (month(w) > 0) return true;
    }
    return false;
}

/* A word of a date without what may be left out: "4th" is "4", "of" and the day of the week are nothing. */
static struct span date_word(struct span w)
{
    static const char *const silent[] = {"of",     "on",       "monday", "tuesday",  "wednesday",
                                         "friday", "thursday", "sunday", "saturday", NULL};
    bool digit = w.n > 2 && w.p[0] >= '0' && w.p[0] <= '9' && w.p[w.n - 1] >= 'a';
    if (words_in(w, silent)) return span_of(NULL, 0);
    return digit ? span_slice(w, 0, w.n - 2) : w;
}

/* Every word of x is one of y. */
static bool is_within(struct span x, struct span y)
{
    struct span w, v;
    for (size_t i = 0; words_next(x, &i, &w);) {
        bool found = date_word(w).n == 0;
        for (size_t j = 0; !found && words_next(y, &j, &v);) {
            found = span_eq(date_word(w), date_word(v)) || (month(w) > 0 && month(w) == month(v));
        }
        if (!found) return false;
    }
    return true;
}

bool moments_same_date(struct span x, struct span y)
{
    bool dates = x.n < LONGEST_DATE && y.n < LONGEST_DATE && has_month(x) && has_month(y);
    return dates && is_within(x, y) && is_within(y, x);
}

bool moments_date(struct arena *a, struct span s)
{
    struct span p = words_fold(a, s), w;
    int words = 0, numbers = 0;
    for (size_t i = 0; words_next(p, &i, &w); words++) {
        numbers += w.p[0] >= '0' && w.p[0] <= '9';
    }
    return words >= 2 && words <= 4 && numbers >= 1 && has_month(p);
}

/* A whole number of at most four digits; -1 when it is none. */
static int64_t part_of_day(struct span w)
{
    int64_t n = 0;
    for (size_t i = 0; i < w.n; i++) {
        if (i >= 4 || w.p[i] < '0' || w.p[i] > '9') return -1;
        n = n * 10 + (w.p[i] - '0');
    }
    return w.n == 0 ? -1 : n;
}

bool moments_day(struct arena *a, struct span s, int64_t out[3])
{
    struct span p = words_fold(a, s), w;
    if (p.n > LONGEST_DATE) return false;
    out[0] = out[1] = out[2] = 0;
    for (size_t i = 0; words_next(p, &i, &w);) {
        struct span told = date_word(w);
        int64_t n = part_of_day(told);
        int named = month(w);
        int64_t *to = named > 0 ? &out[1] : told.n == 4 ? &out[0] : &out[2];
        if (told.n == 0) continue;
        if (*to != 0 || (named == 0 && (n <= 0 || (to == &out[2] && n > 31)))) return false;
        *to = named > 0 ? named : n;
    }
    return out[0] > 0 && out[1] > 0 && out[2] > 0;
}

/* ---- times of day ------------------------------------------------------------------------------ */

static bool small_number(struct span s, size_t *i, int *out)
{
    size_t first = *i;
    *out = 0;
    while (*i < s.n && s.p[*i] >= '0' && s.p[*i] <= '9' && *i - first < 3) {
        *out = *out * 10 + (s.p[(*i)++] - '0');
    }
    return *i > first && *i - first <= 2;
}

/* "in the morning", "at night": 'a' or 'p' as they are meant, 0 for anything else. */
static int part_of_the_day(struct span s)
{
    static const struct {
        const char *words;
        int half;
    } parts[] = {{"in the morning", 'a'},         {"in the afternoon", 'p'},
                 {"in the evening", 'p'},         {"at night", 'p'},
                 {"o'clock in the morning", 'a'}, {"o'clock in the afternoon", 'p'},
                 {"o'clock in the evening", 'p'}};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        bool all = s.n == strlen(parts[i].words) && words_begin(s, parts[i].words);
        if (all) return parts[i].half;
    }
    return 0;
}

/* a.m., PM, \text{p.m.}: 'a' or 'p', 0 when nothing is there, -1 when something else is. */
static int half_of_day(struct span s)
{
    char letters[3];
    size_t n = 0;
    s = span_trim(s);
    int part = part_of_the_day(s);
    if (part != 0) return part;
    if (span_starts(s, span_str("\\text"))) {
        const char *brace = memchr(s.p, '{', s.n);
        if (brace == NULL) return -1;
        s = span_slice(s, (size_t)(brace - s.p), s.n);
    }
    for (size_t i = 0; i < s.n; i++) {
        int c = ascii_lower((unsigned char)s.p[i]);
        if (c >= 'a' && c <= 'z') {
            if (n == 2) return -1;
            letters[n++] = (char)c;
        } else if (c == 0 || strchr(" .{}~", c) == NULL) {
            return -1;
        }
    }
    if (n == 0) return 0;
    return n == 2 && letters[1] == 'm' && (letters[0] == 'a' || letters[0] == 'p') ? letters[0]
                                                                                   : -1;
}

/* 8:34, 8:34:00 PM, 8 pm */
static bool time_in_digits(struct span s, int *seconds, bool *marked)
{
    size_t i = 0;
    int h, m = 0, sec = 0;
    s = span_trim(s);
    *marked = false;
    if (!small_number(s, &i, &h)) return false;
    struct span rest = span_slice(s, i, s.n); /* 3{:}45, 3\text{:}45 */
    bool text = span_starts(rest, span_str("\\text{:}"));
    size_t tight = text ? 7 : span_starts(rest, span_str("{:}")) ? 2 : 0;
    bool point = i < s.n && s.p[i] == '.'; /* 7.30 am */
    bool minutes = tight > 0 || point || (i < s.n && s.p[i] == ':');
    if (minutes) {
        size_t from = i += 1 + tight;
        if (!small_number(s, &i, &m) || i - from != 2 || m > 59) return false;
        if (i < s.n && s.p[i] == ':') {
            from = ++i;
            if (!small_number(s, &i, &sec) || i - from != 2 || sec > 59) return false;
            *marked = true;
        }
    }
    rest = span_trim(span_slice(s, i, s.n));
    bool oclock = !minutes && rest.n == 7 && words_start(rest, span_str("o'clock"));
    minutes |= oclock;
    int half = oclock ? 0 : half_of_day(rest);
    if (half < 0 || (half == 0 && (!minutes || point)) || h > 24 ||
        (half != 0 && (h < 1 || h > 12))) {
        return false;
    }
    if (half != 0) {
        *marked = true;
        h = h % 12 + (half == 'p' ? 12 : 0);
    }
    *seconds = h * 3600 + m * 60 + sec;
    return true;
}

/* The hour of "three", "3", "nine o'clock", "9 PM", in minutes after midnight; -1: it is none. */
static int hour_named(struct span s)
{
    static const char *const ends[] = {" o'clock", " am", " pm", " a.m.", " p.m."};
    int seconds, half = 0;
    bool marked;
    int64_t hour;
    if (time_in_digits(s, &seconds, &marked) && seconds % 3600 == 0) return seconds / 60;
    for (size_t k = 0; k < sizeof(ends) / sizeof(ends[0]); k++) {
        size_t n = strlen(ends[k]);
        bool here = s.n > n && words_begin(span_slice(s, s.n - n, s.n), ends[k]);
        if (!here) continue;
        half = k == 0 ? 0 : ends[k][1];
        s = span_slice(s, 0, s.n - n);
    }
    bool digits = s.n > 0 && s.n < 3 && ascii_is_digit(s.p[0]);
    if (digits) hour = part_of_day(s);
    if (!digits && !numerals_whole(s, &hour)) return -1;
    if (hour < 1 || hour > 12) return -1;
    return (int)(half == 0 ? hour : hour % 12 + (half == 'p' ? 12 : 0)) * 60;
}

/* The minutes of "half", "a quarter", "ten minutes": before an hour (to) or behind it; -1: none. "four to
 * five" may be a ratio. */
static int minutes_named(struct span s, bool to)
{
    int64_t n = -1;
    bool minutes = span_ends(s, span_str(" minutes"));
    if (minutes) s = span_slice(s, 0, s.n - strlen(" minutes"));
    if (words_start(s, span_str("a "))) s = span_slice(s, 2, s.n);
    if (s.n == 4 && words_start(s, span_str("half"))) return to ? -1 : 30;
    if (s.n == 7 && words_start(s, span_str("quarter"))) return 15;
    if (to && !minutes) return -1;
    if (s.n < 3 && s.n > 0 && minutes) n = part_of_day(s);
    if (n < 0 && !numerals_whole(s, &n)) return -1;
    return n > 0 && n < 60 ? (int)n : -1;
}

/* "half past three", "a quarter to nine", "noon" */
static bool time_in_words(struct span s, int *seconds, bool *marked)
{
    static const struct {
        const char *words;
        int hour;
    } names[] = {
        {"noon", 12}, {"midday", 12}, {"12 noon", 12}, {"midnight", 0}, {"12 midnight", 0}};
    static const char *const joints[] = {" past ", " after ", " to ", " before "};
    if (s.n < 4 || s.n > LONGEST_TIME) return false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (s.n != strlen(names[i].words) || !words_begin(s, names[i].words)) continue;
        *marked = true;
        *seconds = names[i].hour * 3600;
        return true;
    }
    for (size_t i = 0; i < sizeof(joints) / sizeof(joints[0]); i++) {
        size_t at = span_find(s, span_str(joints[i]), 0);
        if (at == SPAN_NONE) continue;
        int minutes = minutes_named(span_slice(s, 0, at), i >= 2);
        int hour = hour_named(span_slice(s, at + strlen(joints[i]), s.n));
        if (minutes < 0 || hour < 0) return false;
        *marked = hour > 12 * 60;
        *seconds = (hour + (i < 2 ? minutes : 24 * 60 - minutes)) % (24 * 60) * 60;
        return true;
    }
    return false;
}

/* s without the "at" that leads to a time. */
static struct span after_at(struct span s)
{
    return words_start(s, span_str("at ")) ? span_slice(s, 3, s.n) : s;
}

bool moments_time(struct span s, int *seconds, bool *marked)
{
    s = after_at(span_trim(s));
    *marked = false;
    return time_in_digits(s, seconds, marked) || time_in_words(s, seconds, marked);
}

bool moments_is_time(struct span s)
{
    int seconds;
    bool marked;
    s = after_at(span_trim(s));
    if (time_in_digits(s, &seconds, &marked)) return marked;
    return time_in_words(s, &seconds, &marked);
}
