/* eshi-preview-kind.h: how an unfinished picture is shown.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

#include "eshi-macros.h"

G_BEGIN_DECLS

/**
 * EshiPreviewKind:
 * @ESHI_PREVIEW_AUTO: "auto", by TAESD where its file is there and the model's VAE is Stable Diffusion 1.x's, else as "vae"
 * @ESHI_PREVIEW_TAESD: "taesd", by TAESD whenever a twelfth of the time allows it, else the latents' colours
 * @ESHI_PREVIEW_VAE: "vae", by the VAE whenever a twelfth of the time allows it, else the latents' colours
 * @ESHI_PREVIEW_RGB: "rgb", the latents' colours alone, which cost nothing
 *
 * The names are written to disk and never change.
 */
typedef enum
{
  ESHI_PREVIEW_AUTO,
  ESHI_PREVIEW_TAESD,
  ESHI_PREVIEW_VAE,
  ESHI_PREVIEW_RGB,
} EshiPreviewKind;

/* "auto", "taesd", "vae" or "rgb"; %NULL if @self is none of them. Thread: any. */
ESHI_AVAILABLE
const char *eshi_preview_kind_get_name  (EshiPreviewKind  self);

/* Whether @name (nullable) is one of the names; @self is untouched when it is not. Thread: any. */
ESHI_AVAILABLE
gboolean    eshi_preview_kind_from_name (const char      *name,
                                         EshiPreviewKind *self);

G_END_DECLS
