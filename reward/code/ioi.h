/* reward/code/ioi.h - subtasks of the International Olympiad in Informatics, as open-r1/ioi has
 * them.
 *
 * A submission is compiled together with the grader that calls it; what the two print is judged
 * by a checker, a program of the problem's, which gives a score from 0 to 1. A subtask is worth
 * the least of its tests' scores. Sources: the data set's card; open-r1 ioi_scoring.py; CMS,
 * "Task types", Batch.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_IOI_H
#define REWARD_CODE_IOI_H

#include "reward/code/trial.h"

/* The row's grader files; NULL and err when they are malformed or the task is of another type than Batch. */
struct ioi *ioi_read(const cJSON *row, struct arena *a, struct error *err);

/* Set ioi->checker by the names of its files. */
void ioi_find_checker(struct ioi *ioi);

/* argv and files of compiling p with its grader; files has room for all of them and one. */
void ioi_compile_run(const struct program *p, struct sandbox_file *files, const char **argv,
                     struct sandbox_run *run);

/* Compile the checker into out. False: err says why. */
bool ioi_compile_checker(const struct ioi *ioi, struct buffer *out, struct error *err);

/* Run the compiled checker on one output: a score from 0 to 1. False: there is no score. */
bool ioi_check(const struct buffer *checker, struct sandbox *box, const struct code_case *c,
               struct span output, double *score, struct error *err);

/* The least score of a trial, and what it is worth in the subtask's points. */
double ioi_score(const struct trial *t);

/* A score in the subtask's points, rounded as the task says. */
double ioi_points(const struct ioi *ioi, double score);

#endif
