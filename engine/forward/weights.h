/* engine/forward/weights.h - a model's tensors as the forward pass uses them.
 *
 * Fast: every matrix packed in the kernels' panels, in the type of the file. Reference: every
 * matrix dequantised to float32, row by row, for OpenBLAS. Both have the same roles, so there is
 * one forward pass.
 *
 * Rows that RoPE rotates in pairs (2i, 2i+1) are reordered to pairs (i, i + dim/2) on the way: the
 * scores do not notice, and one rotation kernel does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_FORWARD_WEIGHTS_H
#define ENGINE_FORWARD_WEIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/kernels/layout.h"
#include "engine/model/model.h"
#include "engine/model/rotated.h"

struct pool;

/* A matrix that maps k inputs to n outputs, or (experts) `count` of them one after the other. n
 * 0: the model has none. */
struct matrix {
    int n, k, count;
    struct panels panels; /* packed; panels.data NULL when dense is used */
    const float *dense;   /* reference: [count, n, k] */
};

/* What a matrix is multiplied with. Matrices of one input share its activations. */
enum input_role {
    INPUT_NONE,
    INPUT_NORM,       /* norm(x): queries, keys, values, gate, up, router, output */
    INPUT_HEADS,      /* attention's result */
    INPUT_FF,         /* SwiGLU's result */
    INPUT_PAIR,       /* a token's embedding beside the hidden state before it */
    INPUT_LOW_Q,      /* latent attention: queries of low rank, normalised */
    INPUT_NOPE,       /* each head's query without its rotated part */
    INPUT_LATENT,     /* each head's result on the latent */
    INPUT_EXPERTS,    /* rows of norm(x), expert by expert */
    INPUT_EXPERTS_FF, /* SwiGLU's results likewise */
    INPUT_SHARED_FF,  /* SwiGLU's result of the shared experts */
    INPUT_ROLES
};

/* The forms of an input's values that the types of its matrices want: quantised, floats in tiles,
 * plain rows for the reference. */
struct input_forms {
    bool i8, f32, plain;
};

/* Add what m, which may be none, wants. */
void matrix_wants(const struct matrix *m, struct input_forms *forms);

/* One expert of a matrix of experts. */
struct matrix matrix_at(const struct matrix *m, int i);

struct layer_weights {
    const float *attn_norm, *ffn_norm; /* [n_embd] */
    struct matrix q, k, v, o;
    const float *q_bias, *k_bias, *v_bias, *o_bias; /* NULL: none */
    const float *q_norm, *k_norm;                   /* [head_dim], NULL: none */
    struct matrix gate, up, down;
    struct matrix router, gate_exps, up_exps, down_exps, gate_shared, up_shared, down_shared;
    const float *router_bias;
    struct matrix q_a, q_b, kv_a, k_b, v_b;
    const float *q_a_norm, *kv_a_norm;
    const float *q_a_bias, *kv_a_bias; /* NULL: none */
    struct matrix mtp_eh_proj;
    const float *mtp_enorm, *mtp_hnorm, *mtp_head_norm;
};

struct weights {
    bool dense;                 /* the reference's form */
    struct matrix embd, output; /* output equals embd when the model is tied */
    const float *output_norm;
    struct layer_weights *layers; /* [n_layers + n_mtp] */
    int n_layers;
    struct input_forms wants[INPUT_ROLES]; /* of all layers together */
    size_t bytes;                          /* of memory mapped for all of it */
    const void *memory;
    uint64_t layout;          /* a number of what lies where in memory */
    struct file_mapping file; /* that memory lies in; none: it is our own */
};

/* Where a layer's tensor goes, and what it is multiplied with. */
struct placement {
    size_t tensor;         /* offset in struct layer_tensors */
    size_t to;             /* offset in struct layer_weights */
    enum input_role input; /* of a matrix; a vector has none */
    enum rotated rotated;
};

/* The placement of the tensor at this offset of struct layer_tensors; NULL where the forward pass
 * has no use for it. */
const struct placement *weights_placement(size_t tensor);

/* Which of its rows are moved on the way, in a model of these sizes. */
enum rotated weights_rotated(const struct model_config *c, size_t tensor);

/* What a step with w takes: multiply-adds a row, by type as packed, and bytes that it reads. The
 * layers of predictions are left out. */
struct weights_work {
    int64_t layers[QUANT_COUNT]; /* of experts n_used */
    int64_t output[QUANT_COUNT]; /* of a row whose logits are wanted */
    int64_t bytes;               /* of all matrices but experts; */
    int64_t expert_bytes;        /* of all experts */
};
/* Count. n_used: experts that a row chooses. */
struct weights_work weights_work(const struct weights *w, int n_layers, int n_used);

/* Called from the packing thread between matrices. */
typedef void weights_progress(void *arg, size_t done_bytes, size_t total_bytes);

/* The type that options name for quantising at load ("q8_0", "q4_0", "q4_1", "bf16", "f16");
 * NULL: -1, as they are. False and ERROR_INVALID_VALUE naming "weights" otherwise. */
bool weights_type_of(const char *name, int *type, struct error *err);

/* What weights_pack() made before, in a file. */
struct weights_packed {
    struct file_mapping file; /* none: there is nothing */
    size_t at, bytes;         /* where in it the packed tensors lie: a multiple of 64 */
    uint64_t layout;          /* as struct weights has it */
};

/* How to pack. */
struct weights_plan {
    bool dense;   /* the reference's form */
    int quantise; /* the type that matrices of float types get, -1: as they are (embedding and output
                     8 bits when it has 4; routers stay as they are) */
    const struct weights *like; /* or the types that these have; NULL: see quantise */
    /* taken: serves as it is where it has the layout that packing would give */
    struct weights_packed packed;
    int64_t most_bytes;         /* of memory; 0: no limit */
    weights_progress *progress; /* NULL: nobody asks */
    void *arg;
    const bool *stop; /* atomic: give up when it becomes true; NULL: never */
};

/* Pack every tensor of m on all threads of pool. m's tensors may be dropped afterwards. NULL and
 * *err on failure: ERROR_INVALID_VALUE naming the tensor that cannot have `like`'s type,
 * ERROR_NO_STORAGE past most_bytes, ERROR_ABORTED when stopped. */
struct weights *weights_pack(const struct model *m, const struct weights_plan *plan,
                             struct pool *pool, struct error *err);
/* Accepts NULL. */
void weights_free(struct weights *w);

/* Row i of a matrix as floats [k]. */
void matrix_row(const struct matrix *m, int i, float *dst);

#endif
