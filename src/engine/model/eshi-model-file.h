/* eshi-model-file.h: a model's file as bytes: mapped, recognised by its first bytes, and complained about.
 *
 * The extension of a name says nothing: people rename files. Refuses everything but plain files, and looks no further
 * into them than it takes to tell the formats apart.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>

#include "eshi-error.h"

G_BEGIN_DECLS

typedef enum
{
  ESHI_MODEL_FILE_SAFETENSORS,  /* also what is no known format at all: its reader says what is wrong */
  ESHI_MODEL_FILE_TORCH_ZIP,    /* PyTorch since 1.6 */
  ESHI_MODEL_FILE_TORCH_LEGACY, /* PyTorch before: pickles in a row, then the numbers */
} EshiModelFileKind;

/* Maps the plain file @path; *@fd (to be closed by the caller) stays open for eshi_model_file_check_unchanged().
 * Errors: MODEL_MISSING, MODEL_INVALID. Returns: (transfer full). */
GBytes           *eshi_model_file_map             (const char         *path,
                                                   int                *fd,
                                                   GError            **error);

/* Says what @bytes are. @file is what messages call them. Errors: MODEL_INVALID for a placeholder of git-lfs or a web
 * page; UNSUPPORTED for formats that are known but not read. */
gboolean          eshi_model_file_recognise       (GBytes             *bytes,
                                                   const char         *file,
                                                   EshiModelFileKind  *kind,
                                                   GError            **error);

/* Whether the file @fd (-1 for bytes in memory) still has @size bytes: reading beyond the end of a mapped file kills
 * the program. Error: MODEL_INVALID. */
gboolean          eshi_model_file_check_unchanged (int                 fd,
                                                   gsize               size,
                                                   const char         *file,
                                                   GError            **error);

/* Sets @error to MODEL_INVALID: @file is damaged, because @format (a translated clause without full stop). Returns
 * FALSE. */
gboolean          _eshi_model_file_fail           (const char         *file,
                                                   GError            **error,
                                                   const char         *format,
                                                   ...) G_GNUC_PRINTF (3, 4);

/* @name, cut where it is too long to be shown; (transfer full). */
char             *_eshi_model_file_short_name     (const char         *name);

G_END_DECLS
