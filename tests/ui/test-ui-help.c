/* test-ui-help.c: the guide of the user's language is found, and the desktop's browser gets exactly that file.
 *
 * The browser is a script of this test, registered for web pages in the home folder that the rig has made.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <adwaita.h>
#include <gio/gdesktopappinfo.h>
#include <glib/gstdio.h>
#include <string.h>

#include "eshi-application.h"
#include "eshi-help.h"

#define WAIT_SECONDS 30

/* Folders like those of the build, with empty guides. */
static char *
create_guides (void)
{
  g_autofree char *folder = g_dir_make_tmp ("eshi-help-XXXXXX", NULL);
  const char * const languages[] = { "C", "ja" };

  for (guint i = 0; i < G_N_ELEMENTS (languages); i++)
    {
      g_autofree char *path = g_build_filename (folder, languages[i], "guide.html", NULL);
      g_autofree char *parent = g_path_get_dirname (path);

      g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
      g_assert_true (g_file_set_contents (path, "<!DOCTYPE html>", -1, NULL));
    }
  g_setenv ("ESHI_HELP_DIR", folder, TRUE);
  return g_steal_pointer (&folder);
}

static void
assert_language (const char *folder,
                 const char *languages,
                 const char *expected)
{
  g_autofree char *path = g_build_filename (folder, expected, "guide.html", NULL);
  g_autofree char *wanted = g_filename_to_uri (path, NULL, NULL);
  g_autofree char *uri = NULL;
  g_autoptr(GError) error = NULL;

  g_setenv ("LANGUAGE", languages, TRUE);
  uri = eshi_help_dup_uri (&error);
  g_assert_no_error (error);
  g_assert_cmpstr (uri, ==, wanted);
}

static void
test_languages (void)
{
  g_autofree char *folder = create_guides ();

  assert_language (folder, "ja_JP.UTF-8", "ja");
  assert_language (folder, "ja", "ja");
  assert_language (folder, "fr:ja", "ja");
  assert_language (folder, "fr_FR.UTF-8", "C");
  assert_language (folder, "en_GB", "C");
}

static void
test_missing (void)
{
  g_autofree char *folder = g_dir_make_tmp ("eshi-help-XXXXXX", NULL);
  g_autofree char *uri = NULL;
  g_autoptr(GError) error = NULL;

  g_setenv ("ESHI_HELP_DIR", folder, TRUE);
  uri = eshi_help_dup_uri (&error);
  g_assert_null (uri);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, folder));
}

/* --- the browser ------------------------------------------------------------------------------------------------- */

/* A browser that writes down what it is given to @note. */
static void
become_browser (const char *note)
{
  g_autofree char *folder = g_build_filename (g_get_user_data_dir (), "applications", NULL);
  g_autofree char *path = g_build_filename (folder, "eshi-test-browser.desktop", NULL);
  g_autofree char *text = g_strdup_printf ("[Desktop Entry]\nType=Application\nName=Browser\nMimeType=text/html;\n"
                                           "Exec=sh -c 'echo \"$0\" >%s.part && mv %s.part %s' %%u\n",
                                           note, note, note);
  g_autoptr(GDesktopAppInfo) program = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  program = g_desktop_app_info_new_from_filename (path);
  g_assert_nonnull (program);
  g_assert_true (g_app_info_set_as_default_for_type (G_APP_INFO (program), "text/html", NULL));
}

static char *
wait_for_note (const char *note)
{
  gint64 end = g_get_monotonic_time () + WAIT_SECONDS * G_USEC_PER_SEC;
  char *text = NULL;

  while (!g_file_get_contents (note, &text, NULL, NULL) && g_get_monotonic_time () < end)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
  g_assert_nonnull (text);
  return g_strstrip (text);
}

/* The action, as the menu and F1 do it. */
static void
test_opens (void)
{
  g_autofree char *folder = create_guides ();
  g_autofree char *note = g_build_filename (folder, "note", NULL);
  g_autofree char *page = g_build_filename (folder, "ja", "guide.html", NULL);
  g_autofree char *uri = g_filename_to_uri (page, NULL, NULL);
  g_autofree char *given = NULL;
  g_autoptr(EshiApplication) application = eshi_application_new ();
  g_autoptr(GError) error = NULL;

  g_setenv ("LANGUAGE", "ja", TRUE);
  become_browser (note);
  g_application_register (G_APPLICATION (application), NULL, &error);
  g_assert_no_error (error);
  g_application_activate (G_APPLICATION (application));
  g_action_group_activate_action (G_ACTION_GROUP (application), "help", NULL);
  given = wait_for_note (note);
  /* GIO gives a program that takes URIs and files alike either of the two. */
  g_assert_true (g_str_equal (given, uri) || g_str_equal (given, page));
}

int
main (int   argc,
      char *argv[])
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  g_test_add_func ("/eshi/ui/help/languages", test_languages);
  g_test_add_func ("/eshi/ui/help/missing", test_missing);
  g_test_add_func ("/eshi/ui/help/opens", test_opens);
  return g_test_run ();
}
