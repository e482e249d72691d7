/* engine/template/limits.h - every ceiling of the template interpreter.
 *
 * A template comes from a model file or from a request, so it is a program by a stranger. These
 * are far above what any published chat template needs and low enough that the worst one costs
 * half a second and some memory.
 *
 * What bounds time is one budget for the whole rendering, counted in steps. A step is about what
 * evaluating one node of an expression costs, tens of nanoseconds. Everything whose cost a template
 * can choose is charged in that unit before or while it is done: nodes, items visited, every piece
 * of text added, bytes copied or searched, characters decoded, digits of floats. A chat of 128
 * thousand tokens takes between a hundred thousand steps and a million.
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
    TEMPLATE_MAX_NAME_BYTES = 1000,    /* of a name of any kind */
    TEMPLATE_RENDER_BYTES = 128 << 20, /* arena of one rendering */
    TEMPLATE_MAX_OUTPUT = 16 << 20,    /* bytes of one rendering, and of any string */
    TEMPLATE_MAX_STEPS = 10 * 1000 * 1000, /* of one rendering */
    TEMPLATE_COPIED_PER_STEP = 32,         /* bytes copied, compared or counted */
    TEMPLATE_SCANNED_PER_STEP = 4,         /* bytes searched, decoded or classified by character */
    TEMPLATE_FLOAT_STEPS = 40,             /* printing or rounding a float, before its digits */
    TEMPLATE_TIME_STEPS = 10,              /* one conversion of a strftime format */
    TEMPLATE_MAX_DEPTH = 1500,       /* nested evaluations: expressions, blocks and macro calls */
    TEMPLATE_MAX_RANGE = 100000,     /* the sandbox's own MAX_RANGE */
    TEMPLATE_MAX_WIDTH = 1 << 16,    /* characters of a format field or an indent */
    TEMPLATE_MAX_TIME_FORMAT = 1024, /* bytes of a strftime format */
};

#endif
