/* sentencepiece-shim.h: libsentencepiece, which is C++, as test-sentencepiece sees it.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct SpShim SpShim;

/* NULL when the library refuses the file. */
SpShim       *sp_shim_new      (const char *path);
void          sp_shim_free     (SpShim     *self);

/* Returns how many ids there are; they stay until the next call. */
size_t        sp_shim_encode   (SpShim         *self,
                                const char     *text,
                                size_t          length,
                                const int32_t **ids);

int           sp_shim_n_pieces (const SpShim *self);

/* Piece @id as text, at most @size bytes with the final NUL. */
void          sp_shim_piece    (const SpShim *self,
                                int           id,
                                char         *text,
                                size_t        size);

#ifdef __cplusplus
}
#endif
