/* server/routes/llama.h - what llama-server's routes share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROUTES_LLAMA_H
#define SERVER_ROUTES_LLAMA_H

struct engine_sampling;

/* Its defaults, over the engine's neutral values. */
void llama_sampling_init(struct engine_sampling *s);

#endif
