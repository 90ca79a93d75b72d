/* eshi-window-models.c: which models there are, which one is used, and its tokenizer.
 *
 * Looking for models and reading a tokenizer happen on threads; the window is there before either is done.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-window-private.h"

#include "eshi-test-log.h"

#include <glib/gi18n-lib.h>

static void
read_tokens_in_thread (GTask        *task,
                       gpointer      source,
                       gpointer      task_data,
                       GCancellable *cancellable)
{
  GError *error = NULL;
  EshiTokens *tokens = eshi_tokens_new (task_data, &error);

  if (tokens == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, tokens, (GDestroyNotify) eshi_tokens_free);
}

static void
on_tokens_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  EshiWindow *self = ESHI_WINDOW (source);
  g_autoptr(GError) error = NULL;
  EshiTokens *tokens = g_task_propagate_pointer (G_TASK (result), &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  /* Without a tokenizer there is no ruler; painting says what is wrong with the model. */
  if (tokens == NULL)
    g_message ("No tokenizer: %s", error->message);
  eshi_prompt_panel_set_tokens (self->panel, tokens);
  eshi_test_log ("TOKENS %s", tokens != NULL ? "ready" : "missing");
}

static void
read_tokens (EshiWindow          *self,
             const EshiModelInfo *model)
{
  g_autoptr(GTask) task = g_task_new (self, self->cancellable, on_tokens_cb, NULL);

  g_task_set_source_tag (task, read_tokens);
  g_task_set_task_data (task, g_strdup (model->path), g_free);
  g_task_run_in_thread (task, read_tokens_in_thread);
}

static const EshiModelInfo *
find_model (EshiWindow *self,
            const char *path)
{
  for (guint i = 0; i < self->models->len; i++)
    {
      const EshiModelInfo *model = g_ptr_array_index (self->models, i);

      if (path != NULL && g_strcmp0 (model->path, path) == 0)
        return model;
    }
  return self->models->len > 0 ? g_ptr_array_index (self->models, 0) : NULL;
}

void
_eshi_window_choose_model (EshiWindow *self,
                           const char *path,
                           gboolean    adopt)
{
  const EshiModelInfo *model;
  GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self), "model");

  if (self->models == NULL)
    return;
  model = find_model (self, path);
  if (model == NULL)
    return;
  g_simple_action_set_state (G_SIMPLE_ACTION (action), g_variant_new_string (model->path));
  g_free (self->model_name);
  self->model_name = g_strdup (model->name);
  _eshi_window_label_model (self);
  eshi_prompt_panel_set_model (self->panel, model, adopt);
  eshi_style_thumbs_set_model (self->style_thumbs, model);
  read_tokens (self, model);
}

static void
fill_model_menu (EshiWindow *self)
{
  g_menu_remove_all (self->model_menu);
  for (guint i = 0; i < self->models->len; i++)
    {
      const EshiModelInfo *model = g_ptr_array_index (self->models, i);
      g_autoptr(GMenuItem) item = g_menu_item_new (model->name, NULL);

      g_menu_item_set_action_and_target (item, "win.model", "s", model->path);
      g_menu_append_item (self->model_menu, item);
    }
  _eshi_window_append_manager (self, self->model_menu);
  gtk_widget_set_visible (GTK_WIDGET (self->model_button), TRUE);
}

/* Why there is no model, as the engine says it. */
static void
show_no_model (EshiWindow *self)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiModelInfo) model = eshi_model_info_load (NULL, &error);

  if (error != NULL)
    adw_status_page_set_description (self->no_model_page, error->message);
  gtk_stack_set_visible_child_name (self->stack, "no-model");
  eshi_prompt_panel_set_obstacle (self->panel, _("There is no model to paint with"));
}

/* A folder was added that has some. */
static void
leave_no_model (EshiWindow *self)
{
  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), "no-model") != 0)
    return;
  gtk_stack_set_visible_child_name (self->stack, "empty");
  eshi_prompt_panel_set_obstacle (self->panel, NULL);
}

static void
find_models_in_thread (GTask        *task,
                       gpointer      source,
                       gpointer      task_data,
                       GCancellable *cancellable)
{
  g_task_return_pointer (task, eshi_model_list (), (GDestroyNotify) g_ptr_array_unref);
}

static char *
dup_draft_model (EshiWindow *self)
{
  gboolean locked;
  g_autoptr(EshiSettings) settings = eshi_draft_load_settings (self->draft, &locked);

  return settings != NULL ? g_strdup (settings->model) : NULL;
}

static void
on_models_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  EshiWindow *self = ESHI_WINDOW (source);
  GPtrArray *models = g_task_propagate_pointer (G_TASK (result), NULL);
  g_autofree char *path = NULL;
  gboolean adopt;

  if (models == NULL)
    return;
  g_clear_pointer (&self->models, g_ptr_array_unref);
  self->models = models;
  adopt = self->wanted_model != NULL || !self->restored;
  path = self->wanted_model != NULL ? g_steal_pointer (&self->wanted_model) : dup_draft_model (self);
  fill_model_menu (self);
  if (models->len == 0)
    show_no_model (self);
  else
    {
      leave_no_model (self);
      _eshi_window_choose_model (self, path, adopt);
    }
  _eshi_window_update_first (self);
  _eshi_window_update_actions (self);
  _eshi_window_run_requests (self);
  eshi_test_log ("MODELS %u", models->len);
}

void
_eshi_window_find_models (EshiWindow *self)
{
  g_autoptr(GTask) task = g_task_new (self, self->cancellable, on_models_cb, NULL);

  g_task_set_source_tag (task, _eshi_window_find_models);
  g_task_run_in_thread (task, find_models_in_thread);
}
