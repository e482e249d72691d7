/* server/answers/ours.c - our own contracts: verdicts and rollouts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/answers/answers.h"

#include "server/answers/rows.h"

/* ---- verdicts ---- */

static const struct field error_rows[] = {
    {"code", IS("string"), .doc = "what kind"},
    {"message", IS("string"), .doc = "what is wrong"},
    {"param", IS("string|null"), .doc = "the field"},
    {0},
};
static const struct field *const error[] = {error_rows, NULL};
static const struct field verdict_rows[] = {
    {"reward", IS("number|null"), .doc = "the weighted sum; null: nothing could be judged"},
    {"rewards", IS("object"), .doc = "of each reward its value or null"},
    {"details", IS("object"), .doc = "of each reward its verdict, cause and more"},
    {"error", IS("object|null"), .members = error, .doc = "what is wrong with this item"},
    {0},
};
static const struct field item_rows[] = {
    {"id", IS("string|number|null"), .doc = "the item's"},
    {"advantage", MAY("number|null"), .doc = "where a method was named"},
    {"keep", MAY("boolean"), .doc = "its group teaches something"},
    {0},
};
static const struct field *const item[] = {item_rows, verdict_rows, NULL};

static const struct field vote_rows[] = {
    {"answer", IS("string"), .doc = "as most gave it"},
    {"votes", IS("integer"), .doc = "so many did"},
    {"verdict", MAY("string"), .doc = "of that answer"},
    {0},
};
static const struct field *const vote[] = {vote_rows, NULL};
static const struct field group_rows[] = {
    {"size", IS("integer"), .doc = "samples"},
    {"scored", IS("integer"), .doc = "of which have a reward"},
    {"mean", IS("number|null"), .doc = "of the rewards"},
    {"std", IS("number|null"), .doc = "of the rewards"},
    {"keep", IS("boolean"), .doc = "they differ"},
    {"majority", IS("object|null"), .members = vote, .doc = "the commonest answer"},
    {"pass_at", IS("object|null"), .doc = "k to pass@k, over those with a verdict"},
    {0},
};
static const struct field group_id_row[] = {
    {"group", IS("string|integer"), .doc = "the key that its items have, or its number"},
    {0},
};
static const struct field *const group[] = {group_id_row, group_rows, NULL};
static const struct field verify_rows[] = {
    {"results", IS("object[]"), .members = item, .doc = "one for each item, in order"},
    {"groups", MAY("object[]"), .members = group, .doc = "where items stand in groups"},
    {"rules", IS("string"), .doc = "the version of the rules that judged"},
    {"elapsed_ms", IS("number"), .doc = "milliseconds"},
    {0},
};
const struct field *const answer_verify[] = {verify_rows, NULL};

static const struct field gym_rows[] = {
    {"reward", IS("number"), .doc = "0 where nothing could be judged"},
    {"reward_components", MAY("object"), .doc = "of each reward its value"},
    {"mask_sample", MAY("boolean"), .doc = "nothing could be judged"},
    {"failure_kind", MAY("string"), .doc = "verifier_error"},
    {"failure_reason", MAY("string"), .doc = "why"},
    {0},
};
const struct field *const answer_verify_gym[] = {gym_rows, NULL};

static const struct field advantages_rows[] = {
    {"advantages", IS("number[]"), .doc = "one for each reward"},
    {0},
};
const struct field *const answer_advantages[] = {advantages_rows, NULL};

static const struct field openrlhf_rows[] = {
    {"rewards", IS("number[]"), .doc = "0 where nothing could be judged"},
    {"scores", IS("number[]"), .doc = "from 0 to 1, for filters"},
    {"extra_logs", IS("object"), .doc = "of each reward the values"},
    {0},
};
const struct field *const answer_openrlhf[] = {openrlhf_rows, NULL};

static const struct field pass_at_k_rows[] = {
    {"pass_at_k", IS("number|number[]"), .doc = "one, or one for each"},
    {0},
};
const struct field *const answer_pass_at_k[] = {pass_at_k_rows, NULL};

/* ---- rollouts ---- */

static const struct field experts_rows[] = {
    {"dtype", IS("string"), .doc = "int16, or uint8 on SkyRL's route"},
    {"shape", IS("integer[]"), .doc = "tokens, layers, experts of each"},
    {"data", IS("string"), .doc = "base64, little-endian"},
    {0},
};
const struct field *const answer_experts[] = {experts_rows, NULL};
static const struct field sample_rows[] = {
    {"index", IS("integer"), .doc = "of the sample in its group"},
    {"text", MAY("string"), .doc = "as return asks"},
    {"token_ids", MAY("integer[]"), .doc = "as return asks"},
    {"loss_mask", MAY("integer[]"), .doc = "1: sampled here, 0: said to the model"},
    {"logprobs", MAY("array|null"), .doc = "of each token, the model's own"},
    {"processed_logprobs", MAY("array|null"), .doc = "of each token, of what was drawn from"},
    {"top_logprobs", MAY("array"), .doc = "of each token the best ones"},
    {"routed_experts", MAY("object|null"), .members = answer_experts, .doc = "as return asks"},
    {"sampling_mask", MAY("array"),
     .doc = "of each token the ids that it was drawn from, or null: all"},
    {"turns", MAY("object[]"), .doc = "where the model was told what is wrong"},
    {"finish_reason", IS("string"), .doc = "stop, length, abort and why else it ended"},
    {"stop_reason", IS("string|integer|null"), .doc = "the stop text or token"},
    {"mask", IS("boolean"), .doc = "it has no reward"},
    {"mask_cause", IS("string|null"), .doc = "why"},
    {"advantage", IS("number|null"), .doc = "in its group; null: masked, it has no part"},
    {"keep", IS("boolean"), .doc = "its group teaches something"},
    {0},
};
static const struct field *const sample[] = {sample_rows, verdict_rows, answer_version_rows, NULL};
static const struct field *const statistics[] = {group_rows, NULL};
static const struct field spent_rows[] = {
    {"prompt_tokens", IS("integer"), .doc = "of the prompt"},
    {"completion_tokens", IS("integer"), .doc = "of all samples"},
    {"cached_tokens", IS("integer"), .doc = "that were not computed again"},
    {0},
};
static const struct field *const spent[] = {spent_rows, NULL};
static const struct field fork_rows[] = {
    {"at", IS("integer"), .doc = "tokens that it begins with"},
    {"value", IS("number|null"), .doc = "the mean reward of what begins so"},
    {"samples", IS("object[]"), .members = sample, .doc = "that begin so"},
    {0},
};
static const struct field *const fork[] = {fork_rows, NULL};
static const struct field rolled_rows[] = {
    {"id", IS("string|number|null"), .doc = "the prompt's"},
    {"prompt", IS("integer"), .doc = "its place in prompts"},
    {"attempt", MAY("integer"), .doc = "of until"},
    {"prompt_token_ids", MAY("integer[]"), .doc = "as return asks"},
    {"samples", IS("object[]"), .members = sample, .doc = "n of them"},
    {"forks", MAY("object[]"), .members = fork, .doc = "of a prompt with fork"},
    {"group", IS("object"), .members = statistics, .doc = "statistics"},
    {"error", MAY("string"), .doc = "why it could not be generated"},
    {"usage", IS("object"), .members = spent, .doc = "tokens"},
    {0},
};
static const struct field *const rolled[] = {rolled_rows, NULL};

static const struct field queue_rows[] = {
    {"running", IS("integer"), .doc = "samples that are decoded"},
    {"waiting", IS("integer"), .doc = "samples that wait"},
    {0},
};
static const struct field *const queue[] = {queue_rows, NULL};
static const struct field totals_rows[] = {
    {"attempts", IS("integer"), .doc = "groups that were begun"},
    {"informative", IS("integer"), .doc = "groups whose rewards differ"},
    {"samples", IS("integer"), .doc = "of all groups"},
    {"masked", IS("integer"), .doc = "of which have no reward"},
    {"prompt_tokens", IS("integer"), .doc = "of all prompts"},
    {"completion_tokens", IS("integer"), .doc = "of all samples"},
    {"cached_tokens", IS("integer"), .doc = "that were not computed again"},
    {"seconds", IS("number"), .doc = "in all"},
    {"queue", IS("object"), .members = queue, .doc = "the server's now"},
    {0},
};
static const struct field *const totals[] = {totals_rows, NULL};
static const struct field rollouts_rows[] = {
    {"id", IS("string"), .doc = "of the rollout; DELETE takes it"},
    {"groups", IS("object[]"), .members = rolled, .doc = "one for each prompt, in order"},
    {"totals", IS("object"), .members = totals, .doc = "all together"},
    {0},
};
const struct field *const answer_rollouts[] = {rollouts_rows, NULL};

static const struct field line_rows[] = {
    {"id", MAY("string|number|null"), .doc = "the prompt's"},
    {"totals", MAY("object"), .members = totals, .doc = "the last line has them alone"},
    {"prompt", MAY("integer"), .doc = "its place in prompts"},
    {"attempt", MAY("integer"), .doc = "of until"},
    {"prompt_token_ids", MAY("integer[]"), .doc = "as return asks"},
    {"samples", MAY("object[]"), .members = sample, .doc = "n of them"},
    {"forks", MAY("object[]"), .members = fork, .doc = "of a prompt with fork"},
    {"group", MAY("object"), .members = statistics, .doc = "statistics"},
    {"error", MAY("string"), .doc = "why it could not be generated"},
    {"usage", MAY("object"), .members = spent, .doc = "tokens"},
    {0},
};
const struct field *const answer_rollouts_line[] = {line_rows, NULL};

static const struct field ended_rows[] = {
    {"id", IS("string"), .doc = "of the rollout"},
    {"groups", IS("object[]"), .members = rolled, .doc = "those that were ended"},
    {"totals", MAY("object"), .members = totals, .doc = "where the whole rollout was"},
    {0},
};
const struct field *const answer_rollouts_ended[] = {ended_rows, NULL};

/* ---- the rewards ---- */

static const struct field option_rows[] = {
    {"name", IS("string"), .doc = "in a reward's object"},
    {"type", IS("string"), .doc = "boolean, integer, number, string, choice, json"},
    {"default", IS("null|boolean|number|string|array|object"), .doc = "where it is absent"},
    {"min", MAY("number"), .doc = "at least"},
    {"max", MAY("number"), .doc = "at most"},
    {"choices", MAY("string[]"), .doc = "one of these"},
    {"doc", IS("string"), .doc = "what it does"},
    {0},
};
static const struct field *const option[] = {option_rows, NULL};
static const struct field item_field_rows[] = {
    {"name", IS("string"), .doc = "in an item"},
    {"doc", IS("string"), .doc = "what it is"},
    {0},
};
static const struct field *const item_field[] = {item_field_rows, NULL};
static const struct field rule_rows[] = {
    {"name", IS("string"), .doc = "in rewards"},
    {"doc", IS("string"), .doc = "what it rewards"},
    {"source", IS("string"), .doc = "where it is from"},
    {"options", IS("object[]"), .members = option, .doc = "that it takes"},
    {"fields", IS("object[]"), .members = item_field, .doc = "that it reads of an item"},
    {"causes", MAY("string[]"), .doc = "why a value is what it is"},
    {0},
};
static const struct field *const rule[] = {rule_rows, NULL};
static const struct field rewards_rows[] = {
    {"rules", IS("string"), .doc = "the version of all rules"},
    {"rewards", IS("object[]"), .members = rule, .doc = "each that is served"},
    {"sandbox", IS("object|null"), .doc = "what holds programs here; null: it was not tried"},
    {0},
};
const struct field *const answer_rewards[] = {rewards_rows, NULL};
