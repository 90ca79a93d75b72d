/* eshi-event.c: what the worker has to say, made immutable.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-event-private.h"

G_DEFINE_BOXED_TYPE (EshiEvent, eshi_event, eshi_event_ref, eshi_event_unref)

EshiEvent *
_eshi_event_new (EshiEventKind kind,
                 guint64       id)
{
  EshiEvent *self = g_atomic_rc_box_new0 (EshiEvent);

  self->kind = kind;
  self->id = id;
  self->seconds_left = -1.0;

  return self;
}

EshiEvent *
eshi_event_ref (EshiEvent *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

static void
eshi_event_clear (gpointer data)
{
  EshiEvent *self = data;

  g_clear_pointer (&self->image, eshi_image_unref);
  g_clear_pointer (&self->settings, eshi_settings_free);
  g_clear_pointer (&self->model_name, g_free);
  g_clear_pointer (&self->backend, g_free);
  g_clear_pointer (&self->note, g_free);
  g_clear_pointer (&self->state, g_bytes_unref);
  g_clear_error (&self->error);
}

void
eshi_event_unref (EshiEvent *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release_full (self, eshi_event_clear);
}

gboolean
eshi_event_is_terminal (const EshiEvent *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->kind == ESHI_EVENT_DONE || self->kind == ESHI_EVENT_FAILED || self->kind == ESHI_EVENT_CANCELLED;
}

const EshiTimings *
eshi_event_get_timings (const EshiEvent *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->kind == ESHI_EVENT_IMAGE || self->kind == ESHI_EVENT_DONE ? &self->timings : NULL;
}

EshiEventKind
eshi_event_get_kind (const EshiEvent *self)
{
  g_return_val_if_fail (self != NULL, ESHI_EVENT_STARTED);

  return self->kind;
}

guint64
eshi_event_get_id (const EshiEvent *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->id;
}

EshiStage
eshi_event_get_stage (const EshiEvent *self)
{
  g_return_val_if_fail (self != NULL, ESHI_STAGE_LOADING);

  return self->stage;
}

double
eshi_event_get_fraction (const EshiEvent *self)
{
  g_return_val_if_fail (self != NULL, 0.0);

  return self->fraction;
}

int
eshi_event_get_step (const EshiEvent *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->step;
}

int
eshi_event_get_n_steps (const EshiEvent *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_steps;
}

int
eshi_event_get_index (const EshiEvent *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->index;
}

double
eshi_event_get_seconds_left (const EshiEvent *self)
{
  g_return_val_if_fail (self != NULL, -1.0);

  return self->seconds_left;
}

EshiImage *
eshi_event_get_image (const EshiEvent *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->image;
}

const EshiSettings *
eshi_event_get_settings (const EshiEvent *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->settings;
}

const char *
eshi_event_get_model_name (const EshiEvent *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->model_name;
}

const char *
eshi_event_get_backend (const EshiEvent *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->backend;
}

const char *
eshi_event_get_note (const EshiEvent *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->note;
}

const GError *
eshi_event_get_error (const EshiEvent *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->error;
}

GBytes *
eshi_event_get_state (const EshiEvent *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->state;
}
