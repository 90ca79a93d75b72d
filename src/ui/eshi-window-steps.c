/* eshi-window-steps.c: the window's 工程: shows the steps of the picture in the canvas's place, exports them, branches.
 *
 * A branch goes on with what the prompt panel says, all else is the picture's.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-window-private.h"

#include "eshi-test-log.h"

#include <eshi-picture-animation.h>
#include <eshi-picture-file.h>
#include <glib/gi18n-lib.h>

#define STEPS "steps"
#define FRAME_MS 160
#define LAST_MS 1600

typedef struct
{
  char *path;
  GPtrArray *images;
} Export;

static void
export_free (gpointer data)
{
  Export *self = data;

  g_free (self->path);
  g_ptr_array_unref (self->images);
  g_free (self);
}

static void
export_in_thread (GTask        *task,
                  gpointer      source,
                  gpointer      task_data,
                  GCancellable *cancellable)
{
  Export *job = task_data;
  GError *error = NULL;

  if (eshi_picture_animation_save (job->path, job->images, FRAME_MS, LAST_MS, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_exported_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  EshiWindow *self = ESHI_WINDOW (source);
  g_autoptr(GError) error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    {
      eshi_test_log ("STEPS exported");
      _eshi_window_toast (self, _("Saved"));
    }
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      _eshi_window_show_error (self, _("The Steps Were Not Exported"), error, NULL);
    }
}

static void
on_export_response_cb (EshiWindow           *self,
                       int                   response,
                       GtkFileChooserNative *chooser)
{
  g_autoptr(GFile) file = NULL;
  g_autoptr(GTask) task = NULL;
  Export *job = NULL;

  g_assert (ESHI_IS_WINDOW (self));

  file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));
  if (response == GTK_RESPONSE_ACCEPT && file != NULL && g_file_peek_path (file) != NULL)
    {
      job = g_new (Export, 1);
      *job = (Export) { g_file_get_path (file), g_ptr_array_ref (g_object_get_data (G_OBJECT (chooser), "eshi-images")) };
      task = g_task_new (self, self->cancellable, on_exported_cb, NULL);
      g_task_set_source_tag (task, on_export_response_cb);
      g_task_set_task_data (task, job, export_free);
      g_task_run_in_thread (task, export_in_thread);
    }
  g_object_unref (chooser);
}

static void
on_export_cb (EshiWindow *self)
{
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (_("Export Steps"), GTK_WINDOW (self),
                                                               GTK_FILE_CHOOSER_ACTION_SAVE, _("_Save"), _("_Cancel"));

  g_assert (ESHI_IS_WINDOW (self));

  /* Translators: name of a file */
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (chooser), _("steps.webp"));
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_object_set_data_full (G_OBJECT (chooser), "eshi-images", eshi_steps_view_get_images (self->steps),
                          (GDestroyNotify) g_ptr_array_unref);
  g_signal_connect_object (chooser, "response", G_CALLBACK (on_export_response_cb), self, G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

/* (transfer full): what @settings are painted as at @step, as something to part from. */
static EshiBranch *
branch_at (const EshiSettings *settings,
           int                 step)
{
  const EshiBranch *branch = settings->branch;

  if (branch == NULL || step > branch->step)
    return eshi_branch_new (step, settings->prompt, settings->negative_prompt, settings->guidance, settings->seed, branch);
  while (branch->earlier != NULL && step <= branch->earlier->step)
    branch = branch->earlier;
  return eshi_branch_new (step, branch->prompt, branch->negative_prompt, branch->guidance, branch->seed, branch->earlier);
}

/* Whether @settings go on otherwise than what they part from. */
static gboolean
differs (const EshiSettings *settings)
{
  const EshiBranch *branch = settings->branch;

  return g_strcmp0 (settings->prompt, branch->prompt) != 0 ||
         g_strcmp0 (settings->negative_prompt, branch->negative_prompt) != 0 ||
         settings->guidance != branch->guidance || settings->seed != branch->seed;
}

/* (transfer full): @picture up to @step, and from there on what the panel says. */
static EshiSettings *
make_branch (EshiWindow  *self,
             EshiPicture *picture,
             int          step)
{
  g_autoptr(EshiSettings) panel = eshi_prompt_panel_dup_settings (self->panel);
  EshiSettings *settings = eshi_settings_copy (eshi_picture_get_settings (picture));
  EshiBranch *branch = branch_at (settings, step);

  g_clear_pointer (&settings->branch, eshi_branch_free);
  settings->branch = branch;
  g_free (settings->prompt);
  g_free (settings->negative_prompt);
  settings->prompt = g_strdup (panel->prompt);
  settings->negative_prompt = g_strdup (panel->negative_prompt);
  settings->guidance = panel->guidance;
  settings->seed = eshi_prompt_panel_get_seed_locked (self->panel) ? panel->seed : branch->seed;
  settings->n_images = 1;
  return settings;
}

static void
on_branch_cb (EshiWindow *self,
              int         step)
{
  EshiPicture *picture = eshi_steps_view_get_picture (self->steps);
  g_autoptr(EshiSettings) settings = NULL;

  g_assert (ESHI_IS_WINDOW (self));

  settings = make_branch (self, picture, step);
  if (!differs (settings))
    {
      _eshi_window_toast (self, _("Change the prompt, the guidance or the locked seed first: the picture goes on with them"));
      return;
    }
  gtk_widget_activate_action (GTK_WIDGET (self->steps), "steps.close", NULL);
  eshi_test_log ("BRANCH step=%d", step);
  _eshi_window_generate_from (self, settings, eshi_picture_get_id (picture), ESHI_RELATION_BRANCH);
}

static void
on_closed_cb (EshiWindow *self)
{
  g_assert (ESHI_IS_WINDOW (self));

  gtk_stack_set_visible_child_name (self->stack, "canvas");
}

static void
on_failed_cb (EshiWindow   *self,
              const GError *error)
{
  g_assert (ESHI_IS_WINDOW (self));

  _eshi_window_show_error (self, _("The Steps Could Not Be Painted Again"), error, NULL);
}

/* What is below the picture has nothing to say about its steps, or about a sheet of seeds. */
void
_eshi_window_update_foot (EshiWindow *self)
{
  GtkWidget *shown = gtk_stack_get_visible_child (self->stack);

  gtk_widget_set_visible (GTK_WIDGET (self->foot),
                          shown == NULL || (shown != GTK_WIDGET (self->seeds) && shown != GTK_WIDGET (self->steps)));
}

static void
ensure_view (EshiWindow *self)
{
  g_autoptr(EshiSteps) steps = NULL;

  if (self->steps != NULL)
    return;
  steps = eshi_steps_new (eshi_session_get_engine (self->session));
  self->steps = ESHI_STEPS_VIEW (eshi_steps_view_new ());
  eshi_steps_view_set_steps (self->steps, steps);
  gtk_stack_add_named (self->stack, GTK_WIDGET (self->steps), STEPS);
  g_signal_connect_object (self->stack, "notify::visible-child", G_CALLBACK (_eshi_window_update_foot), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->steps, "export", G_CALLBACK (on_export_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->steps, "branch", G_CALLBACK (on_branch_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->steps, "closed", G_CALLBACK (on_closed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (steps, "failed", G_CALLBACK (on_failed_cb), self, G_CONNECT_SWAPPED);
}

static void
show_steps_action (GSimpleAction *action,
                   GVariant      *parameter,
                   gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  EshiPicture *picture = _eshi_window_get_picture (self);

  if (picture == NULL)
    return;
  _eshi_window_end_mask (self, FALSE);
  ensure_view (self);
  /* The settings may have chosen another one. */
  eshi_steps_set_engine (eshi_steps_view_get_steps (self->steps), eshi_session_get_engine (self->session));
  self->following = FALSE;
  gtk_stack_set_visible_child_name (self->stack, STEPS);
  eshi_steps_view_show (self->steps, picture);
}

/* --- a picture of the gallery ------------------------------------------------------------------------------------ */

typedef struct
{
  EshiSettings *settings;
  EshiHistoryPicture *picture;
} Wanted;

static void
wanted_free (gpointer data)
{
  Wanted *self = data;

  eshi_settings_free (self->settings);
  eshi_history_picture_free (self->picture);
  g_free (self);
}

static void
load_in_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  Wanted *wanted = task_data;
  GError *error = NULL;
  EshiImage *image = eshi_picture_file_load_image (wanted->picture->path, &error);

  if (image != NULL)
    g_task_return_pointer (task, image, (GDestroyNotify) eshi_image_unref);
  else
    g_task_return_error (task, error);
}

static void
on_loaded_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  EshiWindow *self = ESHI_WINDOW (source);
  Wanted *wanted = g_task_get_task_data (G_TASK (result));
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiImage) image = g_task_propagate_pointer (G_TASK (result), &error);
  g_autoptr(GFile) file = g_file_new_for_path (wanted->picture->path);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (image == NULL)
    {
      _eshi_window_show_error (self, _("The Steps Could Not Be Painted Again"), error, NULL);
      return;
    }
  _eshi_window_show_opened (self, file, image, wanted->settings, wanted->picture->model_name);
  eshi_picture_set_id (_eshi_window_get_picture (self), wanted->picture->id);
  adw_leaflet_set_visible_child (self->leaflet, self->picture_page);
  g_action_group_activate_action (G_ACTION_GROUP (self), "show-steps", NULL);
}

void
_eshi_window_show_steps_of (EshiWindow               *self,
                            const EshiSettings       *settings,
                            const EshiHistoryPicture *picture)
{
  g_autoptr(GTask) task = NULL;
  Wanted *wanted;

  g_assert (ESHI_IS_WINDOW (self));

  if (self->models == NULL || self->models->len == 0)
    {
      _eshi_window_toast (self, _("There is no model to paint with"));
      return;
    }
  wanted = g_new (Wanted, 1);
  *wanted = (Wanted) { eshi_settings_copy (settings), eshi_history_picture_copy (picture) };
  task = g_task_new (self, self->cancellable, on_loaded_cb, NULL);
  g_task_set_source_tag (task, _eshi_window_show_steps_of);
  g_task_set_task_data (task, wanted, wanted_free);
  g_task_run_in_thread (task, load_in_thread);
}

static const GActionEntry entries[] = {
  { "show-steps", show_steps_action },
};

void
_eshi_window_add_steps (EshiWindow *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
}
