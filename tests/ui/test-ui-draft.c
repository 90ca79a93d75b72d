/* test-ui-draft.c: what was typed is there again, also after a crash and from a file that somebody edited.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>

#include "eshi-draft.h"

static char *
dup_path (void)
{
  g_autofree char *folder = g_dir_make_tmp ("eshi-draft-XXXXXX", NULL);

  return g_build_filename (folder, "below", "draft.ini", NULL);
}

static EshiSettings *
create_settings (void)
{
  EshiSettings *settings = eshi_settings_new ();

  g_free (settings->prompt);
  settings->prompt = g_strdup ("サラリーマン\n油絵;\\ 「」");
  g_free (settings->negative_prompt);
  settings->negative_prompt = g_strdup ("文字");
  settings->sampler = g_strdup ("euler-a");
  settings->width = 192;
  settings->height = 128;
  settings->steps = 40;
  settings->guidance = 6.5;
  settings->seed = 4294967293u;
  settings->n_images = 3;
  return settings;
}

static void
test_empty (void)
{
  g_autofree char *path = dup_path ();
  g_autoptr(EshiDraft) draft = eshi_draft_new (path);
  g_auto(GStrv) history = eshi_draft_dup_history (draft);
  gboolean locked = FALSE;

  g_assert_null (eshi_draft_load_settings (draft, &locked));
  g_assert_cmpuint (g_strv_length (history), ==, 0);
}

static void
test_comes_back (void)
{
  g_autofree char *path = dup_path ();
  g_autoptr(EshiSettings) settings = create_settings ();
  g_autoptr(EshiSettings) loaded = NULL;
  EshiDraft *draft = eshi_draft_new (path);
  gboolean locked = FALSE;
  gboolean maximized = FALSE;
  int width = 1;
  int height = 1;

  eshi_draft_store_settings (draft, settings, TRUE);
  eshi_draft_store_window (draft, 1000, 700, TRUE);
  g_assert_finalize_object (draft);

  draft = eshi_draft_new (path);
  loaded = eshi_draft_load_settings (draft, &locked);
  g_assert_nonnull (loaded);
  g_assert_cmpstr (loaded->prompt, ==, settings->prompt);
  g_assert_cmpstr (loaded->negative_prompt, ==, settings->negative_prompt);
  g_assert_cmpstr (loaded->sampler, ==, "euler-a");
  g_assert_null (loaded->model);
  g_assert_cmpint (loaded->width, ==, 192);
  g_assert_cmpint (loaded->height, ==, 128);
  g_assert_cmpint (loaded->steps, ==, 40);
  g_assert_cmpfloat (loaded->guidance, ==, 6.5);
  g_assert_cmpuint (loaded->seed, ==, 4294967293u);
  g_assert_cmpint (loaded->n_images, ==, 3);
  g_assert_true (locked);
  eshi_draft_load_window (draft, &width, &height, &maximized);
  g_assert_cmpint (width, ==, 1000);
  g_assert_cmpint (height, ==, 700);
  g_assert_true (maximized);
  g_assert_finalize_object (draft);
}

/* Steady typing: the first change starts the clock. The file must be there within a second, without a flush. */
static void
test_written_within_a_second (void)
{
  g_autofree char *path = dup_path ();
  g_autoptr(EshiSettings) settings = create_settings ();
  g_autoptr(EshiDraft) draft = eshi_draft_new (path);
  gint64 start = g_get_monotonic_time ();

  while (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      eshi_draft_store_settings (draft, settings, FALSE);
      g_main_context_iteration (NULL, FALSE);
      g_usleep (20 * 1000);
      g_assert_cmpint (g_get_monotonic_time () - start, <, 1000 * 1000);
    }
  /* A copy of the program that was killed now would find it. */
  {
    g_autoptr(EshiDraft) other = eshi_draft_new (path);
    gboolean locked;
    g_autoptr(EshiSettings) loaded = eshi_draft_load_settings (other, &locked);

    g_assert_nonnull (loaded);
    g_assert_cmpstr (loaded->prompt, ==, settings->prompt);
  }
}

static void
test_hostile_file (void)
{
  static const char text[] =
    "[Settings]\nprompt=x\nwidth=999999\nheight=-7\nsteps=0\nguidance=nan\nseed=99999999999\nn-images=1000\n"
    "[Window]\nwidth=3\nheight=abc\n[History]\nprompts=a;\\\n";
  g_autofree char *path = dup_path ();
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr(GError) error = NULL;
  EshiDraft *draft;
  g_autoptr(EshiSettings) loaded = NULL;
  gboolean locked = TRUE;
  gboolean maximized = TRUE;
  int width = 1;
  int height = 77;

  g_mkdir_with_parents (folder, 0700);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  draft = eshi_draft_new (path);
  loaded = eshi_draft_load_settings (draft, &locked);
  eshi_draft_load_window (draft, &width, &height, &maximized);
  g_assert_nonnull (loaded);
  g_assert_cmpint (loaded->width, ==, 2048);
  g_assert_cmpint (loaded->height, ==, 64);
  g_assert_cmpint (loaded->steps, ==, 1);
  g_assert_cmpint (loaded->n_images, ==, 64);
  g_assert_cmpuint (loaded->seed, <=, ESHI_SEED_MAX);
  eshi_settings_validate (loaded, &error);
  g_assert_no_error (error);
  g_assert_false (locked);
  g_assert_cmpint (width, ==, 360);
  g_assert_cmpint (height, ==, 77);
  g_assert_finalize_object (draft);
}

static void
test_history (void)
{
  g_autofree char *path = dup_path ();
  g_autoptr(EshiDraft) draft = eshi_draft_new (path);
  g_auto(GStrv) history = NULL;

  for (int i = 0; i < 120; i++)
    {
      g_autofree char *prompt = g_strdup_printf ("猫;%d", i);

      eshi_draft_add_to_history (draft, prompt);
    }
  eshi_draft_add_to_history (draft, "猫;50");
  eshi_draft_add_to_history (draft, "");
  history = eshi_draft_dup_history (draft);
  g_assert_cmpuint (g_strv_length (history), ==, 100);
  g_assert_cmpstr (history[0], ==, "猫;50");
  g_assert_cmpstr (history[1], ==, "猫;119");
  for (guint i = 1; i < 100; i++)
    g_assert_cmpstr (history[i], !=, "猫;50");
}

/* Nowhere to write: nothing is lost in the running program, and it does not end. */
static void
test_unwritable (void)
{
  g_autoptr(EshiSettings) settings = create_settings ();
  g_autoptr(EshiSettings) loaded = NULL;
  g_autoptr(EshiDraft) draft = eshi_draft_new ("/dev/null/eshi/draft.ini");
  gboolean locked;

  eshi_draft_store_settings (draft, settings, FALSE);
  g_test_expect_message (NULL, G_LOG_LEVEL_MESSAGE, "*draft was not kept*");
  eshi_draft_flush (draft);
  g_test_assert_expected_messages ();
  loaded = eshi_draft_load_settings (draft, &locked);
  g_assert_cmpstr (loaded->prompt, ==, settings->prompt);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/eshi/draft/empty", test_empty);
  g_test_add_func ("/eshi/draft/comes-back", test_comes_back);
  g_test_add_func ("/eshi/draft/written-within-a-second", test_written_within_a_second);
  g_test_add_func ("/eshi/draft/hostile-file", test_hostile_file);
  g_test_add_func ("/eshi/draft/history", test_history);
  g_test_add_func ("/eshi/draft/unwritable", test_unwritable);
  return g_test_run ();
}
