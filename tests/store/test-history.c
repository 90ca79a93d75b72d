/* test-history.c: pictures in the history: recorded, found, marked, thrown away and got back.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "eshi-picture-file.h"
#include "history-rig.h"

static char *
sum_of_file (const char *path)
{
  g_autofree char *contents = NULL;
  gsize n_bytes = 0;

  g_assert_true (g_file_get_contents (path, &contents, &n_bytes, NULL));

  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) contents, n_bytes);
}

static void
finish (Rig           *rig,
        GAsyncResult **result)
{
  g_autoptr(GError) error = NULL;

  rig_wait (result);
  eshi_history_finish (rig->history, *result, &error);
  g_assert_no_error (error);
}

/* Another folder, another name, and a file that tells nothing: the history knows it all the same, and takes it back out
 * of the trash. */
static void
test_save_elsewhere (Rig           *rig,
                     gconstpointer  data)
{
  g_autoptr(EshiImage) image = rig_make_image (7);
  g_autoptr(EshiSettings) settings = rig_make_settings ("猫");
  g_autofree char *folder = g_build_filename (rig->folder, "よそ", NULL);
  EshiHistoryNew spec = { .image = image, .settings = settings, .folder = folder, .name = "{prompt}", .plain = TRUE };
  g_autoptr(EshiHistoryPicture) saved = NULL;
  g_autoptr(EshiHistoryPicture) picture = NULL;
  g_autoptr(EshiPictureSettings) told = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) restored = NULL;
  g_autofree char *notice = NULL;
  g_autofree char *name = NULL;
  g_autofree char *day = NULL;
  g_autofree char *parent = NULL;

  eshi_history_save_async (rig->history, &spec, rig_cb, &result);
  rig_wait (&result);
  saved = eshi_history_save_finish (rig->history, result, NULL, NULL);
  g_assert_nonnull (saved);
  name = g_path_get_basename (saved->path);
  day = g_path_get_dirname (saved->path);
  parent = g_path_get_dirname (day);
  g_assert_cmpstr (name, ==, "猫.png");
  g_assert_cmpstr (parent, ==, folder);
  told = eshi_picture_file_inspect (saved->path, NULL);
  g_assert_nonnull (told);
  g_assert_null (told->settings);

  notice = rig_reopen (rig);
  picture = rig_load (rig, saved->id);
  g_assert_cmpstr (picture->path, ==, saved->path);
  g_assert_cmpstr (picture->settings->prompt, ==, "猫");
  rig_trash (rig, saved->id);
  g_assert_false (g_file_test (saved->path, G_FILE_TEST_EXISTS));
  eshi_history_restore_async (rig->history, &saved->id, 1, rig_cb, &restored);
  finish (rig, &restored);
  g_assert_true (g_file_test (saved->path, G_FILE_TEST_EXISTS));
}

static void
test_save (Rig           *rig,
           gconstpointer  data)
{
  g_autoptr(EshiImage) image = rig_make_image (7);
  g_autoptr(EshiImage) mask = rig_make_image (8);
  g_autoptr(EshiSettings) settings = rig_make_settings ("猫の肖像画 油絵\n二行目");
  g_autoptr(EshiSettings) again = NULL;
  g_autoptr(EshiHistoryPicture) saved = NULL;
  g_autoptr(EshiHistoryPicture) picture = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *sum = NULL;
  g_autofree char *notice = NULL;
  EshiHistoryNew spec = { .image = image, .settings = settings, .model_name = "豆", .backend = "ref", .seconds = 2.25,
                          .parent = 99, .relation = ESHI_RELATION_IMAGE };

  settings->negative_prompt = (g_free (settings->negative_prompt), g_strdup ("暗い"));
  settings->rng = ESHI_RNG_PHILOX;
  settings->image = eshi_image_ref (image);
  settings->mask = eshi_image_ref (mask);
  settings->strength = 0.6;
  settings->paste = FALSE;
  settings->model = g_strdup ("/nonexistent/model");
  eshi_history_save_async (rig->history, &spec, rig_cb, &result);
  rig_wait (&result);
  saved = eshi_history_save_finish (rig->history, result, NULL, &error);
  g_assert_no_error (error);

  /* Read back by a history that was opened anew. */
  notice = rig_reopen (rig);
  g_assert_null (notice);
  picture = rig_load (rig, saved->id);
  g_assert_cmpstr (picture->path, ==, saved->path);
  sum = sum_of_file (picture->path);
  g_assert_cmpstr (picture->sha256, ==, sum);
  g_assert_cmpstr (picture->settings->prompt, ==, "猫の肖像画 油絵\n二行目");
  g_assert_cmpstr (picture->settings->negative_prompt, ==, "暗い");
  g_assert_cmpuint (picture->settings->seed, ==, 4294967295);
  g_assert_cmpint (picture->settings->rng, ==, ESHI_RNG_PHILOX);
  g_assert_cmpfloat (picture->settings->strength, ==, 0.6);
  g_assert_false (picture->settings->paste);
  g_assert_cmpstr (picture->settings->model, ==, "/nonexistent/model");
  g_assert_cmpstr (picture->model_name, ==, "豆");
  g_assert_cmpstr (picture->backend, ==, "ref");
  g_assert_cmpfloat (picture->seconds, ==, 2.25);
  g_assert_cmpint (picture->parent, ==, 99);
  g_assert_cmpint (picture->relation, ==, ESHI_RELATION_IMAGE);
  g_assert_cmpint (picture->created, ==, saved->created);
  g_assert_cmpuint (g_strv_length (picture->tags), ==, 0);

  again = eshi_history_picture_load_settings (picture, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (eshi_image_get_pixels (again->image), eshi_image_get_pixels (image)));
  g_assert_true (g_bytes_equal (eshi_image_get_pixels (again->mask), eshi_image_get_pixels (mask)));
}

static void
test_path (Rig           *rig,
           gconstpointer  data)
{
  g_autoptr(EshiImage) image = rig_make_image (1);
  g_autoptr(EshiSettings) settings = rig_make_settings ("外");
  g_autofree char *path = g_build_filename (rig->folder, "絵.png", NULL);
  EshiHistoryNew spec = { .image = image, .settings = settings, .path = path };

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(EshiHistoryPicture) picture = NULL;

      eshi_history_save_async (rig->history, &spec, rig_cb, &result);
      rig_wait (&result);
      picture = eshi_history_save_finish (rig->history, result, NULL, NULL);
      g_assert_cmpstr (picture->path, ==, path);
      g_assert_cmpint (picture->id, >, 0);
    }
  /* The second replaced the file of the first, which there is no more. */
  g_assert_cmpint (rig_count (rig, "外"), ==, 1);
}

/* Whether a text is found by words; the truth is what a reader of Japanese would say. */
typedef struct
{
  const char *prompt;
  const char *words;
  gboolean    found;
} Case;

static const Case cases[] = {
  { "猫の肖像画 油絵", "猫", TRUE },
  { "猫の肖像画 油絵", "油絵", TRUE },
  { "猫の肖像画 油絵", "絵", TRUE },
  { "猫の肖像画 油絵", "肖像画", TRUE },
  { "猫の肖像画 油絵", "猫 油絵", TRUE },
  { "猫の肖像画 油絵", "油絵　猫", TRUE },
  { "猫の肖像画 油絵", "肖像画 夜景", FALSE },
  { "猫の肖像画 油絵", "画油", FALSE },
  { "猫の肖像画 油絵", "の肖像", TRUE },
  { "猫の肖像画 油絵", "肖画", FALSE },
  { "サラリーマン", "さらりーまん", TRUE },
  { "サラリーマン", "ｻﾗﾘｰﾏﾝ", TRUE },
  { "ﾊﾞﾗとﾊﾟﾝ", "バラ", TRUE },
  { "ﾊﾞﾗとﾊﾟﾝ", "ぱん", TRUE },
  { "ﾊﾞﾗとﾊﾟﾝ", "はら", FALSE },
  { "Ｆｕｊｉ 富士山 ①", "FUJI", TRUE },
  { "Ｆｕｊｉ 富士山 ①", "fuji 1", TRUE },
  { "a cat, (masterpiece:1.2)", "Cat,", TRUE },
  { "a cat, (masterpiece:1.2)", "piece:1.", TRUE },
  { "a cat, (masterpiece:1.2)", "\"cat\"", FALSE },
  { "a cat, (masterpiece:1.2)", "c", TRUE },
  { "a cat, (masterpiece:1.2)", "x", FALSE },
  { "寿司🍣", "🍣", TRUE },
  { "寿司🍣", "司🍣", TRUE },
  { "一行目\n二行目", "目二", FALSE },
  { "一行目\n二行目", "二行", TRUE },
  { "words * AND NOT (", "NOT", TRUE },
  { "words * AND NOT (", "*", TRUE },
};

static void
test_search (Rig           *rig,
             gconstpointer  data)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gint64 id = rig_save (rig, cases[i].prompt, i);

      if (rig_count (rig, cases[i].words) != (cases[i].found ? 1 : 0))
        g_error ("“%s” in “%s”: found must be %d", cases[i].words, cases[i].prompt, cases[i].found);
      /* Out of the way for the next case. */
      rig_trash (rig, id);
      g_assert_cmpint (rig_count (rig, cases[i].words), ==, 0);
    }
}

/* Every substring of two random characters or more must be found, and nothing else: compared with strstr. */
static void
test_search_random (Rig           *rig,
                    gconstpointer  data)
{
  static const char *const letters[] = { "猫", "犬", "油", "絵", "の", "あ", "a", "b", "1", "-", " " };
  g_autoptr(GRand) random = g_rand_new_with_seed (20261126);
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);

  /* Readings would be found as well. */
  g_setenv ("ESHI_MECAB", "no", TRUE);
  g_free (rig_reopen (rig));
  g_unsetenv ("ESHI_MECAB");
  for (guint i = 0; i < 60; i++)
    {
      GString *text = g_string_new ("猫");

      for (guint j = 0; j < 8; j++)
        g_string_append (text, letters[g_rand_int_range (random, 0, G_N_ELEMENTS (letters))]);
      g_ptr_array_add (texts, g_string_free (text, FALSE));
      rig_save (rig, texts->pdata[i], i);
    }
  for (guint i = 0; i < 300; i++)
    {
      g_autoptr(GString) word = g_string_new (NULL);
      guint n_expected = 0;

      for (int j = g_rand_int_range (random, 1, 4); j > 0; j--)
        g_string_append (word, letters[g_rand_int_range (random, 0, G_N_ELEMENTS (letters) - 1)]);
      for (guint j = 0; j < texts->len; j++)
        n_expected += strstr (texts->pdata[j], word->str) != NULL;
      g_assert_cmpint (rig_count (rig, word->str), ==, n_expected);
    }
}

static void
test_readings (Rig           *rig,
               gconstpointer  data)
{
  gint64 id = rig_save (rig, "猫の肖像画 油絵", 1);

  if (rig_count (rig, "ねこ") == 0)
    {
      g_test_skip ("MeCab or a dictionary for it is not installed");
      return;
    }
  g_assert_cmpint (rig_count (rig, "ネコ"), ==, 1);
  g_assert_cmpint (rig_count (rig, "ねこ しょうぞう"), ==, 1);
  g_assert_cmpint (rig_count (rig, "いぬ"), ==, 0);
  rig_trash (rig, id);
  g_assert_cmpint (rig_count (rig, "ねこ"), ==, 0);

  /* Recorded without MeCab, read when it is there. */
  g_setenv ("ESHI_MECAB", "no", TRUE);
  g_free (rig_reopen (rig));
  rig_save (rig, "犬", 2);
  rig_settle (rig);
  g_assert_cmpint (rig_count (rig, "いぬ"), ==, 0);
  g_unsetenv ("ESHI_MECAB");
  g_free (rig_reopen (rig));
  rig_settle (rig);
  g_assert_cmpint (rig_count (rig, "いぬ"), ==, 1);
  g_assert_cmpint (rig_count (rig, "犬"), ==, 1);
}

static void
test_marks (Rig           *rig,
            gconstpointer  data)
{
  gint64 ids[3] = { rig_save (rig, "一", 1), rig_save (rig, "二", 2), rig_save (rig, "三", 3) };
  g_autoptr(GAsyncResult) a = NULL;
  g_autoptr(GAsyncResult) b = NULL;
  g_autoptr(GAsyncResult) c = NULL;
  g_autoptr(GAsyncResult) d = NULL;
  g_autoptr(GAsyncResult) e = NULL;
  g_autoptr(GPtrArray) counts = NULL;
  g_autoptr(EshiHistoryPage) favourites = NULL;
  g_autoptr(EshiHistoryPage) best = NULL;
  g_autoptr(EshiHistoryPage) tagged = NULL;
  g_autoptr(EshiHistoryPicture) picture = NULL;

  eshi_history_set_favourite_async (rig->history, ids, 2, TRUE, rig_cb, &a);
  finish (rig, &a);
  eshi_history_set_rating_async (rig->history, &ids[1], 1, 4, rig_cb, &b);
  finish (rig, &b);
  eshi_history_set_tag_async (rig->history, ids, 3, " 展覧会 ", TRUE, rig_cb, &c);
  finish (rig, &c);
  eshi_history_set_tag_async (rig->history, &ids[2], 1, "展覧会", FALSE, rig_cb, &d);
  finish (rig, &d);

  favourites = rig_find (rig, &(EshiHistoryQuery) { .favourite = TRUE, .order = ESHI_HISTORY_OLDEST_FIRST });
  g_assert_cmpint (favourites->n_found, ==, 2);
  g_assert_cmpint (((EshiHistoryPicture *) favourites->pictures->pdata[0])->id, ==, ids[0]);
  best = rig_find (rig, &(EshiHistoryQuery) { .order = ESHI_HISTORY_BEST_FIRST });
  g_assert_cmpint (((EshiHistoryPicture *) best->pictures->pdata[0])->id, ==, ids[1]);
  g_assert_cmpint (((EshiHistoryPicture *) best->pictures->pdata[1])->id, ==, ids[2]);
  tagged = rig_find (rig, &(EshiHistoryQuery) { .tag = "展覧会", .min_rating = 1 });
  g_assert_cmpint (tagged->n_found, ==, 1);
  g_assert_cmpint (rig_count (rig, "展覧会"), ==, 2);
  picture = rig_load (rig, ids[1]);
  g_assert_cmpstr (picture->tags[0], ==, "展覧会");
  g_assert_cmpint (picture->rating, ==, 4);

  eshi_history_count_by_async (rig->history, ESHI_HISTORY_BY_TAG, rig_cb, &e);
  rig_wait (&e);
  counts = eshi_history_count_by_finish (rig->history, e, NULL);
  g_assert_cmpuint (counts->len, ==, 1);
  g_assert_cmpstr (((EshiHistoryCount *) counts->pdata[0])->value, ==, "展覧会");
  g_assert_cmpint (((EshiHistoryCount *) counts->pdata[0])->n_pictures, ==, 2);
}

/* The id of the picture that was saved to @path; 0 if there is none. */
static gint64
find_file (Rig        *rig,
           const char *path)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gint64 id;

  eshi_history_find_file_async (rig->history, path, NULL, rig_cb, &result);
  rig_wait (&result);
  id = eshi_history_finish_id (rig->history, result, &error);
  if (id == 0)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  else
    g_assert_no_error (error);

  return id;
}

/* Files in the folder of pictures and elsewhere, however the path is written; none in the trash, and no others. */
static void
test_find_file (Rig           *rig,
                gconstpointer  data)
{
  gint64 first = rig_save (rig, "一", 1);
  g_autofree char *elsewhere = g_build_filename (rig->folder, "他所 1.png", NULL);
  g_autofree char *winding = g_build_filename (rig->folder, "x", "..", "他所 1.png", NULL);
  g_autofree char *unknown = g_build_filename (rig->folder, "他所 2.png", NULL);
  g_autoptr(EshiHistoryPicture) picture = rig_load (rig, first);
  g_autoptr(EshiImage) image = rig_make_image (2);
  g_autoptr(EshiSettings) settings = rig_make_settings ("二");
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(EshiHistoryPicture) second = NULL;

  eshi_history_save_async (rig->history, &(EshiHistoryNew) { .image = image, .settings = settings, .path = elsewhere },
                           rig_cb, &result);
  rig_wait (&result);
  second = eshi_history_save_finish (rig->history, result, NULL, NULL);
  g_assert_cmpint (find_file (rig, picture->path), ==, first);
  g_assert_cmpint (find_file (rig, elsewhere), ==, second->id);
  g_assert_cmpint (find_file (rig, winding), ==, second->id);
  g_assert_cmpint (find_file (rig, unknown), ==, 0);
  rig_trash (rig, first);
  g_assert_cmpint (find_file (rig, picture->path), ==, 0);
}

static void
test_unknown_id (Rig           *rig,
                 gconstpointer  data)
{
  gint64 ids[2] = { rig_save (rig, "一", 1), 4711 };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiHistoryPicture) picture = NULL;

  eshi_history_trash_async (rig->history, ids, 2, rig_cb, &result);
  rig_wait (&result);
  g_assert_false (eshi_history_finish (rig->history, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);

  /* None of them was touched. */
  picture = rig_load (rig, ids[0]);
  g_assert_cmpint (picture->trashed, ==, 0);
  g_assert_true (g_file_test (picture->path, G_FILE_TEST_EXISTS));
}

static void
test_filters (Rig           *rig,
              gconstpointer  data)
{
  gint64 ids[5];
  const EshiHistoryQuery queries[] = {
    { .model = "豆" }, { .model = "無い" }, { .sampler = "lms" }, { .sampler = "ddim" }, { .width = 64, .height = 64 },
    { .width = 512 }, { .since = 1 }, { .until = 1 }, { .parent = 1 }, { .text = "猫", .sampler = "lms", .width = 64 },
  };
  const gint64 expected[] = { 5, 0, 5, 0, 5, 0, 5, 0, 0, 5 };

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    ids[i] = rig_save (rig, "猫", i);
  for (guint i = 0; i < G_N_ELEMENTS (queries); i++)
    {
      g_autoptr(EshiHistoryPage) page = rig_find (rig, &queries[i]);

      g_assert_cmpint (page->n_found, ==, expected[i]);
      g_assert_cmpuint (page->pictures->len, ==, expected[i]);
    }
}

/* Pages of each order must add up to all of them, each once, also when one is thrown away in between. */
static void
test_pages (Rig           *rig,
            gconstpointer  data)
{
  gint64 first = 0;

  for (guint i = 0; i < 10; i++)
    first = rig_save (rig, "猫", i);
  for (EshiHistoryOrder order = ESHI_HISTORY_NEWEST_FIRST; order <= ESHI_HISTORY_BEST_FIRST; order++)
    {
      EshiHistoryQuery query = { .text = "猫", .order = order, .limit = 3 };
      g_autoptr(GHashTable) seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

      for (guint n = 3; n == 3;)
        {
          g_autoptr(EshiHistoryPage) page = rig_find (rig, &query);

          n = page->pictures->len;
          for (guint i = 0; i < n; i++)
            {
              query.after = ((EshiHistoryPicture *) page->pictures->pdata[i])->id;
              g_assert_true (g_hash_table_add (seen, g_memdup2 (&query.after, sizeof query.after)));
            }
        }
      g_assert_cmpuint (g_hash_table_size (seen), ==, 10 - order);
      rig_trash (rig, first - order);
    }
}

static void
restore (Rig    *rig,
         gint64  id)
{
  g_autoptr(GAsyncResult) result = NULL;

  eshi_history_restore_async (rig->history, &id, 1, rig_cb, &result);
  finish (rig, &result);
}

static void
test_trash (Rig           *rig,
            gconstpointer  data)
{
  gint64 id = rig_save (rig, "捨てる", 1);
  g_autoptr(EshiHistoryPicture) before = rig_load (rig, id);
  g_autofree char *sum = sum_of_file (before->path);
  g_autofree char *sum_after = NULL;
  g_autoptr(EshiHistoryPage) trash = NULL;
  g_autoptr(EshiHistoryPicture) after = NULL;
  g_autoptr(GAsyncResult) mark = NULL;
  GStatBuf status_before;
  GStatBuf status_after;

  eshi_history_set_tag_async (rig->history, &id, 1, "札", TRUE, rig_cb, &mark);
  finish (rig, &mark);
  g_assert_cmpint (g_stat (before->path, &status_before), ==, 0);
  rig_trash (rig, id);
  g_assert_false (g_file_test (before->path, G_FILE_TEST_EXISTS));
  g_assert_cmpint (rig_count (rig, NULL), ==, 0);
  trash = rig_find (rig, &(EshiHistoryQuery) { .trashed = TRUE, .text = "捨てる 札" });
  g_assert_cmpint (trash->n_found, ==, 1);

  restore (rig, id);
  after = rig_load (rig, id);
  g_assert_cmpstr (after->path, ==, before->path);
  g_assert_cmpstr (after->tags[0], ==, "札");
  g_assert_cmpint (after->trashed, ==, 0);
  sum_after = sum_of_file (after->path);
  g_assert_cmpstr (sum, ==, sum_after);
  g_assert_cmpint (g_stat (after->path, &status_after), ==, 0);
  g_assert_cmpint (status_before.st_mtime, ==, status_after.st_mtime);
  g_assert_cmpint (rig_count (rig, "捨てる 札"), ==, 1);
}

static void
test_trash_name_taken (Rig           *rig,
                       gconstpointer  data)
{
  gint64 id = rig_save (rig, "一", 1);
  g_autoptr(EshiHistoryPicture) before = rig_load (rig, id);
  g_autoptr(EshiHistoryPicture) other = NULL;
  g_autoptr(EshiHistoryPicture) after = NULL;
  gint64 second = 0;

  rig_trash (rig, id);
  second = rig_save (rig, "二", 2);
  other = rig_load (rig, second);
  g_assert_cmpstr (other->path, ==, before->path);
  restore (rig, id);
  after = rig_load (rig, id);
  g_assert_cmpstr (after->path, !=, before->path);
  g_assert_true (g_file_test (after->path, G_FILE_TEST_EXISTS));
  g_assert_cmpint (rig_count (rig, NULL), ==, 2);
}

static void
test_purge (Rig           *rig,
            gconstpointer  data)
{
  gint64 id = rig_save (rig, "一", 1);
  gint64 kept = rig_save (rig, "二", 2);
  g_autofree char *trash = g_build_filename (rig->pictures, ".trash", NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) loaded = NULL;
  g_autoptr(GPtrArray) pictures = NULL;

  rig_trash (rig, id);
  eshi_history_purge_async (rig->history, G_MAXINT64, rig_cb, &result);
  finish (rig, &result);
  eshi_history_load_async (rig->history, (gint64[]) { id, kept }, 2, NULL, rig_cb, &loaded);
  rig_wait (&loaded);
  pictures = eshi_history_load_finish (rig->history, loaded, NULL);
  g_assert_cmpuint (pictures->len, ==, 1);
  g_assert_cmpint (g_rmdir (trash), ==, 0);
}

static void
test_missing (Rig           *rig,
              gconstpointer  data)
{
  gint64 id = rig_save (rig, "一", 1);
  g_autoptr(EshiHistoryPicture) before = rig_load (rig, id);
  g_autoptr(EshiHistoryPicture) gone = NULL;
  g_autoptr(EshiHistoryPicture) back = NULL;
  g_autofree char *elsewhere = g_build_filename (rig->folder, "elsewhere.png", NULL);
  g_autoptr(GAsyncResult) a = NULL;
  g_autoptr(GAsyncResult) b = NULL;

  g_assert_cmpint (g_rename (before->path, elsewhere), ==, 0);
  eshi_history_check_files_async (rig->history, &id, 1, rig_cb, &a);
  finish (rig, &a);
  gone = rig_load (rig, id);
  g_assert_true (gone->missing);
  rig_trash (rig, id);
  restore (rig, id);
  g_assert_cmpint (g_rename (elsewhere, before->path), ==, 0);
  eshi_history_check_files_async (rig->history, &id, 1, rig_cb, &b);
  finish (rig, &b);
  back = rig_load (rig, id);
  g_assert_false (back->missing);
}

static void
count_cb (EshiHistory *history,
          gpointer     user_data)
{
  guint *n_changes = user_data;

  (*n_changes)++;
}

static void
test_changed (Rig           *rig,
              gconstpointer  data)
{
  guint n_changes = 0;

  g_signal_connect (rig->history, "changed", G_CALLBACK (count_cb), &n_changes);
  rig_save (rig, "一", 1);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (n_changes, >=, 1);
  n_changes = 0;
  rig_count (rig, NULL);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (n_changes, ==, 0);
}

static void
wait_for (const guint *n,
          guint        wanted)
{
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (*n < wanted && g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (*n, >=, wanted);
}

/* What another program writes is told as well, and only when somebody wants to know; a look that finds nothing new is
 * not told. */
static void
test_watch (Rig           *rig,
            gconstpointer  data)
{
  g_autoptr(EshiHistory) other = eshi_history_new (rig->data, rig->pictures);
  g_autoptr(EshiImage) image = rig_make_image (1);
  g_autoptr(EshiSettings) settings = rig_make_settings ("他");
  g_autoptr(GAsyncResult) result = NULL;
  gint64 id = rig_save (rig, "一", 1);
  guint n_changes = 0;

  eshi_history_watch (rig->history);
  rig_settle (rig);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_signal_connect (rig->history, "changed", G_CALLBACK (count_cb), &n_changes);
  eshi_history_save_async (other, &(EshiHistoryNew) { .image = image, .settings = settings }, rig_cb, &result);
  rig_wait (&result);
  wait_for (&n_changes, 1);
  g_assert_cmpint (rig_count (rig, NULL), ==, 2);

  g_clear_object (&result);
  n_changes = 0;
  eshi_history_check_files_async (rig->history, &id, 1, rig_cb, &result);
  rig_wait (&result);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (n_changes, ==, 0);
}

static void
test_cancelled (Rig           *rig,
                gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_cancellable_cancel (cancellable);
  eshi_history_find_async (rig->history, &(EshiHistoryQuery) { 0 }, cancellable, rig_cb, &result);
  rig_wait (&result);
  g_assert_null (eshi_history_find_finish (rig->history, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Calls keep the object, are done in their order, and need no callback. */
static void
test_dropped (Rig           *rig,
              gconstpointer  data)
{
  g_autoptr(EshiImage) image = rig_make_image (1);
  g_autoptr(EshiSettings) settings = rig_make_settings ("急ぐ");
  EshiHistoryNew spec = { .image = image, .settings = settings };
  g_autofree char *notice = NULL;

  for (guint i = 0; i < 3; i++)
    eshi_history_save_async (rig->history, &spec, NULL, NULL);
  rig_settle (rig);
  notice = rig_reopen (rig);
  g_assert_null (notice);
  g_assert_cmpint (rig_count (rig, "急ぐ"), ==, 3);
}

/* A history that begins takes in the pictures that are there. */
static void
test_adopt (Rig           *rig,
            gconstpointer  data)
{
  g_autofree char *folder = g_build_filename (rig->folder, "old", "2026-11-01", NULL);
  g_autoptr(EshiImage) image = rig_make_image (1);
  g_autoptr(EshiSettings) settings = rig_make_settings ("前の絵");
  g_autoptr(EshiHistoryPage) page = NULL;
  const EshiHistoryPicture *picture = NULL;
  g_autofree char *path = NULL;

  path = eshi_picture_file_save_in_folder (folder, image, settings, "豆", NULL);
  rig_close (rig);
  g_free (rig->pictures);
  rig->pictures = g_build_filename (rig->folder, "old", NULL);
  g_free (rig->data);
  rig->data = g_build_filename (rig->folder, "data-2", NULL);
  g_free (rig_reopen (rig));
  rig_settle (rig);
  page = rig_find (rig, &(EshiHistoryQuery) { .text = "前の絵" });
  g_assert_cmpint (page->n_found, ==, 1);
  picture = page->pictures->pdata[0];
  g_assert_cmpstr (picture->path, ==, path);
  g_assert_cmpstr (picture->model_name, ==, "豆");
  g_assert_cmpuint (picture->settings->seed, ==, 4294967295);
}

/* Saves picture @n as one that was painted after @parent; returns what it is to that one, as it is read back. */
static EshiRelation
save_after (Rig          *rig,
            guint         n,
            gint64        parent,
            EshiRelation  relation)
{
  g_autoptr(EshiImage) image = rig_make_image (n);
  g_autoptr(EshiSettings) settings = rig_make_settings ("猫");
  g_autoptr(EshiHistoryPicture) saved = NULL;
  g_autoptr(EshiHistoryPicture) picture = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  EshiHistoryNew spec = { .image = image, .settings = settings, .parent = parent, .relation = relation };

  eshi_history_save_async (rig->history, &spec, rig_cb, &result);
  rig_wait (&result);
  saved = eshi_history_save_finish (rig->history, result, NULL, &error);
  g_assert_no_error (error);
  picture = rig_load (rig, saved->id);
  g_assert_cmpint (picture->relation, ==, saved->relation);
  return picture->relation;
}

/* One that was painted again is the same to the pixel or not, also while the first one lies in the trash; without its file
 * nothing is said. */
static void
test_reproduced (Rig           *rig,
                 gconstpointer  data)
{
  gint64 first = rig_save (rig, "猫", 3);
  g_autoptr(EshiHistoryPicture) picture = rig_load (rig, first);

  g_assert_cmpint (save_after (rig, 3, first, ESHI_RELATION_RERUN), ==, ESHI_RELATION_REPRODUCED);
  g_assert_cmpint (save_after (rig, 4, first, ESHI_RELATION_RERUN), ==, ESHI_RELATION_CHANGED);
  g_assert_cmpint (save_after (rig, 3, first, ESHI_RELATION_VARIATION), ==, ESHI_RELATION_VARIATION);
  g_assert_cmpint (save_after (rig, 3, 9999, ESHI_RELATION_RERUN), ==, ESHI_RELATION_RERUN);
  rig_trash (rig, first);
  g_assert_cmpint (save_after (rig, 3, first, ESHI_RELATION_RERUN), ==, ESHI_RELATION_REPRODUCED);

  first = rig_save (rig, "猫", 5);
  eshi_history_picture_free (g_steal_pointer (&picture));
  picture = rig_load (rig, first);
  g_assert_cmpint (g_unlink (picture->path), ==, 0);
  g_assert_cmpint (save_after (rig, 5, first, ESHI_RELATION_RERUN), ==, ESHI_RELATION_RERUN);
}

/* What was cancelled half-way is nothing to be compared with. */
static void
test_interrupted (Rig           *rig,
                  gconstpointer  data)
{
  g_autoptr(EshiImage) image = rig_make_image (3);
  g_autoptr(EshiSettings) settings = rig_make_settings ("猫");
  g_autoptr(EshiHistoryPicture) saved = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  eshi_history_save_async (rig->history,
                           &(EshiHistoryNew) { .image = image, .settings = settings, .interrupted = TRUE }, rig_cb, &result);
  rig_wait (&result);
  saved = eshi_history_save_finish (rig->history, result, NULL, NULL);
  g_assert_cmpint (save_after (rig, 3, saved->id, ESHI_RELATION_RERUN), ==, ESHI_RELATION_RERUN);
  g_assert_cmpint (save_after (rig, 4, saved->id, ESHI_RELATION_RERUN), ==, ESHI_RELATION_RERUN);
}

#define ADD(name, function) g_test_add ("/eshi/history/" name, Rig, NULL, rig_set_up, function, rig_tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("reproduced", test_reproduced);
  ADD ("interrupted", test_interrupted);
  ADD ("save", test_save);
  ADD ("save-elsewhere", test_save_elsewhere);
  ADD ("save-to-path", test_path);
  ADD ("search", test_search);
  ADD ("search-random", test_search_random);
  ADD ("readings", test_readings);
  ADD ("marks", test_marks);
  ADD ("find-file", test_find_file);
  ADD ("unknown-id", test_unknown_id);
  ADD ("filters", test_filters);
  ADD ("pages", test_pages);
  ADD ("trash", test_trash);
  ADD ("trash-name-taken", test_trash_name_taken);
  ADD ("purge", test_purge);
  ADD ("missing", test_missing);
  ADD ("changed", test_changed);
  ADD ("watch", test_watch);
  ADD ("cancelled", test_cancelled);
  ADD ("dropped", test_dropped);
  ADD ("adopt", test_adopt);

  return g_test_run ();
}
