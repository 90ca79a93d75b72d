/* eshi-draft.c: what was typed and set, kept from run to run and through a crash.
 *
 * A key file and not GSettings: a draft is work and not a preference, it must be on the disk within a second whatever
 * keeps the preferences, and resetting those must not touch it. The file is replaced whole (written beside, then renamed), never edited in place.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-draft.h"

#define GROUP_SETTINGS "Settings"
#define GROUP_WINDOW "Window"
#define GROUP_HISTORY "History"
#define WRITE_DELAY_MS 500
#define HISTORY_LENGTH 100

struct _EshiDraft
{
  GObject parent_instance;

  /* Owned References */
  char *path;
  GKeyFile *keys;

  GMutex lock;            /* held while the file is written; guards last_written */
  guint last_written;     /* version that the file holds */

  guint version;          /* of keys, counted up at every write */
  guint write_source;
  guint dirty : 1;        /* changed since the last write began */
  guint writing : 1;      /* a thread writes */
};

typedef struct
{
  GBytes *bytes;
  guint version;
} Snapshot;

G_DEFINE_FINAL_TYPE (EshiDraft, eshi_draft, G_TYPE_OBJECT)

static void schedule_write (EshiDraft *self);

static Snapshot *
snapshot_new (EshiDraft *self)
{
  Snapshot *snapshot = g_new0 (Snapshot, 1);
  gsize n_bytes;
  char *text = g_key_file_to_data (self->keys, &n_bytes, NULL);

  snapshot->bytes = g_bytes_new_take (text, n_bytes);
  snapshot->version = ++self->version;
  return snapshot;
}

static void
snapshot_free (Snapshot *snapshot)
{
  g_bytes_unref (snapshot->bytes);
  g_free (snapshot);
}

/* Any thread. A newer version that is in the file already stays. */
static void
write_file (EshiDraft *self,
            Snapshot  *snapshot)
{
  g_autofree char *folder = g_path_get_dirname (self->path);
  g_autoptr(GError) error = NULL;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gsize n_bytes;
  const char *text = g_bytes_get_data (snapshot->bytes, &n_bytes);

  if (snapshot->version <= self->last_written)
    return;
  self->last_written = snapshot->version;
  g_mkdir_with_parents (folder, 0700);
  if (!g_file_set_contents_full (self->path, text, (gssize) n_bytes, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
    g_message ("The draft was not kept: %s", error->message);
}

static void
write_in_thread (GTask        *task,
                 gpointer      source,
                 gpointer      task_data,
                 GCancellable *cancellable)
{
  write_file (ESHI_DRAFT (source), task_data);
  g_task_return_boolean (task, TRUE);
}

static void
on_written_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  EshiDraft *self = ESHI_DRAFT (source);

  self->writing = FALSE;
  if (self->dirty)
    schedule_write (self);
}

static gboolean
on_write_timeout_cb (gpointer user_data)
{
  EshiDraft *self = ESHI_DRAFT (user_data);
  g_autoptr(GTask) task = NULL;

  self->write_source = 0;
  if (!self->dirty || self->writing)
    return G_SOURCE_REMOVE;
  self->dirty = FALSE;
  self->writing = TRUE;
  task = g_task_new (self, NULL, on_written_cb, NULL);
  g_task_set_source_tag (task, on_write_timeout_cb);
  g_task_set_task_data (task, snapshot_new (self), (GDestroyNotify) snapshot_free);
  g_task_run_in_thread (task, write_in_thread);
  return G_SOURCE_REMOVE;
}

/* The first change starts the clock, so that steady typing is written too. */
static void
schedule_write (EshiDraft *self)
{
  self->dirty = TRUE;
  if (self->write_source == 0 && !self->writing)
    self->write_source = g_timeout_add (WRITE_DELAY_MS, on_write_timeout_cb, self);
}

static void
eshi_draft_dispose (GObject *object)
{
  EshiDraft *self = ESHI_DRAFT (object);

  eshi_draft_flush (self);
  g_clear_handle_id (&self->write_source, g_source_remove);
  G_OBJECT_CLASS (eshi_draft_parent_class)->dispose (object);
}

static void
eshi_draft_finalize (GObject *object)
{
  EshiDraft *self = ESHI_DRAFT (object);

  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->keys, g_key_file_unref);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (eshi_draft_parent_class)->finalize (object);
}

static void
eshi_draft_class_init (EshiDraftClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = eshi_draft_dispose;
  object_class->finalize = eshi_draft_finalize;
}

static void
eshi_draft_init (EshiDraft *self)
{
  self->keys = g_key_file_new ();
  g_mutex_init (&self->lock);
}

EshiDraft *
eshi_draft_new (const char *path)
{
  EshiDraft *self = g_object_new (ESHI_TYPE_DRAFT, NULL);

  self->path = path != NULL ? g_strdup (path)
                            : g_build_filename (g_get_user_state_dir (), "eshi", "draft.ini", NULL);
  g_key_file_load_from_file (self->keys, self->path, G_KEY_FILE_NONE, NULL);
  return self;
}

static int
get_int (EshiDraft  *self,
         const char *group,
         const char *key,
         int         min,
         int         max,
         int         fallback)
{
  g_autoptr(GError) error = NULL;
  int value = g_key_file_get_integer (self->keys, group, key, &error);

  return error != NULL ? fallback : CLAMP (value, min, max);
}

static char *
dup_string (EshiDraft  *self,
            const char *key)
{
  return g_key_file_get_string (self->keys, GROUP_SETTINGS, key, NULL);
}

static void
load_input (EshiDraft    *self,
            EshiSettings *settings)
{
  if (g_key_file_has_key (self->keys, GROUP_SETTINGS, "strength", NULL))
    settings->strength = CLAMP (g_key_file_get_double (self->keys, GROUP_SETTINGS, "strength", NULL), 0.0, 1.0);
  if (g_key_file_has_key (self->keys, GROUP_SETTINGS, "paste", NULL))
    settings->paste = g_key_file_get_boolean (self->keys, GROUP_SETTINGS, "paste", NULL);
}

static void
load_expert (EshiDraft    *self,
             EshiSettings *settings)
{
  g_autofree char *rng = dup_string (self, "rng");
  double strength = g_key_file_get_double (self->keys, GROUP_SETTINGS, "variation-strength", NULL);

  settings->schedule = dup_string (self, "schedule");
  settings->emphasis = dup_string (self, "emphasis");
  settings->vae = dup_string (self, "vae");
  settings->loras = g_key_file_get_string_list (self->keys, GROUP_SETTINGS, "loras", NULL, NULL);
  settings->guidance_stop = CLAMP (g_key_file_get_double (self->keys, GROUP_SETTINGS, "guidance-stop", NULL), 0.0, 1.0);
  settings->clip_skip = get_int (self, GROUP_SETTINGS, "clip-skip", 0, 12, 0);
  settings->variation_strength = CLAMP (strength, 0.0, 1.0);
  settings->variation_seed = MIN (g_key_file_get_uint64 (self->keys, GROUP_SETTINGS, "variation-seed", NULL),
                                  ESHI_SEED_MAX - (guint) (settings->n_images - 1));
  eshi_rng_kind_from_name (rng, &settings->rng);
}

EshiSettings *
eshi_draft_load_settings (EshiDraft *self,
                          gboolean  *locked_seed)
{
  EshiSettings *settings;
  double guidance;

  g_return_val_if_fail (ESHI_IS_DRAFT (self), NULL);

  if (!g_key_file_has_group (self->keys, GROUP_SETTINGS))
    return NULL;
  settings = eshi_settings_new ();
  g_free (settings->prompt);
  g_free (settings->negative_prompt);
  settings->model = dup_string (self, "model");
  settings->prompt = dup_string (self, "prompt");
  settings->negative_prompt = dup_string (self, "negative-prompt");
  settings->sampler = dup_string (self, "sampler");
  settings->width = get_int (self, GROUP_SETTINGS, "width", 64, 2048, 0) & ~7;
  settings->height = get_int (self, GROUP_SETTINGS, "height", 64, 2048, 0) & ~7;
  settings->steps = get_int (self, GROUP_SETTINGS, "steps", 1, 1000, 0);
  settings->n_images = get_int (self, GROUP_SETTINGS, "n-images", 1, 64, 1);
  guidance = g_key_file_get_double (self->keys, GROUP_SETTINGS, "guidance", NULL);
  settings->guidance = guidance > 0 ? CLAMP (guidance, 1.0, 30.0) : 0;
  settings->seed = MIN (g_key_file_get_uint64 (self->keys, GROUP_SETTINGS, "seed", NULL),
                        ESHI_SEED_MAX - (guint) (settings->n_images - 1));
  load_input (self, settings);
  load_expert (self, settings);
  if (settings->prompt == NULL)
    settings->prompt = g_strdup ("");
  if (settings->negative_prompt == NULL)
    settings->negative_prompt = g_strdup ("");
  *locked_seed = g_key_file_get_boolean (self->keys, GROUP_SETTINGS, "seed-locked", NULL);
  return settings;
}

static void
store_string (EshiDraft  *self,
              const char *key,
              const char *value)
{
  if (value != NULL)
    g_key_file_set_string (self->keys, GROUP_SETTINGS, key, value);
  else
    g_key_file_remove_key (self->keys, GROUP_SETTINGS, key, NULL);
}

static void
store_expert (EshiDraft          *self,
              const EshiSettings *settings)
{
  const char *const *loras = (const char *const *) settings->loras;

  store_string (self, "schedule", settings->schedule);
  store_string (self, "emphasis", settings->emphasis);
  store_string (self, "vae", settings->vae);
  store_string (self, "rng", eshi_rng_kind_get_name (settings->rng));
  g_key_file_set_double (self->keys, GROUP_SETTINGS, "guidance-stop", settings->guidance_stop);
  g_key_file_set_integer (self->keys, GROUP_SETTINGS, "clip-skip", settings->clip_skip);
  g_key_file_set_double (self->keys, GROUP_SETTINGS, "variation-strength", settings->variation_strength);
  g_key_file_set_uint64 (self->keys, GROUP_SETTINGS, "variation-seed", settings->variation_seed);
  if (loras != NULL)
    g_key_file_set_string_list (self->keys, GROUP_SETTINGS, "loras", loras, g_strv_length (settings->loras));
  else
    g_key_file_remove_key (self->keys, GROUP_SETTINGS, "loras", NULL);
}

void
eshi_draft_store_settings (EshiDraft          *self,
                           const EshiSettings *settings,
                           gboolean            locked_seed)
{
  g_return_if_fail (ESHI_IS_DRAFT (self));
  g_return_if_fail (settings != NULL);

  store_string (self, "model", settings->model);
  store_string (self, "prompt", settings->prompt);
  store_string (self, "negative-prompt", settings->negative_prompt);
  store_string (self, "sampler", settings->sampler);
  g_key_file_set_integer (self->keys, GROUP_SETTINGS, "width", settings->width);
  g_key_file_set_integer (self->keys, GROUP_SETTINGS, "height", settings->height);
  g_key_file_set_integer (self->keys, GROUP_SETTINGS, "steps", settings->steps);
  g_key_file_set_integer (self->keys, GROUP_SETTINGS, "n-images", settings->n_images);
  g_key_file_set_double (self->keys, GROUP_SETTINGS, "guidance", settings->guidance);
  g_key_file_set_uint64 (self->keys, GROUP_SETTINGS, "seed", settings->seed);
  g_key_file_set_double (self->keys, GROUP_SETTINGS, "strength", settings->strength);
  g_key_file_set_boolean (self->keys, GROUP_SETTINGS, "paste", settings->paste);
  g_key_file_set_boolean (self->keys, GROUP_SETTINGS, "seed-locked", locked_seed);
  store_expert (self, settings);
  schedule_write (self);
}

void
eshi_draft_load_window (EshiDraft *self,
                        int       *width,
                        int       *height,
                        gboolean  *maximized)
{
  g_return_if_fail (ESHI_IS_DRAFT (self));

  if (!g_key_file_has_group (self->keys, GROUP_WINDOW))
    return;
  *width = get_int (self, GROUP_WINDOW, "width", 360, 16384, *width);
  *height = get_int (self, GROUP_WINDOW, "height", 200, 16384, *height);
  *maximized = g_key_file_get_boolean (self->keys, GROUP_WINDOW, "maximized", NULL);
}

void
eshi_draft_store_window (EshiDraft *self,
                         int        width,
                         int        height,
                         gboolean   maximized)
{
  g_return_if_fail (ESHI_IS_DRAFT (self));

  g_key_file_set_integer (self->keys, GROUP_WINDOW, "width", width);
  g_key_file_set_integer (self->keys, GROUP_WINDOW, "height", height);
  g_key_file_set_boolean (self->keys, GROUP_WINDOW, "maximized", maximized);
  schedule_write (self);
}

char *
eshi_draft_dup_folder (EshiDraft *self)
{
  g_autofree char *parent = NULL;

  g_return_val_if_fail (ESHI_IS_DRAFT (self), NULL);

  parent = g_path_get_dirname (self->path);
  return g_build_filename (parent, "draft", NULL);
}

GStrv
eshi_draft_dup_history (EshiDraft *self)
{
  GStrv prompts;

  g_return_val_if_fail (ESHI_IS_DRAFT (self), NULL);

  prompts = g_key_file_get_string_list (self->keys, GROUP_HISTORY, "prompts", NULL, NULL);
  return prompts != NULL ? prompts : g_new0 (char *, 1);
}

void
eshi_draft_add_to_history (EshiDraft  *self,
                           const char *prompt)
{
  g_auto(GStrv) old = NULL;
  g_autoptr(GPtrArray) prompts = NULL;

  g_return_if_fail (ESHI_IS_DRAFT (self));
  g_return_if_fail (prompt != NULL);

  if (prompt[0] == '\0')
    return;
  old = eshi_draft_dup_history (self);
  prompts = g_ptr_array_new ();
  g_ptr_array_add (prompts, (gpointer) prompt);
  for (guint i = 0; old[i] != NULL && prompts->len < HISTORY_LENGTH; i++)
    {
      if (strcmp (old[i], prompt) != 0)
        g_ptr_array_add (prompts, old[i]);
    }
  g_key_file_set_string_list (self->keys, GROUP_HISTORY, "prompts",
                              (const char *const *) prompts->pdata, prompts->len);
  schedule_write (self);
}

void
eshi_draft_flush (EshiDraft *self)
{
  Snapshot *snapshot;

  g_return_if_fail (ESHI_IS_DRAFT (self));

  if (!self->dirty && !self->writing)
    return;
  self->dirty = FALSE;
  snapshot = snapshot_new (self);
  write_file (self, snapshot);
  snapshot_free (snapshot);
}
