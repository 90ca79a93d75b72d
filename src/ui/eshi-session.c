/* eshi-session.c: what this run of the program paints: its requests, its pictures, and their files.
 *
 * Every finished picture is written to a file and recorded at once, by the history's thread; the picture stays in the
 * list if that fails. The engine's queue is the queue: requests are kept here only to know their settings and their order.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-session.h"

#include "eshi-options.h"
#include "eshi-test-log.h"

typedef struct
{
  guint64 id;
  EshiSettings *settings;
  gint64 parent;            /* in the history; 0 for none */
  EshiRelation relation;
} Job;

struct _EshiSession
{
  GObject parent_instance;

  /* Owned References */
  EshiEngine *engine;
  EshiHistory *history;     /* NULL until it is needed */
  GListStore *pictures;
  GQueue jobs;              /* of Job, in the order the engine paints them */
  GdkTexture *preview;

  EshiProgress progress;
  guint64 running;          /* id of the request that has started; 0 for none */
  double seconds;           /* that the finished pictures of that request took */
  guint told_unrecorded : 1;
  guint engine_outdated : 1; /* another one was asked for while this one worked */
};

enum
{
  PROP_0,
  PROP_BUSY,
  N_PROPS,
};

enum
{
  STARTED,
  PROGRESS,
  PREVIEW,
  PAINTED,
  SAVED,
  COMPARED,
  STOPPED,
  FAILED,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiSession, eshi_session, G_TYPE_OBJECT)

static void
job_free (Job *job)
{
  eshi_settings_free (job->settings);
  g_free (job);
}

static Job *
find_job (EshiSession *self,
          guint64      id)
{
  for (GList *l = self->jobs.head; l != NULL; l = l->next)
    {
      Job *job = l->data;

      if (job->id == id)
        return job;
    }
  return NULL;
}

/* --- saving ------------------------------------------------------------------------------------------------------ */

/* A picture on its way to its file. */
typedef struct
{
  EshiSession *session;
  EshiPicture *picture;
} Saving;

/* The picture is safe in its file; that the history does not know it is said once. */
static void
tell_unrecorded (EshiSession  *self,
                 EshiPicture  *picture,
                 const GError *error)
{
  eshi_test_log ("UNRECORDED %s", error->message);
  if (!self->told_unrecorded)
    g_signal_emit (self, signals[FAILED], 0, error, eshi_picture_get_title (picture));
  self->told_unrecorded = TRUE;
}

static void
on_saved_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autofree Saving *saving = user_data;
  g_autoptr(EshiSession) self = saving->session;
  g_autoptr(EshiPicture) picture = saving->picture;
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) unrecorded = NULL;
  g_autoptr(EshiHistoryPicture) saved = eshi_history_save_finish (ESHI_HISTORY (source), result, &unrecorded, &error);

  if (g_application_get_default () != NULL)
    g_application_release (g_application_get_default ());
  if (saved == NULL)
    {
      eshi_test_log ("FAILED %s", error->message);
      g_signal_emit (self, signals[FAILED], 0, error, eshi_picture_get_title (picture));
      return;
    }
  eshi_picture_set_id (picture, saved->id);
  eshi_picture_set_path (picture, saved->path);
  eshi_test_log ("SAVED %s", saved->path);
  g_signal_emit (self, signals[SAVED], 0, picture);
  if (saved->relation == ESHI_RELATION_REPRODUCED || saved->relation == ESHI_RELATION_CHANGED)
    g_signal_emit (self, signals[COMPARED], 0, saved);
  if (unrecorded != NULL)
    tell_unrecorded (self, picture, unrecorded);
}

static void
save_picture (EshiSession *self,
              EshiPicture *picture,
              const Job   *job,
              const char  *backend,
              double       seconds)
{
  Saving *saving = g_new (Saving, 1);
  g_autofree char *folder = eshi_options_dup_folder ();
  g_autofree char *name = g_settings_get_string (eshi_options_get (), ESHI_OPTION_FILE_NAME);
  EshiHistoryNew spec = {
    .image = eshi_picture_get_image (picture),
    .settings = eshi_picture_get_settings (picture),
    .model_name = eshi_picture_get_model_name (picture),
    .backend = backend,
    .seconds = seconds,
    .parent = job != NULL ? job->parent : 0,
    .relation = job != NULL ? job->relation : ESHI_RELATION_NONE,
    .folder = folder,
    .name = name,
    .plain = !g_settings_get_boolean (eshi_options_get (), ESHI_OPTION_KEEP_SETTINGS),
  };

  /* The program does not end before the file is there. */
  if (g_application_get_default () != NULL)
    g_application_hold (g_application_get_default ());
  *saving = (Saving) { g_object_ref (self), g_object_ref (picture) };
  eshi_history_save_async (eshi_session_get_history (self), &spec, on_saved_cb, saving);
}

void
eshi_session_save (EshiSession *self,
                   EshiPicture *picture)
{
  g_return_if_fail (ESHI_IS_SESSION (self));
  g_return_if_fail (ESHI_IS_PICTURE (picture));

  save_picture (self, picture, NULL, NULL, 0.0);
}

EshiHistory *
eshi_session_get_history (EshiSession *self)
{
  g_return_val_if_fail (ESHI_IS_SESSION (self), NULL);

  if (self->history == NULL)
    self->history = eshi_history_new (NULL, NULL);

  return self->history;
}

/* --- events of the engine ---------------------------------------------------------------------------------------- */

static void
begin_job (EshiSession *self,
           Job         *job)
{
  self->running = job->id;
  self->seconds = 0.0;
  self->progress = (EshiProgress) {
    .stage = ESHI_STAGE_LOADING,
    .n_images = job->settings->n_images,
    .seconds_left = -1,
    .n_waiting = g_queue_get_length (&self->jobs) - 1,
  };
  g_clear_object (&self->preview);
  eshi_test_log ("STARTED");
  g_signal_emit (self, signals[STARTED], 0);
}

static void
take_progress (EshiSession     *self,
               const EshiEvent *event)
{
  self->progress.stage = eshi_event_get_stage (event);
  self->progress.fraction = eshi_event_get_fraction (event);
  self->progress.step = eshi_event_get_step (event);
  self->progress.n_steps = eshi_event_get_n_steps (event);
  self->progress.index = eshi_event_get_index (event);
  self->progress.seconds_left = eshi_event_get_seconds_left (event);
  self->progress.n_waiting = g_queue_get_length (&self->jobs) - 1;
  eshi_test_log ("PROGRESS %d/%d", self->progress.step, self->progress.n_steps);
  g_signal_emit (self, signals[PROGRESS], 0);
}

static void
take_preview (EshiSession     *self,
              const EshiEvent *event)
{
  g_autoptr(GdkTexture) texture = eshi_picture_make_texture (eshi_event_get_image (event));

  g_set_object (&self->preview, texture);
  eshi_test_log ("PREVIEW %d/%d", eshi_event_get_step (event), eshi_event_get_n_steps (event));
  g_signal_emit (self, signals[PREVIEW], 0);
}

static void
take_image (EshiSession     *self,
            const Job       *job,
            const EshiEvent *event)
{
  g_autoptr(EshiPicture) picture = eshi_picture_new (eshi_event_get_image (event),
                                                      eshi_event_get_settings (event),
                                                      eshi_event_get_model_name (event));

  g_list_store_insert (self->pictures, 0, picture);
  eshi_test_log ("PAINTED %s", eshi_picture_get_title (picture));
  save_picture (self, picture, job, eshi_event_get_backend (event),
                eshi_event_get_timings (event)->total - self->seconds);
  self->seconds = eshi_event_get_timings (event)->total;
  g_signal_emit (self, signals[PAINTED], 0, picture);
}

static void
end_job (EshiSession     *self,
         Job             *job,
         const EshiEvent *event)
{
  EshiEventKind kind = eshi_event_get_kind (event);
  g_autofree char *about = g_strdup (job->settings->prompt);

  g_queue_remove (&self->jobs, job);
  if (self->running == job->id)
    self->running = 0;
  job_free (job);
  g_clear_object (&self->preview);

  if (kind == ESHI_EVENT_FAILED)
    {
      eshi_test_log ("FAILED %s", eshi_event_get_error (event)->message);
      g_signal_emit (self, signals[FAILED], 0, eshi_event_get_error (event), about);
    }
  else
    {
      eshi_test_log (kind == ESHI_EVENT_DONE ? "DONE" : "CANCELLED");
    }
  g_signal_emit (self, signals[STOPPED], 0, kind == ESHI_EVENT_CANCELLED);
  if (g_queue_is_empty (&self->jobs))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);
}

static void
on_event_cb (EshiSession *self,
             EshiEvent   *event)
{
  Job *job;

  g_assert (ESHI_IS_SESSION (self));

  job = find_job (self, eshi_event_get_id (event));
  if (job == NULL)
    return;
  switch (eshi_event_get_kind (event))
    {
    case ESHI_EVENT_STARTED:
      begin_job (self, job);
      break;
    case ESHI_EVENT_PROGRESS:
      take_progress (self, event);
      break;
    case ESHI_EVENT_PREVIEW:
      take_preview (self, event);
      break;
    case ESHI_EVENT_IMAGE:
      take_image (self, job, event);
      break;
    case ESHI_EVENT_CHECKPOINT:
      break;
    case ESHI_EVENT_DONE:
    case ESHI_EVENT_FAILED:
    case ESHI_EVENT_CANCELLED:
    default:
      end_job (self, job, event);
      break;
    }
}

/* --- the engine -------------------------------------------------------------------------------------------------- */

static void
open_engine (EshiSession *self)
{
  if (self->engine != NULL)
    g_signal_handlers_disconnect_by_func (self->engine, on_event_cb, self);
  g_clear_object (&self->engine);
  self->engine_outdated = FALSE;
  self->engine = eshi_options_new_engine ();
  g_signal_connect_object (self->engine, "event", G_CALLBACK (on_event_cb), self, G_CONNECT_SWAPPED);
  eshi_test_log ("ENGINE");
}

/* What is being painted is finished on the engine that began it. */
static void
on_option_cb (EshiSession *self,
              const char  *key)
{
  g_assert (ESHI_IS_SESSION (self));

  if (!eshi_options_is_for_engine (key))
    return;
  if (g_queue_is_empty (&self->jobs))
    open_engine (self);
  else
    self->engine_outdated = TRUE;
}

/* --- the object -------------------------------------------------------------------------------------------------- */

static void
eshi_session_dispose (GObject *object)
{
  EshiSession *self = ESHI_SESSION (object);

  if (self->engine != NULL)
    g_signal_handlers_disconnect_by_func (self->engine, on_event_cb, self);
  g_clear_object (&self->engine);
  g_clear_object (&self->history);
  g_clear_object (&self->pictures);
  g_clear_object (&self->preview);
  g_queue_clear_full (&self->jobs, (GDestroyNotify) job_free);
  G_OBJECT_CLASS (eshi_session_parent_class)->dispose (object);
}

static void
eshi_session_get_property (GObject    *object,
                           guint       prop_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_BUSY:
      g_value_set_boolean (value, eshi_session_get_busy (ESHI_SESSION (object)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static guint
new_signal (EshiSessionClass *klass,
            const char       *name)
{
  return g_signal_new (name, G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
eshi_session_class_init (EshiSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = eshi_session_dispose;
  object_class->get_property = eshi_session_get_property;

  properties[PROP_BUSY] =
    g_param_spec_boolean ("busy", NULL, NULL, FALSE,
                          G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[STARTED] = new_signal (klass, "started");
  signals[PROGRESS] = new_signal (klass, "progress");
  signals[PREVIEW] = new_signal (klass, "preview");
  signals[PAINTED] = g_signal_new ("painted", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                   0, NULL, NULL, NULL, G_TYPE_NONE, 1, ESHI_TYPE_PICTURE);
  signals[SAVED] = g_signal_new ("saved", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                 0, NULL, NULL, NULL, G_TYPE_NONE, 1, ESHI_TYPE_PICTURE);
  signals[COMPARED] = g_signal_new ("compared", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                    0, NULL, NULL, NULL, G_TYPE_NONE, 1, ESHI_TYPE_HISTORY_PICTURE);
  signals[STOPPED] = g_signal_new ("stopped", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                   0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
  signals[FAILED] = g_signal_new ("failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                  0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_ERROR, G_TYPE_STRING);
}

static void
eshi_session_init (EshiSession *self)
{
  g_queue_init (&self->jobs);
  self->pictures = g_list_store_new (ESHI_TYPE_PICTURE);
  /* Changes are told only of keys that are read after this. */
  g_signal_connect_object (eshi_options_get (), "changed", G_CALLBACK (on_option_cb), self, G_CONNECT_SWAPPED);
  open_engine (self);
}

EshiSession *
eshi_session_new (void)
{
  return g_object_new (ESHI_TYPE_SESSION, NULL);
}

gboolean
eshi_session_get_busy (EshiSession *self)
{
  g_return_val_if_fail (ESHI_IS_SESSION (self), FALSE);

  return !g_queue_is_empty (&self->jobs);
}

EshiEngine *
eshi_session_get_engine (EshiSession *self)
{
  g_return_val_if_fail (ESHI_IS_SESSION (self), NULL);

  return self->engine;
}

GListModel *
eshi_session_get_pictures (EshiSession *self)
{
  g_return_val_if_fail (ESHI_IS_SESSION (self), NULL);

  return G_LIST_MODEL (self->pictures);
}

guint
eshi_session_generate (EshiSession        *self,
                       const EshiSettings *settings)
{
  return eshi_session_generate_from (self, settings, 0, ESHI_RELATION_NONE);
}

guint
eshi_session_generate_from (EshiSession        *self,
                            const EshiSettings *settings,
                            gint64              parent,
                            EshiRelation        relation)
{
  return eshi_session_continue (self, settings, NULL, parent, relation);
}

EshiEngine *
eshi_session_get_engine (EshiSession *self)
{
  g_return_val_if_fail (ESHI_IS_SESSION (self), NULL);

  return self->engine;
}

guint
eshi_session_continue (EshiSession        *self,
                       const EshiSettings *settings,
                       GBytes             *state,
                       gint64              parent,
                       EshiRelation        relation)
{
  Job *job;
  guint place;

  g_return_val_if_fail (ESHI_IS_SESSION (self), 0);
  g_return_val_if_fail (settings != NULL, 0);

  if (self->engine_outdated && g_queue_is_empty (&self->jobs))
    open_engine (self);
  job = g_new0 (Job, 1);
  job->settings = eshi_settings_copy (settings);
  job->settings->previews = g_settings_get_boolean (eshi_options_get (), ESHI_OPTION_PREVIEWS);
  job->parent = parent;
  job->relation = relation;
  g_queue_push_tail (&self->jobs, job);
  place = g_queue_get_length (&self->jobs);
  eshi_test_log ("GENERATE [%s] seed=%" G_GUINT64_FORMAT " place=%u", settings->prompt, settings->seed, place);
  job->id = eshi_engine_submit (self->engine, eshi_request_new_resumable (job->settings, -1.0, state), NULL);
  if (place == 1)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);
  if (self->running != 0)
    {
      self->progress.n_waiting = place - 1;
      g_signal_emit (self, signals[PROGRESS], 0);
    }
  return place;
}

gboolean
eshi_session_cancel (EshiSession *self)
{
  Job *job;

  g_return_val_if_fail (ESHI_IS_SESSION (self), FALSE);

  job = self->running != 0 ? find_job (self, self->running) : g_queue_peek_head (&self->jobs);
  if (job == NULL)
    return FALSE;
  eshi_engine_cancel (self->engine, job->id);
  return TRUE;
}

void
eshi_session_forget (EshiSession *self,
                     EshiPicture *picture)
{
  guint position;

  g_return_if_fail (ESHI_IS_SESSION (self));
  g_return_if_fail (ESHI_IS_PICTURE (picture));

  if (g_list_store_find (self->pictures, picture, &position))
    g_list_store_remove (self->pictures, position);
}

void
eshi_session_restore (EshiSession *self,
                      EshiPicture *picture,
                      guint        position)
{
  guint n_pictures;

  g_return_if_fail (ESHI_IS_SESSION (self));
  g_return_if_fail (ESHI_IS_PICTURE (picture));

  n_pictures = g_list_model_get_n_items (G_LIST_MODEL (self->pictures));
  g_list_store_insert (self->pictures, MIN (position, n_pictures), picture);
}

const EshiProgress *
eshi_session_get_progress (EshiSession *self)
{
  g_return_val_if_fail (ESHI_IS_SESSION (self), NULL);

  return &self->progress;
}

const EshiSettings *
eshi_session_get_settings (EshiSession *self)
{
  Job *job;

  g_return_val_if_fail (ESHI_IS_SESSION (self), NULL);

  job = self->running != 0 ? find_job (self, self->running) : NULL;
  return job != NULL ? job->settings : NULL;
}

GdkTexture *
eshi_session_get_preview (EshiSession *self)
{
  g_return_val_if_fail (ESHI_IS_SESSION (self), NULL);

  return self->preview;
}
