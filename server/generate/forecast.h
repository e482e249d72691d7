/* server/generate/forecast.h - how long until a newcomer begins.
 *
 * The engine has *seats*: samples that it decodes at once. It is told what every seat will still
 * take, and what waits for seats before the newcomer; a step gives each seat a token. A sample that its
 * limit ends ends then; one that stops by itself may end at every token, so that of many such seats the
 * next is free soon. So:
 *
 *   steps   until the newcomer has a seat: the first step by which as many turns of a seat have
 *           begun as there are samples before it, and one more, when those that wait take a
 *           sample's mean each (list scheduling); or until the prompts before it are computed,
 *           if that takes more
 *   time    steps times what a step costs, and what each of its rows costs, prompts' included
 *           (engine/batch/pace.h)
 *
 * It is an estimate: answers end sooner or later than others did on average, and prompts are found
 * in the cache or not. How wrong it was is counted (struct generation_counts).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_FORECAST_H
#define SERVER_GENERATE_FORECAST_H

#include "server/generate/line.h"

struct forecast_pace {
    double step_s, row_s; /* seconds of a step, and of each row in it with all that it attends to */
    int step_tokens;      /* prompt tokens that fit a step */
};

/* A sample with a seat. */
struct forecast_seat {
    double left;  /* tokens that it will still take, on average; */
    double stops; /* the chance that it stops by itself before its limit ends it */
};

struct forecast {
    int seats;                         /* of the engine */
    const struct forecast_seat *taken; /* [n_taken] */
    int n_taken;                       /* those past `seats` wait like others */
    struct load ahead; /* before the newcomer: what waits, and the prompts of those with a seat */
};

/* Seconds until it has a seat and the prompts before it are computed. */
double forecast_wait_s(const struct forecast *f, const struct forecast_pace *pace);

/* Of a sample which has had `done` of at most `limit`, when samples that no limit ends take `mean`, in which
 * an end is as likely at every token: what it has had tells nothing of what it will have. At least 1. */
struct forecast_seat forecast_left(double limit, double done, double mean);

#endif
