/* eshi-about.c: the About window: what the program is, whose work is in it, and what to copy into a report.
 *
 * Names no persons, and nothing in the lines for a report says whose computer it is: neither paths nor names.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-about.h"

#include <glib/gi18n-lib.h>
#include <libeshi-engine.h>
#include <string.h>

static void
append_version (GString    *text,
                const char *name,
                guint       built[3],
                guint       running[3])
{
  g_string_append_printf (text, "%s %u.%u.%u", name, running[0], running[1], running[2]);
  if (memcmp (built, running, 3 * sizeof (guint)) != 0)
    g_string_append_printf (text, " (built with %u.%u.%u)", built[0], built[1], built[2]);
  g_string_append_c (text, '\n');
}

static void
append_libraries (GString *text)
{
  append_version (text, "GTK",
                  (guint[]) { GTK_MAJOR_VERSION, GTK_MINOR_VERSION, GTK_MICRO_VERSION },
                  (guint[]) { gtk_get_major_version (), gtk_get_minor_version (), gtk_get_micro_version () });
  append_version (text, "libadwaita",
                  (guint[]) { ADW_MAJOR_VERSION, ADW_MINOR_VERSION, ADW_MICRO_VERSION },
                  (guint[]) { adw_get_major_version (), adw_get_minor_version (), adw_get_micro_version () });
  append_version (text, "GLib",
                  (guint[]) { GLIB_MAJOR_VERSION, GLIB_MINOR_VERSION, GLIB_MICRO_VERSION },
                  (guint[]) { glib_major_version, glib_minor_version, glib_micro_version });
}

static void
append_system (GString *text)
{
  g_autofree char *name = g_get_os_info (G_OS_INFO_KEY_PRETTY_NAME);
  GdkDisplay *display = gdk_display_get_default ();
  const char *const *languages = g_get_language_names ();

  g_string_append_printf (text, "System: %s\n", name != NULL ? name : "unknown");
  g_string_append_printf (text, "Display: %s\n", display != NULL ? G_OBJECT_TYPE_NAME (display) : "none");
  g_string_append_printf (text, "Language: %s\n", languages[0]);
}

char *
eshi_about_dup_debug_info (void)
{
  GString *text = g_string_new ("Eshi " ESHI_VERSION "\n");
  g_autofree char *devices = eshi_engine_describe_devices ();

  append_libraries (text);
  append_system (text);
  g_string_append_printf (text, "\nDevices, the chosen one with a star:\n%s", devices);

  return g_string_free (text, FALSE);
}

/* What is not ours, each with the terms that came with it. */
static void
add_licences (AdwAboutWindow *about)
{
  adw_about_window_add_legal_section (about, _("Drawings that the small model learned from"),
                                      "Noto Color Emoji, © Google", GTK_LICENSE_CUSTOM,
                                      _("The font is under the SIL Open Font License 1.1, its drawings under the "
                                        "Apache License 2.0."));
  adw_about_window_add_legal_section (about, _("Words that the small model learned from"),
                                      "Unicode CLDR annotations, © Unicode, Inc.", GTK_LICENSE_CUSTOM,
                                      _("Under the Unicode License v3."));
  adw_about_window_add_legal_section (about, _("Vocabulary of the tokenizer for English models"),
                                      "CLIP, © OpenAI", GTK_LICENSE_MIT_X11, NULL);
}

static void
add_credits (AdwAboutWindow *about)
{
  const char *libraries[] = { "GTK https://www.gtk.org", "libadwaita https://gnome.pages.gitlab.gnome.org/libadwaita/",
                              "oneDNN https://github.com/oneapi-src/oneDNN", "SQLite https://www.sqlite.org", NULL };
  const char *models[] = { "CompVis, Stable Diffusion", "rinna, japanese-stable-diffusion",
                           "Hugging Face, diffusers", NULL };

  adw_about_window_add_credit_section (about, _("Built on"), libraries);
  adw_about_window_add_acknowledgement_section (about, _("It paints as they have shown"), models);
}

GtkWidget *
eshi_about_new (GtkWindow *parent)
{
  g_autofree char *debug_info = NULL;
  GtkWidget *about;

  g_return_val_if_fail (parent == NULL || GTK_IS_WINDOW (parent), NULL);

  debug_info = eshi_about_dup_debug_info ();
  about = adw_about_window_new ();
  g_object_set (about,
                "application-name", _("Eshi"),
                "application-icon", ESHI_APP_ID,
                "developer-name", _("The Eshi Painters"),
                "version", ESHI_VERSION,
                "comments", _("Paints pictures from Japanese words, on your own computer."),
                "copyright", "© 2026 The Eshi authors",
                "license-type", GTK_LICENSE_MIT_X11,
                "debug-info", debug_info,
                "debug-info-filename", "eshi-debug-info.txt",
                "transient-for", parent,
                "modal", TRUE,
                NULL);
  add_licences (ADW_ABOUT_WINDOW (about));
  add_credits (ADW_ABOUT_WINDOW (about));

  return about;
}
