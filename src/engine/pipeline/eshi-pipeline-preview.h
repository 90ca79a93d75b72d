/* eshi-pipeline-preview.h: looks at an unfinished picture, within a budget of time.
 *
 * After every step, or every so many, the latents' colours are shown at the latents' own size; when that keeps all previews below a twelfth
 * of the time that has passed, a copy of the latents goes through TAESD instead, or now and then through the decoder. The
 * latents themselves are only read.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-pipeline-private.h"

G_BEGIN_DECLS

typedef struct
{
  /* borrowed */
  EshiPipeline                *pipeline;
  const EshiPipelineCallbacks *callbacks;
  EshiDecodeGraph             *decoder;  /* the VAE's or TAESD's; NULL where only colours are shown */
  gboolean                     by_taesd; /* whether it is TAESD's */

  /* owned; NULL where nobody looks */
  guint8                      *colours;  /* [h, w, 3] */
  guint8                      *pixels;   /* [H, W, 3] */
  float                       *z;        /* [h, w, 4] */
  float                       *image;    /* [H, W, 3]; NULL but for TAESD */

  guint                        height;   /* of the latents */
  guint                        width;
  guint                        factor;   /* the decoder's */
  guint                        every;    /* steps from one look to the next */
  gint64                       started_us;
  double                       spent;    /* seconds, in all */

  /* A decoding that is under way beside the next step. */
  gboolean                     begun;
  guint                        begun_index;
  guint                        begun_step;
} EshiPreview;

/* Allocates everything that eshi_preview_show() needs for latents of this size; nothing where @callbacks has no preview
 * function. @params: which decoder is wanted. @decoder: (nullable): the VAE's, for a whole picture. */
void     _eshi_preview_init  (EshiPreview                  *self,
                              EshiPipeline                 *pipeline,
                              const EshiPipelineParams     *params,
                              const EshiPipelineCallbacks  *callbacks,
                              guint                         height,
                              guint                         width,
                              EshiDecodeGraph              *decoder,
                              GCancellable                 *cancellable);
void     _eshi_preview_clear (EshiPreview                  *self);

/* Shows @x0, f32 [4, h, w], where a look is due after @step steps: at once, or, where the backend decodes beside the next step,
 * with the next _eshi_preview_collect(). @guess: seconds that a decoding may take, where none was measured yet. */
gboolean _eshi_preview_show  (EshiPreview                  *self,
                              const float                  *x0,
                              guint                         index,
                              guint                         step,
                              double                        guess,
                              GCancellable                 *cancellable,
                              GError                      **error);

/* Shows the look that is under way, if there is one. */
gboolean _eshi_preview_collect (EshiPreview                *self,
                                GError                    **error);

/* Shows @x0 by the run's own preview decoder (the VAE or TAESD), whatever that costs; in colours alone where it has none. */
gboolean _eshi_preview_show_whole (EshiPreview             *self,
                                   const float             *x0,
                                   guint                    index,
                                   guint                    step,
                                   GCancellable            *cancellable,
                                   GError                 **error);

/* Finds the matrix for the latents' colours, by decoding patches of noise where the model does not bring one. */
gboolean _eshi_preview_fit   (EshiPipeline                 *pipeline,
                              GCancellable                 *cancellable,
                              GError                      **error);

G_END_DECLS
