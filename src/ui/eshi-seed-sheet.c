/* eshi-seed-sheet.c: many seeds of one prompt, each painted for a few steps, so that only the best are finished.
 *
 * One request at a time: for the first seed that has not had its steps. Keeps no files; finishing is the session's.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-seed-sheet.h"

#include "eshi-picture.h"
#include "eshi-test-log.h"

struct _EshiSeedSheet
{
  GObject parent_instance;

  /* Owned References */
  EshiEngine *engine;
  GListStore *seeds;
  EshiSettings *settings;   /* NULL before the first start */
  EshiSeed *painting;       /* that request is about */

  guint64 request;          /* id; 0 for none */
  int stop_after;
  guint running : 1;
};

enum
{
  PROP_0,
  PROP_RUNNING,
  N_PROPS,
};

enum
{
  FAILED,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiSeedSheet, eshi_seed_sheet, G_TYPE_OBJECT)

static void
set_running (EshiSeedSheet *self,
             gboolean       running)
{
  if (self->running == !!running)
    return;
  self->running = !!running;
  eshi_test_log (running ? "SEEDS running" : "SEEDS ready");
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RUNNING]);
}

/* Forgets the request: what still comes of it is passed over. */
static void
drop_request (EshiSeedSheet *self)
{
  if (self->request != 0 && self->engine != NULL)
    eshi_engine_cancel (self->engine, self->request);
  self->request = 0;
  g_clear_object (&self->painting);
}

/* (transfer full) (nullable): the first seed that has not had its steps. */
static EshiSeed *
find_next (EshiSeedSheet *self)
{
  int wanted = self->settings->steps > 0 ? MIN (self->stop_after, self->settings->steps) : self->stop_after;
  guint n_seeds = g_list_model_get_n_items (G_LIST_MODEL (self->seeds));

  for (guint i = 0; i < n_seeds; i++)
    {
      g_autoptr(EshiSeed) seed = g_list_model_get_item (G_LIST_MODEL (self->seeds), i);

      if (eshi_seed_get_state (seed) == NULL || eshi_seed_get_step (seed) < wanted)
        return g_steal_pointer (&seed);
    }
  return NULL;
}

static void
paint_next (EshiSeedSheet *self)
{
  g_autoptr(EshiSettings) settings = NULL;

  drop_request (self);
  self->painting = find_next (self);
  set_running (self, self->painting != NULL);
  if (self->painting == NULL)
    return;
  settings = eshi_seed_sheet_dup_settings (self, self->painting);
  self->request = eshi_engine_submit (self->engine,
                                      eshi_request_new_stopping (settings, self->stop_after,
                                                                 eshi_seed_get_state (self->painting)),
                                      NULL);
}

static void
take_look (EshiSeedSheet   *self,
           const EshiEvent *event)
{
  g_autoptr(GdkTexture) texture = eshi_picture_make_texture (eshi_event_get_image (event));

  eshi_seed_set_texture (self->painting, texture);
}

static void
take_state (EshiSeedSheet   *self,
            const EshiEvent *event)
{
  eshi_seed_set_step (self->painting, eshi_event_get_step (event));
  eshi_seed_set_state (self->painting, eshi_event_get_state (event));
  eshi_test_log ("SEED %" G_GUINT64_FORMAT " %d", eshi_seed_get_number (self->painting), eshi_event_get_step (event));
}

/* The seed has had its steps, and what the model chose for settings that were left open is known. */
static void
end_request (EshiSeedSheet   *self,
             const EshiEvent *event)
{
  self->request = 0;
  self->settings->steps = eshi_event_get_settings (event)->steps;
  if (eshi_seed_get_state (self->painting) != NULL)
    paint_next (self);
  else
    eshi_seed_sheet_stop (self);
}

static void
on_event_cb (EshiSeedSheet *self,
             EshiEvent     *event)
{
  g_assert (ESHI_IS_SEED_SHEET (self));

  if (self->request == 0 || eshi_event_get_id (event) != self->request)
    return;
  switch (eshi_event_get_kind (event))
    {
    case ESHI_EVENT_PROGRESS:
      if (eshi_event_get_stage (event) == ESHI_STAGE_PAINTING)
        eshi_seed_set_step (self->painting, eshi_event_get_step (event));
      break;
    case ESHI_EVENT_PREVIEW:
      take_look (self, event);
      break;
    case ESHI_EVENT_CHECKPOINT:
      take_state (self, event);
      break;
    case ESHI_EVENT_DONE:
      end_request (self, event);
      break;
    case ESHI_EVENT_FAILED:
      self->request = 0;
      eshi_seed_sheet_stop (self);
      g_signal_emit (self, signals[FAILED], 0, eshi_event_get_error (event));
      break;
    case ESHI_EVENT_CANCELLED:
      self->request = 0;
      eshi_seed_sheet_stop (self);
      break;
    case ESHI_EVENT_STARTED:
    case ESHI_EVENT_IMAGE:
    default:
      break;
    }
}

/* --- the object -------------------------------------------------------------------------------------------------- */

static void
eshi_seed_sheet_dispose (GObject *object)
{
  EshiSeedSheet *self = ESHI_SEED_SHEET (object);

  drop_request (self);
  if (self->engine != NULL)
    g_signal_handlers_disconnect_by_func (self->engine, on_event_cb, self);
  g_clear_object (&self->engine);
  g_clear_object (&self->seeds);
  g_clear_pointer (&self->settings, eshi_settings_free);
  G_OBJECT_CLASS (eshi_seed_sheet_parent_class)->dispose (object);
}

static void
eshi_seed_sheet_get_property (GObject    *object,
                              guint       prop_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_RUNNING:
      g_value_set_boolean (value, eshi_seed_sheet_get_running (ESHI_SEED_SHEET (object)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_seed_sheet_class_init (EshiSeedSheetClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = eshi_seed_sheet_dispose;
  object_class->get_property = eshi_seed_sheet_get_property;
  properties[PROP_RUNNING] =
    g_param_spec_boolean ("running", NULL, NULL, FALSE,
                          G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  signals[FAILED] = g_signal_new ("failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                  0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
eshi_seed_sheet_init (EshiSeedSheet *self)
{
  self->seeds = g_list_store_new (ESHI_TYPE_SEED);
}

EshiSeedSheet *
eshi_seed_sheet_new (EshiEngine *engine)
{
  EshiSeedSheet *self;

  g_return_val_if_fail (ESHI_IS_ENGINE (engine), NULL);

  self = g_object_new (ESHI_TYPE_SEED_SHEET, NULL);
  eshi_seed_sheet_set_engine (self, engine);
  return self;
}

void
eshi_seed_sheet_set_engine (EshiSeedSheet *self,
                            EshiEngine    *engine)
{
  g_return_if_fail (ESHI_IS_SEED_SHEET (self));
  g_return_if_fail (ESHI_IS_ENGINE (engine));

  if (self->engine == engine)
    return;
  if (self->engine != NULL)
    {
      eshi_seed_sheet_stop (self);
      g_signal_handlers_disconnect_by_func (self->engine, on_event_cb, self);
    }
  g_set_object (&self->engine, engine);
  g_signal_connect_object (engine, "event", G_CALLBACK (on_event_cb), self, G_CONNECT_SWAPPED);
}

/* Adds seeds after the last one until there are @n_seeds. */
static void
add_seeds (EshiSeedSheet *self,
           guint          n_seeds)
{
  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (self->seeds)); i < n_seeds; i++)
    {
      g_autoptr(EshiSeed) seed = eshi_seed_new (self->settings->seed + i);

      g_list_store_append (self->seeds, seed);
    }
}

void
eshi_seed_sheet_start (EshiSeedSheet      *self,
                       const EshiSettings *settings,
                       guint               n_seeds,
                       int                 stop_after)
{
  EshiSettings *copy;

  g_return_if_fail (ESHI_IS_SEED_SHEET (self));
  g_return_if_fail (settings != NULL);
  g_return_if_fail (n_seeds >= ESHI_SEED_SHEET_MIN_SEEDS && n_seeds <= ESHI_SEED_SHEET_MAX_SEEDS);
  g_return_if_fail (stop_after > 0);

  drop_request (self);
  copy = eshi_settings_copy (settings);
  g_clear_pointer (&self->settings, eshi_settings_free);
  self->settings = copy;
  self->settings->n_images = 1;
  self->settings->previews = TRUE;
  /* All seeds that the sheet may ever hold are seeds. */
  self->settings->seed = MIN (settings->seed, ESHI_SEED_MAX - (ESHI_SEED_SHEET_MAX_SEEDS - 1));
  self->stop_after = stop_after;
  g_list_store_remove_all (self->seeds);
  add_seeds (self, n_seeds);
  paint_next (self);
}

void
eshi_seed_sheet_restore (EshiSeedSheet      *self,
                         const EshiSettings *settings,
                         GPtrArray          *seeds,
                         int                 stop_after)
{
  g_return_if_fail (ESHI_IS_SEED_SHEET (self));
  g_return_if_fail (settings != NULL);
  g_return_if_fail (self->settings == NULL);
  g_return_if_fail (stop_after > 0);

  self->settings = eshi_settings_copy (settings);
  self->settings->n_images = 1;
  self->settings->previews = TRUE;
  self->settings->seed = MIN (settings->seed, ESHI_SEED_MAX - (ESHI_SEED_SHEET_MAX_SEEDS - 1));
  self->stop_after = stop_after;
  for (guint i = 0; i < seeds->len; i++)
    g_list_store_append (self->seeds, g_ptr_array_index (seeds, i));
}

void
eshi_seed_sheet_start_others (EshiSeedSheet *self)
{
  g_autoptr(EshiSettings) settings = NULL;
  guint n_seeds;

  g_return_if_fail (ESHI_IS_SEED_SHEET (self));
  g_return_if_fail (self->settings != NULL);

  n_seeds = g_list_model_get_n_items (G_LIST_MODEL (self->seeds));
  settings = eshi_settings_copy (self->settings);
  settings->seed += n_seeds;
  if (settings->seed > ESHI_SEED_MAX - (ESHI_SEED_SHEET_MAX_SEEDS - 1))
    settings->seed = 0;
  eshi_seed_sheet_start (self, settings, n_seeds, self->stop_after);
}

/* Takes seeds from the end until there are @n_seeds or a ticked one stands there. */
static void
remove_seeds (EshiSeedSheet *self,
              guint          n_seeds)
{
  for (guint n = g_list_model_get_n_items (G_LIST_MODEL (self->seeds)); n > n_seeds; n--)
    {
      g_autoptr(EshiSeed) last = g_list_model_get_item (G_LIST_MODEL (self->seeds), n - 1);

      if (eshi_seed_get_ticked (last))
        return;
      if (last == self->painting)
        drop_request (self);
      g_list_store_remove (self->seeds, n - 1);
    }
}

void
eshi_seed_sheet_set_n_seeds (EshiSeedSheet *self,
                             guint          n_seeds)
{
  g_return_if_fail (ESHI_IS_SEED_SHEET (self));
  g_return_if_fail (n_seeds >= ESHI_SEED_SHEET_MIN_SEEDS && n_seeds <= ESHI_SEED_SHEET_MAX_SEEDS);

  if (self->settings == NULL)
    return;
  add_seeds (self, n_seeds);
  remove_seeds (self, n_seeds);
  eshi_seed_sheet_go_on (self);
}

void
eshi_seed_sheet_set_stop_after (EshiSeedSheet *self,
                                int            stop_after)
{
  g_return_if_fail (ESHI_IS_SEED_SHEET (self));
  g_return_if_fail (stop_after > 0);

  if (self->stop_after == stop_after)
    return;
  self->stop_after = stop_after;
  if (self->settings != NULL)
    eshi_seed_sheet_go_on (self);
}

int
eshi_seed_sheet_get_stop_after (EshiSeedSheet *self)
{
  g_return_val_if_fail (ESHI_IS_SEED_SHEET (self), 0);

  return self->stop_after;
}

void
eshi_seed_sheet_stop (EshiSeedSheet *self)
{
  g_return_if_fail (ESHI_IS_SEED_SHEET (self));

  drop_request (self);
  set_running (self, FALSE);
}

void
eshi_seed_sheet_go_on (EshiSeedSheet *self)
{
  g_return_if_fail (ESHI_IS_SEED_SHEET (self));

  /* The seed that is being painted gets the steps it was begun with, and more in its next turn. */
  if (self->settings != NULL && self->request == 0)
    paint_next (self);
}

gboolean
eshi_seed_sheet_get_running (EshiSeedSheet *self)
{
  g_return_val_if_fail (ESHI_IS_SEED_SHEET (self), FALSE);

  return self->running;
}

GListModel *
eshi_seed_sheet_get_seeds (EshiSeedSheet *self)
{
  g_return_val_if_fail (ESHI_IS_SEED_SHEET (self), NULL);

  return G_LIST_MODEL (self->seeds);
}

gboolean
eshi_seed_sheet_get_unfinished (EshiSeedSheet *self)
{
  g_autoptr(EshiSeed) next = NULL;
  gboolean ticked = FALSE;

  g_return_val_if_fail (ESHI_IS_SEED_SHEET (self), FALSE);

  if (self->settings == NULL)
    return FALSE;
  next = find_next (self);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->seeds)); i++)
    {
      g_autoptr(EshiSeed) seed = g_list_model_get_item (G_LIST_MODEL (self->seeds), i);

      ticked = ticked || eshi_seed_get_ticked (seed);
    }
  return ticked || next != NULL;
}

const EshiSettings *
eshi_seed_sheet_get_settings (EshiSeedSheet *self)
{
  g_return_val_if_fail (ESHI_IS_SEED_SHEET (self), NULL);

  return self->settings;
}

gboolean
eshi_seed_sheet_shows (EshiSeedSheet      *self,
                       const EshiSettings *settings)
{
  g_autoptr(EshiSettings) other = NULL;
  g_autofree char *here = NULL;
  g_autofree char *there = NULL;

  g_return_val_if_fail (ESHI_IS_SEED_SHEET (self), FALSE);
  g_return_val_if_fail (settings != NULL, FALSE);

  if (self->settings == NULL || !eshi_picture_same_image (settings->image, self->settings->image) ||
      !eshi_picture_same_image (settings->mask, self->settings->mask))
    return FALSE;
  other = eshi_settings_copy (settings);
  other->seed = self->settings->seed;
  other->n_images = 1;
  here = eshi_settings_to_json (self->settings, self->settings->model);
  there = eshi_settings_to_json (other, other->model);
  return g_str_equal (here, there);
}

EshiSettings *
eshi_seed_sheet_dup_settings (EshiSeedSheet *self,
                              EshiSeed      *seed)
{
  EshiSettings *settings;

  g_return_val_if_fail (ESHI_IS_SEED_SHEET (self), NULL);
  g_return_val_if_fail (ESHI_IS_SEED (seed), NULL);
  g_return_val_if_fail (self->settings != NULL, NULL);

  settings = eshi_settings_copy (self->settings);
  settings->seed = eshi_seed_get_number (seed);
  return settings;
}
