/* reward/judge/settings.c - the settings that a judge obeys: rows of struct judge_options.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/settings.h"
#include "reward/judge/judge.h"

#define AT(field) offsetof(struct judge_options, field)
enum { K = 1 << 10, M = 1 << 20 };
#define G ((int64_t)1 << 30)

/* clang-format off */
static const struct setting rows[] = {
    {"verify-rewards", SETTING_TEXT,    AT(default_rewards), "", .help = "JSON list of rewards for requests that name none; none: accuracy and format"},
    {"verify-workers", SETTING_INT,     AT(workers), "0", 0, 128, .help = "most processes for algebra that is not provably cheap; 0: eight a processor"},
    {"verify-seconds", SETTING_SECONDS, AT(item_budget_ms), "2", 0, 600, .help = "CPU seconds an item's algebra may take"},
    {"verify-memory",  SETTING_BYTES,   AT(worker_memory_bytes), "512M", 32 * M, 64 * G, .help = "memory of one such process"},
    {"code-memory",    SETTING_BYTES,   AT(program_bytes), "0", 0, 64 * 1024 * G, .help = "memory of all programs together that run for rewards, by their limits; 0: half of what is free"},
    {"verify-items",   SETTING_INT,     AT(max_items), "100000", 1, 1 << 24, .help = "items in one request"},
    {"max-wait",       SETTING_SECONDS, AT(max_wait_ms), "30", 0, 86400, .help = "a request whose turn (at the model, the verifiers, the sandboxes) is expected later is refused with 429; 0: none is"},
    {"code-unsafe",    SETTING_BOOL,    AT(code_unsafe), "false", .help = "run code even where the machine offers too few walls"},
};
/* clang-format on */

const struct settings_table judge_settings = {"Verify", rows, sizeof(rows) / sizeof(rows[0])};

enum { QUEUE_ITEMS = 100000 };

void judge_options_init(struct judge_options *o)
{
    *o = (struct judge_options){.queue_items = QUEUE_ITEMS};
    settings_defaults(&judge_settings, o);
}
