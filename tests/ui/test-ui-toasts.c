/* test-ui-toasts.c: messages that come and go faster than they fade.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <adwaita.h>

#include "eshi-toasts.h"

#define STALL_US (700 * 1000)   /* longer than any fading */

typedef struct
{
  GtkWidget *window;
  AdwToastOverlay *overlay;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->window = gtk_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (fixture->window), 480, 320);
  fixture->overlay = ADW_TOAST_OVERLAY (adw_toast_overlay_new ());
  adw_toast_overlay_set_child (fixture->overlay, gtk_label_new ("絵"));
  gtk_window_set_child (GTK_WINDOW (fixture->window), GTK_WIDGET (fixture->overlay));
  gtk_window_present (GTK_WINDOW (fixture->window));
  while (!gtk_widget_get_mapped (GTK_WIDGET (fixture->overlay)))
    g_main_context_iteration (NULL, TRUE);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  gtk_window_destroy (GTK_WINDOW (fixture->window));
}

static gboolean
wake_cb (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
run_for (guint ms)
{
  gboolean woken = FALSE;

  g_timeout_add (ms, wake_cb, &woken);
  while (!woken)
    g_main_context_iteration (NULL, TRUE);
}

static void
count_cb (guint *n)
{
  (*n)++;
}

static AdwToast *
add (Fixture          *fixture,
     AdwToastPriority  priority,
     guint            *n_dismissed)
{
  AdwToast *toast = adw_toast_new ("消えるもの");

  adw_toast_set_priority (toast, priority);
  adw_toast_set_timeout (toast, 0);
  g_signal_connect_swapped (toast, "dismissed", G_CALLBACK (count_cb), n_dismissed);
  eshi_toasts_add (fixture->overlay, g_object_ref (toast));
  return toast;
}

/* What a busy window does: a message goes in the same frame in which it came, and the next takes its place. */
static void
test_stalled (Fixture       *fixture,
              gconstpointer  data)
{
  guint n_dismissed = 0;

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(AdwToast) a = add (fixture, ADW_TOAST_PRIORITY_NORMAL, &n_dismissed);
      g_autoptr(AdwToast) b = add (fixture, ADW_TOAST_PRIORITY_HIGH, &n_dismissed);

      run_for (i * 40);
      eshi_toasts_dismiss (fixture->overlay, a);
      g_usleep (STALL_US);
      eshi_toasts_dismiss (fixture->overlay, b);
      g_usleep (STALL_US);
    }
  run_for (4000);
  g_assert_cmpuint (n_dismissed, ==, 6);
}

/* One that was taken back before its turn is told so, and never seen. */
static void
test_taken_back (Fixture       *fixture,
                 gconstpointer  data)
{
  guint n_shown = 0, n_waiting = 0;
  g_autoptr(AdwToast) shown = add (fixture, ADW_TOAST_PRIORITY_NORMAL, &n_shown);
  g_autoptr(AdwToast) waiting = add (fixture, ADW_TOAST_PRIORITY_NORMAL, &n_waiting);

  eshi_toasts_dismiss (fixture->overlay, waiting);
  eshi_toasts_dismiss (fixture->overlay, waiting);
  g_assert_cmpuint (n_waiting, ==, 1);
  run_for (1000);
  g_assert_cmpuint (n_waiting, ==, 1);
  g_assert_cmpuint (n_shown, ==, 0);
}

/* Nothing waits for frames that are never drawn. */
static void
test_unseen (Fixture       *fixture,
             gconstpointer  data)
{
  guint n_dismissed = 0;
  g_autoptr(AdwToast) a = add (fixture, ADW_TOAST_PRIORITY_NORMAL, &n_dismissed);
  g_autoptr(AdwToast) b = NULL;

  eshi_toasts_dismiss (fixture->overlay, a);
  gtk_widget_set_visible (GTK_WIDGET (fixture->overlay), FALSE);
  g_assert_cmpuint (n_dismissed, ==, 1);
  b = add (fixture, ADW_TOAST_PRIORITY_HIGH, &n_dismissed);
  eshi_toasts_dismiss (fixture->overlay, b);
  g_assert_cmpuint (n_dismissed, ==, 2);
  gtk_widget_set_visible (GTK_WIDGET (fixture->overlay), TRUE);
  run_for (800);
}

int
main (int   argc,
      char *argv[])
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();

  g_test_add ("/toasts/stalled", Fixture, NULL, set_up, test_stalled, tear_down);
  g_test_add ("/toasts/taken-back", Fixture, NULL, set_up, test_taken_back, tear_down);
  g_test_add ("/toasts/unseen", Fixture, NULL, set_up, test_unseen, tear_down);
  return g_test_run ();
}
