/* server/routes/queries.c - see queries.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/queries.h"

#include "base/fields.h"
#include "server/routes/routes.h"
#include "server/weights/weights.h"

/* clang-format off */
#define WAITS {"wait", FIELD_BOOL, .fallback = "true", \
               .doc = "whether the push waits for memory that older versions of the weights hold, or is 409"}
#define MODE {"mode", FIELD_CHOICE, .choices = modes, .fallback = "\"abort\"", \
              .doc = "what becomes of the samples at work"}, \
             {"wait_for_inflight_requests", FIELD_BOOL, .fallback = "false", .doc = "the older word for mode wait"}

static const char *const modes[] = {"abort", "wait", "keep", NULL};
static const char *const parts[] = {"whole", "some", "delta", "adapter", NULL};

static const struct field pause_rows[] = {
    MODE,
    {"clear_cache", FIELD_BOOL, .fallback = "true", .doc = "whether the prefix cache is emptied"},
    {0},
};
static const struct field sleep_rows[] = {
    MODE,
    {"level", FIELD_INT, .min = 0, .max = 2, .fallback = "1", .doc = "all are the same here: the weights stay"},
    {0},
};
static const struct field wake_rows[] = {{"tags", FIELD_IGNORED, .doc = "what wakes: here it is one"}, {0}};
static const struct field slots_rows[] = {
    {"fail_on_no_slot", FIELD_BOOL, .fallback = "false", .doc = "429 where all are busy"},
    {0},
};
static const struct field beta_rows[] = {{"beta", FIELD_IGNORED, .doc = "of clients for what is new there"}, {0}};
static const struct field load_rows[] = {WAITS, {0}};
static const struct field stream_rows[] = {
    {"part", FIELD_CHOICE, .choices = parts, .fallback = "\"whole\"", .doc = "what the file is of the weights"},
    {"name", FIELD_TEXT, .doc = "of an adapter"},
    {"check_finite", FIELD_BOOL, .fallback = "false", .doc = "refuse a NaN or an infinity, by its tensor's name"},
    WAITS,
    {0},
};

const struct route_query route_queries[ROUTE_QUERIES] = {
    {vllm_pause_handle, pause_rows},
    {vllm_sleep_handle, sleep_rows},
    {vllm_wake_handle, wake_rows},
    {llama_slots_handle, slots_rows},
    {anthropic_messages_handle, beta_rows},
    {anthropic_count_handle, beta_rows},
    {weights_load_handle, load_rows},
    {weights_sglang_handle, load_rows},
    {weights_prime_handle, load_rows},
    {weights_areal_handle, load_rows},
    {weights_stream_handle, stream_rows},
};
/* clang-format on */
