/* eshi-cli-job.c: submits requests, listens, saves pictures as they come.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#include "eshi-cli-job.h"
#include "eshi-picture-file.h"

#define SUFFIX ".png"

static void
picture_free (gpointer data)
{
  EshiCliPicture *self = data;

  g_free (self->path);
  g_free (self->note);
  g_clear_pointer (&self->image, eshi_image_unref);
  eshi_settings_free (self->settings);
  g_free (self);
}

void
eshi_cli_job_init (EshiCliJob *self)
{
  *self = (EshiCliJob) { .n_digits = 1 };
  self->pictures = g_ptr_array_new_with_free_func (picture_free);
}

void
eshi_cli_job_clear (EshiCliJob *self)
{
  g_clear_pointer (&self->pictures, g_ptr_array_unref);
  g_clear_pointer (&self->model_name, g_free);
  g_clear_pointer (&self->used_backend, g_free);
}

char *
eshi_cli_job_path (const EshiCliJob *self,
                   guint             n)
{
  gsize length = self->output != NULL ? strlen (self->output) : 0;

  if (self->output == NULL || !self->numbered)
    return g_strdup (self->output);

  if (length > strlen (SUFFIX) && g_ascii_strcasecmp (self->output + length - strlen (SUFFIX), SUFFIX) == 0)
    length -= strlen (SUFFIX);

  return g_strdup_printf ("%.*s-%0*u" SUFFIX, (int) length, self->output, self->n_digits, n + 1);
}

static void
cancel_all (EshiCliJob *self)
{
  for (guint i = 0; i < self->settings->len; i++)
    eshi_engine_cancel (self->engine, self->first_id + i);
}

/* The first failure counts; the rest is cancelled. */
static void
fail (EshiCliJob   *self,
      const GError *error)
{
  if (self->status != ESHI_CLI_OK)
    return;

  eshi_cli_progress_clear (&self->progress);
  self->status = eshi_cli_fail (error);
  cancel_all (self);
}

static void
quit_if_done (EshiCliJob *self)
{
  if (self->n_left == 0 && self->n_saving == 0)
    g_main_loop_quit (self->loop);
}

/* Says that a picture is there. */
static void
announce (EshiCliJob           *self,
          const EshiCliPicture *picture)
{
  eshi_cli_progress_clear (&self->progress);
  if (picture->path != NULL && self->print_paths)
    eshi_cli_print (picture->path);
  if (!self->quiet)
    fprintf (stderr, _("seed %u, %d steps, %s, %d × %d pixels\n"), (guint) picture->settings->seed,
             picture->settings->steps, eshi_sampler_find (picture->settings->sampler)->label,
             picture->settings->width, picture->settings->height);
  if (picture->settings->withheld)
    eshi_cli_complain (_("The safety checker withheld this picture, so it is all black. Try another seed or another prompt."));
  if (!self->quiet && picture->note != NULL)
    eshi_cli_complain (picture->note);
}

static char *
save (EshiCliJob  *self,
      const char  *path,
      EshiEvent   *event,
      GError     **error)
{
  EshiImage *image = eshi_event_get_image (event);
  const EshiSettings *settings = eshi_event_get_settings (event);
  const char *model_name = eshi_event_get_model_name (event);

  if (path == NULL)
    return eshi_picture_file_save_in_folder (NULL, image, settings, model_name, error);
  if (!eshi_picture_file_save (path, image, settings, model_name, error))
    return NULL;

  return g_strdup (path);
}

/* A picture on its way to the history. */
typedef struct
{
  EshiCliJob     *job;
  EshiCliPicture *picture;
} Saving;

/* The file is there; that the history does not know it is said once. */
static void
complain_unrecorded (EshiCliJob   *self,
                     const GError *error)
{
  eshi_cli_progress_clear (&self->progress);
  if (!self->complained)
    eshi_cli_complain (error->message);
  self->complained = TRUE;
}

static void
saved_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autofree Saving *saving = user_data;
  EshiCliJob *self = saving->job;
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) unrecorded = NULL;
  g_autoptr(EshiHistoryPicture) saved = eshi_history_save_finish (ESHI_HISTORY (source), result, &unrecorded, &error);

  self->n_saving--;
  if (saved == NULL)
    {
      fail (self, error);
      g_ptr_array_remove (self->pictures, saving->picture);
    }
  else
    {
      if (unrecorded != NULL)
        complain_unrecorded (self, unrecorded);
      if (saving->picture->path == NULL)
        saving->picture->path = g_strdup (saved->path);
      saving->picture->id = saved->id;
      announce (self, saving->picture);
    }
  quit_if_done (self);
}

/* Writes the file and records it; saved_cb() is told. */
static void
record (EshiCliJob     *self,
        EshiCliPicture *picture,
        EshiEvent      *event)
{
  EshiHistoryNew spec = {
    .image = eshi_event_get_image (event),
    .settings = eshi_event_get_settings (event),
    .path = picture->path,
    .model_name = eshi_event_get_model_name (event),
    .backend = eshi_event_get_backend (event),
    .seconds = picture->timings.total - self->seconds,
    .parent = self->parent,
    .relation = self->relation,
  };
  Saving *saving = g_new (Saving, 1);

  self->seconds = picture->timings.total;
  if (self->history == NULL)
    self->history = eshi_history_new (NULL, NULL);
  *saving = (Saving) { self, picture };
  self->n_saving++;
  eshi_history_save_async (self->history, &spec, saved_cb, saving);
}

static void
add_picture (EshiCliJob *self,
             EshiEvent  *event)
{
  g_autofree char *path = eshi_cli_job_path (self, self->pictures->len);
  g_autoptr(GError) error = NULL;
  EshiCliPicture *picture = NULL;

  /* After a failure or Ctrl+C nothing more is written. */
  if (self->status != ESHI_CLI_OK)
    return;

  picture = g_new0 (EshiCliPicture, 1);
  picture->settings = eshi_settings_copy (eshi_event_get_settings (event));
  picture->timings = *eshi_event_get_timings (event);
  picture->note = g_strdup (eshi_event_get_note (event));
  picture->image = self->keep_images ? eshi_image_ref (eshi_event_get_image (event)) : NULL;
  picture->path = self->discard || !self->no_history ? g_steal_pointer (&path) : save (self, path, event, &error);
  if (error != NULL)
    {
      picture_free (picture);
      fail (self, error);
      return;
    }
  g_ptr_array_add (self->pictures, picture);
  if (self->discard || self->no_history)
    announce (self, picture);
  else
    record (self, picture, event);
}

static void
save_preview (EshiCliJob *self,
              EshiEvent  *event)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;
  g_autofree char *path = NULL;

  if (self->previews == NULL || self->status != ESHI_CLI_OK)
    return;

  name = g_strdup_printf ("%04u-%04d" SUFFIX, self->pictures->len + 1, eshi_event_get_step (event));
  path = g_build_filename (self->previews, name, NULL);
  if (!eshi_picture_file_save (path, eshi_event_get_image (event), NULL, NULL, &error))
    fail (self, error);
}

static void
end_request (EshiCliJob *self,
             EshiEvent  *event)
{
  const EshiTimings *timings = eshi_event_get_timings (event);

  if (timings != NULL)
    {
      self->timings.load += timings->load;
      self->timings.text += timings->text;
      self->timings.steps += timings->steps;
      self->timings.decode += timings->decode;
      self->timings.total += timings->total;
      g_free (self->model_name);
      g_free (self->used_backend);
      self->model_name = g_strdup (eshi_event_get_model_name (event));
      self->used_backend = g_strdup (eshi_event_get_backend (event));
    }
  if (eshi_event_get_error (event) != NULL)
    fail (self, eshi_event_get_error (event));

  self->n_left--;
  self->seconds = 0.0;
  quit_if_done (self);
}

static void
event_cb (EshiCliJob *self,
          EshiEvent  *event)
{
  const EshiSettings *settings = self->settings->pdata[eshi_event_get_id (event) - self->first_id];

  switch (eshi_event_get_kind (event))
    {
    case ESHI_EVENT_PROGRESS:
      eshi_cli_progress_update (&self->progress, event, settings->n_images);
      break;

    case ESHI_EVENT_PREVIEW:
      save_preview (self, event);
      break;

    case ESHI_EVENT_IMAGE:
      add_picture (self, event);
      break;

    case ESHI_EVENT_DONE:
    case ESHI_EVENT_FAILED:
    case ESHI_EVENT_CANCELLED:
      end_request (self, event);
      break;

    case ESHI_EVENT_STARTED:
    case ESHI_EVENT_CHECKPOINT:
    default:
      break;
    }
}

/* The handler goes with the first signal, so that a second one ends the program at once. */
static gboolean
interrupted_cb (gpointer data)
{
  EshiCliJob *self = data;

  if (self->status == ESHI_CLI_OK)
    self->status = ESHI_CLI_INTERRUPTED;
  cancel_all (self);

  return G_SOURCE_REMOVE;
}

int
eshi_cli_job_run (EshiCliJob *self)
{
  g_autoptr(GSource) interrupt = g_unix_signal_source_new (SIGINT);
  g_autoptr(GSource) terminate = g_unix_signal_source_new (SIGTERM);

  eshi_cli_progress_init (&self->progress, self->quiet);
  self->loop = g_main_loop_new (NULL, FALSE);
  self->engine = eshi_engine_new_with_precision (self->backend, self->n_threads, self->precision);
  g_signal_connect_swapped (self->engine, "event", G_CALLBACK (event_cb), self);

  g_source_set_callback (interrupt, interrupted_cb, self, NULL);
  g_source_set_callback (terminate, interrupted_cb, self, NULL);
  g_source_attach (interrupt, NULL);
  g_source_attach (terminate, NULL);

  self->n_left = self->settings->len;
  for (guint i = 0; i < self->settings->len; i++)
    {
      EshiRequest *request = eshi_request_new (ESHI_REQUEST_GENERATE, self->settings->pdata[i]);
      guint64 id = eshi_engine_submit (self->engine, request, NULL);

      if (i == 0)
        self->first_id = id;
    }
  if (self->n_left > 0)
    g_main_loop_run (self->loop);

  g_source_destroy (interrupt);
  g_source_destroy (terminate);
  eshi_cli_progress_clear (&self->progress);
  g_clear_object (&self->engine);
  g_clear_object (&self->history);
  g_clear_pointer (&self->loop, g_main_loop_unref);

  return self->status;
}
