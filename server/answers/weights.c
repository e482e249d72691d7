/* server/answers/weights.c - what serves, and what was pushed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/answers/answers.h"

#include "server/answers/rows.h"

static const struct field pushed_rows[] = {
    {"version", IS("string"), .doc = "what the weights are called"},
    {"sha256", IS("string"),
     .doc = "of the tensors that came; of a part or a change, of those alone"},
    {"tensors", IS("integer"), .doc = "so many came"},
    {"seconds", IS("number"), .doc = "from the push to its serving"},
    {0},
};
const struct field *const answer_pushed[] = {pushed_rows, NULL};

static const struct field forgotten_rows[] = {
    {"upload_id", IS("string"), .doc = "the upload's"},
    {"deleted", IS("boolean"), .doc = "it is gone"},
    {0},
};
const struct field *const answer_forgotten[] = {forgotten_rows, NULL};

static const struct field serving_rows[] = {
    {"version", IS("string"), .doc = "what the weights are called"},
    {"sha256", IS("string"), .doc = "of all tensors that serve"},
    {"system_fingerprint", IS("string"),
     .doc = "the version, and a hash of all that numbers depend on"},
    {"tensors", IS("integer"), .doc = "so many serve"},
    {"number", IS("integer"), .doc = "of the push; 0: the start"},
    {"created", IS("integer"), .doc = "unix seconds: when they began to serve"},
    {"staging", IS("boolean"), .doc = "others are on their way"},
    {"resident", IS("integer"), .doc = "versions in memory"},
    {"pushed", IS("integer"), .doc = "pushes that served"},
    {"refused", IS("integer"), .doc = "pushes that did not"},
    {0},
};
const struct field *const answer_serving[] = {serving_rows, NULL};

static const struct field version_rows[] = {
    {"weight_version", IS("string"), .doc = "what the weights are called"},
    {"sha256", IS("string"), .doc = "of all tensors that serve"},
    {0},
};
const struct field *const answer_version[] = {version_rows, NULL};

static const struct field done_rows[] = {
    {"success", IS("boolean"), .doc = "it is done"},
    {"status", IS("string"), .doc = "ok"},
    {"message", IS("string"), .doc = "what was done"},
    {0},
};
const struct field *const answer_done[] = {done_rows, NULL};

static const struct field trained_rows[] = {
    {"num_paused_requests", IS("integer"), .doc = "that went on with the new weights"},
    {"weight_version", IS("string"), .doc = "what they are called"},
    {0},
};
const struct field *const answer_trained[] = {done_rows, trained_rows, pushed_rows, NULL};

static const struct field renamed_rows[] = {
    {"success", IS("boolean"), .doc = "it is done"},
    {"status", IS("string"), .doc = "ok"},
    {"new_version", IS("string"), .doc = "what the weights are called now"},
    {"weight_version", IS("string"), .doc = "the same"},
    {0},
};
const struct field *const answer_renamed[] = {renamed_rows, NULL};

static const struct field checked_rows[] = {
    {"success", IS("boolean"), .doc = "it is done"},
    {"message", IS("string"), .doc = "ok"},
    {"weight_version", IS("string"), .doc = "what the weights are called"},
    {"checksums", MAY("object"), .doc = "checksum: {\"weights\": of all tensors that serve}"},
    {"per_engine_checksum", MAY("string"), .doc = "checksum: the same"},
    {"match", MAY("boolean"), .doc = "compare: they are those of the baseline"},
    {"mismatches", MAY("string[]"), .doc = "compare: which are not"},
    {0},
};
const struct field *const answer_checked[] = {checked_rows, NULL};

static const struct field adapters_rows[] = {
    {"error_message", IS("null"), .doc = "none"},
    {"loaded_adapters", IS("object"), .doc = "name to path"},
    {0},
};
const struct field *const answer_adapters[] = {done_rows, adapters_rows, NULL};

/* ---- chains of deltas: SkyRL's and slime's ---- */

static const struct field stats_rows[] = {
    {"total_s", IS("number"), .doc = "seconds"},
    {0},
};
static const struct field *const stats[] = {stats_rows, NULL};
static const struct field worker_rows[] = {
    {"status", IS("string"), .doc = "ok"},
    {"target_version", IS("integer"), .doc = "the version that serves"},
    {"stats", IS("object"), .members = stats, .doc = "how long it took"},
    {0},
};
static const struct field *const worker[] = {worker_rows, NULL};
static const struct field fetched_rows[] = {
    {"status", IS("string"), .doc = "ok"},
    {"result", IS("object[]"), .members = worker, .doc = "of each worker: the one process"},
    {0},
};
const struct field *const answer_fetched[] = {fetched_rows, NULL};

static const struct field called_rows[] = {
    {"results", IS("array"), .doc = "null for the one process"},
    {0},
};
const struct field *const answer_called[] = {called_rows, NULL};

static const struct field pulled_rows[] = {
    {"success", IS("boolean"), .doc = "it is done"},
    {"message", IS("string"), .doc = "Success."},
    {"target_version", IS("integer"), .doc = "the version that serves"},
    {"seconds", IS("number"), .doc = "that it took"},
    {0},
};
const struct field *const answer_pulled[] = {pulled_rows, NULL};
