/* eshi-files-page.c: the page of the settings about files: where pictures go, and where models lie.
 *
 * Moves no file: pictures that were painted before stay where they are, and so do models.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-files-page.h"

#include "eshi-options.h"
#include "eshi-test-log.h"

#include <eshi-picture-name.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define EXAMPLE_NUMBER 12
#define EXAMPLE_SEED 42
#define UNDO_SECONDS 10

struct _EshiFilesPage
{
  AdwPreferencesPage parent_instance;

  /* Template Widgets */
  AdwActionRow *folder_row;
  AdwEntryRow *name_row;
  AdwActionRow *example_row;
  GtkSwitch *keep_settings;
  AdwPreferencesGroup *models;

  /* Owned References */
  GPtrArray *model_rows;       /* of the group's rows, borrowed */

  guint showing : 1;           /* the entry is being filled by us */
};

enum
{
  FOLDERS_CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiFilesPage, eshi_files_page, ADW_TYPE_PREFERENCES_PAGE)

static void
add_toast (EshiFilesPage *self,
           AdwToast      *toast)
{
  GtkWidget *window = gtk_widget_get_ancestor (GTK_WIDGET (self), ADW_TYPE_PREFERENCES_WINDOW);

  if (window != NULL)
    adw_preferences_window_add_toast (ADW_PREFERENCES_WINDOW (window), toast);
  else
    g_object_unref (g_object_ref_sink (toast));
}

/* --- the folder for pictures -------------------------------------------------------------------------------------- */

static char *
dup_shown_path (const char *path)
{
  const char *home = g_get_home_dir ();

  if (g_str_has_prefix (path, home) && path[strlen (home)] == G_DIR_SEPARATOR)
    return g_strconcat ("~", path + strlen (home), NULL);

  return g_filename_display_name (path);
}

static void
show_folder (EshiFilesPage *self)
{
  g_autofree char *folder = eshi_options_dup_folder ();
  const char *pictures = g_get_user_special_dir (G_USER_DIRECTORY_PICTURES);
  g_autofree char *shown = NULL;

  g_assert (ESHI_IS_FILES_PAGE (self));

  if (folder == NULL)
    folder = g_build_filename (pictures != NULL ? pictures : g_get_home_dir (), "Eshi", NULL);
  shown = dup_shown_path (folder);
  adw_action_row_set_subtitle (self->folder_row, shown);
}

/* What cannot be written to is refused now, not when a picture is finished. */
static void
take_folder (EshiFilesPage *self,
             const char    *path)
{
  g_autofree char *shown = dup_shown_path (path);
  g_autofree char *sentence = NULL;
  g_autofree char *escaped = NULL;

  if (g_access (path, W_OK | X_OK) == 0)
    {
      g_settings_set_string (eshi_options_get (), ESHI_OPTION_FOLDER, path);
      return;
    }
  sentence = g_strdup_printf (_("“%s” cannot be written to; pictures go where they went before. Choose another folder."),
                              shown);
  escaped = g_markup_escape_text (sentence, -1);
  eshi_test_log ("REFUSED %s", sentence);
  add_toast (self, adw_toast_new (escaped));
}

static void
on_folder_chosen_cb (EshiFilesPage        *self,
                     int                   response,
                     GtkFileChooserNative *chooser)
{
  g_autoptr(GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));

  g_assert (ESHI_IS_FILES_PAGE (self));

  if (response == GTK_RESPONSE_ACCEPT && file != NULL && g_file_peek_path (file) != NULL)
    take_folder (self, g_file_peek_path (file));
  g_object_unref (chooser);
}

static void
choose_folder (EshiFilesPage *self,
               const char    *title,
               GCallback      callback)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (title, GTK_WINDOW (root),
                                                               GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _("_Choose"),
                                                               _("_Cancel"));

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_object (chooser, "response", callback, self, G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
on_choose_folder_cb (EshiFilesPage *self)
{
  g_assert (ESHI_IS_FILES_PAGE (self));

  choose_folder (self, _("Folder for Pictures"), G_CALLBACK (on_folder_chosen_cb));
}

/* --- the names of files ------------------------------------------------------------------------------------------- */

static void
show_example (EshiFilesPage *self,
              const char    *pattern)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_local ();
  g_autoptr(EshiSettings) settings = eshi_settings_new ();
  g_autoptr(GError) error = NULL;
  g_autofree char *example = NULL;

  g_free (settings->prompt);
  /* Translators: an example of a prompt */
  settings->prompt = g_strdup (_("a cat, oil painting"));
  settings->sampler = g_strdup ("lms");
  settings->seed = EXAMPLE_SEED;
  settings->steps = 25;
  settings->width = 512;
  settings->height = 512;
  if (eshi_picture_name_check (pattern, &error))
    {
      example = eshi_picture_name_example (pattern, settings, "豆", now, EXAMPLE_NUMBER);
      gtk_widget_remove_css_class (GTK_WIDGET (self->name_row), "error");
      gtk_widget_remove_css_class (GTK_WIDGET (self->example_row), "error");
      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->example_row), _("For Example"));
    }
  else
    {
      gtk_widget_add_css_class (GTK_WIDGET (self->name_row), "error");
      gtk_widget_add_css_class (GTK_WIDGET (self->example_row), "error");
      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->example_row), _("This Name Is Not Used"));
    }
  adw_action_row_set_subtitle (self->example_row, example != NULL ? example : error->message);
}

static void
on_name_changed_cb (EshiFilesPage *self)
{
  const char *pattern = gtk_editable_get_text (GTK_EDITABLE (self->name_row));

  g_assert (ESHI_IS_FILES_PAGE (self));

  show_example (self, pattern);
  if (!self->showing && eshi_picture_name_check (pattern, NULL))
    g_settings_set_string (eshi_options_get (), ESHI_OPTION_FILE_NAME, pattern);
}

static void
show_name (EshiFilesPage *self)
{
  g_autofree char *pattern = g_settings_get_string (eshi_options_get (), ESHI_OPTION_FILE_NAME);

  g_assert (ESHI_IS_FILES_PAGE (self));

  if (g_str_equal (gtk_editable_get_text (GTK_EDITABLE (self->name_row)), pattern))
    return;
  self->showing = TRUE;
  gtk_editable_set_text (GTK_EDITABLE (self->name_row), pattern);
  self->showing = FALSE;
}

/* --- the folders of models ---------------------------------------------------------------------------------------- */

static void list_models (EshiFilesPage *self);

static void
tell_error (EshiFilesPage *self,
            const GError  *error)
{
  g_autofree char *escaped = g_markup_escape_text (error->message, -1);

  eshi_test_log ("REFUSED %s", error->message);
  add_toast (self, adw_toast_new (escaped));
}

static gboolean
add_model_folder (EshiFilesPage *self,
                  const char    *path)
{
  g_autoptr(GError) error = NULL;

  if (!eshi_model_folders_add (path, &error))
    {
      tell_error (self, error);
      return FALSE;
    }
  list_models (self);
  g_signal_emit (self, signals[FOLDERS_CHANGED], 0);

  return TRUE;
}

static void
on_model_folder_chosen_cb (EshiFilesPage        *self,
                           int                   response,
                           GtkFileChooserNative *chooser)
{
  g_autoptr(GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));

  g_assert (ESHI_IS_FILES_PAGE (self));

  if (response == GTK_RESPONSE_ACCEPT && file != NULL && g_file_peek_path (file) != NULL)
    add_model_folder (self, g_file_peek_path (file));
  g_object_unref (chooser);
}

static void
on_add_models_cb (EshiFilesPage *self)
{
  g_assert (ESHI_IS_FILES_PAGE (self));

  choose_folder (self, _("Folder with Models"), G_CALLBACK (on_model_folder_chosen_cb));
}

static void
on_undo_cb (EshiFilesPage *self,
            AdwToast      *toast)
{
  g_assert (ESHI_IS_FILES_PAGE (self));

  add_model_folder (self, g_object_get_data (G_OBJECT (toast), "eshi-path"));
}

static void
remove_models_action (GtkWidget  *widget,
                      const char *name,
                      GVariant   *parameter)
{
  EshiFilesPage *self = ESHI_FILES_PAGE (widget);
  g_autofree char *path = g_strdup (g_variant_get_bytestring (parameter));
  g_autoptr(GError) error = NULL;
  AdwToast *toast = NULL;

  if (!eshi_model_folders_remove (path, &error))
    {
      tell_error (self, error);
      return;
    }
  toast = adw_toast_new (_("Models are no longer looked for there; its files stay"));
  adw_toast_set_button_label (toast, _("Undo"));
  adw_toast_set_timeout (toast, UNDO_SECONDS);
  g_object_set_data_full (G_OBJECT (toast), "eshi-path", g_strdup (path), g_free);
  g_signal_connect_object (toast, "button-clicked", G_CALLBACK (on_undo_cb), self, G_CONNECT_SWAPPED);
  add_toast (self, toast);
  list_models (self);
  g_signal_emit (self, signals[FOLDERS_CHANGED], 0);
}

/* The list of models stands above the window that the settings stand above. */
static void
on_manage_models_cb (EshiFilesPage *self)
{
  GtkWindow *settings = GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self)));
  GtkWindow *parent = gtk_window_get_transient_for (settings);

  g_assert (ESHI_IS_FILES_PAGE (self));

  if (parent == NULL)
    return;
  gtk_window_close (settings);
  gtk_widget_activate_action (GTK_WIDGET (parent), "win.models", NULL);
}

static GtkWidget *
new_remove_button (const char *path,
                   const char *shown)
{
  GtkWidget *button = gtk_button_new_from_icon_name ("list-remove-symbolic");
  /* Translators: %s is a folder */
  g_autofree char *label = g_strdup_printf (_("No Longer Look in “%s”"), shown);

  gtk_actionable_set_action_target_value (GTK_ACTIONABLE (button), g_variant_new_bytestring (path));
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), "models.remove");
  gtk_widget_set_tooltip_text (button, _("No Longer Look for Models Here"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");

  return button;
}

static void
add_model_row (EshiFilesPage *self,
               const char    *path,
               gboolean       added)
{
  GtkWidget *row = adw_action_row_new ();
  g_autofree char *shown = dup_shown_path (path);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), shown);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    adw_action_row_set_subtitle (ADW_ACTION_ROW (row), _("There is no such folder now"));
  if (added)
    adw_action_row_add_suffix (ADW_ACTION_ROW (row), new_remove_button (path, shown));
  adw_preferences_group_add (self->models, row);
  g_ptr_array_add (self->model_rows, row);
}

static void
list_models (EshiFilesPage *self)
{
  g_autoptr(GPtrArray) folders = eshi_model_folders_list ();
  g_autoptr(GPtrArray) added = eshi_model_folders_list_added ();

  for (guint i = 0; i < self->model_rows->len; i++)
    adw_preferences_group_remove (self->models, self->model_rows->pdata[i]);
  g_ptr_array_set_size (self->model_rows, 0);
  for (guint i = 0; i < folders->len; i++)
    add_model_row (self, folders->pdata[i],
                   g_ptr_array_find_with_equal_func (added, folders->pdata[i], g_str_equal, NULL));
}

/* --- the object --------------------------------------------------------------------------------------------------- */

static void
eshi_files_page_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), ESHI_TYPE_FILES_PAGE);
  g_clear_pointer (&ESHI_FILES_PAGE (object)->model_rows, g_ptr_array_unref);
  G_OBJECT_CLASS (eshi_files_page_parent_class)->dispose (object);
}

static void
eshi_files_page_class_init (EshiFilesPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = eshi_files_page_dispose;
  signals[FOLDERS_CHANGED] = g_signal_new ("folders-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                           0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-files-page.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiFilesPage, folder_row);
  gtk_widget_class_bind_template_child (widget_class, EshiFilesPage, name_row);
  gtk_widget_class_bind_template_child (widget_class, EshiFilesPage, example_row);
  gtk_widget_class_bind_template_child (widget_class, EshiFilesPage, keep_settings);
  gtk_widget_class_bind_template_child (widget_class, EshiFilesPage, models);
  gtk_widget_class_bind_template_callback (widget_class, on_choose_folder_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_name_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_add_models_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_manage_models_cb);
  gtk_widget_class_install_action (widget_class, "models.remove", "ay", remove_models_action);
}

static void
eshi_files_page_init (EshiFilesPage *self)
{
  GSettings *options = eshi_options_get ();

  self->model_rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (options, "changed::" ESHI_OPTION_FOLDER, G_CALLBACK (show_folder), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (options, "changed::" ESHI_OPTION_FILE_NAME, G_CALLBACK (show_name), self,
                           G_CONNECT_SWAPPED);
  g_settings_bind (options, ESHI_OPTION_KEEP_SETTINGS, self->keep_settings, "active", G_SETTINGS_BIND_DEFAULT);
  show_folder (self);
  show_name (self);
  list_models (self);
}
