/* eshi-session.c: what this run of the program paints: its requests, its pictures, and their files.
 *
 * Every finished picture is written to a file and recorded at once, by the history's thread; the picture stays in the
 * list if that fails. What waits is EshiQueue's; the engine is given one request at a time, with the checkpoint to go on
 * from, and its checkpoints go to the queue. A job leaves the disk only when its pictures have files.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-session.h"

#include "eshi-leftover.h"
#include "eshi-options.h"
#include "eshi-test-log.h"

/* How often what is painted can be gone on from: so much is lost at most, or one step where that takes longer. */
#define CHECKPOINT_SECONDS 1.0

/* A job that is painted, or whose pictures are still being saved; counts its references. */
typedef struct
{
  EshiJob *job;
  guint64 request;
  double seconds;           /* that the finished pictures took */
  guint n_unsaved;          /* finished pictures that have no file yet */
  guint ended : 1;          /* the engine is done with it */
} Painting;

struct _EshiSession
{
  GObject parent_instance;

  /* Owned References */
  EshiEngine *engine;
  EshiHistory *history;
  EshiQueue *queue;
  GListStore *pictures;
  GPtrArray *unsaved;       /* of Saving: what has no file, to be tried again */
  Painting *painting;       /* what the engine has; NULL for nothing */
  EshiJob *unwanted;        /* cancelled before the engine had it */

  guint was_busy : 1;
  guint halting : 1;         /* the program is about to end */
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
  UNSAVED,
  COMPARED,
  LEFT,
  STOPPED,
  FAILED,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiSession, eshi_session, G_TYPE_OBJECT)

static void
painting_clear (gpointer data)
{
  g_object_unref (((Painting *) data)->job);
}

static void
painting_unref (Painting *painting)
{
  g_rc_box_release_full (painting, painting_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Painting, painting_unref)

/* --- saving ------------------------------------------------------------------------------------------------------ */

/* A picture on its way to its file, with all that is recorded beside its settings. */
typedef struct
{
  EshiSession *session;     /* NULL while it is nowhere on its way */
  EshiPicture *picture;
  Painting *painting;
  char *backend;
  double seconds;
} Saving;

/* The job is not needed any more once every picture has its file. */
static void
settle_painting (EshiSession *self,
                 Painting    *painting)
{
  if (painting->ended && painting->n_unsaved == 0)
    eshi_queue_forget (self->queue, painting->job);
}

static void
count_saved (EshiSession *self,
             Painting    *painting)
{
  painting->n_unsaved--;
  settle_painting (self, painting);
}

static void
saving_free (Saving *saving)
{
  g_clear_object (&saving->session);
  g_object_unref (saving->picture);
  painting_unref (saving->painting);
  g_free (saving->backend);
  g_free (saving);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Saving, saving_free)

static void
tell_unsaved (EshiSession  *self,
              EshiPicture  *picture,
              const GError *error)
{
  eshi_test_log ("%s %s", eshi_picture_get_path (picture) != NULL ? "UNRECORDED" : "UNSAVED", error->message);
  g_signal_emit (self, signals[UNSAVED], 0, picture, error);
}

static void
on_saved_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(Saving) saving = user_data;
  g_autoptr(EshiSession) self = g_steal_pointer (&saving->session);
  g_autoptr(EshiPicture) picture = g_object_ref (saving->picture);
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) unrecorded = NULL;
  g_autoptr(EshiHistoryPicture) saved = eshi_history_save_finish (ESHI_HISTORY (source), result, &unrecorded, &error);

  if (g_application_get_default () != NULL)
    g_application_release (g_application_get_default ());
  if (saved == NULL)
    {
      g_ptr_array_add (self->unsaved, g_steal_pointer (&saving));
      tell_unsaved (self, picture, error);
      return;
    }
  eshi_picture_set_id (picture, saved->id);
  eshi_picture_set_path (picture, saved->path);
  eshi_test_log ("%s %s", eshi_picture_get_interrupted (picture) ? "LEFT" : "SAVED", saved->path);
  count_saved (self, saving->painting);
  if (eshi_picture_get_interrupted (picture))
    eshi_job_set_leftover (saving->painting->job, saved->id);
  g_signal_emit (self, signals[eshi_picture_get_interrupted (picture) ? LEFT : SAVED], 0, picture);
  if (saved->relation == ESHI_RELATION_REPRODUCED || saved->relation == ESHI_RELATION_CHANGED)
    g_signal_emit (self, signals[COMPARED], 0, saved);
  if (unrecorded != NULL)
    tell_unsaved (self, picture, unrecorded);
}

/* Takes @saving. */
static void
send (EshiSession *self,
      Saving      *saving)
{
  g_autofree char *folder = eshi_options_dup_folder ();
  g_autofree char *name = g_settings_get_string (eshi_options_get (), ESHI_OPTION_FILE_NAME);
  EshiHistoryNew spec = {
    .image = eshi_picture_get_image (saving->picture),
    .settings = eshi_picture_get_settings (saving->picture),
    .model_name = eshi_picture_get_model_name (saving->picture),
    .backend = saving->backend,
    .seconds = saving->seconds,
    .parent = eshi_job_get_parent (saving->painting->job),
    .relation = eshi_job_get_relation (saving->painting->job),
    .folder = folder,
    .name = name,
    .interrupted = eshi_picture_get_interrupted (saving->picture),
    .plain = !g_settings_get_boolean (eshi_options_get (), ESHI_OPTION_KEEP_SETTINGS),
  };

  /* The program does not end before the file is there. */
  if (g_application_get_default () != NULL)
    g_application_hold (g_application_get_default ());
  saving->session = g_object_ref (self);
  eshi_history_save_async (self->history, &spec, on_saved_cb, saving);
}

static void
save_picture (EshiSession *self,
              EshiPicture *picture,
              Painting    *painting,
              const char  *backend,
              double       seconds)
{
  Saving *saving = g_new0 (Saving, 1);

  painting->n_unsaved++;
  saving->picture = g_object_ref (picture);
  saving->painting = g_rc_box_acquire (painting);
  saving->backend = g_strdup (backend);
  saving->seconds = seconds;
  send (self, saving);
}

/* Whether it still is in the list: one that was taken away needs no file. */
static gboolean
is_wanted (EshiSession  *self,
           const Saving *saving)
{
  return g_list_store_find (self->pictures, saving->picture, NULL);
}

void
eshi_session_save_unsaved (EshiSession *self)
{
  g_return_if_fail (ESHI_IS_SESSION (self));

  for (guint i = self->unsaved->len; i > 0; i--)
    if (is_wanted (self, g_ptr_array_index (self->unsaved, i - 1)))
      send (self, g_ptr_array_steal_index (self->unsaved, i - 1));
}

guint
eshi_session_get_n_unsaved (EshiSession *self)
{
  guint n = 0;

  g_return_val_if_fail (ESHI_IS_SESSION (self), 0);

  for (guint i = 0; i < self->unsaved->len; i++)
    n += is_wanted (self, g_ptr_array_index (self->unsaved, i));
  return n;
}

EshiHistory *
eshi_session_get_history (EshiSession *self)
{
  g_return_val_if_fail (ESHI_IS_SESSION (self), NULL);

  return self->history;
}

/* --- events of the engine ---------------------------------------------------------------------------------------- */

static void
begin_job (EshiSession *self)
{
  EshiJob *job = self->painting->job;
  EshiProgress progress = *eshi_job_get_progress (job);

  progress.stage = ESHI_STAGE_LOADING;
  progress.fraction = 0.0;
  progress.seconds_left = -1;
  progress.n_waiting = eshi_queue_count (self->queue, ESHI_JOB_WAITING);
  eshi_job_set_progress (job, &progress);
  eshi_test_log ("STARTED");
  g_signal_emit (self, signals[STARTED], 0);
}

static void
take_progress (EshiSession     *self,
               const EshiEvent *event)
{
  EshiProgress progress = {
    .stage = eshi_event_get_stage (event),
    .fraction = eshi_event_get_fraction (event),
    .step = eshi_event_get_step (event),
    .n_steps = eshi_event_get_n_steps (event),
    .index = eshi_event_get_index (event),
    .n_images = eshi_job_get_settings (self->painting->job)->n_images,
    .seconds_left = eshi_event_get_seconds_left (event),
    .n_waiting = eshi_queue_count (self->queue, ESHI_JOB_WAITING),
  };

  eshi_job_set_progress (self->painting->job, &progress);
  eshi_test_log ("PROGRESS %d/%d", progress.step, progress.n_steps);
  g_signal_emit (self, signals[PROGRESS], 0);
}

static void
take_preview (EshiSession     *self,
              const EshiEvent *event)
{
  g_autoptr(GdkTexture) texture = eshi_picture_make_texture (eshi_event_get_image (event));

  eshi_job_set_preview (self->painting->job, texture);
  eshi_test_log ("PREVIEW %d/%d", eshi_event_get_step (event), eshi_event_get_n_steps (event));
  g_signal_emit (self, signals[PREVIEW], 0);
}

static void
take_image (EshiSession     *self,
            const EshiEvent *event)
{
  double total = eshi_event_get_timings (event)->total;
  g_autoptr(EshiPicture) picture = eshi_picture_new (eshi_event_get_image (event),
                                                      eshi_event_get_settings (event),
                                                      eshi_event_get_model_name (event));

  g_list_store_insert (self->pictures, 0, picture);
  eshi_test_log ("PAINTED %s", eshi_picture_get_title (picture));
  save_picture (self, picture, self->painting, eshi_event_get_backend (event), total - self->painting->seconds);
  self->painting->seconds = total;
  g_signal_emit (self, signals[PAINTED], 0, picture);
}

static void
take_checkpoint (EshiSession     *self,
                 const EshiEvent *event)
{
  eshi_queue_checkpoint (self->queue, self->painting->job, eshi_event_get_index (event), eshi_event_get_step (event),
                         eshi_event_get_state (event));
  eshi_test_log ("CHECKPOINT %d/%d", eshi_event_get_step (event), eshi_event_get_n_steps (event));
}

static void
tell_busy (EshiSession *self)
{
  gboolean busy = eshi_session_get_busy (self);

  if (self->was_busy == busy)
    return;
  self->was_busy = busy;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);
}

static void
tell_failed (EshiSession  *self,
             EshiJob      *job,
             const GError *error)
{
  eshi_test_log ("FAILED %s", error->message);
  g_signal_emit (self, signals[FAILED], 0, error, eshi_job_get_settings (job)->prompt);
}

/* There is something better now than what an earlier cancelling has left. */
static void
drop_leftover (EshiSession *self,
               EshiJob     *job)
{
  gint64 id = eshi_job_get_leftover (job);

  if (id == 0)
    return;
  eshi_job_set_leftover (job, 0);
  eshi_history_trash_async (self->history, &id, 1, NULL, NULL);
  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (self->pictures)); i > 0; i--)
    {
      g_autoptr(EshiPicture) picture = g_list_model_get_item (G_LIST_MODEL (self->pictures), i - 1);

      if (eshi_picture_get_id (picture) == id)
        g_list_store_remove (self->pictures, i - 1);
    }
}

/* A program that ends needs no picture of it: the job itself is there at the next start. */
static void
keep_leftover (EshiSession     *self,
               Painting        *painting,
               const EshiEvent *event)
{
  g_autoptr(EshiPicture) picture = NULL;

  if (eshi_event_get_image (event) == NULL || self->halting)
    return;
  drop_leftover (self, painting->job);
  picture = eshi_leftover_new (eshi_event_get_image (event), painting->job, eshi_event_get_model_name (event));
  g_list_store_insert (self->pictures, 0, picture);
  save_picture (self, picture, painting, eshi_event_get_backend (event), 0.0);
}

/* What was cancelled, or failed half-way, stays in the queue to be resumed. */
static void
end_job (EshiSession     *self,
         const EshiEvent *event)
{
  g_autoptr(Painting) painting = g_steal_pointer (&self->painting);
  EshiEventKind kind = eshi_event_get_kind (event);
  gboolean stays = kind == ESHI_EVENT_CANCELLED ||
                   (kind == ESHI_EVENT_FAILED && eshi_job_get_checkpoint (painting->job) != NULL);

  if (g_application_get_default () != NULL)
    g_application_release (g_application_get_default ());
  if (kind == ESHI_EVENT_FAILED)
    tell_failed (self, painting->job, eshi_event_get_error (event));
  else
    eshi_test_log (kind == ESHI_EVENT_DONE ? "DONE" : "CANCELLED");
  if (kind == ESHI_EVENT_CANCELLED)
    keep_leftover (self, painting, event);
  else if (kind == ESHI_EVENT_DONE)
    drop_leftover (self, painting->job);
  g_signal_emit (self, signals[STOPPED], 0, kind == ESHI_EVENT_CANCELLED);
  painting->ended = !stays;
  if (stays)
    eshi_queue_interrupt (self->queue, painting->job);
  else
    eshi_queue_finish (self->queue, painting->job);
  settle_painting (self, painting);
}

static void
on_event_cb (EshiSession *self,
             EshiEvent   *event)
{
  g_assert (ESHI_IS_SESSION (self));

  if (self->painting == NULL || self->painting->request != eshi_event_get_id (event))
    return;
  switch (eshi_event_get_kind (event))
    {
    case ESHI_EVENT_STARTED:
      begin_job (self);
      break;
    case ESHI_EVENT_PROGRESS:
      take_progress (self, event);
      break;
    case ESHI_EVENT_PREVIEW:
      take_preview (self, event);
      break;
    case ESHI_EVENT_IMAGE:
      take_image (self, event);
      break;
    case ESHI_EVENT_CHECKPOINT:
      take_checkpoint (self, event);
      break;
    case ESHI_EVENT_DONE:
    case ESHI_EVENT_FAILED:
    case ESHI_EVENT_CANCELLED:
    default:
      end_job (self, event);
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
  if (self->painting == NULL)
    open_engine (self);
  else
    self->engine_outdated = TRUE;
}

/* --- the queue --------------------------------------------------------------------------------------------------- */

/* The program stays until the engine has said how it ended, so that the last checkpoint is kept. */
static void
on_taken_cb (EshiSession *self,
             EshiJob     *job)
{
  g_autoptr(EshiSettings) settings = NULL;
  EshiRequest *request = NULL;

  g_assert (ESHI_IS_SESSION (self));

  if (job == self->unwanted)
    {
      g_clear_object (&self->unwanted);
      eshi_test_log ("CANCELLED");
      g_signal_emit (self, signals[STOPPED], 0, TRUE);
      eshi_queue_interrupt (self->queue, job);
      return;
    }
  if (self->engine_outdated)
    open_engine (self);
  settings = eshi_settings_copy (eshi_job_get_settings (job));
  eshi_options_fill_previews (settings);
  request = eshi_request_new_resumable (settings, CHECKPOINT_SECONDS, eshi_job_get_checkpoint (job));
  self->painting = g_rc_box_new0 (Painting);
  self->painting->job = g_object_ref (job);
  if (g_application_get_default () != NULL)
    g_application_hold (g_application_get_default ());
  self->painting->request = eshi_engine_submit (self->engine, request, NULL);
}

static void
on_queue_changed_cb (EshiSession *self)
{
  g_assert (ESHI_IS_SESSION (self));

  tell_busy (self);
  if (self->painting == NULL)
    return;
  {
    EshiProgress progress = *eshi_job_get_progress (self->painting->job);

    progress.n_waiting = eshi_queue_count (self->queue, ESHI_JOB_WAITING);
    eshi_job_set_progress (self->painting->job, &progress);
  }
  g_signal_emit (self, signals[PROGRESS], 0);
}

/* --- the object -------------------------------------------------------------------------------------------------- */

static void
eshi_session_dispose (GObject *object)
{
  EshiSession *self = ESHI_SESSION (object);

  if (self->engine != NULL)
    g_signal_handlers_disconnect_by_func (self->engine, on_event_cb, self);
  g_clear_object (&self->engine);
  g_clear_object (&self->queue);
  g_clear_object (&self->history);
  g_clear_object (&self->pictures);
  g_clear_object (&self->unwanted);
  g_clear_pointer (&self->painting, painting_unref);
  g_clear_pointer (&self->unsaved, g_ptr_array_unref);
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
  signals[UNSAVED] = g_signal_new ("unsaved", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                   0, NULL, NULL, NULL, G_TYPE_NONE, 2, ESHI_TYPE_PICTURE, G_TYPE_ERROR);
  signals[COMPARED] = g_signal_new ("compared", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                    0, NULL, NULL, NULL, G_TYPE_NONE, 1, ESHI_TYPE_HISTORY_PICTURE);
  signals[LEFT] = g_signal_new ("left", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                0, NULL, NULL, NULL, G_TYPE_NONE, 1, ESHI_TYPE_PICTURE);
  signals[STOPPED] = g_signal_new ("stopped", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                   0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
  signals[FAILED] = g_signal_new ("failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                  0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_ERROR, G_TYPE_STRING);
}

static void
eshi_session_init (EshiSession *self)
{
  self->pictures = g_list_store_new (ESHI_TYPE_PICTURE);
  self->unsaved = g_ptr_array_new_with_free_func ((GDestroyNotify) saving_free);
  /* Changes are told only of keys that are read after this. */
  g_signal_connect_object (eshi_options_get (), "changed", G_CALLBACK (on_option_cb), self, G_CONNECT_SWAPPED);
  open_engine (self);
  self->history = eshi_history_new (NULL, NULL);
  self->queue = eshi_queue_new (self->history);
  g_signal_connect_object (self->queue, "taken", G_CALLBACK (on_taken_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->queue, "changed", G_CALLBACK (on_queue_changed_cb), self, G_CONNECT_SWAPPED);
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

  return eshi_queue_get_busy (self->queue);
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

EshiQueue *
eshi_session_get_queue (EshiSession *self)
{
  g_return_val_if_fail (ESHI_IS_SESSION (self), NULL);

  return self->queue;
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

guint
eshi_session_continue (EshiSession        *self,
                       const EshiSettings *settings,
                       GBytes             *state,
                       gint64              parent,
                       EshiRelation        relation)
{
  EshiJob *job;
  guint place;

  g_return_val_if_fail (ESHI_IS_SESSION (self), 0);
  g_return_val_if_fail (settings != NULL, 0);

  job = eshi_queue_add (self->queue, settings, parent, relation, state, FALSE);
  place = eshi_queue_get_place (self->queue, job);
  eshi_test_log ("GENERATE [%s] seed=%" G_GUINT64_FORMAT " place=%u", settings->prompt, settings->seed, place);
  return place;
}

void
eshi_session_resume_picture (EshiSession        *self,
                             const EshiSettings *settings,
                             gint64              picture)
{
  EshiJob *job;

  g_return_if_fail (ESHI_IS_SESSION (self));
  g_return_if_fail (settings != NULL);

  job = eshi_leftover_find_job (self->queue, settings);
  if (job != NULL)
    eshi_queue_resume (self->queue, job);
  else
    job = eshi_queue_add (self->queue, settings, 0, ESHI_RELATION_NONE, NULL, TRUE);
  eshi_job_set_leftover (job, picture);
}

gboolean
eshi_session_cancel (EshiSession *self)
{
  EshiJob *job;

  g_return_val_if_fail (ESHI_IS_SESSION (self), FALSE);

  if (self->painting != NULL)
    {
      eshi_engine_cancel (self->engine, self->painting->request);
      return TRUE;
    }
  job = eshi_queue_get_next (self->queue);
  g_set_object (&self->unwanted, job);
  return job != NULL;
}

void
eshi_session_halt (EshiSession *self)
{
  g_return_if_fail (ESHI_IS_SESSION (self));

  self->halting = TRUE;
  if (eshi_queue_count (self->queue, ESHI_JOB_WAITING) > 0)
    eshi_queue_set_paused (self->queue, TRUE);
  if (eshi_queue_get_current (self->queue) != NULL)
    eshi_session_cancel (self);
  eshi_queue_forget_removed (self->queue);
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
  static const EshiProgress none = { .seconds_left = -1 };

  g_return_val_if_fail (ESHI_IS_SESSION (self), NULL);

  return self->painting != NULL ? eshi_job_get_progress (self->painting->job) : &none;
}

const EshiSettings *
eshi_session_get_settings (EshiSession *self)
{
  g_return_val_if_fail (ESHI_IS_SESSION (self), NULL);

  return self->painting != NULL ? eshi_job_get_settings (self->painting->job) : NULL;
}

GdkTexture *
eshi_session_get_preview (EshiSession *self)
{
  g_return_val_if_fail (ESHI_IS_SESSION (self), NULL);

  return self->painting != NULL ? eshi_job_get_preview (self->painting->job) : NULL;
}
