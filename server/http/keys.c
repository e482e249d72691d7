/* server/http/keys.c - see keys.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/keys.h"

#include <assert.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "base/file.h"
#include "base/mem.h"
#include "server/http/router.h"

enum { MAX_FILE_BYTES = 4 << 20, MAX_KEYS = 4096 };

static const struct {
    const char *word;
    int scope;
} scope_words[] = {{"infer", SCOPE_INFER},
                   {"verify", SCOPE_VERIFY},
                   {"control", SCOPE_CONTROL},
                   {"metrics", SCOPE_METRICS},
                   {"admin", SCOPE_ADMIN}};
enum { N_SCOPES = sizeof(scope_words) / sizeof(scope_words[0]) };

void key_digest(struct span text, unsigned char out[KEY_DIGEST_BYTES])
{
    int failed = gnutls_hash_fast(GNUTLS_DIG_SHA256, text.p, text.n, out);
    assert(failed == 0); /* it needs neither memory nor devices */
    (void)failed;
}

/* ---- a line ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The next word of *s, taken from it; n 0: none is left. */
static struct span take_word(struct span *s)
{
    size_t from = 0, to;
    while (from < s->n && is_blank(s->p[from])) {
        from++;
    }
    for (to = from; to < s->n && !is_blank(s->p[to]);) {
        to++;
    }
    struct span word = span_slice(*s, from, to);
    *s = span_slice(*s, to, s->n);
    return word;
}

bool key_read_name(struct span word, struct key *out, struct error *err)
{
    if (word.n == 0 || word.n > KEY_NAME_BYTES || !ascii_is_plain(word.p, word.n, "._-")) {
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "a name has 1 to %d letters, digits and ._-", KEY_NAME_BYTES);
    }
    memcpy(out->name, word.p, word.n);
    out->name[word.n] = '\0';
    return true;
}

static bool read_digest(struct span word, unsigned char out[KEY_DIGEST_BYTES], struct error *err)
{
    struct span head = span_str("sha256:");
    bool fine = span_starts(word, head) && word.n == head.n + (size_t)KEY_DIGEST_BYTES * 2;
    const char *p = fine ? word.p + head.n : NULL;
    for (size_t i = 0; fine && i < KEY_DIGEST_BYTES; i++) {
        int high = ascii_hex(p[2 * i]), low = ascii_hex(p[2 * i + 1]);
        fine = high >= 0 && low >= 0;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return fine || error_set(err, ERROR_INVALID_VALUE, NULL,
                             "behind the name stands sha256: and 64 hexadecimal digits");
}

static int scope_of(struct span word)
{
    for (size_t i = 0; i < N_SCOPES; i++) {
        if (span_is(word, scope_words[i].word)) return scope_words[i].scope;
    }
    return SCOPE_NONE;
}

bool key_read_scopes(struct span text, int *out, struct error *err)
{
    *out = SCOPE_NONE;
    for (size_t from = 0, to; from <= text.n; from = to + 1) {
        for (to = from; to < text.n && text.p[to] != ',';) {
            to++;
        }
        struct span word = span_slice(text, from, to);
        int scope = scope_of(word);
        if (scope == SCOPE_NONE) {
            return error_set(err, ERROR_INVALID_VALUE, NULL,
                             "\"%.*s\" is none of infer, verify, control, metrics, admin",
                             word.n < 40 ? (int)word.n : 40, word.n == 0 ? "" : word.p);
        }
        *out |= scope;
    }
    return true;
}

/* NAME=NUMBER with a number above 0. */
static bool read_limit(struct span word, const char *name, double most, double *out)
{
    char text[32];
    size_t n = strlen(name);
    if (!span_starts(word, span_str(name)) || word.n == n || word.n - n >= sizeof(text)) {
        return false;
    }
    memcpy(text, word.p + n, word.n - n);
    text[word.n - n] = '\0';
    char *end;
    double value = strtod(text, &end);
    if (*end != '\0' || strspn(text, "0123456789.") != word.n - n) return false;
    *out = value;
    return value > 0 && value <= most;
}

static bool read_limits(struct span rest, struct key *out, struct error *err)
{
    for (struct span word = take_word(&rest); word.n > 0; word = take_word(&rest)) {
        double n = 0;
        if (read_limit(word, "rate=", KEY_MOST_RATE, &out->rate)) continue;
        if (!read_limit(word, "concurrency=", KEY_MOST_CONCURRENCY, &n) || floor(n) != n) {
            return error_set(err, ERROR_INVALID_VALUE, NULL,
                             "\"%.*s\" is neither rate=N (requests a second) nor concurrency=N",
                             word.n < 40 ? (int)word.n : 40, word.p);
        }
        out->concurrency = (int)n;
    }
    return true;
}

bool key_read_line(struct span line, struct key *out, struct error *err)
{
    struct span rest = line;
    *out = (struct key){0};
    return key_read_name(take_word(&rest), out, err) &&
           read_digest(take_word(&rest), out->digest, err) &&
           key_read_scopes(take_word(&rest), &out->scopes, err) && read_limits(rest, out, err);
}

void key_print_line(const struct key *key, struct buffer *out)
{
    const char *comma = "";
    buffer_addf(out, "%s sha256:", key->name);
    for (size_t i = 0; i < KEY_DIGEST_BYTES; i++) {
        buffer_addf(out, "%02x", key->digest[i]);
    }
    buffer_add_char(out, ' ');
    for (size_t i = 0; i < N_SCOPES; i++) {
        if ((key->scopes & scope_words[i].scope) == 0) continue;
        buffer_addf(out, "%s%s", comma, scope_words[i].word);
        comma = ",";
    }
    if (key->rate > 0) buffer_addf(out, " rate=%.15g", key->rate);
    if (key->concurrency > 0) buffer_addf(out, " concurrency=%d", key->concurrency);
}

/* ---- the list ---- */

/* Every byte is looked at. */
static bool same_digest(const unsigned char *a, const unsigned char *b)
{
    unsigned char differs = 0;
    for (size_t i = 0; i < KEY_DIGEST_BYTES; i++) {
        differs |= (unsigned char)(a[i] ^ b[i]);
    }
    return differs == 0;
}

static struct key *find_digest(struct key *first, const unsigned char *digest)
{
    struct key *found = NULL;
    for (struct key *key = first; key != NULL; key = key->next) {
        if (same_digest(key->digest, digest)) found = key; /* no early end */
    }
    return found;
}

static void let_go(struct key *key)
{
    assert(key->users > 0 && key->at_work < key->users + 1); /* (1) */
    if (--key->users == 0) free(key);
}

static void free_list(struct key *first)
{
    for (struct key *key = first, *next; key != NULL; key = next) {
        next = key->next;
        key->next = NULL;
        let_go(key);
    }
}

static bool add(struct key **first, const struct key *key, struct error *err)
{
    if (find_digest(*first, key->digest) != NULL) {
        return error_set(err, ERROR_INVALID_VALUE, NULL, "the key of \"%s\" stands here already",
                         key->name);
    }
    struct key *own = mem_new(1, sizeof(*own), err);
    if (own == NULL) return false;
    *own = *key;
    own->users = 1;
    own->next = *first;
    *first = own;
    return true;
}

/* The keys of the settings may stand there twice. */
static bool add_own(struct key **first, const struct string_list *own, struct error *err)
{
    for (int i = 0; i < own->n; i++) {
        struct key key = {.name = "api-key", .scopes = SCOPES_ALL};
        if (own->items[i][0] == '\0') continue;
        key_digest(span_str(own->items[i]), key.digest);
        if (find_digest(*first, key.digest) == NULL && !add(first, &key, err)) return false;
    }
    return true;
}

static bool add_line(struct key **first, struct span line, struct error *err)
{
    struct key key;
    size_t blank = 0;
    while (blank < line.n && is_blank(line.p[blank])) {
        blank++;
    }
    if (blank == line.n || line.p[blank] == '#') return true;
    return key_read_line(line, &key, err) && add(first, &key, err);
}

static bool add_lines(struct key **first, struct span text, struct error *err)
{
    int number = 1;
    for (size_t from = 0, to; from < text.n; from = to + 1, number++) {
        const char *end = memchr(text.p + from, '\n', text.n - from);
        to = end == NULL ? text.n : (size_t)(end - text.p);
        struct span line = span_slice(text, from, to);
        if (line.n > 0 && line.p[line.n - 1] == '\r') line.n--;
        struct error why = {0};
        bool fine = number <= MAX_KEYS
                        ? add_line(first, line, &why)
                        : error_set(&why, ERROR_TOO_LARGE, NULL, "at most %d lines", MAX_KEYS);
        if (!fine) {
            return error_set(err, why.code, "api-key-file", "api-key-file, line %d: %s", number,
                             why.message);
        }
    }
    return true;
}

static bool read_all(const struct keys *k, struct key **first, struct error *err)
{
    struct buffer text;
    buffer_init(&text, MAX_FILE_BYTES);
    bool fine =
        add_own(first, k->own, err) &&
        (k->path == NULL ||
         ((file_read(k->path, MAX_FILE_BYTES, &text, err) || error_in(err, "api-key-file")) &&
          add_lines(first, buffer_span(&text), err)));
    buffer_clear(&text);
    return fine;
}

/* A key that was known before goes on being the one that requests hold. */
static struct key *keep_known(struct key *fresh, struct key **old)
{
    for (struct key **at = old; *at != NULL; at = &(*at)->next) {
        struct key *known = *at;
        if (!same_digest(known->digest, fresh->digest)) continue;
        *at = known->next;
        memcpy(known->name, fresh->name, sizeof(known->name));
        known->scopes = fresh->scopes;
        known->rate = fresh->rate;
        known->concurrency = fresh->concurrency;
        free(fresh);
        return known;
    }
    return fresh;
}

bool keys_reload(struct keys *k, struct error *err)
{
    struct key *fresh = NULL, *kept = NULL;
    if (!read_all(k, &fresh, err)) {
        free_list(fresh);
        return false;
    }
    for (struct key *key = fresh, *next; key != NULL; key = next) {
        next = key->next;
        struct key *one = keep_known(key, &k->first);
        one->next = kept;
        kept = one;
    }
    free_list(k->first); /* those that are gone */
    k->first = kept;
    return true;
}

bool keys_open(struct keys *k, const struct string_list *own, const char *path, struct error *err)
{
    *k = (struct keys){.own = own, .path = path};
    return keys_reload(k, err);
}

void keys_clear(struct keys *k)
{
    free_list(k->first);
    *k = (struct keys){0};
}

bool keys_are_set(const struct keys *k)
{
    return k->first != NULL || k->path != NULL; /* an empty file lets nobody in */
}

/* ---- a request ---- */

/* White space at the end of a header is no part of its value (RFC 9110, section 5.5). */
static struct span without_end(struct span s)
{
    while (s.n > 0 && is_blank(s.p[s.n - 1])) {
        s.n--;
    }
    return s;
}

/* What stands after "Bearer "; p NULL: another scheme. */
static struct span bearer_key(const char *authorization)
{
    static const char scheme[] = "Bearer ";
    bool bearer = strncasecmp(authorization, scheme, sizeof(scheme) - 1) == 0;
    return bearer ? without_end(span_str(authorization + sizeof(scheme) - 1)) : span_of(NULL, 0);
}

struct key *keys_find(const struct keys *k, const char *authorization, const char *api_key,
                      struct error *err)
{
    unsigned char digest[KEY_DIGEST_BYTES];
    if (authorization == NULL && api_key == NULL) {
        error_set(err, ERROR_NO_KEY, NULL, "no API key: send \"Authorization: Bearer KEY\"");
        return NULL;
    }
    struct span sent =
        authorization != NULL ? bearer_key(authorization) : without_end(span_str(api_key));
    key_digest(sent.p == NULL ? span_str("") : sent, digest);
    struct key *found = sent.n == 0 ? NULL : find_digest(k->first, digest);
    if (found != NULL) return found;
    error_set(err, ERROR_NO_KEY, NULL,
              sent.p != NULL ? "the API key is not one of this server's"
                             : "the Authorization header is not \"Bearer KEY\"");
    return NULL;
}

bool key_may(const struct key *key, int scopes, struct error *err)
{
    int lacking = scopes & ~key->scopes;
    char names[64] = "";
    size_t n = 0;
    if (lacking == SCOPE_NONE) return true;
    for (size_t i = 0; i < N_SCOPES; i++) {
        if ((lacking & scope_words[i].scope) == 0) continue;
        n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n == 0 ? "" : " and ",
                              scope_words[i].word);
    }
    return error_set(err, ERROR_SCOPE, NULL, "the key \"%s\" is not for this: it lacks %s",
                     key->name, names);
}

/* What has come since: at most what a second gives, and at least one. */
static void refill(struct key *key, uint64_t now_ns)
{
    double most = key->rate < 1 ? 1 : key->rate;
    if (key->filled_ns == 0) key->allowance = most;
    key->allowance += key->filled_ns == 0 ? 0 : (double)(now_ns - key->filled_ns) / 1e9 * key->rate;
    if (key->allowance > most) key->allowance = most;
    key->filled_ns = now_ns;
}

bool key_begin(struct key *key, uint64_t now_ns, struct error *err)
{
    enum { MAX_RETRY_S = 86400 };
    assert(key->at_work < key->users); /* (1) */
    if (key->concurrency > 0 && key->at_work >= key->concurrency) {
        error_set(err, ERROR_RATE, NULL, "the key \"%s\" has %d requests at work; at most %d",
                  key->name, key->at_work, key->concurrency);
        err->retry_s = 1;
        return false;
    }
    if (key->rate > 0) {
        refill(key, now_ns);
        if (key->allowance < 1) {
            error_set(err, ERROR_RATE, NULL, "the key \"%s\" may begin %.15g requests a second",
                      key->name, key->rate);
            double wait_s = ceil((1 - key->allowance) / key->rate);
            err->retry_s = (int)fmin(wait_s, MAX_RETRY_S);
            return false;
        }
        key->allowance -= 1;
    }
    key->at_work++;
    key->users++;
    assert(key->concurrency == 0 || key->at_work <= key->concurrency); /* (2) */
    return true;
}

void key_end(struct key *key)
{
    assert(key->at_work > 0 && key->users > 0); /* (1) */
    key->at_work--;
    let_go(key);
}
