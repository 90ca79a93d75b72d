/* test-ui-widths.c: the larger templates fit a screen of 360 × 640, in both languages.
 *
 * A template that asks for more than the screen would make the window stop growing narrower, or cut what stands in it.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <adwaita.h>
#include <locale.h>

#include "eshi-about.h"
#include "eshi-compare.h"
#include "eshi-device-page.h"
#include "eshi-draft.h"
#include "eshi-expert-row.h"
#include "eshi-files-page.h"
#include "eshi-filmstrip.h"
#include "eshi-gallery.h"
#include "eshi-info-pane.h"
#include "eshi-input-row.h"
#include "eshi-mask-bar.h"
#include "eshi-notice-bar.h"
#include "eshi-progress-row.h"
#include "eshi-prompt-panel.h"
#include "eshi-queue-row.h"
#include "eshi-queue-view.h"
#include "eshi-reset-button.h"
#include "eshi-seeds-view.h"
#include "eshi-steps-view.h"

#include <glib/gi18n-lib.h>

#define SCREEN_WIDTH 360
#define SCREEN_HEIGHT 640

static const char *const languages[] = { "C.UTF-8", "ja_JP.UTF-8" };

/* Whether the computer has the locale: tests/ui/rig makes a Japanese one where it can. */
static gboolean
choose_language (const char *locale)
{
  if (setlocale (LC_ALL, locale) == NULL)
    {
      g_test_message ("The locale %s is missing here, so its words were not measured", locale);
      return FALSE;
    }
  return TRUE;
}

static void
measure (GtkWidget  *widget,
         const char *name,
         const char *locale)
{
  int width;
  int height;

  gtk_widget_measure (widget, GTK_ORIENTATION_HORIZONTAL, -1, &width, NULL, NULL, NULL);
  gtk_widget_measure (widget, GTK_ORIENTATION_VERTICAL, SCREEN_WIDTH, &height, NULL, NULL, NULL);
  g_test_message ("%s, %s: at least %d wide, %d high at the width of the screen", name, locale, width, height);
  g_assert_cmpint (width, <=, SCREEN_WIDTH);
  g_assert_cmpint (height, <=, SCREEN_HEIGHT);
}

static void
measure_templates (const char *locale)
{
  const GType types[] = {
    ESHI_TYPE_COMPARE, ESHI_TYPE_DEVICE_PAGE, ESHI_TYPE_EXPERT_ROW, ESHI_TYPE_FILES_PAGE, ESHI_TYPE_FILMSTRIP,
    ESHI_TYPE_GALLERY, ESHI_TYPE_INFO_PANE, ESHI_TYPE_INPUT_ROW, ESHI_TYPE_MASK_BAR, ESHI_TYPE_NOTICE_BAR,
    ESHI_TYPE_PROGRESS_ROW, ESHI_TYPE_PROMPT_PANEL, ESHI_TYPE_QUEUE_ROW, ESHI_TYPE_QUEUE_VIEW, ESHI_TYPE_SEEDS_VIEW,
    ESHI_TYPE_STEPS_VIEW,
  };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      GtkWidget *widget = g_object_ref_sink (g_object_new (types[i], NULL));

      /* A hidden widget asks for nothing. */
      gtk_widget_set_visible (widget, TRUE);
      measure (widget, g_type_name (types[i]), locale);
      g_object_unref (widget);
    }
}

static void
test_templates (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (languages); i++)
    if (choose_language (languages[i]))
      measure_templates (languages[i]);
}

/* What is copied into a report says which versions run. */
static void
test_debug_info (void)
{
  g_autofree char *info = eshi_about_dup_debug_info ();
  g_autofree char *gtk = g_strdup_printf ("GTK %u.%u.%u", gtk_get_major_version (), gtk_get_minor_version (),
                                          gtk_get_micro_version ());

  g_assert_true (g_str_has_prefix (info, "Eshi " ESHI_VERSION "\n"));
  g_assert_nonnull (strstr (info, gtk));
  g_assert_nonnull (strstr (info, "libadwaita "));
  g_assert_nonnull (strstr (info, "* "));
  g_assert_null (strstr (info, g_get_home_dir ()));
}

int
main (int    argc,
      char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  bindtextdomain (GETTEXT_PACKAGE, g_getenv ("ESHI_LOCALEDIR"));
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  adw_init ();
  /* The settings window does this for its pages. */
  g_type_ensure (ESHI_TYPE_RESET_BUTTON);

  g_test_add_func ("/eshi/ui/widths/templates", test_templates);
  g_test_add_func ("/eshi/ui/about/debug-info", test_debug_info);

  return g_test_run ();
}
