/* engine/model/model.h - a model as its files describe it: sizes, and where each tensor lies.
 *
 * model_open() maps the files and checks everything in them; nothing is computed or copied. The
 * kernels then pack the tensors into their own layout (weights.h) and the mapping is dropped with
 * model_drop_tensors(). GGUF files and Hugging Face folders fill the same structs, so nobody
 * downstream knows where a model came from.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MODEL_MODEL_H
#define ENGINE_MODEL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"
#include "base/span.h"
#include "engine/model/sampling_defaults.h"
#include "engine/tensor/quants.h"

/* One tensor in a mapped file. shape[0] is the fastest dimension (GGUF's order): a weight matrix
 * that maps k inputs to n outputs has shape {k, n}, and row r begins at data + r * row_bytes. */
struct tensor {
    const char *name; /* as in the file; owned by the model */
    enum quant type;
    int n_dims;
    int64_t shape[4]; /* unused dimensions are 1 */
    const void *data; /* little endian, may be unaligned; NULL: the model has no such tensor */
    size_t bytes;
    const float *block_scales; /* QUANT_F8_E4M3: [shape[2], ceil(n/128), ceil(k/128)], else NULL */
    /* [shape[2]] matrices that do not follow each other (data is the first); else NULL */
    const void *const *parts;
};

enum { MODEL_MAX_LAYERS = 1024 };

enum rope_scaling { ROPE_PLAIN, ROPE_LINEAR, ROPE_LLAMA3, ROPE_YARN };
enum expert_gate { GATE_SOFTMAX, GATE_SIGMOID };

struct model_config {
    int n_layers, n_embd, n_vocab;
    int n_heads, n_kv_heads, head_dim; /* head_dim of q and k; see mla for deepseek2 */
    int n_ff;
    int context; /* trained length in tokens */
    float rms_eps;
    bool tied;                         /* output matrix is the token embedding */
    struct sampling_defaults sampling; /* what its files recommend */
    /* How its files say that embeddings are made of hidden states (GGUF's pooling_type, and the
     * numbers of that; 1_Pooling/config.json of a folder). */
    enum {
        MODEL_POOLING_UNKNOWN,
        MODEL_POOLING_MEAN,
        MODEL_POOLING_CLS,
        MODEL_POOLING_LAST
    } pooling;

    struct {
        double theta;     /* base frequency */
        int dim;          /* rotated dimensions of a head */
        bool interleaved; /* pairs are (2i, 2i+1), else (i, i + dim/2) */
        enum rope_scaling scaling;
        double factor;               /* LINEAR, LLAMA3, YARN */
        int original_context;        /* LLAMA3, YARN */
        double low_freq, high_freq;  /* LLAMA3 */
        double beta_fast, beta_slow; /* YARN */
        bool ramp_within_pairs;      /* YARN: the ends of its ramp are not rounded to whole pairs */
        /* YARN: multiplies cos and sin (already 0.1 ln(factor) + 1 where that rule holds) */
        double attn_factor;
        /* [dim/2] divides each frequency, or NULL (GGUF rope_freqs.weight) */
        const float *freq_factors;
    } rope;
    double attn_scale; /* of q.k, usually 1/sqrt(head_dim) */
    bool attn_bias;    /* attention's first and last projections have biases */

    struct {                                   /* mixture of experts; n_experts 0: dense */
        int n_experts, n_used, n_shared, n_ff; /* n_ff of one expert */
        bool dense[MODEL_MAX_LAYERS];          /* which layers have no experts */
        int n_groups, n_groups_used;           /* 0 or 1: no groups */
        /* a group counts by the sum of its two best experts (V3), else by its best */
        bool group_by_best_two;
        enum expert_gate gate;
        bool renormalise; /* chosen weights sum to 1 */
        float scale;      /* then times this */
    } moe;

    struct {        /* multi-head latent attention; kv_rank 0: none */
        int q_rank; /* 0: q is projected directly */
        int kv_rank, nope_dim, rope_dim, v_dim;
    } mla;

    int n_mtp; /* multi-token prediction layers after n_layers */
};

/* Tensors of one layer by role; data is NULL where the architecture has none. */
struct layer_tensors {
    struct tensor attn_norm, q, k, v, o;
    struct tensor q_bias, k_bias, v_bias, o_bias;
    struct tensor q_norm, k_norm;
    struct tensor ffn_norm, gate, up, down;
    /* mixture of experts: expert tensors have shape {k, n, n_experts} */
    struct tensor router, router_bias, gate_exps, up_exps, down_exps, gate_shared, up_shared,
        down_shared;
    /* latent attention */
    struct tensor q_a, q_a_bias, q_a_norm, q_b, kv_a, kv_a_bias, kv_a_norm, k_b, v_b;
    /* k_b and v_b in one, as some files have them; split when a model is opened (kv_b.h) */
    struct tensor kv_b;
    /* multi-token prediction */
    struct tensor mtp_eh_proj, mtp_enorm, mtp_hnorm, mtp_head_norm, mtp_embd, mtp_head;
};

struct model_tensors {
    struct tensor token_embd, output_norm, output; /* output: equals token_embd when tied */
    struct layer_tensors *layers;                  /* [n_layers + n_mtp] */
};

struct model;

/* Map and check a GGUF file (or the first of a split set) or a Hugging Face folder. NULL and
 * ERROR_BAD_FILE or ERROR_UNSUPPORTED, with file, tensor and what was expected, otherwise. Free
 * with model_close(). */
struct model *model_open(const char *path, struct error *err);
/* A model of the sizes of `like` whose tensors are those of an open safetensors file, in Hugging Face's
 * names or GGUF's; name is for messages. As model_open(). The file stays the caller's. */
struct model *model_open_stream(int fd, const char *name, const struct model *like,
                                struct error *err);
/* Accepts NULL. */
void model_close(struct model *m);

/* Its sizes; borrowed. */
const struct model_config *model_config(const struct model *m);
/* Its tensors; borrowed, and their data until model_drop_tensors(). */
const struct model_tensors *model_tensors(const struct model *m);
/* "llama". */
const char *model_architecture(const struct model *m);
/* enum feature (roles.h) that a layer has. */
unsigned model_layer_features(const struct model *m, int layer);
/* general.name, else the file's name. */
const char *model_name(const struct model *m);

/* The metadata of the GGUF file (tokenizer, template), or NULL when the model came from a folder. */
struct gguf;
/* Borrowed. */
const struct gguf *model_gguf(const struct model *m);

/* The files of a folder, or NULL when the model came from a GGUF file. Borrowed. */
struct safetensors;
const struct safetensors *model_safetensors(const struct model *m);

/* One of the files that its tensors lie in. */
struct model_file {
    const char *path;            /* borrowed */
    struct file_mapping mapping; /* the model's; none: it is no file */
};
/* File i; false past the last one. */
bool model_file(const struct model *m, int i, struct model_file *out);

/* The same to be changed, before anybody else reads them. */
struct model_tensors *model_edit(struct model *m);
/* Zeroed memory for tensors that do not lie in a file as they are wanted; the model's, until
 * model_drop_tensors(). NULL and ERROR_NO_MEMORY. */
void *model_room(struct model *m, size_t bytes, struct error *err);

/* These bytes of its tensors have been read: as far as they lie in its files they leave memory, whole page by
 * page, and come back from there when they are read again. Any thread. */
void model_drop(const struct model *m, struct span bytes);

/* Unmap the tensors: model_tensors() data pointers are invalid from now on; config, names and
 * metadata stay. */
void model_drop_tensors(struct model *m);

#endif
