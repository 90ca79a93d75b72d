/* test-ui-session.c: pictures, the filmstrip, the session, and what is said when something fails.
 *
 * Painting itself is tested with a model, from outside (test-window.py); here every request fails, for want of one.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <adwaita.h>

#include "eshi-error-dialog.h"
#include "eshi-filmstrip.h"
#include "eshi-picture.h"
#include "eshi-session.h"

static EshiPicture *
create_picture (const char *prompt,
                guint       seed)
{
  g_autoptr(GBytes) pixels = g_bytes_new_take (g_malloc0 (64 * 32 * 3), 64 * 32 * 3);
  g_autoptr(EshiImage) image = eshi_image_new (64, 32, pixels);
  g_autoptr(EshiSettings) settings = eshi_settings_new ();

  g_free (settings->prompt);
  settings->prompt = g_strdup (prompt);
  settings->sampler = g_strdup ("lms");
  settings->steps = 25;
  settings->guidance = 7.5;
  settings->seed = seed;
  return eshi_picture_new (image, settings, "豆");
}

static void
count_cb (int *n)
{
  (*n)++;
}

static void
test_picture (void)
{
  EshiPicture *picture = create_picture ("鬼", 42);
  g_autofree char *summary = eshi_picture_dup_summary (picture);
  int n_notified = 0;

  g_assert_cmpstr (eshi_picture_get_title (picture), ==, "鬼");
  g_assert_cmpstr (summary, ==, "64 × 32 · LMS · 25 steps · CFG 7.5 · seed 42");
  g_assert_cmpint (gdk_texture_get_width (eshi_picture_get_texture (picture)), ==, 64);
  g_assert_null (eshi_picture_get_path (picture));
  g_signal_connect_swapped (picture, "notify::path", G_CALLBACK (count_cb), &n_notified);
  eshi_picture_set_path (picture, "/a.png");
  eshi_picture_set_path (picture, "/a.png");
  g_assert_cmpint (n_notified, ==, 1);
  g_assert_finalize_object (picture);
}

/* A black picture says why it is black. */
static void
test_withheld (void)
{
  g_autoptr(EshiPicture) painted = create_picture ("鬼", 42);
  g_autoptr(EshiSettings) settings = eshi_settings_copy (eshi_picture_get_settings (painted));
  g_autoptr(EshiPicture) picture = NULL;
  g_autofree char *summary = NULL;

  settings->withheld = TRUE;
  picture = eshi_picture_new (eshi_picture_get_image (painted), settings, "豆");
  summary = eshi_picture_dup_summary (picture);
  g_assert_cmpstr (summary, ==, "Withheld by the safety checker");
}

static void
test_draft (void)
{
  g_autoptr(EshiPicture) painted = create_picture ("鬼", 42);
  g_autoptr(EshiSettings) settings = eshi_settings_copy (eshi_picture_get_settings (painted));
  g_autoptr(EshiPicture) picture = NULL;
  g_autofree char *summary = NULL;

  settings->guidance_stop = 0.5;
  picture = eshi_picture_new (eshi_picture_get_image (painted), settings, "豆");
  summary = eshi_picture_dup_summary (picture);
  g_assert_cmpstr (summary, ==, "Draft · 64 × 32 · LMS · 25 steps · CFG 7.5 · seed 42");
}

static void
test_filmstrip (void)
{
  EshiFilmstrip *strip = g_object_ref_sink (ESHI_FILMSTRIP (eshi_filmstrip_new ()));
  g_autoptr(GListStore) store = g_list_store_new (ESHI_TYPE_PICTURE);
  g_autoptr(EshiPicture) first = create_picture ("一", 1);
  g_autoptr(EshiPicture) second = create_picture ("二", 2);
  int n_notified = 0;

  g_list_store_append (store, first);
  eshi_filmstrip_set_pictures (strip, G_LIST_MODEL (store));
  g_assert_null (eshi_filmstrip_get_selected (strip));
  g_signal_connect_swapped (strip, "notify::selected", G_CALLBACK (count_cb), &n_notified);
  eshi_filmstrip_set_selected (strip, first);
  g_assert_true (eshi_filmstrip_get_selected (strip) == first);
  g_assert_cmpint (n_notified, ==, 1);
  /* A newer picture does not take the choice away. */
  g_list_store_insert (store, 0, second);
  g_assert_true (eshi_filmstrip_get_selected (strip) == first);
  eshi_filmstrip_set_selected (strip, NULL);
  g_assert_null (eshi_filmstrip_get_selected (strip));
  eshi_filmstrip_set_orientation (strip, GTK_ORIENTATION_HORIZONTAL);
  eshi_filmstrip_set_pictures (strip, NULL);
  g_assert_finalize_object (strip);
}

typedef struct
{
  GMainLoop *loop;
  int n_failed;
  int n_stopped;
  int n_busy;
  guint wanted;
  char *message;
} Seen;

static void
on_failed_cb (Seen   *seen,
              GError *error,
              char   *about)
{
  seen->n_failed++;
  g_assert_cmpstr (about, ==, "猫");
  g_free (seen->message);
  seen->message = g_strdup (error->message);
}

static void
on_stopped_cb (Seen *seen)
{
  seen->n_stopped++;
  if (seen->n_stopped == (int) seen->wanted)
    g_main_loop_quit (seen->loop);
}

static EshiSettings *
create_request (void)
{
  EshiSettings *settings = eshi_settings_new ();

  g_free (settings->prompt);
  settings->prompt = g_strdup ("猫");
  settings->model = g_strdup ("/no/such/model");
  return settings;
}

static EshiSession *
create_session (Seen *seen)
{
  EshiSession *session = eshi_session_new ();

  seen->loop = g_main_loop_new (NULL, FALSE);
  g_signal_connect_swapped (session, "failed", G_CALLBACK (on_failed_cb), seen);
  g_signal_connect_swapped (session, "stopped", G_CALLBACK (on_stopped_cb), seen);
  g_signal_connect_swapped (session, "notify::busy", G_CALLBACK (count_cb), &seen->n_busy);
  return session;
}

static void
clear_seen (Seen *seen)
{
  g_clear_pointer (&seen->loop, g_main_loop_unref);
  g_clear_pointer (&seen->message, g_free);
}

static void
test_session_failure (void)
{
  Seen seen = { .wanted = 1 };
  EshiSession *session = create_session (&seen);
  g_autoptr(EshiSettings) settings = create_request ();

  g_assert_false (eshi_session_get_busy (session));
  g_assert_cmpuint (eshi_session_generate (session, settings), ==, 1);
  g_assert_true (eshi_session_get_busy (session));
  g_main_loop_run (seen.loop);
  g_assert_cmpint (seen.n_failed, ==, 1);
  g_assert_nonnull (strstr (seen.message, "/no/such/model"));
  g_assert_false (eshi_session_get_busy (session));
  g_assert_cmpint (seen.n_busy, ==, 2);
  g_assert_cmpuint (g_list_model_get_n_items (eshi_session_get_pictures (session)), ==, 0);
  clear_seen (&seen);
  g_assert_finalize_object (session);
}

/* Each request ends exactly once, in order, whatever becomes of it. */
static void
test_session_queue (void)
{
  Seen seen = { .wanted = 3 };
  EshiSession *session = create_session (&seen);
  g_autoptr(EshiSettings) settings = create_request ();

  g_assert_false (eshi_session_cancel (session));
  for (guint i = 1; i <= 3; i++)
    g_assert_cmpuint (eshi_session_generate (session, settings), ==, i);
  g_assert_true (eshi_session_cancel (session));
  g_main_loop_run (seen.loop);
  g_assert_cmpint (seen.n_stopped, ==, 3);
  g_assert_cmpint (seen.n_failed, >=, 2);
  g_assert_cmpint (seen.n_busy, ==, 2);
  clear_seen (&seen);
  g_assert_finalize_object (session);
}

/* A session that goes while something waits takes the engine's thread with it. */
static void
test_session_dropped (void)
{
  EshiSession *session = eshi_session_new ();
  g_autoptr(EshiSettings) settings = create_request ();

  eshi_session_generate (session, settings);
  eshi_session_generate (session, settings);
  g_assert_finalize_object (session);
}

static void
test_session_forget (void)
{
  EshiSession *session = eshi_session_new ();
  GListModel *pictures = eshi_session_get_pictures (session);
  g_autoptr(EshiPicture) first = create_picture ("一", 1);
  g_autoptr(EshiPicture) second = create_picture ("二", 2);
  g_autoptr(EshiPicture) at = NULL;

  eshi_session_restore (session, first, 0);
  eshi_session_restore (session, second, 99);
  g_assert_cmpuint (g_list_model_get_n_items (pictures), ==, 2);
  eshi_session_forget (session, first);
  g_assert_cmpuint (g_list_model_get_n_items (pictures), ==, 1);
  eshi_session_restore (session, first, 0);
  at = g_list_model_get_item (pictures, 0);
  g_assert_true (at == first);
  g_assert_finalize_object (session);
}

static void
test_error_details (void)
{
  g_autoptr(GError) error = g_error_new_literal (ESHI_ERROR, ESHI_ERROR_MODEL_MISSING, "There is no model.");
  g_autofree char *details = eshi_error_dialog_dup_details (error, "猫");
  GtkWidget *dialog;

  g_assert_nonnull (strstr (details, "There is no model."));
  g_assert_nonnull (strstr (details, "猫"));
  g_assert_nonnull (strstr (details, ESHI_VERSION));
  g_assert_nonnull (strstr (details, "ref"));
  dialog = eshi_error_dialog_new (NULL, "Failed", error, "猫");
  g_assert_cmpstr (adw_message_dialog_get_body (ADW_MESSAGE_DIALOG (dialog)), ==, "There is no model.");
  gtk_window_destroy (GTK_WINDOW (dialog));
}

int
main (int   argc,
      char *argv[])
{
  g_setenv ("LANGUAGE", "C", TRUE);
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  g_test_add_func ("/eshi/picture/tells-its-settings", test_picture);
  g_test_add_func ("/eshi/picture/withheld", test_withheld);
  g_test_add_func ("/eshi/picture/draft", test_draft);
  g_test_add_func ("/eshi/filmstrip/selection", test_filmstrip);
  g_test_add_func ("/eshi/session/failure", test_session_failure);
  g_test_add_func ("/eshi/session/queue", test_session_queue);
  g_test_add_func ("/eshi/session/dropped", test_session_dropped);
  g_test_add_func ("/eshi/session/forget-and-restore", test_session_forget);
  g_test_add_func ("/eshi/error-dialog/details", test_error_details);
  return g_test_run ();
}
