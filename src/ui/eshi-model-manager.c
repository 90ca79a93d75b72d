/* eshi-model-manager.c: the list of models, and what becomes of each.
 *
 * Looking, measuring and verifying happen on threads. What is moved to the trash first leaves the list alone: the file
 * moves when the offer to undo is over, so that undoing needs nothing of the trash.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-model-manager.h"

#include "eshi-model-row.h"
#include "eshi-test-log.h"
#include "eshi-toasts.h"

#include <eshi-hub-error.h>
#include <eshi-hub-verify.h>
#include <glib/gi18n-lib.h>
#include <libeshi-engine.h>

#define UNDO_SECONDS 10

struct _EshiModelManager
{
  AdwWindow parent_instance;

  /* Template Widgets */
  AdwToastOverlay *toasts;
  AdwPreferencesGroup *models;
  AdwExpanderRow *loras;
  AdwExpanderRow *embeddings;
  AdwExpanderRow *vaes;

  /* Owned References */
  GCancellable *cancellable;    /* cancelled when the window goes */
  GPtrArray *rows;              /* of the group's rows, borrowed */
  GPtrArray *names;             /* of the expanders' rows, borrowed */
  GHashTable *leaving;          /* paths on their way to the trash */
  char *used;
};

enum
{
  MODELS_CHANGED,
  CHOSEN,
  GET_WANTED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiModelManager, eshi_model_manager, ADW_TYPE_WINDOW)

static AdwToast *
new_toast (const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  eshi_test_log ("TOAST %s", text);
  return adw_toast_new (escaped);
}

static void
tell (EshiModelManager *self,
      const char       *text)
{
  eshi_toasts_add (self->toasts, new_toast (text));
}

static void
tell_changed (EshiModelManager *self)
{
  eshi_model_manager_find (self);
  g_signal_emit (self, signals[MODELS_CHANGED], 0);
}

/* --- the list ----------------------------------------------------------------------------------------------------- */

static EshiModelRow *
find_row (EshiModelManager *self,
          const char       *path)
{
  for (guint i = 0; i < self->rows->len; i++)
    if (g_str_equal (eshi_model_row_get_path (self->rows->pdata[i]), path))
      return self->rows->pdata[i];
  return NULL;
}

static void
fill_models (EshiModelManager *self,
             GPtrArray        *facts)
{
  for (guint i = 0; i < self->rows->len; i++)
    adw_preferences_group_remove (self->models, self->rows->pdata[i]);
  g_ptr_array_set_size (self->rows, 0);
  for (guint i = 0; i < facts->len; i++)
    {
      const EshiModelFacts *each = facts->pdata[i];
      GtkWidget *row = eshi_model_row_new (each, g_strcmp0 (each->path, self->used) == 0);

      gtk_widget_set_visible (row, !g_hash_table_contains (self->leaving, each->path));
      adw_preferences_group_add (self->models, row);
      g_ptr_array_add (self->rows, row);
    }
}

static void
fill_names (EshiModelManager  *self,
            AdwExpanderRow    *expander,
            const char        *title,
            char             **names,
            const char        *folder)
{
  guint n_names = g_strv_length (names);
  g_autofree char *place = eshi_model_facts_dup_place (folder);
  g_autofree char *count = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u in “%s”", "%u in “%s”", n_names), n_names,
                                            place);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (expander), title);
  adw_expander_row_set_subtitle (expander, count);
  adw_expander_row_set_enable_expansion (expander, n_names > 0);
  for (guint i = 0; i < n_names; i++)
    {
      GtkWidget *row = adw_action_row_new ();

      adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), names[i]);
      g_object_set_data (G_OBJECT (row), "eshi-expander", expander);
      adw_expander_row_add_row (expander, row);
      g_ptr_array_add (self->names, row);
    }
}

/* Names of the files in @folder that are embeddings by their ending; (transfer full). */
static char **
list_embeddings (const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  g_autoptr(GStrvBuilder) names = g_strv_builder_new ();
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (*name != '.' && g_utf8_validate (name, -1, NULL) &&
        (g_str_has_suffix (name, ".pt") || g_str_has_suffix (name, ".safetensors") || g_str_has_suffix (name, ".bin")))
      g_strv_builder_add (names, name);
  return g_strv_builder_end (names);
}

static void
fill_extras (EshiModelManager *self)
{
  const char *data = g_get_user_data_dir ();
  g_autofree char *loras = g_build_filename (data, "eshi", "models", "loras", NULL);
  g_autofree char *embeddings = g_build_filename (data, "eshi", "embeddings", NULL);
  g_autofree char *vaes = g_build_filename (data, "eshi", "vae", NULL);
  g_auto(GStrv) lora_names = eshi_lora_folder_list ();
  g_auto(GStrv) embedding_names = list_embeddings (embeddings);
  g_auto(GStrv) vae_names = eshi_vae_folder_list ();

  for (guint i = 0; i < self->names->len; i++)
    adw_expander_row_remove (g_object_get_data (self->names->pdata[i], "eshi-expander"), self->names->pdata[i]);
  g_ptr_array_set_size (self->names, 0);
  fill_names (self, self->loras, _("LoRA"), lora_names, loras);
  fill_names (self, self->embeddings, _("Embeddings"), embedding_names, embeddings);
  fill_names (self, self->vaes, _("VAE"), vae_names, vaes);
}

static void
find_in_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  g_task_return_pointer (task, eshi_model_facts_list (), (GDestroyNotify) g_ptr_array_unref);
}

static void
on_found_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  EshiModelManager *self = ESHI_MODEL_MANAGER (source);
  g_autoptr(GPtrArray) facts = g_task_propagate_pointer (G_TASK (result), NULL);

  if (facts == NULL)
    return;
  fill_models (self, facts);
  fill_extras (self);
  eshi_test_log ("MANAGER %u", facts->len);
}

void
eshi_model_manager_find (EshiModelManager *self)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (ESHI_IS_MODEL_MANAGER (self));

  task = g_task_new (self, self->cancellable, on_found_cb, NULL);
  g_task_set_source_tag (task, eshi_model_manager_find);
  g_task_run_in_thread (task, find_in_thread);
}

/* --- using and showing -------------------------------------------------------------------------------------------- */

static void
use_action (GtkWidget  *widget,
            const char *name,
            GVariant   *parameter)
{
  EshiModelManager *self = ESHI_MODEL_MANAGER (widget);

  g_free (self->used);
  self->used = g_strdup (g_variant_get_bytestring (parameter));
  g_signal_emit (self, signals[CHOSEN], 0, self->used);
  eshi_model_manager_find (self);
}

static void
reveal_action (GtkWidget  *widget,
               const char *name,
               GVariant   *parameter)
{
  const char *path = g_variant_get_bytestring (parameter);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *uri = g_filename_to_uri (g_file_test (path, G_FILE_TEST_IS_DIR) ? path : parent, NULL, NULL);

  if (uri != NULL)
    gtk_show_uri (GTK_WINDOW (widget), uri, GDK_CURRENT_TIME);
}

/* --- verifying ---------------------------------------------------------------------------------------------------- */

/* A model that was downloaded is held against the hub's list; of any other there is only its SHA-256 to tell. */
static void
verify_in_thread (GTask        *task,
                  gpointer      source,
                  gpointer      task_data,
                  GCancellable *cancellable)
{
  const char *path = task_data;
  g_autofree char *hash = NULL;
  GError *error = NULL;
  guint n_files = 0;

  if (eshi_hub_verify (path, &n_files, cancellable, &error))
    {
      g_task_return_pointer (task,
                             g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u file is as it was downloaded",
                                                           "All %u files are as they were downloaded", n_files),
                                              n_files),
                             g_free);
      return;
    }
  if (g_error_matches (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_NOT_FOUND))
    {
      g_clear_error (&error);
      hash = eshi_model_hash_compute (path, cancellable, &error);
    }
  if (hash == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_strdup_printf (_("Readable; compare its SHA-256 with its source: %s"), hash), g_free);
}

static void
on_verified_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  EshiModelManager *self = ESHI_MODEL_MANAGER (source);
  g_autoptr(GError) error = NULL;
  g_autofree char *text = g_task_propagate_pointer (G_TASK (result), &error);
  EshiModelRow *row;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  row = find_row (self, g_task_get_task_data (G_TASK (result)));
  eshi_test_log ("VERIFIED %s", text != NULL ? text : error->message);
  if (row == NULL)
    return;
  eshi_model_row_set_busy (row, FALSE);
  eshi_model_row_set_text (row, text != NULL ? text : error->message);
  if (text == NULL)
    gtk_widget_add_css_class (GTK_WIDGET (row), "error");
}

static void
verify_action (GtkWidget  *widget,
               const char *name,
               GVariant   *parameter)
{
  EshiModelManager *self = ESHI_MODEL_MANAGER (widget);
  const char *path = g_variant_get_bytestring (parameter);
  EshiModelRow *row = find_row (self, path);
  g_autoptr(GTask) task = g_task_new (self, self->cancellable, on_verified_cb, NULL);

  if (row == NULL)
    return;
  gtk_widget_remove_css_class (GTK_WIDGET (row), "error");
  eshi_model_row_set_busy (row, TRUE);
  eshi_model_row_set_text (row, _("Reading all of it"));
  g_task_set_source_tag (task, verify_action);
  g_task_set_task_data (task, g_strdup (path), g_free);
  g_task_run_in_thread (task, verify_in_thread);
}

/* --- the trash ---------------------------------------------------------------------------------------------------- */

static void
tell_trash_failed (EshiModelManager *self,
                   GFile            *file,
                   const GError     *error)
{
  g_autofree char *place = eshi_model_facts_dup_place (g_file_peek_path (file));
  g_autofree char *text = g_strdup_printf (_("“%s” cannot be moved to the trash (%s); nothing was removed."), place,
                                           error->message);

  tell (self, text);
}

static void
on_trashed_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(EshiModelManager) self = user_data;
  g_autoptr(GError) error = NULL;
  gboolean gone = g_file_trash_finish (G_FILE (source), result, &error);

  eshi_test_log ("TRASHED %s", gone ? g_file_peek_path (G_FILE (source)) : error->message);
  if (!gone && !g_cancellable_is_cancelled (self->cancellable))
    tell_trash_failed (self, G_FILE (source), error);
  tell_changed (self);
}

/* From here on it cannot be undone. */
static void
trash (EshiModelManager *self,
       const char       *path)
{
  g_autoptr(GFile) file = g_file_new_for_path (path);

  g_hash_table_remove (self->leaving, g_file_peek_path (file));
  g_file_trash_async (file, G_PRIORITY_DEFAULT, NULL, on_trashed_cb, g_object_ref (self));
}

static void
on_undo_cb (EshiModelManager *self,
            AdwToast         *toast)
{
  const char *path = g_object_get_data (G_OBJECT (toast), "eshi-path");
  EshiModelRow *row = find_row (self, path);

  g_assert (ESHI_IS_MODEL_MANAGER (self));

  g_hash_table_remove (self->leaving, path);
  if (row != NULL)
    gtk_widget_set_visible (GTK_WIDGET (row), TRUE);
  eshi_test_log ("KEPT %s", path);
}

static void
on_dismissed_cb (EshiModelManager *self,
                 AdwToast         *toast)
{
  const char *path = g_object_get_data (G_OBJECT (toast), "eshi-path");

  g_assert (ESHI_IS_MODEL_MANAGER (self));

  if (g_hash_table_contains (self->leaving, path))
    trash (self, path);
}

static void
remove_action (GtkWidget  *widget,
               const char *name,
               GVariant   *parameter)
{
  EshiModelManager *self = ESHI_MODEL_MANAGER (widget);
  const char *path = g_variant_get_bytestring (parameter);
  EshiModelRow *row = find_row (self, path);
  g_autofree char *text = NULL;
  AdwToast *toast;

  if (row == NULL || !g_hash_table_add (self->leaving, g_strdup (path)))
    return;
  gtk_widget_set_visible (GTK_WIDGET (row), FALSE);
  text = g_strdup_printf (_("“%s” goes to the trash"), adw_preferences_row_get_title (ADW_PREFERENCES_ROW (row)));
  toast = new_toast (text);
  adw_toast_set_button_label (toast, _("Undo"));
  adw_toast_set_timeout (toast, UNDO_SECONDS);
  g_object_set_data_full (G_OBJECT (toast), "eshi-path", g_strdup (path), g_free);
  g_signal_connect_object (toast, "button-clicked", G_CALLBACK (on_undo_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (toast, "dismissed", G_CALLBACK (on_dismissed_cb), self, G_CONNECT_SWAPPED);
  eshi_toasts_add (self->toasts, toast);
}

/* What was to go goes now: nobody can undo it any more. */
static gboolean
eshi_model_manager_close_request (GtkWindow *window)
{
  EshiModelManager *self = ESHI_MODEL_MANAGER (window);
  guint n_paths = 0;
  g_autofree gpointer *paths = g_hash_table_get_keys_as_array (self->leaving, &n_paths);

  for (guint i = 0; i < n_paths; i++)
    trash (self, paths[i]);
  return GTK_WINDOW_CLASS (eshi_model_manager_parent_class)->close_request (window);
}

/* --- adding ------------------------------------------------------------------------------------------------------- */

void
eshi_model_manager_add (EshiModelManager *self,
                        const char       *path)
{
  g_autoptr(GError) error = NULL;

  g_return_if_fail (ESHI_IS_MODEL_MANAGER (self));
  g_return_if_fail (path != NULL);

  if (!eshi_model_folders_add (path, &error))
    tell (self, error->message);
  else
    tell_changed (self);
}

static void
on_chosen_cb (EshiModelManager     *self,
              int                   response,
              GtkFileChooserNative *chooser)
{
  g_autoptr(GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));

  g_assert (ESHI_IS_MODEL_MANAGER (self));

  if (response == GTK_RESPONSE_ACCEPT && file != NULL && g_file_peek_path (file) != NULL)
    eshi_model_manager_add (self, g_file_peek_path (file));
  g_object_unref (chooser);
}

static void
choose (EshiModelManager     *self,
        const char           *title,
        GtkFileChooserAction  action)
{
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (title, GTK_WINDOW (self), action, _("_Choose"),
                                                               _("_Cancel"));

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_object (chooser, "response", G_CALLBACK (on_chosen_cb), self, G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
on_add_folder_cb (EshiModelManager *self)
{
  g_assert (ESHI_IS_MODEL_MANAGER (self));

  choose (self, _("Folder with Models"), GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER);
}

static void
on_add_file_cb (EshiModelManager *self)
{
  g_assert (ESHI_IS_MODEL_MANAGER (self));

  choose (self, _("File of a Model"), GTK_FILE_CHOOSER_ACTION_OPEN);
}

static void
on_get_cb (EshiModelManager *self)
{
  g_assert (ESHI_IS_MODEL_MANAGER (self));

  g_signal_emit (self, signals[GET_WANTED], 0);
}

static gboolean
on_drop_cb (EshiModelManager *self,
            const GValue     *value)
{
  const char *path = g_file_peek_path (g_value_get_object (value));

  g_assert (ESHI_IS_MODEL_MANAGER (self));

  if (path != NULL)
    eshi_model_manager_add (self, path);
  return path != NULL;
}

/* --- the object --------------------------------------------------------------------------------------------------- */

static void
eshi_model_manager_dispose (GObject *object)
{
  EshiModelManager *self = ESHI_MODEL_MANAGER (object);

  g_cancellable_cancel (self->cancellable);
  gtk_widget_dispose_template (GTK_WIDGET (self), ESHI_TYPE_MODEL_MANAGER);
  G_OBJECT_CLASS (eshi_model_manager_parent_class)->dispose (object);
}

static void
eshi_model_manager_finalize (GObject *object)
{
  EshiModelManager *self = ESHI_MODEL_MANAGER (object);

  g_object_unref (self->cancellable);
  g_ptr_array_unref (self->rows);
  g_ptr_array_unref (self->names);
  g_hash_table_unref (self->leaving);
  g_free (self->used);
  G_OBJECT_CLASS (eshi_model_manager_parent_class)->finalize (object);
}

static void
install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "manager.use", "ay", use_action);
  gtk_widget_class_install_action (widget_class, "manager.verify", "ay", verify_action);
  gtk_widget_class_install_action (widget_class, "manager.reveal", "ay", reveal_action);
  gtk_widget_class_install_action (widget_class, "manager.remove", "ay", remove_action);
}

static void
eshi_model_manager_class_init (EshiModelManagerClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = eshi_model_manager_dispose;
  G_OBJECT_CLASS (klass)->finalize = eshi_model_manager_finalize;
  GTK_WINDOW_CLASS (klass)->close_request = eshi_model_manager_close_request;
  signals[MODELS_CHANGED] = g_signal_new ("models-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                          0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[CHOSEN] = g_signal_new ("chosen", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                  0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[GET_WANTED] = g_signal_new ("get-wanted", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                      0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-model-manager.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiModelManager, toasts);
  gtk_widget_class_bind_template_child (widget_class, EshiModelManager, models);
  gtk_widget_class_bind_template_child (widget_class, EshiModelManager, loras);
  gtk_widget_class_bind_template_child (widget_class, EshiModelManager, embeddings);
  gtk_widget_class_bind_template_child (widget_class, EshiModelManager, vaes);
  gtk_widget_class_bind_template_callback (widget_class, on_add_folder_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_add_file_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_drop_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_get_cb);
  install_actions (widget_class);
}

static void
eshi_model_manager_init (EshiModelManager *self)
{
  g_type_ensure (G_TYPE_FILE);
  self->cancellable = g_cancellable_new ();
  self->rows = g_ptr_array_new ();
  self->names = g_ptr_array_new ();
  self->leaving = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
eshi_model_manager_new (GtkWindow  *parent,
                        const char *used)
{
  EshiModelManager *self;

  g_return_val_if_fail (parent == NULL || GTK_IS_WINDOW (parent), NULL);

  self = g_object_new (ESHI_TYPE_MODEL_MANAGER, "transient-for", parent, NULL);
  self->used = g_strdup (used);
  eshi_model_manager_find (self);
  return GTK_WIDGET (self);
}
