/* eshi-steps.c: how a finished picture came about: what it looked like after each step.
 *
 * Each request goes on from the checkpoint of the one before, so all of them together cost the steps of one picture and a
 * decoding for each. Where a call of the network makes more than one step, as with a weak start from a picture, they share
 * a look.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-steps.h"

struct _EshiSteps
{
  GObject parent_instance;

  /* Owned References */
  EshiEngine *engine;
  EshiSettings *settings;   /* NULL before the first start */
  EshiImage *picture;
  GPtrArray *images;        /* of EshiImage: after one step, after two, … */
  EshiImage *look;          /* of the request; NULL until it comes */
  GBytes *state;            /* where the picture stands; NULL at its beginning */

  guint64 request;          /* id; 0 for none */
  int step;                 /* that state stands at */
};

enum
{
  CHANGED,
  FAILED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiSteps, eshi_steps, G_TYPE_OBJECT)

static void
drop_request (EshiSteps *self)
{
  if (self->request != 0 && self->engine != NULL)
    eshi_engine_cancel (self->engine, self->request);
  self->request = 0;
  g_clear_pointer (&self->look, eshi_image_unref);
}

/* @image is what it looks like from the first step without a look to @step. */
static void
add_image (EshiSteps *self,
           EshiImage *image,
           int        step)
{
  while ((int) self->images->len < MIN (step, self->settings->steps))
    g_ptr_array_add (self->images, eshi_image_ref (image));
}

static void
paint_next (EshiSteps *self)
{
  if (self->step + 1 >= self->settings->steps)
    add_image (self, self->picture, self->settings->steps);
  else
    self->request = eshi_engine_submit (self->engine,
                                        eshi_request_new_stopping (self->settings, self->step + 1, self->state), NULL);
  g_signal_emit (self, signals[CHANGED], 0);
}

/* One that ended without a look has come to its last step. */
static void
end_request (EshiSteps *self)
{
  g_autoptr(EshiImage) look = g_steal_pointer (&self->look);

  self->request = 0;
  if (look == NULL || self->state == NULL)
    self->step = self->settings->steps;
  else
    add_image (self, look, self->step);
  paint_next (self);
}

static void
take_state (EshiSteps       *self,
            const EshiEvent *event)
{
  GBytes *old = self->state;

  self->state = g_bytes_ref (eshi_event_get_state (event));
  self->step = eshi_event_get_step (event);
  g_clear_pointer (&old, g_bytes_unref);
}

static void
on_event_cb (EshiSteps *self,
             EshiEvent *event)
{
  g_assert (ESHI_IS_STEPS (self));

  if (self->request == 0 || eshi_event_get_id (event) != self->request)
    return;
  switch (eshi_event_get_kind (event))
    {
    case ESHI_EVENT_PREVIEW:
      g_clear_pointer (&self->look, eshi_image_unref);
      self->look = eshi_image_ref (eshi_event_get_image (event));
      break;
    case ESHI_EVENT_CHECKPOINT:
      take_state (self, event);
      break;
    case ESHI_EVENT_DONE:
      end_request (self);
      break;
    case ESHI_EVENT_FAILED:
      self->request = 0;
      eshi_steps_stop (self);
      g_signal_emit (self, signals[FAILED], 0, eshi_event_get_error (event));
      break;
    case ESHI_EVENT_CANCELLED:
      self->request = 0;
      eshi_steps_stop (self);
      break;
    case ESHI_EVENT_STARTED:
    case ESHI_EVENT_PROGRESS:
    case ESHI_EVENT_IMAGE:
    default:
      break;
    }
}

static void
eshi_steps_dispose (GObject *object)
{
  EshiSteps *self = ESHI_STEPS (object);

  drop_request (self);
  if (self->engine != NULL)
    g_signal_handlers_disconnect_by_func (self->engine, on_event_cb, self);
  g_clear_object (&self->engine);
  g_clear_pointer (&self->settings, eshi_settings_free);
  g_clear_pointer (&self->picture, eshi_image_unref);
  g_clear_pointer (&self->images, g_ptr_array_unref);
  g_clear_pointer (&self->state, g_bytes_unref);
  G_OBJECT_CLASS (eshi_steps_parent_class)->dispose (object);
}

static void
eshi_steps_class_init (EshiStepsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = eshi_steps_dispose;
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
  signals[FAILED] = g_signal_new ("failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
eshi_steps_init (EshiSteps *self)
{
  self->images = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_image_unref);
}

EshiSteps *
eshi_steps_new (EshiEngine *engine)
{
  EshiSteps *self;

  g_return_val_if_fail (ESHI_IS_ENGINE (engine), NULL);

  self = g_object_new (ESHI_TYPE_STEPS, NULL);
  eshi_steps_set_engine (self, engine);
  return self;
}

void
eshi_steps_set_engine (EshiSteps  *self,
                       EshiEngine *engine)
{
  g_return_if_fail (ESHI_IS_STEPS (self));
  g_return_if_fail (ESHI_IS_ENGINE (engine));

  if (self->engine == engine)
    return;
  if (self->engine != NULL)
    {
      eshi_steps_stop (self);
      g_signal_handlers_disconnect_by_func (self->engine, on_event_cb, self);
    }
  g_set_object (&self->engine, engine);
  g_signal_connect_object (engine, "event", G_CALLBACK (on_event_cb), self, G_CONNECT_SWAPPED);
}

void
eshi_steps_start (EshiSteps          *self,
                  const EshiSettings *settings,
                  EshiImage          *picture)
{
  g_return_if_fail (ESHI_IS_STEPS (self));
  g_return_if_fail (settings != NULL && settings->steps > 0);
  g_return_if_fail (picture != NULL);

  drop_request (self);
  g_clear_pointer (&self->settings, eshi_settings_free);
  g_clear_pointer (&self->picture, eshi_image_unref);
  g_clear_pointer (&self->state, g_bytes_unref);
  g_ptr_array_set_size (self->images, 0);
  self->settings = eshi_settings_copy (settings);
  self->settings->n_images = 1;
  self->settings->previews = TRUE;
  self->picture = eshi_image_ref (picture);
  self->step = 0;
  paint_next (self);
}

void
eshi_steps_stop (EshiSteps *self)
{
  g_return_if_fail (ESHI_IS_STEPS (self));

  drop_request (self);
  g_signal_emit (self, signals[CHANGED], 0);
}

void
eshi_steps_go_on (EshiSteps *self)
{
  g_return_if_fail (ESHI_IS_STEPS (self));

  if (self->settings != NULL && self->request == 0 && eshi_steps_get_n_done (self) < self->settings->steps)
    paint_next (self);
}

gboolean
eshi_steps_get_running (EshiSteps *self)
{
  g_return_val_if_fail (ESHI_IS_STEPS (self), FALSE);

  return self->request != 0;
}

int
eshi_steps_get_n_steps (EshiSteps *self)
{
  g_return_val_if_fail (ESHI_IS_STEPS (self), 0);

  return self->settings != NULL ? self->settings->steps : 0;
}

int
eshi_steps_get_n_done (EshiSteps *self)
{
  g_return_val_if_fail (ESHI_IS_STEPS (self), 0);

  return (int) self->images->len;
}

EshiImage *
eshi_steps_get_image (EshiSteps *self,
                      int        step)
{
  g_return_val_if_fail (ESHI_IS_STEPS (self), NULL);
  g_return_val_if_fail (step > 0, NULL);

  return step <= (int) self->images->len ? g_ptr_array_index (self->images, step - 1) : NULL;
}

gboolean
eshi_steps_shows (EshiSteps *self,
                  EshiImage *picture)
{
  g_return_val_if_fail (ESHI_IS_STEPS (self), FALSE);

  return self->picture == picture;
}
