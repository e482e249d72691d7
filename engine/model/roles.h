/* engine/model/roles.h - which tensors a model must have, by role, with their names and shapes.
 *
 * One table serves every architecture and both containers: a row says where the tensor goes, what
 * GGUF and Hugging Face call it, which features of the layer demand it, and its shape in terms of
 * the model's sizes. A new architecture of the family is usually a new set of features.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MODEL_ROLES_H
#define ENGINE_MODEL_ROLES_H

#include "base/error.h"
#include "engine/model/model.h"

/* What a layer is made of. A role is wanted when the layer has all the features it names. */
enum feature {
    FEATURE_GQA = 1 << 0,         /* queries, keys and values projected directly */
    FEATURE_QKV_BIAS = 1 << 1,    /* with biases */
    FEATURE_ATTN_BIAS = 1 << 11,  /* biases on what goes into attention and on its output too */
    FEATURE_QK_NORM = 1 << 2,     /* RMS norm of each head's query and key */
    FEATURE_MLA = 1 << 3,         /* latent attention */
    FEATURE_Q_LORA = 1 << 4,      /* its queries through a low rank */
    FEATURE_Q_DIRECT = 1 << 5,    /* or directly */
    FEATURE_DENSE = 1 << 6,       /* one feed-forward block */
    FEATURE_MOE = 1 << 7,         /* routed experts */
    FEATURE_SHARED = 1 << 8,      /* and shared ones */
    FEATURE_ROUTER_BIAS = 1 << 9, /* and a bias on the choice of experts (DeepSeek-V3) */
    FEATURE_MTP = 1 << 10,        /* a multi-token prediction layer */
};

/* A size of the model, for shapes. */
enum dim {
    DIM_NONE,
    DIM_EMBD,
    DIM_EMBD_2,
    DIM_VOCAB,
    DIM_Q,
    DIM_KV,
    DIM_ATTN_OUT,
    DIM_HEAD,
    DIM_HEADS,
    DIM_FF,
    DIM_EXPERTS,
    DIM_EXPERT_FF,
    DIM_SHARED_FF,
    DIM_Q_RANK,
    DIM_KV_RANK,
    DIM_KV_A,
    DIM_KV_B,
    DIM_NOPE,
    DIM_V
};

struct role {
    size_t at;         /* offset in struct layer_tensors or struct model_tensors */
    const char *gguf;  /* after "blk.N." for a layer's */
    const char *hf;    /* after "model.layers.N." for a layer's */
    unsigned needs;    /* features, all of which the layer must have */
    bool optional;     /* may be missing even then */
    enum dim shape[3]; /* fastest first */
};

/* A role's full name in either kind of file; layer -1: a tensor of the model. In Hugging Face
 * folders experts have tensors of their own. False when there is no such tensor in that kind of
 * file. */
enum { ROLE_NAME_BYTES = 160 };
/* Into name. */
bool role_name(const struct role *r, bool hugging_face, int layer, int expert,
               char name[ROLE_NAME_BYTES]);

extern const struct role model_roles[], layer_roles[]; /* end with .gguf NULL */

/* A container looks for a tensor: fill *out (type, shape, data, bytes, name) and return true;
 * leave out->data NULL when there is none; false with *err when it is there but unusable. layer
 * -1: of the model. */
typedef bool find_tensor_fn(const void *source, const struct role *role, int layer,
                            struct tensor *out, struct error *err);

/* Where a model's tensors come from. */
struct tensor_source {
    const char *path;   /* for messages */
    bool hugging_face;  /* which of a role's names to use in them, */
    bool slowest_first; /* and the order that shapes have in the file */
    find_tensor_fn *find;
    const void *arg; /* first argument of find */
};

/* Features of a layer of this model (layer n_layers and beyond: MTP). */
unsigned layer_features(const struct model_config *c, unsigned arch_features, int layer);

/* Find every tensor that the model wants, and check its shape. t->layers is allocated here: free
 * with free(). ERROR_BAD_FILE naming the tensor, what was expected and what was found. */
bool roles_bind(const struct model_config *c, unsigned arch_features,
                const struct tensor_source *from, struct model_tensors *t, struct error *err);

#endif
