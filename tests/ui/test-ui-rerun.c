/* test-ui-rerun.c: what is said about a picture that was painted again.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <gtk/gtk.h>

#include "eshi-reproduction.h"

static EshiHistoryPicture *
create_picture (EshiRelation  relation,
                const char   *hash,
                const char   *backend)
{
  EshiHistoryPicture *picture = g_new0 (EshiHistoryPicture, 1);

  picture->settings = eshi_settings_new ();
  picture->relation = relation;
  picture->model_name = g_strdup ("豆");
  picture->model_hash = g_strdup (hash);
  picture->backend = g_strdup (backend);
  return picture;
}

static void
test_same (void)
{
  g_autoptr(EshiHistoryPicture) before = create_picture (ESHI_RELATION_NONE, "aa", "cpu");
  g_autoptr(EshiHistoryPicture) after = create_picture (ESHI_RELATION_REPRODUCED, "bb", "ref");
  g_autofree char *words = eshi_reproduction_dup_words (before, after);

  g_assert_cmpstr (words, ==, "Reproduced ✓ It is the same picture");
  g_assert_cmpstr (eshi_reproduction_get_mark (after), ==, "✓");
}

/* What is known of both and differs is named, all of it and nothing else. */
static void
test_changed (void)
{
  g_autoptr(EshiHistoryPicture) before = create_picture (ESHI_RELATION_NONE, "aa", "cpu");
  g_autoptr(EshiHistoryPicture) after = create_picture (ESHI_RELATION_CHANGED, "bb", "ref");
  g_autofree char *words = NULL;

  after->settings->rng = ESHI_RNG_PHILOX;
  words = eshi_reproduction_dup_words (before, after);
  g_assert_cmpstr (words, ==,
                   "It is not the same picture. It was made otherwise: Model hash aa → bb, Device cpu → ref, "
                   "Kind of noise cpu → philox");
}

static void
test_unexplained (void)
{
  g_autoptr(EshiHistoryPicture) before = create_picture (ESHI_RELATION_NONE, NULL, "cpu");
  g_autoptr(EshiHistoryPicture) after = create_picture (ESHI_RELATION_CHANGED, "bb", "cpu");
  g_autofree char *words = eshi_reproduction_dup_words (before, after);
  g_autofree char *alone = eshi_reproduction_dup_words (NULL, after);

  g_assert_nonnull (strstr (words, "Nothing that is recorded differs"));
  g_assert_cmpstr (alone, ==, words);
}

static void
test_not_compared (void)
{
  g_autoptr(EshiHistoryPicture) before = create_picture (ESHI_RELATION_NONE, "aa", "cpu");
  g_autoptr(EshiHistoryPicture) after = create_picture (ESHI_RELATION_RERUN, "aa", "cpu");

  g_assert_null (eshi_reproduction_dup_words (before, after));
  g_assert_null (eshi_reproduction_get_mark (after));
}

int
main (int    argc,
      char **argv)
{
  g_setenv ("LANGUAGE", "C", TRUE);
  gtk_test_init (&argc, &argv);

  g_test_add_func ("/eshi/ui/rerun/same", test_same);
  g_test_add_func ("/eshi/ui/rerun/changed", test_changed);
  g_test_add_func ("/eshi/ui/rerun/unexplained", test_unexplained);
  g_test_add_func ("/eshi/ui/rerun/not-compared", test_not_compared);
  return g_test_run ();
}
