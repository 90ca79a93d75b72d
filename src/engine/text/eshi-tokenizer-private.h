/* eshi-tokenizer-private.h: what a kind of tokenizer fills in. Only files of this folder include it.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-tokenizer.h"

G_BEGIN_DECLS

typedef struct
{
  /* Appends the ids of @text, [length] bytes, to @ids; no end mark, no padding. */
  void (*encode) (const EshiTokenizer *self,
                  const char          *text,
                  gsize                length,
                  GArray              *ids);

  void (*free)   (EshiTokenizer       *self);
} EshiTokenizerClass;

struct _EshiTokenizer
{
  const EshiTokenizerClass *class;
  guint                     vocab_size;
  guint                     max_length;
  gint32                    end_id;
  gint32                    pad_id;
};

/* Reads a whole regular file of at most @max_bytes. Errors: MODEL_MISSING, MODEL_INVALID, or GLib's own. */
GBytes        *_eshi_tokenizer_read_file (const char  *path,
                                          gsize        max_bytes,
                                          GError     **error);

/* @config_path: (nullable): its tokenizer_config.json, if there is one. */
EshiTokenizer *_eshi_t5_tokenizer_new    (const char  *model_path,
                                          const char  *config_path,
                                          GError     **error);

G_END_DECLS
