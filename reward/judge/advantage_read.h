/* reward/judge/advantage_read.h - an estimator with its parameters, as clients give them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_ADVANTAGE_READ_H
#define REWARD_JUDGE_ADVANTAGE_READ_H

#include "base/fields.h"
#include "reward/judge/advantage.h"

/* As they were read. */
struct advantage_given {
    enum advantage_method method;
    int scale, aggregation;
    bool normalize;
    double eps, gamma; /* eps below 0: the method's own */
    struct number_list clip;
};

/* The table that reads them into g. */
extern const struct field advantage_rows[];
/* The same, for fields_read(). */
struct field_table advantage_fields(struct advantage_given *g);

/* What they say together. False names the field. */
bool advantage_take(const struct advantage_given *g, struct advantage_params *out,
                    struct error *err);

#endif
