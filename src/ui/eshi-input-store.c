/* eshi-input-store.c: the input picture and its mask, kept from run to run and through a crash.
 *
 * What belongs to a picture, its mask and where it comes from, goes before another picture's file is written, so that no
 * crash leaves it beside a picture that is not its own. Strength and the like are the draft's (eshi-draft.h).
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-input-store.h"

#include "eshi-test-log.h"

#include <eshi-picture-file.h>
#include <glib/gstdio.h>

#define WRITE_DELAY_MS 500
#define GROUP "Input"

struct _EshiInputStore
{
  GObject parent_instance;

  /* Owned References */
  EshiInput *input;
  char *folder;
  char *image_path;
  char *mask_path;
  char *origin_path;
  EshiImage *written_image;   /* that image_path holds; guarded by lock */

  GMutex lock;                /* held while files are written */
  guint written;              /* serial of the input that the files hold; guarded by lock */
  guint asked;                /* serial of the newest write that was begun */
  guint write_source;
};

typedef struct
{
  EshiSettings *settings;     /* its image and mask */
  char *name;                 /* NULL for none */
  gint64 parent;
  guint serial;
} Job;

G_DEFINE_FINAL_TYPE (EshiInputStore, eshi_input_store, G_TYPE_OBJECT)

static Job *
job_new (EshiInputStore *self)
{
  Job *job = g_new0 (Job, 1);

  job->settings = eshi_settings_new ();
  eshi_input_fill_settings (self->input, job->settings);
  job->name = g_strdup (eshi_input_get_name (self->input));
  job->parent = eshi_input_get_parent (self->input);
  job->serial = eshi_input_get_serial (self->input);
  self->asked = job->serial;
  return job;
}

static void
job_free (Job *job)
{
  eshi_settings_free (job->settings);
  g_free (job->name);
  g_free (job);
}

static gboolean
write_image (const char *path,
             EshiImage  *image)
{
  g_autoptr(GError) error = NULL;

  if (image == NULL)
    {
      g_unlink (path);
      return TRUE;
    }
  if (eshi_picture_file_save (path, image, NULL, NULL, &error))
    return TRUE;
  g_message ("The input picture was not kept: %s", error->message);
  return FALSE;
}

/* What the picture is called, and what it is in the history. */
static void
write_origin (const char *path,
              const Job  *job)
{
  g_autoptr(GKeyFile) keys = g_key_file_new ();
  g_autoptr(GError) error = NULL;

  if (job->settings->image == NULL)
    {
      g_unlink (path);
      return;
    }
  if (job->name != NULL)
    g_key_file_set_string (keys, GROUP, "name", job->name);
  g_key_file_set_int64 (keys, GROUP, "parent", job->parent);
  if (!g_key_file_save_to_file (keys, path, &error))
    g_message ("Where the input picture comes from was not kept: %s", error->message);
}

/* Any thread. What is newer and was written already stays. */
static void
write_files (EshiInputStore *self,
             const Job      *job)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (job->serial <= self->written)
    return;
  self->written = job->serial;
  g_mkdir_with_parents (self->folder, 0700);
  if (job->settings->image != self->written_image)
    {
      write_image (self->mask_path, NULL);
      g_unlink (self->origin_path);
      g_clear_pointer (&self->written_image, eshi_image_unref);
      if (write_image (self->image_path, job->settings->image) && job->settings->image != NULL)
        self->written_image = eshi_image_ref (job->settings->image);
    }
  write_image (self->mask_path, job->settings->mask);
  write_origin (self->origin_path, job);
}

static void
write_in_thread (GTask        *task,
                 gpointer      source,
                 gpointer      task_data,
                 GCancellable *cancellable)
{
  write_files (ESHI_INPUT_STORE (source), task_data);
  g_task_return_boolean (task, TRUE);
}

static void
on_written_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  eshi_test_log ("INPUT_KEPT");
}

static gboolean
on_write_timeout_cb (gpointer user_data)
{
  EshiInputStore *self = ESHI_INPUT_STORE (user_data);
  g_autoptr(GTask) task = NULL;

  self->write_source = 0;
  task = g_task_new (self, NULL, on_written_cb, NULL);
  g_task_set_source_tag (task, on_write_timeout_cb);
  g_task_set_task_data (task, job_new (self), (GDestroyNotify) job_free);
  g_task_run_in_thread (task, write_in_thread);
  return G_SOURCE_REMOVE;
}

static void
on_changed_cb (EshiInputStore *self)
{
  g_assert (ESHI_IS_INPUT_STORE (self));

  if (self->write_source == 0 && eshi_input_get_serial (self->input) != self->asked)
    self->write_source = g_timeout_add (WRITE_DELAY_MS, on_write_timeout_cb, self);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

/* A file that is not there, or that says nothing of use, is as good as an empty one. */
static void
read_origin (const char *path,
             Job        *job)
{
  g_autoptr(GKeyFile) keys = g_key_file_new ();

  g_key_file_load_from_file (keys, path, G_KEY_FILE_NONE, NULL);
  job->name = g_key_file_get_string (keys, GROUP, "name", NULL);
  job->parent = MAX (0, g_key_file_get_int64 (keys, GROUP, "parent", NULL));
}

static void
read_in_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  EshiInputStore *self = ESHI_INPUT_STORE (source);
  Job *job = g_new0 (Job, 1);
  EshiSettings *settings = eshi_settings_new ();

  job->settings = settings;
  settings->image = eshi_picture_file_load_image (self->image_path, NULL);
  if (settings->image != NULL)
    settings->mask = eshi_picture_file_load_image (self->mask_path, NULL);
  if (!eshi_settings_validate (settings, NULL))
    g_clear_pointer (&settings->mask, eshi_image_unref);
  read_origin (self->origin_path, job);
  g_task_return_pointer (task, job, (GDestroyNotify) job_free);
}

/* The files hold what comes now. */
static void
take_kept (EshiInputStore *self,
           const Job      *job)
{
  EshiImage *image = job->settings->image;
  g_autoptr(EshiMask) mask = NULL;

  if (job->settings->mask != NULL)
    mask = eshi_mask_new_from_image (job->settings->mask);
  self->written_image = eshi_image_ref (image);
  eshi_input_set_image (self->input, image, job->name, mask);
  eshi_input_set_parent (self->input, job->parent);
  self->asked = self->written = eshi_input_get_serial (self->input);
  g_clear_handle_id (&self->write_source, g_source_remove);
  eshi_test_log ("INPUT_RESTORED mask=%d parent=%" G_GINT64_FORMAT, mask != NULL, job->parent);
}

static void
on_read_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  EshiInputStore *self = ESHI_INPUT_STORE (source);
  Job *job = g_task_propagate_pointer (G_TASK (result), NULL);

  if (job->settings->image != NULL && eshi_input_get_serial (self->input) == 0)
    take_kept (self, job);
  job_free (job);
}

static void
read_files (EshiInputStore *self)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, on_read_cb, NULL);

  g_task_set_source_tag (task, read_files);
  g_task_run_in_thread (task, read_in_thread);
}

/* --- the object -------------------------------------------------------------------------------------------------- */

static void
eshi_input_store_dispose (GObject *object)
{
  EshiInputStore *self = ESHI_INPUT_STORE (object);

  if (self->input != NULL)
    eshi_input_store_flush (self);
  g_clear_object (&self->input);
  G_OBJECT_CLASS (eshi_input_store_parent_class)->dispose (object);
}

static void
eshi_input_store_finalize (GObject *object)
{
  EshiInputStore *self = ESHI_INPUT_STORE (object);

  g_clear_pointer (&self->folder, g_free);
  g_clear_pointer (&self->image_path, g_free);
  g_clear_pointer (&self->mask_path, g_free);
  g_clear_pointer (&self->origin_path, g_free);
  g_clear_pointer (&self->written_image, eshi_image_unref);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (eshi_input_store_parent_class)->finalize (object);
}

static void
eshi_input_store_class_init (EshiInputStoreClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = eshi_input_store_dispose;
  object_class->finalize = eshi_input_store_finalize;
}

static void
eshi_input_store_init (EshiInputStore *self)
{
  g_mutex_init (&self->lock);
}

EshiInputStore *
eshi_input_store_new (EshiInput  *input,
                      const char *folder)
{
  EshiInputStore *self;

  g_return_val_if_fail (ESHI_IS_INPUT (input), NULL);
  g_return_val_if_fail (folder != NULL, NULL);

  self = g_object_new (ESHI_TYPE_INPUT_STORE, NULL);
  self->input = g_object_ref (input);
  self->folder = g_strdup (folder);
  self->image_path = g_build_filename (folder, "input.png", NULL);
  self->mask_path = g_build_filename (folder, "mask.png", NULL);
  self->origin_path = g_build_filename (folder, "input.ini", NULL);
  g_signal_connect_object (input, "changed", G_CALLBACK (on_changed_cb), self, G_CONNECT_SWAPPED);
  read_files (self);
  return self;
}

void
eshi_input_store_flush (EshiInputStore *self)
{
  Job *job;

  g_return_if_fail (ESHI_IS_INPUT_STORE (self));

  g_clear_handle_id (&self->write_source, g_source_remove);
  if (eshi_input_get_serial (self->input) == 0)
    return;
  job = job_new (self);
  write_files (self, job);
  job_free (job);
}
