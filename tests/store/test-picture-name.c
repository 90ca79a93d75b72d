/* test-picture-name.c: what files of pictures are called.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "eshi-picture-file-private.h"
#include "eshi-picture-name.h"

static EshiSettings *
make_settings (const char *prompt)
{
  EshiSettings *settings = eshi_settings_new ();

  g_free (settings->prompt);
  settings->prompt = g_strdup (prompt);
  settings->sampler = g_strdup ("euler-a");
  settings->seed = 42;
  settings->steps = 25;
  settings->width = 512;
  settings->height = 768;

  return settings;
}

static void
test_expand (void)
{
  static const struct
  {
    const char *pattern;
    const char *prompt;
    const char *name;
  } cases[] = {
    { NULL, "猫", "0007-42.png" },
    { "{number}-{seed}", "猫", "0007-42.png" },
    { "{prompt} {seed}", "猫 油絵", "猫 油絵 42.png" },
    { "絵{number}", "", "絵0007.png" },
    { "{date}_{time}", "", "2026-11-26_09-05-03.png" },
    { "{model}.{sampler}.{steps}.{size}", "", "豆.euler-a.25.512×768.png" },
    { "{prompt}", "a/b\\c:d*e?f\"g<h>i|j\n\tk　l", "a b c d e f g h i j k l.png" },
    { "{prompt}", "...", "_...png" },
    { "{prompt}", "", "0.png" },
    { "{prompt}", "../../etc/passwd", "_. .. etc passwd.png" },
    { "{prompt}-{number}", "", "_0007.png" },
    { "{seeds}", "what cannot be used is the default", "0007-42.png" },
  };
  g_autoptr(GDateTime) when = g_date_time_new_local (2026, 11, 26, 9, 5, 3);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(EshiSettings) settings = make_settings (cases[i].prompt);
      g_autofree char *name = eshi_picture_name_example (cases[i].pattern, settings, "豆", when, 7);

      g_assert_cmpstr (name, ==, cases[i].name);
    }
}

/* Ext4 and most others take 255 bytes. */
static void
test_long (void)
{
  const char *const patterns[] = { "{prompt}{prompt}{prompt}{prompt}{prompt}{number}{prompt}{prompt}{prompt}{model}",
                                   "{prompt}{model}{prompt}" };
  g_autoptr(GDateTime) when = g_date_time_new_now_local ();
  g_autoptr(GString) prompt = g_string_new (NULL);
  g_autoptr(EshiSettings) settings = NULL;

  for (guint i = 0; i < 200; i++)
    g_string_append (prompt, "🍣");
  settings = make_settings (prompt->str);
  for (guint i = 0; i < G_N_ELEMENTS (patterns); i++)
    {
      g_autofree char *name = eshi_picture_name_example (patterns[i], settings, prompt->str, when, G_MAXUINT);

      g_assert_true (g_utf8_validate (name, -1, NULL));
      g_assert_cmpuint (strlen (name), <=, 255);
    }
}

static void
test_check (void)
{
  const char *const good[] = { "{number}", "猫", "{seed} ({date})", "a.b", "名前　{number}" };
  const char *const bad[] = { "", "  ", ".hidden", " a", "a/b", "a\nb", "{", "}", "{}", "{seed", "{Seed}", "{{seed}}",
                              "a:b", "\xff",
                              "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
                              "8901234567890" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_true (eshi_picture_name_check (good[i], &error));
      g_assert_no_error (error);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (eshi_picture_name_check (bad[i], &error));
      g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
      g_assert_true (g_str_has_suffix (error->message, "."));
    }
}

/* No file is ever replaced, whatever the pattern. */
static void
test_next (void)
{
  static const struct
  {
    const char *pattern;
    const char *names[3];
  } cases[] = {
    { "{number}-{seed}", { "0001-42.png", "0002-42.png", "0003-42.png" } },
    { "{prompt}", { "猫.png", "猫-2.png", "猫-3.png" } },
    { "{prompt} {number}", { "猫 0001.png", "猫 0002.png", "猫 0003.png" } },
  };
  g_autofree char *folder = g_dir_make_tmp ("eshi-test-XXXXXX", NULL);
  g_autoptr(GBytes) bytes = g_bytes_new_static ("x", 1);
  g_autoptr(EshiSettings) settings = make_settings ("猫");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint k = 0; k < 3; k++)
      {
        EshiNaming naming = { cases[i].pattern, settings, "豆" };
        g_autoptr(GError) error = NULL;
        g_autofree char *path = _eshi_picture_file_write_in_folder (folder, bytes, &naming, &error);
        g_autofree char *name = NULL;

        g_assert_no_error (error);
        name = g_path_get_basename (path);
        g_assert_cmpstr (name, ==, cases[i].names[k]);
      }
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint k = 0; k < 3; k++)
      {
        g_autofree char *path = g_build_filename (folder, cases[i].names[k], NULL);

        g_assert_cmpint (g_unlink (path), ==, 0);
      }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/eshi/picture-name/expand", test_expand);
  g_test_add_func ("/eshi/picture-name/long", test_long);
  g_test_add_func ("/eshi/picture-name/check", test_check);
  g_test_add_func ("/eshi/picture-name/next", test_next);

  return g_test_run ();
}
