/* test-ui-narrow.c: the window, made narrow at once, shows everything that it has in view whole.
 *
 * What the window manager does with it is in test-narrow.py; here every widget is asked where it stands.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <adwaita.h>
#include <locale.h>

#include "eshi-picture.h"
#include "eshi-window.h"

#include <glib/gi18n-lib.h>

#define WIDTH 360
#define HEIGHT 640

static void
settle (void)
{
  gint64 end = g_get_monotonic_time () + 600 * 1000;

  while (g_get_monotonic_time () < end)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
}

/* Whether what is wider than @widget can be scrolled to. */
static gboolean
scrolls (GtkWidget *widget)
{
  GtkPolicyType horizontal = GTK_POLICY_NEVER;

  if (GTK_IS_SCROLLED_WINDOW (widget))
    gtk_scrolled_window_get_policy (GTK_SCROLLED_WINDOW (widget), &horizontal, NULL);
  return horizontal != GTK_POLICY_NEVER || GTK_IS_POPOVER (widget);
}

/* Words, signs, and what takes the keyboard; handles and shadows may reach over the edge. */
static gboolean
matters (GtkWidget *widget)
{
  return GTK_IS_LABEL (widget) || GTK_IS_IMAGE (widget) || gtk_widget_get_focusable (widget);
}

/* One pixel: the theme draws the header bar over the border that a window has without a compositor. */
static void
check_whole (GtkWidget  *widget,
             GtkWidget  *content,
             const char *view)
{
  graphene_rect_t area;
  float right;

  if (!gtk_widget_get_mapped (widget) || !gtk_widget_compute_bounds (widget, content, &area))
    return;
  right = area.origin.x + area.size.width;
  if (matters (widget) && (area.origin.x < -1.0f || right > (float) gtk_widget_get_width (content) + 1.0f))
    g_error ("%s: %s “%s” reaches from %g to %g", view, G_OBJECT_TYPE_NAME (widget),
             gtk_buildable_get_buildable_id (GTK_BUILDABLE (widget)), area.origin.x, right);
  if (scrolls (widget))
    return;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    check_whole (child, content, view);
}

static void
look (GtkWindow  *window,
      const char *view)
{
  GtkWidget *content;

  gtk_window_set_default_size (window, 1200, 780);
  settle ();
  gtk_window_set_default_size (window, WIDTH, HEIGHT);
  settle ();
  g_test_message ("%s: %d × %d", view, gtk_widget_get_width (GTK_WIDGET (window)),
                  gtk_widget_get_height (GTK_WIDGET (window)));
  g_assert_cmpint (gtk_widget_get_width (GTK_WIDGET (window)), <=, WIDTH);
  content = adw_application_window_get_content (ADW_APPLICATION_WINDOW (window));
  check_whole (content, content, view);
}

/* A picture brings the strip of pictures and the buttons below. */
static void
show_picture (EshiSession *session)
{
  g_autoptr(GBytes) pixels = g_bytes_new_take (g_malloc0 (3), 3);
  g_autoptr(EshiImage) image = eshi_image_new (1, 1, pixels);
  g_autoptr(EshiSettings) settings = eshi_settings_new ();
  g_autoptr(EshiPicture) picture = NULL;

  g_free (settings->prompt);
  settings->prompt = g_strdup ("黒いセーターを着た猫と、窓の外の雨、油絵、やわらかい光");
  picture = eshi_picture_new (image, settings, "豆");
  g_list_store_append (G_LIST_STORE (eshi_session_get_pictures (session)), picture);
  g_signal_emit_by_name (session, "painted", picture);
}

static void
look_everywhere (void)
{
  static const char *const views[] = { "gallery", "queue", "studio" };
  g_autofree char *folder = g_dir_make_tmp ("eshi-narrow-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "draft.ini", NULL);
  g_autoptr(EshiSession) session = eshi_session_new ();
  g_autoptr(EshiDraft) draft = eshi_draft_new (path);
  GtkWindow *window = GTK_WINDOW (eshi_window_new (NULL, session, draft));

  gtk_window_present (window);
  look (window, "prompt");
  show_picture (session);
  gtk_widget_activate_action (GTK_WIDGET (window), "win.show-picture", NULL);
  look (window, "picture");
  for (guint i = 0; i < G_N_ELEMENTS (views); i++)
    {
      gtk_widget_activate_action (GTK_WIDGET (window), "win.view", "s", views[i]);
      look (window, views[i]);
    }
  gtk_window_destroy (window);
}

/* The computer may lack the Japanese locale: tests/ui/rig makes one where it can. */
static void
test_narrow (gconstpointer locale)
{
  if (setlocale (LC_ALL, locale) == NULL)
    g_test_skip ("the locale is missing here");
  else
    look_everywhere ();
}

int
main (int   argc,
      char *argv[])
{
  g_setenv ("ESHI_MODEL_DIR", "/no/such/folder", TRUE);
  gtk_test_init (&argc, &argv, NULL);
  /* libadwaita 1.2 warns of its own header bar, whose switcher goes while it is being placed. */
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  bindtextdomain (GETTEXT_PACKAGE, g_getenv ("ESHI_LOCALEDIR"));
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  adw_init ();
  g_test_add_data_func ("/eshi/ui/narrow/C", "C.UTF-8", test_narrow);
  g_test_add_data_func ("/eshi/ui/narrow/ja", "ja_JP.UTF-8", test_narrow);
  return g_test_run ();
}
