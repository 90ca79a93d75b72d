/* test-ui-models.c: the list of models: what it shows, and what becomes of models there.
 *
 * The models are folders with a model_index.json alone: nothing here paints.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "eshi-model-manager.h"
#include "eshi-model-row.h"
#include "eshi-other-program.h"

#define WAIT_MS 5000

/* SHA-256 of "abc": FIPS 180-2, appendix B.1 */
#define ABC_SUM "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void
write_file (const char *folder,
            const char *name,
            const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static char *
dup_own (const char *name)
{
  return g_build_filename (g_get_user_data_dir (), "eshi", "models", name, NULL);
}

static gboolean
on_late_cb (gpointer user_data)
{
  g_error ("Waited %d ms in vain", WAIT_MS);
  return G_SOURCE_REMOVE;
}

static EshiModelRow *
find_row (GtkWidget  *widget,
          const char *title)
{
  EshiModelRow *found = NULL;

  if (ESHI_IS_MODEL_ROW (widget) &&
      g_strcmp0 (adw_preferences_row_get_title (ADW_PREFERENCES_ROW (widget)), title) == 0)
    return ESHI_MODEL_ROW (widget);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_row (child, title);
  return found;
}

static gboolean
shows (GtkWidget  *widget,
       const char *text)
{
  gboolean found = GTK_IS_LABEL (widget) && gtk_widget_get_mapped (widget) &&
                   strstr (gtk_label_get_text (GTK_LABEL (widget)), text) != NULL;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && !found;
       child = gtk_widget_get_next_sibling (child))
    found = shows (child, text);
  return found;
}

static void
wait_for_text (GtkWidget  *widget,
               const char *text)
{
  guint late = g_timeout_add (WAIT_MS, on_late_cb, NULL);

  while (!shows (widget, text))
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (late);
}

static EshiModelRow *
wait_for_row (GtkWidget  *window,
              const char *title)
{
  guint late = g_timeout_add (WAIT_MS, on_late_cb, NULL);

  while (find_row (window, title) == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (late);
  return find_row (window, title);
}

static GtkWidget *
new_window (const char *used)
{
  GtkWidget *window = eshi_model_manager_new (NULL, used);

  gtk_window_present (GTK_WINDOW (window));
  wait_for_row (window, "mame");
  return window;
}

static void
close_window (GtkWidget *window)
{
  g_object_add_weak_pointer (G_OBJECT (window), (gpointer *) &window);
  gtk_window_close (GTK_WINDOW (window));
  while (window != NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
activate (GtkWidget  *window,
          const char *action,
          const char *path)
{
  g_assert_true (gtk_widget_activate_action_variant (window, action, g_variant_new_bytestring (path)));
}

static void
count_cb (guint *n)
{
  (*n)++;
}

static void
on_chosen_cb (GtkWidget   *window,
              const char  *path,
              char       **chosen)
{
  *chosen = g_strdup (path);
}

/* --- the tests ---------------------------------------------------------------------------------------------------- */

static void
test_facts (void)
{
  g_autofree char *own = dup_own ("猫");
  g_autofree char *loras = dup_own ("loras");
  GtkWidget *window;

  write_file (own, "model_index.json", "{}");
  write_file (own, "unet/weights.bin", "0123456789");
  write_file (loras, "線画.safetensors", "");
  window = new_window (own);
  /* 2 + 10 bytes */
  wait_for_text (GTK_WIDGET (wait_for_row (window, "猫")), "folder · 12 bytes");
  g_assert_true (shows (GTK_WIDGET (find_row (window, "猫")), "In Use"));
  g_assert_true (shows (GTK_WIDGET (find_row (window, "mame")), "came with the program"));
  g_assert_true (shows (window, "1 in "));
  close_window (window);
}

static void
test_use (void)
{
  g_autofree char *own = dup_own ("猫");
  g_autofree char *chosen = NULL;
  GtkWidget *window;

  write_file (own, "model_index.json", "{}");
  window = new_window (NULL);
  wait_for_row (window, "猫");
  g_signal_connect (window, "chosen", G_CALLBACK (on_chosen_cb), &chosen);
  activate (window, "manager.use", own);
  g_assert_cmpstr (chosen, ==, own);
  wait_for_text (window, "In Use");
  close_window (window);
}

static void
test_add (void)
{
  g_autofree char *folder = g_dir_make_tmp ("eshi-models-XXXXXX", NULL);
  g_autofree char *text = g_build_filename (folder, "notes.txt", NULL);
  g_autofree char *inner = g_build_filename (folder, "犬", NULL);
  GtkWidget *window = new_window (NULL);
  guint n_changes = 0;

  write_file (inner, "model_index.json", "{}");
  write_file (folder, "notes.txt", "no model at all");
  g_signal_connect_swapped (window, "models-changed", G_CALLBACK (count_cb), &n_changes);
  eshi_model_manager_add (ESHI_MODEL_MANAGER (window), text);
  wait_for_text (window, "is no file of a model; nothing was added.");
  g_assert_cmpuint (n_changes, ==, 0);
  eshi_model_manager_add (ESHI_MODEL_MANAGER (window), folder);
  g_assert_cmpuint (n_changes, ==, 1);
  wait_for_row (window, "犬");
  close_window (window);
}

/* Held against the list that the download left: as it was, and with another byte. */
static void
test_verify (void)
{
  g_autofree char *own = dup_own ("鳥");
  GtkWidget *window;

  write_file (own, "eshi-download.json",
              "{\"hub\": \"https://hub.example\", \"repo\": \"o/n\", \"revision\": "
              "\"0123456789abcdef0123456789abcdef01234567\", \"files\": [{\"path\": \"weights\", \"size\": 3, \"sum\": \"" ABC_SUM "\"}]}");
  write_file (own, "model_index.json", "{}");
  write_file (own, "weights", "abc");
  window = new_window (NULL);
  wait_for_row (window, "鳥");
  activate (window, "manager.verify", own);
  wait_for_text (window, "1 file is as it was downloaded");
  write_file (own, "weights", "abd");
  activate (window, "manager.verify", own);
  wait_for_text (window, "weights");
  g_assert_true (gtk_widget_has_css_class (GTK_WIDGET (find_row (window, "鳥")), "error"));
  close_window (window);
}

/* Nothing moves while it can be undone; closing the window is the end of that. */
static void
test_remove (void)
{
  g_autofree char *own = dup_own ("魚");
  GtkWidget *window;
  EshiModelRow *row;
  guint late = 0;

  write_file (own, "model_index.json", "{}");
  window = new_window (NULL);
  row = wait_for_row (window, "魚");
  activate (window, "manager.remove", own);
  g_assert_false (gtk_widget_get_visible (GTK_WIDGET (row)));
  wait_for_text (window, "“魚” goes to the trash");
  g_assert_true (g_file_test (own, G_FILE_TEST_IS_DIR));
  g_assert_true (gtk_widget_get_visible (GTK_WIDGET (find_row (window, "mame"))));

  close_window (window);
  late = g_timeout_add (WAIT_MS, on_late_cb, NULL);
  while (g_file_test (own, G_FILE_TEST_EXISTS))
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (late);
}

/* ComfyUI's folder: its models are looked for, its LoRA is linked once and not copied. */
static void
test_other_program (void)
{
  g_autofree char *folder = g_dir_make_tmp ("eshi-comfy-XXXXXX", NULL);
  g_autofree char *link = g_build_filename (g_get_user_data_dir (), "eshi", "models", "loras", "墨.safetensors", NULL);
  GtkWidget *window;
  guint n_extras = 0;

  write_file (folder, "models/checkpoints/狐/model_index.json", "{}");
  write_file (folder, "models/loras/墨.safetensors", "");
  write_file (folder, "models/loras/notes.txt", "");
  g_assert_true (eshi_other_program_add (folder, &n_extras, NULL));
  g_assert_cmpuint (n_extras, ==, 1);
  g_assert_true (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
  g_assert_true (eshi_other_program_add (folder, &n_extras, NULL));
  g_assert_cmpuint (n_extras, ==, 0);
  window = new_window (NULL);
  wait_for_row (window, "狐");
  close_window (window);
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *home = g_dir_make_tmp ("eshi-test-XXXXXX", NULL);
  g_autofree char *embedded = g_build_filename (home, "mame", NULL);

  /* The trash is the home's, so the home is on one file system with the models. */
  g_setenv ("HOME", home, TRUE);
  g_setenv ("XDG_DATA_HOME", home, TRUE);
  g_setenv ("XDG_CONFIG_HOME", home, TRUE);
  g_setenv ("XDG_CACHE_HOME", home, TRUE);
  g_setenv ("ESHI_MODEL_DIR", home, TRUE);
  g_setenv ("LC_ALL", "C.UTF-8", TRUE);
  write_file (embedded, "model_index.json", "{}");
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();

  g_test_add_func ("/eshi/ui/models/facts", test_facts);
  g_test_add_func ("/eshi/ui/models/use", test_use);
  g_test_add_func ("/eshi/ui/models/add", test_add);
  g_test_add_func ("/eshi/ui/models/verify", test_verify);
  g_test_add_func ("/eshi/ui/models/remove", test_remove);
  g_test_add_func ("/eshi/ui/models/other-program", test_other_program);
  return g_test_run ();
}
