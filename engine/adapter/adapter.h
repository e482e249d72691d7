/* engine/adapter/adapter.h - a LoRA adapter as the forward pass uses it (arXiv 2106.09685).
 *
 * An adapter adds B (A x) to products W x of its base. What reads one input x is a group: the A of a
 * group's products lie side by side, so that x is read once for all of them; each product (a site) has its
 * own B, already scaled. Both are floats, input by input: A [k, ranks], B in panels of columns, because a
 * product finishes some columns at a time (forward/linear.h) and should read what lies together.
 *
 * A site may also have a matrix of its own in place of W (PEFT's modules_to_save): it lies as B does, its
 * ranks being all inputs. A B beside it is added to that product.
 *
 * Adapters are immutable once they are read, and counted: who loads one owns it, each request that
 * is computed with it holds it, and its memory goes with the last of them. So what a name stands for may
 * change while requests run: they end on what they began with.
 *
 * (1) content is equal for equal adapters only, and never 0: prefixes computed with one are shared by
 *     it (batch/space.h).
 * (2) A freed adapter has no holder.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_ADAPTER_ADAPTER_H
#define ENGINE_ADAPTER_ADAPTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/digest.h"

enum { ADAPTER_MAX_RANK = 512, ADAPTER_PANEL = 32 };

/* What a group of sites is multiplied with. */
enum adapter_input {
    ADAPTER_ATTN_NORM,  /* norm(x) before attention */
    ADAPTER_LOW_Q,      /* latent attention's queries of low rank, normalised */
    ADAPTER_HEADS,      /* attention's result */
    ADAPTER_FFN_NORM,   /* norm(x) before the feed-forward block */
    ADAPTER_FF,         /* SwiGLU's result */
    ADAPTER_SHARED_FF,  /* that of the shared experts */
    ADAPTER_EXPERTS,    /* norm(x) of an expert's rows */
    ADAPTER_EXPERTS_FF, /* SwiGLU's result likewise */
    ADAPTER_OUTPUT,     /* the last norm(x) */
    ADAPTER_INPUTS
};

/* Products that an adapter may add to. */
enum adapter_site {
    SITE_Q,
    SITE_K,
    SITE_V,
    SITE_Q_A,
    SITE_KV_A,
    SITE_Q_B,
    SITE_O,
    SITE_GATE,
    SITE_UP,
    SITE_ROUTER,
    SITE_GATE_SHARED,
    SITE_UP_SHARED,
    SITE_DOWN,
    SITE_DOWN_SHARED,
    SITE_GATE_EXPS,
    SITE_UP_EXPS,
    SITE_DOWN_EXPS,
    SITE_OUTPUT,
    ADAPTER_SITES
};

/* The A of a group; ld 0: there is none. */
struct adapter_down {
    int k, rank; /* of all its sites together */
    int ld;      /* rank rounded up to 16, zeros behind it */
    float *a;    /* [k, ld] */
};

/* The B of a site, and what else it changes. */
struct adapter_up {
    int rank; /* 0: it adds nothing */
    int at;   /* of its ranks in the group's */
    float *b; /* in panels of ADAPTER_PANEL columns, [panels, rank, ADAPTER_PANEL], zeros past n */
    int k;    /* inputs of full */
    /* the whole matrix in place of the base's, as b with k ranks; NULL: the base's stays */
    float *full;
    const float *bias;      /* [n] in place of the base's; NULL: the base's stays */
    const float *magnitude; /* [n] DoRA's (arXiv 2402.09353), NULL: none */
    float *gain;            /* [n] of DoRA: magnitude over the length of each row of W + B A */
};

/* What it changes in a layer, or in one expert of it. */
struct adapter_parts {
    struct adapter_down down[ADAPTER_INPUTS];
    struct adapter_up up[ADAPTER_SITES];
    bool touched[ADAPTER_INPUTS]; /* some site of the group is there */
};

struct adapter {
    struct arena *arena; /* holds this struct and all that is below it */
    atomic_int holders;
    uint64_t content; /* (1) */
    char sha256[DIGEST_HEX];
    int n_layers, n_experts;
    struct adapter_parts *layers;    /* [n_layers] */
    struct adapter_parts ***experts; /* [n_layers][n_experts], NULL anywhere: nothing there */
    struct adapter_parts model;      /* the output's */
    struct {
        int rank, ld_a; /* 0: the embedding stays */
        float *a;       /* [n_vocab, ld_a] */
        float *b;       /* [rank, ld_b], scaled */
        int ld_b;
        const float *full; /* [n_vocab, n_embd] in place of the base's; NULL: the base's stays */
    } embd;
    int max_ld;     /* of the widest t */
    int max_rank;   /* the largest rank of a site */
    int n_tensors;  /* in its file */
    int64_t bytes;  /* of all floats */
    bool dora;      /* some site has a magnitude: it holds for one base's weights only */
    uint64_t bound; /* content of the weights that gains were computed with (forward/dora.h) */
};

/* Where B's columns from col on begin, a multiple of ADAPTER_PANEL; rows are ADAPTER_PANEL apart. */
static inline float *adapter_panel(const struct adapter_up *up, int col)
{
    return up->b + (size_t)col * (size_t)up->rank;
}

/* May a compute with the weights of this content? NULL may with any. */
static inline bool adapter_fits(const struct adapter *a, uint64_t content)
{
    return a == NULL || !a->dora || a->bound == content;
}

/* The parts of a layer (-1: of the model), or with expert >= 0 of one of its experts; NULL: none. */
const struct adapter_parts *adapter_parts(const struct adapter *a, int layer, int expert);

/* One holder more, or one less: the last one's frees it. Any thread; both accept NULL. */
struct adapter *adapter_hold(struct adapter *a);
/* See adapter_hold(). */
void adapter_release(struct adapter *a);

#endif
