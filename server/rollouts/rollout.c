/* server/rollouts/rollout.c - a call's life: read, begun, groups begin as the engine has room, groups are
 * written, the end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/rollouts/rollout.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/emit.h"
#include "base/mem.h"
#include "server/http/state.h"
#include "server/rollouts/rollouts.h"

enum { RETRY_MS = 20 }; /* when other callers fill the engine */

/* ---- holding ---------------------------------------------------------------------------------- */

void rollout_hold(struct rollout *r)
{
    if (r->busy++ == 0) exchange_hold(r->exchange);
}

void rollout_release(struct rollout *r)
{
    assert(r->busy > 0); /* rollout.h (4) */
    if (--r->busy == 0) exchange_release(r->exchange);
}

/* ---- the server's calls ----------------------------------------------------------------------- */

static void open_call(struct rollout *r)
{
    struct server *s = r->exchange->server;
    r->next = s->rollouts;
    r->link = &s->rollouts;
    if (r->next != NULL) r->next->link = &r->next;
    s->rollouts = r;
    r->is_open = true;
}

static void close_call(struct rollout *r)
{
    if (!r->is_open) return;
    *r->link = r->next;
    if (r->next != NULL) r->next->link = r->link;
    r->is_open = false;
}

struct rollout *rollout_find(struct server *s, const char *id, size_t n, uint64_t client)
{
    struct rollout *r = s->rollouts;
    while (r != NULL && (r->client != client || strlen(r->id) != n || strncmp(r->id, id, n) != 0)) {
        r = r->next;
    }
    return r;
}

/* ---- who waits for the end -------------------------------------------------------------------- */

/* Arrays are told by the call's own reply alone. */
static void add_group(struct buffer *out, const struct group *g)
{
    if (g->rollout->ask.encoding == ENCODING_NPZ) return;
    assert(g->text.n > 0 || g->text.failed); /* it is written, and nobody has dropped it */
    if (out->n > 0) buffer_add_char(out, ',');
    buffer_add_span(out, buffer_span(&g->text));
    buffer_fail_as(out, &g->text);
}

bool rollout_group_is_over(const struct rollout *r, size_t attempt)
{
    return r->groups[attempt].state == GROUP_DONE && (!r->batched || r->advised);
}

void rollout_wait(struct rollout *r, struct end_wait *w)
{
    w->next = r->waits;
    w->link = &r->waits;
    if (w->next != NULL) w->next->link = &w->next;
    r->waits = w;
    if (w->group == SIZE_MAX || !rollout_group_is_over(r, w->group)) return;
    const struct group *g = &r->groups[w->group];
    if (g->text.n > 0 || g->text.failed) add_group(&w->groups, g);
}

void rollout_wait_stop(struct end_wait *w)
{
    if (w->link == NULL) return;
    *w->link = w->next;
    if (w->next != NULL) w->next->link = w->link;
    w->link = NULL;
}

/* Does somebody wait for the end of all? Then no group's text may go before. */
static bool is_awaited(const struct rollout *r)
{
    const struct end_wait *w = r->waits;
    while (w != NULL && w->group != SIZE_MAX) {
        w = w->next;
    }
    return w != NULL;
}

static void tell(struct rollout *r, struct end_wait *w)
{
    rollout_wait_stop(w);
    w->ended(w, r);
}

/* g has ended. */
static void tell_of_group(struct rollout *r, const struct group *g)
{
    for (struct end_wait *w = r->waits, *next; w != NULL; w = next) {
        next = w->next;
        if (w->group != g->attempt) continue;
        add_group(&w->groups, g);
        tell(r, w);
    }
}

/* All has: in the order of the prompts, but for lines that were written before anybody waited. */
static void tell_of_all(struct rollout *r)
{
    for (struct end_wait *w = r->waits, *next; w != NULL; w = next) {
        next = w->next;
        for (size_t i = 0; w->group == SIZE_MAX && i < r->begun; i++) {
            const struct group *g = &r->groups[i];
            if (g->text.n > 0 || g->text.failed) add_group(&w->groups, g);
        }
        tell(r, w);
    }
}

/* ---- the reply -------------------------------------------------------------------------------- */

static bool is_ndjson(const struct rollout *r)
{
    return r->ask.encoding == ENCODING_NDJSON;
}

static void write_line(struct rollout *r, struct group *g)
{
    struct exchange *x = r->exchange;
    if (g->text.failed) {
        exchange_cut(x); /* better no more than a gap */
        return;
    }
    buffer_add_span(&x->out, buffer_span(&g->text));
    buffer_add_char(&x->out, '\n');
    if (!is_awaited(r)) buffer_clear(&g->text); /* nobody asks for it again */
    exchange_push(x);
}

/* Lines come as groups complete; where the number of groups is what was asked for, in their order. */
static void write_lines(struct rollout *r, struct group *g)
{
    bool in_order = r->ask.groups > 0;
    if (!is_ndjson(r) || r->exchange->gone) return;
    if (!in_order) {
        write_line(r, g);
        r->written++;
    }
    while (in_order && r->written < r->begun && r->groups[r->written].state == GROUP_DONE) {
        write_line(r, &r->groups[r->written++]);
    }
    assert(r->written <= r->ask.attempts);
}

static void write_whole(struct rollout *r)
{
    struct exchange *x = r->exchange;
    struct buffer *out = &x->reply;
    emit_object(out, NULL);
    emit_str(out, "id", r->id);
    emit_array(out, "groups");
    for (size_t i = 0; i < r->begun; i++) {
        emit_json(out, NULL, buffer_span(&r->groups[i].text));
        buffer_fail_as(out, &r->groups[i].text);
    }
    emit_close(out, ']');
    print_totals(r, out);
    emit_close(out, '}');
    exchange_reply_json(x, out);
}

static void work_arrays(struct exchange *x)
{
    arrays_write(x->state, &x->reply);
}

static void after_arrays(struct exchange *x)
{
    exchange_reply(x, 200, "application/zip", &x->reply);
}

static void write_last_line(struct rollout *r)
{
    struct exchange *x = r->exchange;
    emit_object(&x->out, NULL);
    print_totals(r, &x->out);
    emit_close(&x->out, '}');
    buffer_add_char(&x->out, '\n');
    exchange_push(x);
    exchange_end(x);
}

static void write_end(struct rollout *r)
{
    if (r->exchange->gone) return;
    switch (r->ask.encoding) {
    case ENCODING_JSON:
        write_whole(r);
        break;
    case ENCODING_NDJSON:
        write_last_line(r);
        break;
    case ENCODING_NPZ:
        exchange_offload(r->exchange, WORK_HEAVY, work_arrays, after_arrays);
        break;
    default:
        assert(false);
    }
}

static void note_usage(struct rollout *r)
{
    struct exchange_facts *facts = &r->exchange->facts;
    for (size_t i = 0; i < r->begun; i++) {
        facts->prompt_tokens += (int64_t)r->groups[i].prompt->ids.n;
        facts->completion_tokens += r->groups[i].tokens;
        facts->cached_tokens += r->groups[i].cached;
        facts->items += (size_t)r->groups[i].n;
    }
}

static void on_timer_closed(uv_handle_t *timer)
{
    rollout_release(timer->data);
}

static void finish(struct rollout *r)
{
    r->ended = true;
    rollout_hold(r);
    note_usage(r);
    write_end(r);
    tell_of_all(r);
    close_call(r);
    if (r->timed) uv_close((uv_handle_t *)&r->timer, on_timer_closed);
    rollout_release(r);
}

/* ---- groups ----------------------------------------------------------------------------------- */

/* Where informative groups are counted, no more are at work than are still wanted. */
static bool wants_more(const struct rollout *r)
{
    if (r->ending != NULL || r->begun == r->ask.attempts) return false;
    return r->ask.groups == 0 || r->informative + r->open < r->ask.groups;
}

/* The engine is kept full and no fuller: other callers have their turn. */
static bool has_room(const struct rollout *r, const struct group *g)
{
    size_t window = (size_t)engine_info(r->exchange->server->engine)->max_sequences;
    return r->samples_running == 0 || r->samples_running + (size_t)g->n <= window;
}

/* That group, made but not begun. NULL: no memory for it. */
static struct group *make_group(struct rollout *r, size_t attempt, struct error *err)
{
    struct group *g = &r->groups[attempt];
    if (g->samples != NULL) return g;
    g->rollout = r;
    g->attempt = attempt;
    g->prompt = &r->ask.prompts[attempt % r->ask.n_prompts];
    return group_open(g, err) ? g : NULL;
}

/* The next one has begun, or ended at once with an error. */
static void count_group(struct rollout *r)
{
    r->begun++;
    r->open++;
}

/* Those that were ended before their turn: they have been counted as open, or are done. */
static void pass_ended(struct rollout *r)
{
    while (r->begun < r->ask.attempts && r->groups[r->begun].state != GROUP_WAITING) {
        r->begun++;
    }
}

/* Begin what may begin. False and *err: the next one cannot be begun now. */
static bool begin_groups(struct rollout *r, struct error *err)
{
    pass_ended(r);
    while (wants_more(r)) {
        struct group *g = make_group(r, r->begun, err);
        if (g == NULL) return false;
        if (!has_room(r, g)) return true;
        if (!group_begin(g, err)) return false;
        count_group(r);
        group_judge_given(g);
        pass_ended(r);
    }
    return true;
}

static void on_timer(uv_timer_t *timer);

static void retry_later(struct rollout *r)
{
    if (r->timed && r->samples_running == 0) uv_timer_start(&r->timer, on_timer, RETRY_MS, 0);
}

static void wait_to_go_on(struct sample *s)
{
    struct rollout *r = s->group->rollout;
    s->next = r->revised;
    s->link = &r->revised;
    if (s->next != NULL) s->next->link = &s->next;
    r->revised = s;
}

void rollout_forget(struct sample *s)
{
    if (s->link == NULL) return;
    *s->link = s->next;
    if (s->next != NULL) s->next->link = s->link;
    s->link = NULL;
}

bool rollout_revise(struct sample *s)
{
    struct rollout *r = s->group->rollout;
    struct error err = {0};
    if (group_go_on(s, &err)) return true;
    if (err.code == ERROR_NO_MEMORY && s->mask_cause == NULL) s->mask_cause = "no_memory";
    if (err.code != ERROR_QUEUE_FULL) return false;
    s->state = SAMPLE_BEGUN; /* as good as: until there is room, or its group is ended */
    wait_to_go_on(s);
    retry_later(r);
    return true;
}

/* Those that waited for room to go on. False: there is still none. */
static bool go_on_revised(struct rollout *r)
{
    while (r->revised != NULL) {
        struct error err = {0};
        struct sample *s = r->revised;
        bool goes_on = group_go_on(s, &err);
        if (!goes_on && err.code == ERROR_QUEUE_FULL) return false;
        rollout_forget(s); /* before its group may end */
        if (goes_on) continue;
        if (err.code == ERROR_NO_MEMORY && s->mask_cause == NULL) s->mask_cause = "no_memory";
        group_judged(s); /* with what it has */
        group_look(s->group);
    }
    return true;
}

/* What cannot begin for another reason than a full engine ends, masked. */
static void give_up_group(struct rollout *r, const struct error *err)
{
    struct group *g = &r->groups[r->begun];
    if (g->samples == NULL) {
        rollout_end(r, "abort"); /* no memory even for it */
        return;
    }
    count_group(r);
    group_end(g, err->code == ERROR_NO_MEMORY ? "no_memory" : "abort");
}

static void finish_if_done(struct rollout *r)
{
    if (r->ended || r->open > 0 || wants_more(r)) return;
    if (!r->batched || r->advised) {
        finish(r);
    } else if (!r->work.advise && !r->desk.advise) {
        desk_advise(r);
    }
}

void rollout_go_on(struct rollout *r)
{
    struct error err = {0};
    if (r->ended) return;
    if (!go_on_revised(r)) {
        retry_later(r);
        return;
    }
    while (!begin_groups(r, &err)) {
        if (err.code == ERROR_QUEUE_FULL) {
            retry_later(r);
            return;
        }
        give_up_group(r, &err);
        err = (struct error){0};
    }
    finish_if_done(r);
}

void rollout_settled(struct group *g)
{
    struct rollout *r = g->rollout;
    assert(g->state == GROUP_SETTLING && r->open > 0); /* rollout.h (1) */
    g->state = GROUP_DONE;
    r->open--;
    r->informative += g->informative;
    if (!r->batched) {
        group_drop(g);
        tell_of_group(r, g);
        write_lines(r, g);
    }
    rollout_go_on(r);
}

void rollout_advised(struct rollout *r)
{
    r->advised = true;
    for (size_t i = 0; i < r->begun; i++) {
        tell_of_group(r, &r->groups[i]); /* all, before a line that is written drops its text */
    }
    for (size_t i = 0; i < r->begun; i++) {
        write_lines(r, &r->groups[i]);
    }
    finish_if_done(r);
}

/* Is the next group one that the reply has, though it has not begun? Each prompt's is; of attempts that are
 * made as they are needed only one that the engine has in part. */
static bool is_owed(const struct rollout *r)
{
    if (r->begun == r->ask.attempts) return false;
    return r->ask.groups == 0 || group_has_begun(&r->groups[r->begun]);
}

/* The groups that have not begun are among those that end. A caller who has left gets none; where there is no
 * memory for one, it and those behind it are missing. */
static void count_rest(struct rollout *r)
{
    struct error err = {0};
    pass_ended(r);
    while (is_owed(r) && (!r->exchange->gone || group_has_begun(&r->groups[r->begun]))) {
        if (make_group(r, r->begun, &err) == NULL) return;
        count_group(r);
        pass_ended(r);
    }
}

void rollout_end(struct rollout *r, const char *cause)
{
    if (r->ending != NULL || r->ended) return;
    r->ending = cause;
    count_rest(r);
    if (strcmp(cause, "deadline") == 0 || r->exchange->gone) judge_round_cancel(r->round);
    rollout_hold(r);
    for (size_t i = 0; i < r->begun; i++) {
        group_end(&r->groups[i], cause);
    }
    finish_if_done(r);
    rollout_release(r);
}

bool rollout_has_group(const struct rollout *r, size_t attempt)
{
    return attempt < (r->ask.groups == 0 ? r->ask.attempts : r->begun);
}

bool rollout_end_group(struct rollout *r, size_t attempt, struct error *err)
{
    struct group *g = &r->groups[attempt];
    assert(rollout_has_group(r, attempt));
    if (attempt >= r->begun && g->state == GROUP_WAITING) { /* its turn has not come */
        if (make_group(r, attempt, err) == NULL) return false;
        r->open++;
    }
    group_end(g, "abort");
    return true;
}

/* ---- time ------------------------------------------------------------------------------------- */

static uint64_t ms_left(const struct rollout *r)
{
    uint64_t passed = (clock_ns() - r->started_ns) / 1000000, all = (uint64_t)r->ask.deadline_ms;
    return passed < all ? all - passed : 0;
}

/* The deadline, or another try at a full engine. */
static void on_timer(uv_timer_t *timer)
{
    struct rollout *r = timer->data;
    bool bounded = r->ask.deadline_ms > 0;
    if (bounded && ms_left(r) == 0) {
        rollout_end(r, "deadline");
        return;
    }
    if (bounded) uv_timer_start(timer, on_timer, ms_left(r) + 1, 0);
    rollout_go_on(r);
}

static void open_timer(struct rollout *r)
{
    r->timed = uv_timer_init(&r->exchange->server->loop, &r->timer) == 0;
    if (!r->timed) return;
    r->timer.data = r;
    rollout_hold(r); /* until it is closed */
    if (r->ask.deadline_ms > 0) uv_timer_start(&r->timer, on_timer, ms_left(r) + 1, 0);
}

/* ---- the exchange ----------------------------------------------------------------------------- */

static void stop(struct exchange *x)
{
    struct rollout *r = x->state;
    if (!r->is_open) return; /* being read, or over */
    if (r->ending == NULL) generations_counts(x->server->generations)->cancelled++;
    rollout_end(r, "abort");
}

static void free_state(struct exchange *x)
{
    struct rollout *r = x->state;
    assert(r->busy == 0 && !r->is_open); /* rollout.h (4) */
    for (size_t i = 0; r->groups != NULL && i < r->ask.attempts; i++) {
        if (r->groups[i].prompt != NULL) group_clear(&r->groups[i]); /* others were not touched */
    }
    free(r->groups);
    judge_round_free(r->round);
    ask_clear(&r->ask);
}

static void work_read(struct exchange *x)
{
    struct rollout *r = x->state;
    ask_read(&r->ask, x, &r->error);
}

static bool begin(struct rollout *r, struct error *err)
{
    struct exchange *x = r->exchange;
    if (rollout_find(x->server, r->id, strlen(r->id), r->client) != NULL) {
        return error_set(err, ERROR_CONFLICT, NULL, "a rollout of the id \"%s\" is at work", r->id);
    }
    if (!generations_admit(x->server->generations, r->client, r->ask.params.priority, err)) {
        return false;
    }
    r->batched = advantage_is_batched(&r->ask.advantage);
    r->round = judge_round_new(x->server->judge, r->client, err);
    r->groups = mem_new(r->ask.attempts, sizeof(*r->groups), err);
    if (r->round == NULL || r->groups == NULL) return false;
    struct error why = {0};
    bool ok = begin_groups(r, &why) || r->begun > 0 || r->samples_running > 0;
    if (ok) return true; /* the rest can wait */
    *err = why;
    return false;
}

static void write_first_line(struct rollout *r)
{
    struct exchange *x = r->exchange;
    exchange_stream(x, "application/x-ndjson");
    emit_object(&x->out, NULL);
    emit_str(&x->out, "id", r->id);
    emit_close(&x->out, '}');
    buffer_add_char(&x->out, '\n');
    exchange_push(x);
}

static void after_read(struct exchange *x)
{
    struct rollout *r = x->state;
    if (x->gone || x->status != 0) return;
    if (r->error.code != ERROR_NONE || !begin(r, &r->error)) {
        exchange_fail(x, &r->error);
        return;
    }
    open_call(r);
    open_timer(r);
    if (is_ndjson(r)) write_first_line(r);
    if (r->aborted) rollout_end(r, "abort");
}

static const struct exchange_kind rollout_kind = {.stop = stop, .free = free_state};

bool rollouts_abort(struct exchange *x)
{
    bool is_one = x->kind == &rollout_kind && !x->gone && !x->over;
    struct rollout *r = is_one ? x->state : NULL;
    if (r == NULL || r->ended) return false;
    if (!x->working && r->error.code != ERROR_NONE) return false; /* its body is read, and it does not begin */
    r->aborted = true;
    if (r->is_open) rollout_end(r, "abort");
    return true;
}

void rollouts_abort_begun(struct server *s)
{
    for (struct rollout *r = s->rollouts, *next; r != NULL; r = next) {
        next = r->next; /* r may be over */
        rollout_end(r, "abort");
    }
}

void rollouts_handle(struct exchange *x)
{
    struct rollout *r = exchange_state(x, sizeof(*r), &rollout_kind);
    if (r == NULL) return;
    r->exchange = x;
    r->client = exchange_client(x);
    r->started_ns = clock_ns();
    snprintf(r->id, sizeof(r->id), "%s", x->id);
    exchange_offload(x, WORK_HEAVY, work_read, after_read);
}
