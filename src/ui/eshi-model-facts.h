/* eshi-model-facts.h: what the list of models shows of each: kind, size, hash, place.
 *
 * Reads folders and small files, and never the weights themselves.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * EshiModelFacts:
 * @path: of the model's folder or file; the file system's encoding
 * @name: for people
 * @origin: (nullable): "owner/name" that it was downloaded from
 * @hash: (nullable): its SHA-256, 64 hexadecimal digits, if it was computed before
 * @n_bytes: of all its files
 * @embedded: whether it came with the program, and stays with it
 * @single: whether it is one file
 */
typedef struct
{
  char    *path;
  char    *name;
  char    *origin;
  char    *hash;
  goffset  n_bytes;
  gboolean embedded;
  gboolean single;
} EshiModelFacts;

void       eshi_model_facts_free      (EshiModelFacts       *self);

/* All models, in the order of eshi_model_list(). Thread: any but main; looks into every folder.
 * Returns: (transfer full) (element-type EshiModelFacts) */
GPtrArray *eshi_model_facts_list      (void);

/* Bytes of the file @path, or of all files below it; links to folders are not followed. Thread: any but main. */
goffset    eshi_model_facts_measure   (const char           *path);

/* (transfer full): kind, size, short hash and place, for people, in one line. */
char      *eshi_model_facts_dup_text  (const EshiModelFacts *self);

/* (transfer full): @path with "~" for the home. Thread: any. */
char      *eshi_model_facts_dup_place (const char           *path);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiModelFacts, eshi_model_facts_free)

G_END_DECLS
