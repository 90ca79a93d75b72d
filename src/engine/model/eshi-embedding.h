/* eshi-embedding.h: a textual inversion: a few rows that a text encoder reads in the place of a word's.
 *
 * Reads the files that Stable Diffusion web UI, CompVis' trainer and diffusers write, as safetensors or as PyTorch files,
 * whatever their names say. Refuses files with more than one word, with no numbers that can be rows, and those made for
 * two text encoders, as SDXL has.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

#include "eshi-error.h"

G_BEGIN_DECLS

/* The most rows that one chunk of a prompt takes beside its marks. */
#define ESHI_EMBEDDING_MAX_ROWS 75

/**
 * EshiEmbedding:
 * @name: the file's name without its ending: what calls it in a prompt
 * @token: (nullable): another string that does, if the file says one
 * @n_rows: 1 to %ESHI_EMBEDDING_MAX_ROWS
 * @width: numbers of a row
 * @rows: f32 [n_rows, width]; all finite
 */
typedef struct
{
  char  *name;
  char  *token;
  guint  n_rows;
  guint  width;
  float *rows;
} EshiEmbedding;

/**
 * eshi_embedding_open:
 * @path: name of a file, in the encoding of file names
 *
 * Errors: MODEL_MISSING, MODEL_INVALID, UNSUPPORTED; each names the file. Thread: any.
 *
 * Returns: (transfer full): free with eshi_embedding_free()
 */
EshiEmbedding *eshi_embedding_open     (const char     *path,
                                        GError        **error);

void           eshi_embedding_free     (EshiEmbedding  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiEmbedding, eshi_embedding_free)

/* (transfer full): the name that a file @path goes by. */
char          *eshi_embedding_dup_name (const char     *path);

/* Whether @name ends like a file that may be one: .pt, .bin or .safetensors. */
gboolean       eshi_embedding_has_suffix (const char   *name);

G_END_DECLS
