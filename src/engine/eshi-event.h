/* eshi-event.h: what the engine tells the main thread.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-image.h"
#include "eshi-request.h"

G_BEGIN_DECLS

/**
 * EshiEventKind:
 * @ESHI_EVENT_STARTED: the worker has begun
 * @ESHI_EVENT_PROGRESS: a step or a part of loading is done; only the newest of a burst arrives
 * @ESHI_EVENT_PREVIEW: a look at the unfinished picture; only the newest of a burst arrives
 * @ESHI_EVENT_IMAGE: one picture of a batch is finished; never dropped
 * @ESHI_EVENT_DONE: terminal
 * @ESHI_EVENT_FAILED: terminal
 * @ESHI_EVENT_CANCELLED: terminal
 * @ESHI_EVENT_CHECKPOINT: where the unfinished picture stands, see eshi_request_new_resumable(); only the newest of a burst
 *   arrives, and always before the event of what came after it
 */
typedef enum
{
  ESHI_EVENT_STARTED,
  ESHI_EVENT_PROGRESS,
  ESHI_EVENT_PREVIEW,
  ESHI_EVENT_IMAGE,
  ESHI_EVENT_DONE,
  ESHI_EVENT_FAILED,
  ESHI_EVENT_CANCELLED,
  ESHI_EVENT_CHECKPOINT,
} EshiEventKind;

/**
 * EshiStage:
 * @ESHI_STAGE_LOADING: fraction says how far
 * @ESHI_STAGE_READING: the prompt is tokenized and encoded
 * @ESHI_STAGE_PAINTING: step / n_steps
 * @ESHI_STAGE_FINISHING: the latents are decoded
 */
typedef enum
{
  ESHI_STAGE_LOADING,
  ESHI_STAGE_READING,
  ESHI_STAGE_PAINTING,
  ESHI_STAGE_FINISHING,
} EshiStage;

/**
 * EshiTimings:
 *
 * Seconds of wall time by stage, of the whole request.
 */
typedef struct
{
  double load;
  double text;
  double steps;
  double decode;
  double total;
} EshiTimings;

#define ESHI_TYPE_EVENT (eshi_event_get_type ())

/**
 * EshiEvent:
 *
 * Boxed, reference counted, immutable. Getters below state for which kinds they hold; for others they return 0 or %NULL.
 */
typedef struct _EshiEvent EshiEvent;

ESHI_AVAILABLE
GType eshi_event_get_type (void);

ESHI_AVAILABLE
EshiEvent *eshi_event_ref (EshiEvent *self);

ESHI_AVAILABLE
void eshi_event_unref (EshiEvent *self);

ESHI_AVAILABLE
EshiEventKind eshi_event_get_kind (const EshiEvent *self);

ESHI_AVAILABLE
gboolean eshi_event_is_terminal (const EshiEvent *self);

/* The request's id: all kinds. */
ESHI_AVAILABLE
guint64 eshi_event_get_id (const EshiEvent *self);

/* PROGRESS. */
ESHI_AVAILABLE
EshiStage eshi_event_get_stage (const EshiEvent *self);

/* PROGRESS: 0-1; while loading, of the loading; from then on of the painting, all pictures of the batch together. */
ESHI_AVAILABLE
double eshi_event_get_fraction (const EshiEvent *self);

/* PROGRESS, PREVIEW, CHECKPOINT, CANCELLED: finished steps of this picture, 0 to n_steps. */
ESHI_AVAILABLE
int eshi_event_get_step (const EshiEvent *self);

ESHI_AVAILABLE
int eshi_event_get_n_steps (const EshiEvent *self);

/* PROGRESS, PREVIEW, CHECKPOINT, IMAGE: which picture of the batch, from 0. */
ESHI_AVAILABLE
int eshi_event_get_index (const EshiEvent *self);

/* PROGRESS: seconds until the request is done; negative while unknown, never rising once known. */
ESHI_AVAILABLE
double eshi_event_get_seconds_left (const EshiEvent *self);

/* PREVIEW: may be smaller than the picture will be. IMAGE: the picture. DONE: (nullable) the last one; %NULL where the request
 * left it unfinished. CANCELLED: (nullable) the last preview. (transfer none) */
ESHI_AVAILABLE
EshiImage *eshi_event_get_image (const EshiEvent *self);

/* IMAGE, DONE, CANCELLED: the settings really used, with this picture's own seeds and n_images 1 for IMAGE.
 * (transfer none) */
ESHI_AVAILABLE
const EshiSettings *eshi_event_get_settings (const EshiEvent *self);

/* IMAGE, DONE: the model's name for people, "豆"; its backend, "cpu"; its device. (transfer none) */
ESHI_AVAILABLE
const char *eshi_event_get_model_name (const EshiEvent *self);

ESHI_AVAILABLE
const char *eshi_event_get_backend (const EshiEvent *self);

/* IMAGE, DONE: (nullable): a sentence for people about what was done otherwise than usual. (transfer none) */
ESHI_AVAILABLE
const char *eshi_event_get_note (const EshiEvent *self);

/* IMAGE, DONE. */
ESHI_AVAILABLE
const EshiTimings *eshi_event_get_timings (const EshiEvent *self);

/* CHECKPOINT: for eshi_request_new_resumable(). (transfer none) */
ESHI_AVAILABLE
GBytes *eshi_event_get_state (const EshiEvent *self);

/* FAILED: a whole sentence for people. (transfer none) */
ESHI_AVAILABLE
const GError *eshi_event_get_error (const EshiEvent *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiEvent, eshi_event_unref)

G_END_DECLS
