/* test-ui-window.c: the window builds, keeps what was typed, and goes without a trace.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <adwaita.h>

#include "eshi-notice-bar.h"
#include "eshi-picture.h"
#include "eshi-progress-row.h"
#include "eshi-window.h"

static void
settle (void)
{
  gint64 end = g_get_monotonic_time () + 200 * 1000;

  while (g_get_monotonic_time () < end)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
}

static EshiDraft *
create_draft (void)
{
  g_autofree char *folder = g_dir_make_tmp ("eshi-window-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "draft.ini", NULL);

  return eshi_draft_new (path);
}

static void
test_finalizes (void)
{
  g_autoptr(EshiSession) session = eshi_session_new ();
  g_autoptr(EshiDraft) draft = create_draft ();
  EshiWindow *window = eshi_window_new (NULL, session, draft);

  gtk_window_present (GTK_WINDOW (window));
  settle ();
  g_object_add_weak_pointer (G_OBJECT (window), (gpointer *) &window);
  gtk_window_destroy (GTK_WINDOW (window));
  settle ();
  g_assert_null (window);
  g_assert_finalize_object (g_steal_pointer (&session));
}

static GtkWidget *
find_widget (GtkWidget *root,
             GType      type)
{
  GtkWidget *found = G_TYPE_CHECK_INSTANCE_TYPE (root, type) ? root : NULL;

  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_widget (child, type);
  return found;
}

/* Progress and 中止 are there only while something is painted. */
static void
test_idle (void)
{
  g_autoptr(EshiSession) session = eshi_session_new ();
  g_autoptr(EshiDraft) draft = create_draft ();
  EshiWindow *window = eshi_window_new (NULL, session, draft);
  GtkWidget *row = find_widget (GTK_WIDGET (window), ESHI_TYPE_PROGRESS_ROW);

  gtk_window_present (GTK_WINDOW (window));
  settle ();
  g_assert_true (gtk_widget_get_mapped (GTK_WIDGET (window)));
  g_assert_nonnull (row);
  g_assert_false (gtk_widget_get_mapped (row));
  gtk_window_destroy (GTK_WINDOW (window));
}

/* Without a model nothing can be painted: 生成 is off, and the session is never asked. */
static void
test_no_model (void)
{
  g_autoptr(EshiSession) session = eshi_session_new ();
  g_autoptr(EshiDraft) draft = create_draft ();
  EshiWindow *window = eshi_window_new (NULL, session, draft);

  gtk_window_present (GTK_WINDOW (window));
  settle ();
  g_assert_false (g_action_group_get_action_enabled (G_ACTION_GROUP (window), "generate"));
  g_assert_false (g_action_group_get_action_enabled (G_ACTION_GROUP (window), "cancel"));
  g_assert_false (g_action_group_get_action_enabled (G_ACTION_GROUP (window), "trash"));
  gtk_widget_activate_action (GTK_WIDGET (window), "win.generate", NULL);
  g_assert_false (eshi_session_get_busy (session));
  gtk_window_destroy (GTK_WINDOW (window));
}

/* Whether a label below @root says @text. */
static gboolean
says (GtkWidget  *root,
      const char *text)
{
  gboolean found = GTK_IS_LABEL (root) && g_strcmp0 (gtk_label_get_text (GTK_LABEL (root)), text) == 0;

  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL && !found;
       child = gtk_widget_get_next_sibling (child))
    found = says (child, text);
  return found;
}

/* A picture that the safety checker withheld is not just black: the window says so. */
static void
test_withheld (void)
{
  static const char sentence[] = "The safety checker withheld the picture. Try another seed or another prompt";
  g_autoptr(EshiSession) session = eshi_session_new ();
  g_autoptr(EshiDraft) draft = create_draft ();
  g_autoptr(GBytes) pixels = g_bytes_new_take (g_malloc0 (3), 3);
  g_autoptr(EshiImage) image = eshi_image_new (1, 1, pixels);
  g_autoptr(EshiSettings) settings = eshi_settings_new ();
  EshiWindow *window = eshi_window_new (NULL, session, draft);

  gtk_window_present (GTK_WINDOW (window));
  for (int withheld = 0; withheld < 2; withheld++)
    {
      g_autoptr(EshiPicture) picture = NULL;

      settings->withheld = withheld;
      picture = eshi_picture_new (image, settings, "豆");
      g_signal_emit_by_name (session, "painted", picture);
      settle ();
      g_assert_cmpint (says (GTK_WIDGET (window), sentence), ==, withheld);
    }

  gtk_window_destroy (GTK_WINDOW (window));
}

static void
test_draft (void)
{
  g_autoptr(EshiSession) session = eshi_session_new ();
  g_autoptr(EshiDraft) draft = create_draft ();
  g_autoptr(EshiSettings) settings = eshi_settings_new ();
  g_autoptr(EshiSettings) kept = NULL;
  EshiWindow *window;
  gboolean locked = FALSE;
  int width = 0;
  int height = 0;
  gboolean maximized = TRUE;

  g_free (settings->prompt);
  settings->prompt = g_strdup ("きらきら");
  settings->seed = 123;
  settings->steps = 31;
  eshi_draft_store_settings (draft, settings, TRUE);
  eshi_draft_store_window (draft, 900, 640, FALSE);
  window = eshi_window_new (NULL, session, draft);
  gtk_window_present (GTK_WINDOW (window));
  settle ();
  gtk_window_close (GTK_WINDOW (window));
  settle ();
  kept = eshi_draft_load_settings (draft, &locked);
  g_assert_cmpstr (kept->prompt, ==, "きらきら");
  g_assert_cmpuint (kept->seed, ==, 123);
  g_assert_cmpint (kept->steps, ==, 31);
  g_assert_true (locked);
  eshi_draft_load_window (draft, &width, &height, &maximized);
  g_assert_cmpint (width, ==, 900);
  g_assert_cmpint (height, ==, 640);
  g_assert_false (maximized);
}

/* A picture of @folder, made by another program: a PNG with the texts of A1111. */
static void
write_picture (const char *folder,
               const char *name)
{
  g_autofree char *source = g_test_build_filename (G_TEST_DIST, "store", "data", "meta-webui.png", NULL);
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *bytes = NULL;
  g_autoptr(GError) error = NULL;
  gsize n_bytes = 0;

  g_assert_true (g_file_get_contents (source, &bytes, &n_bytes, &error));
  g_assert_true (g_file_set_contents (path, bytes, (gssize) n_bytes, &error));
}

static void
wait_for_notice (EshiWindow *window,
                 const char *text)
{
  EshiNoticeBar *bar = ESHI_NOTICE_BAR (find_widget (GTK_WIDGET (window), ESHI_TYPE_NOTICE_BAR));
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (g_get_monotonic_time () < end && g_strcmp0 (eshi_notice_bar_get_text (bar), text) != 0)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpstr (eshi_notice_bar_get_text (bar), ==, text);
}

/* Pictures of another program come into the history where they are, once; what cannot be read is named. */
static void
test_import (void)
{
  g_autoptr(EshiSession) session = eshi_session_new ();
  g_autoptr(EshiDraft) draft = create_draft ();
  g_autofree char *folder = g_dir_make_tmp ("eshi-outputs-XXXXXX", NULL);
  g_autofree char *broken = g_build_filename (folder, "broken.png", NULL);
  g_autofree char *result = NULL;
  EshiWindow *window = eshi_window_new (NULL, session, draft);

  write_picture (folder, "a.png");
  write_picture (folder, "b.png");
  gtk_window_present (GTK_WINDOW (window));
  settle ();
  eshi_window_import_folder (window, folder);
  wait_for_notice (window, "2 pictures imported. Known already or without settings: 0.");
  g_assert_true (g_file_set_contents (broken, "no picture", -1, NULL));
  eshi_window_import_folder (window, folder);
  result = g_strdup_printf ("0 pictures imported. Known already or without settings: 2. Not readable: 1. “%s” was left out: "
                            "The file is not a PNG, JPEG or WebP picture; choose another one.",
                            broken);
  wait_for_notice (window, result);
  gtk_window_destroy (GTK_WINDOW (window));
}

/* More files than the history reads at once: what follows happens in the middle. */
#define N_MANY 200

static char *
write_many_pictures (void)
{
  char *folder = g_dir_make_tmp ("eshi-outputs-XXXXXX", NULL);

  for (guint i = 0; i < N_MANY; i++)
    {
      g_autofree char *name = g_strdup_printf ("%03u.png", i);

      write_picture (folder, name);
    }
  return folder;
}

/* Runs until the notice is a sentence that matches @format, which has one number. Returns: that number */
static guint
wait_for_number (EshiWindow *window,
                 const char *format)
{
  EshiNoticeBar *bar = ESHI_NOTICE_BAR (find_widget (GTK_WIDGET (window), ESHI_TYPE_NOTICE_BAR));
  g_autoptr(GRegex) regex = g_regex_new (format, 0, 0, NULL);
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;
  g_autoptr(GMatchInfo) match = NULL;
  g_autofree char *number = NULL;

  while (g_get_monotonic_time () < end &&
         !g_regex_match (regex, eshi_notice_bar_get_text (bar) != NULL ? eshi_notice_bar_get_text (bar) : "", 0, NULL))
    g_main_context_iteration (NULL, FALSE);
  g_assert_true (g_regex_match (regex, eshi_notice_bar_get_text (bar), 0, &match));
  number = g_match_info_fetch (match, 1);

  return (guint) g_ascii_strtoull (number, NULL, 10);
}

/* What was read before Stop stays, and the next time the rest is added. */
static void
test_import_stopped (void)
{
  g_autoptr(EshiSession) session = eshi_session_new ();
  g_autoptr(EshiDraft) draft = create_draft ();
  g_autofree char *folder = write_many_pictures ();
  g_autofree char *rest = NULL;
  EshiWindow *window = eshi_window_new (NULL, session, draft);
  guint n_kept = 0;

  gtk_window_present (GTK_WINDOW (window));
  settle ();
  eshi_window_import_folder (window, folder);
  wait_for_number (window, "^Importing pictures: ([1-9][0-9]*) files read$");
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (window), "win.stop-import", NULL));
  n_kept = wait_for_number (window, "^([0-9]+) pictures imported\\. Known already or without settings: 0\\.$");
  g_assert_cmpuint (n_kept, >, 0);
  g_assert_cmpuint (n_kept, <, N_MANY);
  eshi_window_import_folder (window, folder);
  rest = g_strdup_printf ("%u pictures imported. Known already or without settings: %u.", N_MANY - n_kept, n_kept);
  wait_for_notice (window, rest);
  gtk_window_destroy (GTK_WINDOW (window));
}

/* A window that is closed meanwhile goes away, and the import with it: there is a rest for the next window. */
static void
test_import_closed (void)
{
  g_autoptr(EshiSession) session = eshi_session_new ();
  g_autoptr(EshiDraft) draft = create_draft ();
  g_autofree char *folder = write_many_pictures ();
  EshiWindow *window = eshi_window_new (NULL, session, draft);
  gint64 end = 0;

  gtk_window_present (GTK_WINDOW (window));
  settle ();
  eshi_window_import_folder (window, folder);
  wait_for_number (window, "^Importing pictures: ([1-9][0-9]*) files read$");
  g_object_add_weak_pointer (G_OBJECT (window), (gpointer *) &window);
  gtk_window_close (GTK_WINDOW (window));
  end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;
  while (g_get_monotonic_time () < end && window != NULL)
    g_main_context_iteration (NULL, FALSE);
  g_assert_null (window);
  window = eshi_window_new (NULL, session, draft);
  gtk_window_present (GTK_WINDOW (window));
  settle ();
  eshi_window_import_folder (window, folder);
  g_assert_cmpuint (wait_for_number (window, "^([0-9]+) pictures? imported"), >, 0);
  gtk_window_destroy (GTK_WINDOW (window));
}

int
main (int   argc,
      char *argv[])
{
  g_setenv ("LANGUAGE", "C", TRUE);
  g_setenv ("ESHI_MODEL_DIR", "/no/such/folder", TRUE);
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  g_test_add_func ("/eshi/window/finalizes", test_finalizes);
  g_test_add_func ("/eshi/window/idle-shows-no-progress", test_idle);
  g_test_add_func ("/eshi/window/no-model", test_no_model);
  g_test_add_func ("/eshi/window/withheld", test_withheld);
  g_test_add_func ("/eshi/window/draft", test_draft);
  g_test_add_func ("/eshi/window/import", test_import);
  g_test_add_func ("/eshi/window/import-stopped", test_import_stopped);
  g_test_add_func ("/eshi/window/import-closed", test_import_closed);
  return g_test_run ();
}
