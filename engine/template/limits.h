/* engine/template/limits.h - every ceiling of the template interpreter.
 *
 * A template comes from a model file or from a request, so it is a program by a stranger. These
 * are far above what any published chat template needs and low enough that the worst one costs a
 * second or two and some memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_LIMITS_H
#define ENGINE_TEMPLATE_LIMITS_H

enum {
    TEMPLATE_MAX_SOURCE = 256 << 10,   /* bytes of template text */
    TEMPLATE_PARSE_BYTES = 64 << 20,   /* arena of tokens and tree */
    TEMPLATE_MAX_HEIGHT = 300,         /* nesting of blocks, brackets and operators in the source */
    TEMPLATE_MAX_NAMES = 4096,         /* different names of variables */
    TEMPLATE_RENDER_BYTES = 256 << 20, /* arena of one rendering */
    TEMPLATE_MAX_OUTPUT = 32 << 20,    /* bytes of one rendering, and of any string */
    TEMPLATE_MAX_STEPS =
        10 * 1000 * 1000, /* nodes evaluated, items visited, bytes worked on / 32 */
    TEMPLATE_BYTES_PER_STEP = 32,
    TEMPLATE_FLOAT_STEPS = 30,       /* what printing or rounding a float counts */
    TEMPLATE_MAX_DEPTH = 1500,       /* nested evaluations: expressions, blocks and macro calls */
    TEMPLATE_MAX_RANGE = 100000,     /* the sandbox's own MAX_RANGE */
    TEMPLATE_MAX_WIDTH = 1 << 16,    /* characters of a format field or an indent */
    TEMPLATE_MAX_TIME_FORMAT = 1024, /* bytes of a strftime format */
};

#endif
