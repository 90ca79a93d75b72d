/* test-ui-preferences.c: the settings window, and what the options do.
 *
 * Runs with GSettings in memory (tests/ui/rig), so that each program begins with the defaults.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <adwaita.h>

#include "eshi-options.h"
#include "eshi-preferences.h"
#include "eshi-device-page.h"
#include "eshi-prompt-panel.h"

static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* The first widget of @type below @widget whose row, or which itself, is titled @title. */
static GtkWidget *
find (GtkWidget  *widget,
      GType       type,
      const char *title)
{
  GtkWidget *row = ADW_IS_PREFERENCES_ROW (widget) ? widget : gtk_widget_get_ancestor (widget, ADW_TYPE_PREFERENCES_ROW);
  GtkWidget *found = NULL;

  if (G_TYPE_CHECK_INSTANCE_TYPE (widget, type) && row != NULL &&
      g_strcmp0 (adw_preferences_row_get_title (ADW_PREFERENCES_ROW (row)), title) == 0)
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find (child, type, title);
  return found;
}

static void
reset_all (void)
{
  g_autoptr(GSettingsSchema) schema = NULL;
  g_auto(GStrv) keys = NULL;

  g_object_get (eshi_options_get (), "settings-schema", &schema, NULL);
  keys = g_settings_schema_list_keys (schema);
  for (guint i = 0; keys[i] != NULL; i++)
    g_settings_reset (eshi_options_get (), keys[i]);
}

static GtkWidget *
new_window (void)
{
  g_autoptr(EshiSession) session = eshi_session_new ();
  GtkWidget *window = eshi_preferences_new (NULL, session);

  gtk_window_present (GTK_WINDOW (window));
  settle ();
  return window;
}

static void
destroy (GtkWidget *window)
{
  gtk_window_destroy (GTK_WINDOW (window));
  settle ();
  reset_all ();
}

/* --- rows and options --------------------------------------------------------------------------------------------- */

static void
test_choices (void)
{
  static const struct
  {
    const char *title;
    const char *key;
    guint position;
    const char *value;
  } cases[] = {
    { "Style", ESHI_OPTION_COLOR_SCHEME, 2, "dark" },
    { "Safety Checker", ESHI_OPTION_SAFETY, 1, "on" },
    { "Invisible Watermark", ESHI_OPTION_WATERMARK, 2, "off" },
    { "Precision", ESHI_OPTION_PRECISION, 1, "f32" },
    { "Shown By", ESHI_OPTION_PREVIEW_KIND, 3, "rgb" },
  };
  GtkWidget *window = new_window ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      GtkWidget *row = find (window, ADW_TYPE_COMBO_ROW, cases[i].title);
      g_autofree char *value = NULL;

      g_assert_nonnull (row);
      g_assert_cmpuint (adw_combo_row_get_selected (ADW_COMBO_ROW (row)), ==, 0);
      adw_combo_row_set_selected (ADW_COMBO_ROW (row), cases[i].position);
      value = g_settings_get_string (eshi_options_get (), cases[i].key);
      g_assert_cmpstr (value, ==, cases[i].value);
      g_settings_reset (eshi_options_get (), cases[i].key);
      g_assert_cmpuint (adw_combo_row_get_selected (ADW_COMBO_ROW (row)), ==, 0);
    }
  destroy (window);
}

static void
test_switches (void)
{
  static const struct
  {
    const char *title;
    const char *key;
  } cases[] = {
    { "Finished Pictures", ESHI_OPTION_NOTIFY_PICTURES },
    { "Downloaded Models", ESHI_OPTION_NOTIFY_MODELS },
  };
  GtkWidget *window = new_window ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      GtkWidget *widget = find (window, GTK_TYPE_SWITCH, cases[i].title);

      g_assert_nonnull (widget);
      g_assert_true (gtk_switch_get_active (GTK_SWITCH (widget)));
      gtk_switch_set_active (GTK_SWITCH (widget), FALSE);
      g_assert_false (g_settings_get_boolean (eshi_options_get (), cases[i].key));
      gtk_widget_activate_action (window, "preferences.reset", "s", "");
      g_assert_true (gtk_switch_get_active (GTK_SWITCH (widget)));
    }
  destroy (window);
}

/* How and how often it is shown is kept as chosen, and cannot be chosen where nothing is shown. */
static void
test_previews (void)
{
  GtkWidget *window = new_window ();
  GtkWidget *kind = find (window, ADW_TYPE_COMBO_ROW, "Shown By");
  GtkWidget *every = find (window, GTK_TYPE_SPIN_BUTTON, "Steps from One Look to the Next");
  GtkWidget *shown = find (window, GTK_TYPE_SWITCH, "Show the Picture as It Comes into Being");

  gtk_spin_button_set_value (GTK_SPIN_BUTTON (every), 5);
  g_assert_cmpint (g_settings_get_int (eshi_options_get (), ESHI_OPTION_PREVIEW_EVERY), ==, 5);
  g_assert_true (gtk_widget_is_sensitive (kind) && gtk_widget_is_sensitive (every));
  gtk_switch_set_active (GTK_SWITCH (shown), FALSE);
  g_assert_false (gtk_widget_is_sensitive (kind) || gtk_widget_is_sensitive (every));
  gtk_widget_activate_action (window, "preferences.reset", "s", "");
  g_assert_cmpfloat (gtk_spin_button_get_value (GTK_SPIN_BUTTON (every)), ==, 1.0);
  g_assert_true (gtk_widget_is_sensitive (kind) && gtk_widget_is_sensitive (every));
  destroy (window);
}

/* The button is there for an option that is not at its default, resets it, and that is undone. */
static void
test_reset (void)
{
  GtkWidget *window = new_window ();
  GtkWidget *row = find (window, ADW_TYPE_COMBO_ROW, "Style");
  GtkWidget *button = NULL;

  for (GtkWidget *each = find (row, GTK_TYPE_BUTTON, "Style"); each != NULL && button == NULL;
       each = gtk_widget_get_next_sibling (each))
    if (gtk_actionable_get_action_name (GTK_ACTIONABLE (each)) != NULL)
      button = each;
  g_assert_nonnull (button);
  g_assert_false (gtk_widget_get_visible (button));
  adw_combo_row_set_selected (ADW_COMBO_ROW (row), 1);
  g_assert_true (gtk_widget_get_visible (button));
  g_signal_emit_by_name (button, "clicked");
  g_assert_cmpuint (adw_combo_row_get_selected (ADW_COMBO_ROW (row)), ==, 0);
  g_assert_false (gtk_widget_get_visible (button));
  gtk_widget_activate_action (window, "preferences.undo", NULL);
  g_assert_cmpuint (adw_combo_row_get_selected (ADW_COMBO_ROW (row)), ==, 1);
  destroy (window);
}

static void
test_reset_all (void)
{
  GSettings *options = eshi_options_get ();
  GtkWidget *window = new_window ();
  g_autofree char *device = NULL;

  g_settings_set_string (options, ESHI_OPTION_DEVICE, "cpu");
  g_settings_set_int (options, ESHI_OPTION_THREADS, 1);
  g_settings_set_boolean (options, ESHI_OPTION_KEEP_SETTINGS, FALSE);
  gtk_widget_activate_action (window, "preferences.reset", "s", "");
  g_assert_cmpint (g_settings_get_int (options, ESHI_OPTION_THREADS), ==, 0);
  g_assert_true (g_settings_get_boolean (options, ESHI_OPTION_KEEP_SETTINGS));
  gtk_widget_activate_action (window, "preferences.undo", NULL);
  g_assert_cmpint (g_settings_get_int (options, ESHI_OPTION_THREADS), ==, 1);
  g_assert_false (g_settings_get_boolean (options, ESHI_OPTION_KEEP_SETTINGS));
  device = g_settings_get_string (options, ESHI_OPTION_DEVICE);
  g_assert_cmpstr (device, ==, "cpu");
  destroy (window);
}

/* A pattern that cannot be used is shown as such and not kept. */
static void
test_file_name (void)
{
  GtkWidget *window = new_window ();
  GtkWidget *entry = find (window, ADW_TYPE_ENTRY_ROW, "Name of the File");
  GtkWidget *example = find (window, ADW_TYPE_ACTION_ROW, "For Example");
  g_autofree char *kept = NULL;

  g_assert_cmpstr (adw_action_row_get_subtitle (ADW_ACTION_ROW (example)), ==, "0012-42.png");
  gtk_editable_set_text (GTK_EDITABLE (entry), "{seed} {number}");
  g_assert_cmpstr (adw_action_row_get_subtitle (ADW_ACTION_ROW (example)), ==, "42 0012.png");
  g_assert_false (gtk_widget_has_css_class (entry, "error"));
  gtk_editable_set_text (GTK_EDITABLE (entry), "{seed}/{number}");
  g_assert_true (gtk_widget_has_css_class (entry, "error"));
  g_assert_nonnull (strstr (adw_action_row_get_subtitle (ADW_ACTION_ROW (example)), "“/”"));
  kept = g_settings_get_string (eshi_options_get (), ESHI_OPTION_FILE_NAME);
  g_assert_cmpstr (kept, ==, "{seed} {number}");
  destroy (window);
}

/* The narrowest screen is 360 pixels wide; the frame around the content is the desktop's business. */
static void
test_narrow (void)
{
  GtkWidget *window = new_window ();
  int minimum;

  gtk_widget_measure (gtk_widget_get_first_child (window), GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  g_assert_cmpint (minimum, <=, 360);
  destroy (window);
}

/* --- devices ------------------------------------------------------------------------------------------------------ */

static gboolean
timeout_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_CONTINUE;
}

/* What cannot compute here is shown with the reason, and cannot be chosen. */
static void
test_devices (void)
{
  g_autoptr(GPtrArray) devices = eshi_device_list ();
  GtkWidget *window = new_window ();
  GtkWidget *row = NULL;
  gboolean late = FALSE;
  guint source = g_timeout_add_seconds (20, timeout_cb, &late);

  while (row == NULL && !late)
    {
      g_main_context_iteration (NULL, TRUE);
      row = find (window, ADW_TYPE_ACTION_ROW, "Graphics Card (CUDA)");
    }
  g_source_remove (source);
  g_assert_nonnull (row);
  for (guint i = 0; i < devices->len; i++)
    {
      const EshiDevice *device = devices->pdata[i];
      GtkWidget *check = NULL;

      if (!g_str_equal (device->backend, "cuda"))
        continue;
      check = find (row, GTK_TYPE_CHECK_BUTTON, "Graphics Card (CUDA)");
      g_assert_cmpint (gtk_widget_get_sensitive (check), ==, device->refusal == NULL);
      if (device->refusal != NULL)
        g_assert_cmpstr (adw_action_row_get_subtitle (ADW_ACTION_ROW (row)), ==, device->refusal);
    }
  destroy (window);
}

static EshiHistoryPicture *
new_picture (int         side,
             const char *model,
             double      seconds,
             gboolean    interrupted)
{
  EshiHistoryPicture *picture = g_new0 (EshiHistoryPicture, 1);

  picture->settings = eshi_settings_new ();
  picture->settings->width = side;
  picture->settings->height = side;
  picture->settings->steps = 10;
  picture->model_name = g_strdup (model);
  picture->backend = g_strdup ("cpu");
  picture->seconds = seconds;
  picture->interrupted = interrupted;
  picture->tags = g_new0 (char *, 1);
  return picture;
}

/* The middle of 2, 3 and 9 s over 10 steps is 0.3 s; pictures of another size or model do not count. */
static void
test_measure (void)
{
  g_autoptr(GPtrArray) pictures = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_history_picture_free);
  guint n = 99;

  g_assert_cmpfloat (_eshi_device_page_measure (pictures, &n), ==, 0.0);
  g_assert_cmpuint (n, ==, 0);
  g_ptr_array_add (pictures, new_picture (512, "豆", 0.0, FALSE));
  g_ptr_array_add (pictures, new_picture (128, "豆", 9.0, FALSE));
  g_ptr_array_add (pictures, new_picture (512, "豆", 100.0, FALSE));
  g_ptr_array_add (pictures, new_picture (128, "別", 100.0, FALSE));
  g_ptr_array_add (pictures, new_picture (128, "豆", 2.0, FALSE));
  g_ptr_array_add (pictures, new_picture (128, "豆", 0.1, TRUE));
  g_ptr_array_add (pictures, new_picture (128, "豆", 3.0, FALSE));
  /* One rounding of a division of doubles. */
  g_assert_cmpfloat_with_epsilon (_eshi_device_page_measure (pictures, &n), 0.3, 1e-15);
  g_assert_cmpuint (n, ==, 3);
}

/* --- what the options do ------------------------------------------------------------------------------------------ */

static void
test_fill_settings (void)
{
  g_autoptr(EshiSettings) settings = eshi_settings_new ();

  eshi_options_fill_settings (settings);
  g_assert_cmpint (settings->safety, ==, ESHI_SWITCH_AUTO);
  g_settings_set_string (eshi_options_get (), ESHI_OPTION_SAFETY, "off");
  g_settings_set_string (eshi_options_get (), ESHI_OPTION_WATERMARK, "on");
  settings->watermark = ESHI_SWITCH_OFF;
  eshi_options_fill_settings (settings);
  g_assert_cmpint (settings->safety, ==, ESHI_SWITCH_OFF);
  g_assert_cmpint (settings->watermark, ==, ESHI_SWITCH_OFF);
  reset_all ();
}

static void
test_fill_previews (void)
{
  g_autoptr(EshiSettings) settings = eshi_settings_new ();

  settings->previews = FALSE;
  eshi_options_fill_previews (settings);
  g_assert_true (settings->previews);
  g_assert_cmpint (settings->preview_kind, ==, ESHI_PREVIEW_AUTO);
  g_assert_cmpint (settings->preview_every, ==, 1);
  g_settings_set_boolean (eshi_options_get (), ESHI_OPTION_PREVIEWS, FALSE);
  g_settings_set_string (eshi_options_get (), ESHI_OPTION_PREVIEW_KIND, "vae");
  g_settings_set_int (eshi_options_get (), ESHI_OPTION_PREVIEW_EVERY, 10);
  eshi_options_fill_previews (settings);
  g_assert_false (settings->previews);
  g_assert_cmpint (settings->preview_kind, ==, ESHI_PREVIEW_VAE);
  g_assert_cmpint (settings->preview_every, ==, 10);
  reset_all ();
}

static void
test_folder (void)
{
  g_autofree char *folder = eshi_options_dup_folder ();
  g_autofree char *chosen = NULL;
  g_autofree char *relative = NULL;

  g_assert_null (folder);
  g_settings_set_string (eshi_options_get (), ESHI_OPTION_FOLDER, "/絵");
  chosen = eshi_options_dup_folder ();
  g_assert_cmpstr (chosen, ==, "/絵");
  g_settings_set_string (eshi_options_get (), ESHI_OPTION_FOLDER, "絵");
  relative = eshi_options_dup_folder ();
  g_assert_null (relative);
  reset_all ();
}

/* At once where nothing is painted, else when the next picture is asked for. */
static void
test_engine (void)
{
  g_autoptr(EshiSession) session = eshi_session_new ();
  g_autoptr(EshiSettings) settings = eshi_settings_new ();
  EshiEngine *first = g_object_ref (eshi_session_get_engine (session));
  EshiEngine *second = NULL;

  g_settings_set_boolean (eshi_options_get (), ESHI_OPTION_PREVIEWS, FALSE);
  g_assert_true (eshi_session_get_engine (session) == first);
  g_settings_set_int (eshi_options_get (), ESHI_OPTION_THREADS, 1);
  second = g_object_ref (eshi_session_get_engine (session));
  g_assert_true (second != first);

  settings->model = g_strdup ("/nonexistent/model");
  eshi_session_generate (session, settings);
  while (eshi_session_get_settings (session) == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_settings_set_int (eshi_options_get (), ESHI_OPTION_THREADS, 2);
  g_assert_true (eshi_session_get_engine (session) == second);
  while (eshi_session_get_busy (session))
    g_main_context_iteration (NULL, TRUE);
  eshi_session_generate (session, settings);
  while (eshi_session_get_busy (session))
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (eshi_session_get_engine (session) != second);
  g_object_unref (first);
  g_object_unref (second);
  reset_all ();
}

int
main (int    argc,
      char **argv)
{
  g_setenv ("LANGUAGE", "C", TRUE);
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();

  g_test_add_func ("/eshi/ui/preferences/choices", test_choices);
  g_test_add_func ("/eshi/ui/preferences/switches", test_switches);
  g_test_add_func ("/eshi/ui/preferences/previews", test_previews);
  g_test_add_func ("/eshi/ui/preferences/reset", test_reset);
  g_test_add_func ("/eshi/ui/preferences/reset-all", test_reset_all);
  g_test_add_func ("/eshi/ui/preferences/file-name", test_file_name);
  g_test_add_func ("/eshi/ui/preferences/narrow", test_narrow);
  g_test_add_func ("/eshi/ui/preferences/devices", test_devices);
  g_test_add_func ("/eshi/ui/preferences/measure", test_measure);
  g_test_add_func ("/eshi/ui/options/fill-settings", test_fill_settings);
  g_test_add_func ("/eshi/ui/options/fill-previews", test_fill_previews);
  g_test_add_func ("/eshi/ui/options/folder", test_folder);
  g_test_add_func ("/eshi/ui/options/engine", test_engine);

  return g_test_run ();
}
