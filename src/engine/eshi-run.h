/* eshi-run.h: one request while it is being worked on: what the painter is told, and what it tells.
 *
 * Turns stages, steps and pictures into events, measures where the time goes, and reckons how much of it is left.
 *
 * Thread: the worker's.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>

#include "eshi-outbox.h"
#include "eshi-pace.h"

G_BEGIN_DECLS

typedef struct _EshiRun EshiRun;

/* How long finishing a picture of so many pixels took, kept from run to run. */
typedef struct
{
  gint64 n_pixels;
  double seconds;
} EshiFinishTime;

/**
 * _eshi_run_new:
 * @id: id of @request
 * @cancellable: cancels the run
 * @outbox: borrowed; where the events go
 * @finish_time: borrowed; read and brought up to date
 */
EshiRun      *_eshi_run_new             (guint64         id,
                                         EshiRequest    *request,
                                         GCancellable   *cancellable,
                                         EshiOutbox     *outbox,
                                         EshiFinishTime *finish_time);
void          _eshi_run_free            (EshiRun        *self);

/* (transfer none) */
EshiRequest  *_eshi_run_get_request     (EshiRun        *self);
GCancellable *_eshi_run_get_cancellable (EshiRun        *self);

/**
 * _eshi_run_resolve:
 * @settings: the request's settings with every zero replaced by what is really used
 * @model_name: (nullable): the model's name for people
 * @backend: (nullable): name of the backend
 *
 * To be called before the first step, and before it is begun anew with another backend.
 */
void          _eshi_run_resolve         (EshiRun            *self,
                                         const EshiSettings *settings,
                                         const char         *model_name,
                                         const char         *backend);

/* That the VAE works in tiles after all, or not; before the first step. */
void          _eshi_run_set_tiling      (EshiRun            *self,
                                         EshiSwitch          tiling);

/* What is known of the model's hash when the next picture is finished; (nullable). */
void          _eshi_run_set_model_hash  (EshiRun            *self,
                                         const char         *hash);

/* @stage goes on; @part 0-1 of it is done. For all stages but PAINTING. */
void          _eshi_run_stage           (EshiRun        *self,
                                         EshiStage       stage,
                                         double          part);

/* @step steps of picture @index are finished; 0 when the first begins. */
void          _eshi_run_step            (EshiRun        *self,
                                         int             index,
                                         int             step);

/* A look at picture @index after @step steps. */
void          _eshi_run_preview         (EshiRun        *self,
                                         int             index,
                                         int             step,
                                         EshiImage      *image);

/* Where picture @index stands after @step steps. */
void          _eshi_run_checkpoint      (EshiRun        *self,
                                         int             index,
                                         int             step,
                                         GBytes         *state);

/* A sentence for people that all pictures of this run carry, as a line of its own. */
void          _eshi_run_add_note        (EshiRun        *self,
                                         const char     *note);

/* Whether the VAE of the picture that is finished next had to work in f32; its settings and a note say so. */
void          _eshi_run_set_vae_redone  (EshiRun        *self,
                                         gboolean        redone);

/* Picture @index is finished. @withheld: whether it is black because the safety checker withheld it. */
void          _eshi_run_image           (EshiRun        *self,
                                         int             index,
                                         EshiImage      *image,
                                         gboolean        withheld);

/* Posts the one terminal event. @error: (transfer full) (nullable): what ended the run; NULL if all went well. */
void          _eshi_run_end             (EshiRun        *self,
                                         GError         *error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiRun, _eshi_run_free)

G_END_DECLS
