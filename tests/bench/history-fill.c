/* history-fill.c: a history of many pictures, for benchmarks.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "history-fill.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "eshi-picture-file.h"
#include "eshi-store-private.h"

#define N_FILES 400   /* that differ; the others are further names of theirs */
#define SIDE 128

static const char *const subjects[] = { "猫", "犬", "サラリーマン", "富士山", "寿司", "鬼", "花", "夜景", "城", "海" };
static const char *const styles[] = { "油絵", "水彩画", "浮世絵", "イラスト", "鉛筆画", "ドット絵" };
static const char *const rest[] = { "の肖像画", "と月", "、雨の中", "、夕暮れ、詳細", "のある風景、赤い背景" };
static const char *const samplers[] = { "lms", "euler-a", "ddim", "dpmpp-2m" };

static EshiSettings *
make_settings (GRand *random,
               guint  n)
{
  EshiSettings *settings = eshi_settings_new ();

  g_free (settings->prompt);
  settings->prompt = g_strdup_printf ("%s%s %s", subjects[g_rand_int_range (random, 0, G_N_ELEMENTS (subjects))],
                                      rest[g_rand_int_range (random, 0, G_N_ELEMENTS (rest))],
                                      styles[g_rand_int_range (random, 0, G_N_ELEMENTS (styles))]);
  g_free (settings->negative_prompt);
  settings->negative_prompt = g_strdup (n % 3 == 0 ? "低品質、ぼやけた" : "");
  settings->width = settings->height = n % 4 == 0 ? 768 : 512;
  settings->steps = 25;
  settings->guidance = 7.5;
  settings->seed = g_rand_int (random);
  settings->sampler = g_strdup (samplers[g_rand_int_range (random, 0, G_N_ELEMENTS (samplers))]);

  return settings;
}

static EshiHistoryPicture *
make_picture (GRand      *random,
              const char *pictures,
              guint       n)
{
  EshiHistoryPicture *picture = g_new0 (EshiHistoryPicture, 1);

  /* A thousand a day, so that no folder grows without end. */
  picture->settings = make_settings (random, n);
  picture->path = g_strdup_printf ("%s/2024-%02u-%02u/%06u.png", pictures, 1 + n / 28000, 1 + n / 1000 % 28, n);
  picture->sha256 = g_strdup ("0000000000000000000000000000000000000000000000000000000000000000");
  picture->created = G_GINT64_CONSTANT (1700000000000000) + (gint64) n * 60 * G_USEC_PER_SEC;
  picture->model_name = g_strdup (n % 5 == 0 ? "豆" : "japanese-stable-diffusion");
  picture->tags = g_new0 (char *, 1);

  return picture;
}

/* A picture of blurred colours, about as many bytes as a painted one. */
static EshiImage *
make_image (guint n)
{
  guint8 *pixels = g_malloc (SIDE * SIDE * 3);
  g_autoptr(GBytes) bytes = g_bytes_new_take (pixels, SIDE * SIDE * 3);

  for (guint y = 0; y < SIDE; y++)
    for (guint x = 0; x < SIDE; x++)
      for (guint c = 0; c < 3; c++)
        pixels[3 * (y * SIDE + x) + c] = (guint8) ((x * (n % 7 + 1) + y * (n % 5 + 1) + c * n * 37 + x * y / 16) & 0xff);

  return eshi_image_new (SIDE, SIDE, bytes);
}

static void
make_file (const EshiHistoryPicture *picture,
           GPtrArray                *originals,
           guint                     n)
{
  g_autofree char *folder = g_path_get_dirname (picture->path);
  g_autoptr(EshiImage) image = NULL;
  g_autoptr(GError) error = NULL;

  g_mkdir_with_parents (folder, 0700);
  if (n >= N_FILES)
    {
      if (link (originals->pdata[n % N_FILES], picture->path) != 0)
        g_error ("%s could not be made", picture->path);
      return;
    }
  image = make_image (n);
  if (!eshi_picture_file_save (picture->path, image, picture->settings, picture->model_name, &error))
    g_error ("%s", error->message);
  g_ptr_array_add (originals, g_strdup (picture->path));
}

void
history_fill (const char *data,
              const char *pictures,
              guint       n_rows,
              gboolean    with_files)
{
  EshiStore *store = _eshi_store_new (data, pictures);
  g_autoptr(GRand) random = g_rand_new_with_seed (1);
  g_autoptr(GPtrArray) originals = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GError) error = NULL;
  gboolean done = _eshi_store_open (store, &error) && _eshi_db_begin (store->db, &error);

  for (guint i = 0; i < n_rows && done; i++)
    {
      g_autoptr(EshiHistoryPicture) picture = make_picture (random, pictures, i);

      done = _eshi_store_add_row (store, picture, &error) && _eshi_words_add (store, picture->id, &error);
      if (with_files)
        make_file (picture, originals, i);
    }
  if (!done || !_eshi_db_end (store->db, TRUE, &error))
    g_error ("%s", error->message);
  while (_eshi_store_do_chore (store))
    ;
  _eshi_store_free (store);
}

void
history_remove (const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
        history_remove (path);
      else
        g_unlink (path);
    }
  g_rmdir (folder);
}
