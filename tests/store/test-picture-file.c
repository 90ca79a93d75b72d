/* test-picture-file.c: pictures saved and read back, and what goes wrong on disks.
 *
 * The files are also taken apart here by hand, chunk by chunk, so that reader and writer cannot agree on a mistake.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "eshi-picture-file.h"

typedef struct
{
  char         *folder;
  EshiImage    *image;
  EshiSettings *settings;
} Fixture;

static EshiImage *
make_image (int width,
            int height)
{
  gsize n_bytes = (gsize) 3 * width * height;
  guint8 *data = g_malloc0 (n_bytes);
  g_autoptr(GRand) noise = g_rand_new_with_seed (42);
  g_autoptr(GBytes) pixels = NULL;

  for (gsize i = 0; i < MIN (n_bytes, 1 << 18); i++)
    data[i] = (guint8) g_rand_int (noise);
  pixels = g_bytes_new_take (data, n_bytes);

  return eshi_image_new (width, height, pixels);
}

static void
fixture_set_up (Fixture       *f,
                gconstpointer  data)
{
  f->folder = g_dir_make_tmp ("eshi-test-XXXXXX", NULL);
  f->image = make_image (37, 21);
  f->settings = eshi_settings_new ();
  g_free (f->settings->prompt);
  f->settings->prompt = g_strdup ("サラリーマン 油絵 🍣\n二行目");
  f->settings->width = 64;
  f->settings->height = 128;
  f->settings->steps = 25;
  f->settings->guidance = 7.25;
  f->settings->seed = 4294967295;
  f->settings->rng = ESHI_RNG_PHILOX;
  f->settings->sampler = g_strdup ("euler-a");
}

static guint
count_files (const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  guint n_files = 0;

  while (g_dir_read_name (dir) != NULL)
    n_files++;

  return n_files;
}

static void
remove_folder (const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
        remove_folder (path);
      else
        g_unlink (path);
    }
  g_rmdir (folder);
}

static void
fixture_tear_down (Fixture       *f,
                   gconstpointer  data)
{
  g_chmod (f->folder, 0700);
  remove_folder (f->folder);
  g_free (f->folder);
  eshi_image_unref (f->image);
  eshi_settings_free (f->settings);
}

static void
assert_same_pixels (EshiImage *a,
                    EshiImage *b)
{
  g_assert_cmpint (eshi_image_get_width (a), ==, eshi_image_get_width (b));
  g_assert_cmpint (eshi_image_get_height (a), ==, eshi_image_get_height (b));
  g_assert_true (g_bytes_equal (eshi_image_get_pixels (a), eshi_image_get_pixels (b)));
}

static void
test_round_trip (Fixture       *f,
                 gconstpointer  data)
{
  g_autofree char *path = g_build_filename (f->folder, "絵.png", NULL);
  g_autofree char *name = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiSettings) settings = NULL;
  g_autoptr(EshiImage) image = NULL;

  g_assert_true (eshi_picture_file_save (path, f->image, f->settings, "豆", &error));
  g_assert_no_error (error);
  settings = eshi_picture_file_load_settings (path, &name, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (settings->prompt, ==, f->settings->prompt);
  g_assert_cmpuint (settings->seed, ==, 4294967295);
  g_assert_cmpfloat (settings->guidance, ==, 7.25);
  g_assert_cmpint (settings->rng, ==, ESHI_RNG_PHILOX);
  g_assert_cmpstr (settings->sampler, ==, "euler-a");
  g_assert_cmpstr (name, ==, "豆");

  image = eshi_picture_file_load_image (path, &error);
  g_assert_no_error (error);
  assert_same_pixels (image, f->image);
  g_assert_cmpuint (count_files (f->folder), ==, 1);
}

static void
test_same_bytes (Fixture       *f,
                 gconstpointer  data)
{
  g_autoptr(GBytes) a = eshi_picture_file_encode (f->image, f->settings, "豆", NULL);
  g_autoptr(GBytes) b = eshi_picture_file_encode (f->image, f->settings, "豆", NULL);

  g_assert_nonnull (a);
  g_assert_true (g_bytes_equal (a, b));
}

static guint32
read_be (const guint8 *bytes)
{
  return (guint32) bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

/* The body of the first chunk of @type whose keyword is @keyword, if it comes before the pixels; NULL if none does. */
static const guint8 *
find_chunk (GBytes     *file,
            const char *type,
            const char *keyword,
            gsize      *n_body)
{
  gsize n_bytes = 0;
  const guint8 *bytes = g_bytes_get_data (file, &n_bytes);

  for (gsize at = 8; at + 12 <= n_bytes; at += 12 + read_be (bytes + at))
    {
      *n_body = read_be (bytes + at);
      if (memcmp (bytes + at + 4, "IDAT", 4) == 0)
        return NULL;
      if (memcmp (bytes + at + 4, type, 4) == 0 && strcmp ((const char *) bytes + at + 8, keyword) == 0)
        return bytes + at + 8;
    }

  return NULL;
}

static void
test_chunks (Fixture       *f,
             gconstpointer  data)
{
  g_autoptr(GBytes) japanese = eshi_picture_file_encode (f->image, f->settings, "豆", NULL);
  g_autoptr(GBytes) ascii = NULL;
  g_autofree char *parameters = eshi_settings_to_parameters (f->settings, "豆");
  g_autofree char *plain = NULL;
  gsize n_body = 0;
  const guint8 *body = find_chunk (japanese, "iTXt", "parameters", &n_body);

  /* keyword 0, not compressed 0, method 0, language 0, translated keyword 0, then UTF-8 without a terminator */
  g_assert_nonnull (body);
  g_assert_cmpmem (body, 15, "parameters\0\0\0\0\0", 15);
  g_assert_cmpmem (body + 15, n_body - 15, parameters, strlen (parameters));
  g_assert_null (find_chunk (japanese, "tEXt", "parameters", &n_body));
  g_assert_nonnull (find_chunk (japanese, "iTXt", "eshi", &n_body));

  g_free (f->settings->prompt);
  f->settings->prompt = g_strdup ("a cat");
  plain = eshi_settings_to_parameters (f->settings, NULL);
  ascii = eshi_picture_file_encode (f->image, f->settings, NULL, NULL);
  body = find_chunk (ascii, "tEXt", "parameters", &n_body);
  g_assert_nonnull (body);
  g_assert_cmpmem (body + 11, n_body - 11, plain, strlen (plain));
}

static void
test_overwrite (Fixture       *f,
                gconstpointer  data)
{
  g_autofree char *path = g_build_filename (f->folder, "a.png", NULL);
  g_autoptr(EshiImage) other = make_image (5, 5);
  g_autoptr(EshiImage) read = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (eshi_picture_file_save (path, f->image, NULL, NULL, &error));
  g_assert_true (eshi_picture_file_save (path, other, NULL, NULL, &error));
  g_assert_no_error (error);
  read = eshi_picture_file_load_image (path, &error);
  assert_same_pixels (read, other);
  g_assert_cmpuint (count_files (f->folder), ==, 1);
  g_assert_null (eshi_picture_file_load_settings (path, NULL, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
}

static void
test_numbers (Fixture       *f,
              gconstpointer  data)
{
  g_autofree char *folder = g_build_filename (f->folder, "new", "2026-11-23", NULL);
  const char *expected[] = { "0001-4294967295.png", "0002-4294967295.png", "0042-4294967295.png" };
  g_autofree char *taken = g_build_filename (folder, "0041-7.png", NULL);
  g_autofree char *odd = g_build_filename (folder, "9999999999999-1.png", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *path = NULL;
      g_autofree char *name = NULL;

      if (i == 2)
        {
          g_assert_true (g_file_set_contents (taken, "x", 1, NULL));
          g_assert_true (g_file_set_contents (odd, "x", 1, NULL));
        }
      path = eshi_picture_file_save_in_folder (folder, f->image, f->settings, NULL, &error);
      g_assert_no_error (error);
      name = g_path_get_basename (path);
      g_assert_cmpstr (name, ==, expected[i]);
    }
  g_assert_cmpuint (count_files (folder), ==, 5);
}

static void
assert_not_saved (Fixture    *f,
                  const char *path,
                  guint       n_files)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (eshi_picture_file_save (path, f->image, f->settings, NULL, &error));
  g_assert_nonnull (error);
  g_assert_true (g_str_has_suffix (error->message, "."));
  g_assert_cmpuint (count_files (f->folder), ==, n_files);
}

static void
test_unwritable (Fixture       *f,
                 gconstpointer  data)
{
  g_autofree char *missing = g_build_filename (f->folder, "no", "such", "a.png", NULL);
  g_autofree char *below_file = g_build_filename (f->folder, "file", "a.png", NULL);
  g_autofree char *file = g_build_filename (f->folder, "file", NULL);
  g_autofree char *locked = g_build_filename (f->folder, "a.png", NULL);

  assert_not_saved (f, missing, 0);
  assert_not_saved (f, f->folder, 0);
  assert_not_saved (f, "/dev/null", 0);
  g_assert_true (g_file_set_contents (file, "x", 1, NULL));
  assert_not_saved (f, below_file, 1);
  if (geteuid () == 0)
    {
      g_test_message ("not tried: root may write to every folder");
      return;
    }
  g_assert_cmpint (g_chmod (f->folder, 0500), ==, 0);
  assert_not_saved (f, locked, 1);
}

/* A file size limit stands for the full disk: the write stops in the middle. */
static void
test_full (Fixture       *f,
           gconstpointer  data)
{
  g_autofree char *path = g_build_filename (f->folder, "a.png", NULL);
  g_autoptr(EshiImage) large = make_image (256, 256);
  g_autoptr(EshiImage) read = NULL;
  g_autoptr(GError) error = NULL;
  struct rlimit old;
  struct rlimit small;

  g_assert_true (eshi_picture_file_save (path, f->image, f->settings, NULL, &error));
  g_assert_no_error (error);

  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &old), ==, 0);
  small = (struct rlimit) { .rlim_cur = 20000, .rlim_max = old.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  g_assert_false (eshi_picture_file_save (path, large, f->settings, NULL, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_null (eshi_picture_file_save_in_folder (f->folder, large, f->settings, NULL, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);

  g_assert_cmpuint (count_files (f->folder), ==, 1);
  read = eshi_picture_file_load_image (path, &error);
  g_assert_no_error (error);
  assert_same_pixels (read, f->image);
}

/* Not through a temporary file, which would wait for the disk. */
static void
write_raw (const char *path,
           const char *bytes,
           gsize       n_bytes)
{
  FILE *file = g_fopen (path, "wb");

  g_assert_nonnull (file);
  g_assert_cmpuint (fwrite (bytes, 1, n_bytes, file), ==, n_bytes);
  g_assert_cmpint (fclose (file), ==, 0);
}

/* Truncated, and with a byte flipped, at many places: an error or a picture, never a crash. */
static void
test_broken (Fixture       *f,
             gconstpointer  data)
{
  g_autofree char *path = g_build_filename (f->folder, "a.png", NULL);
  g_autoptr(GBytes) whole = eshi_picture_file_encode (f->image, f->settings, "豆", NULL);
  gsize n_bytes = 0;
  const char *bytes = g_bytes_get_data (whole, &n_bytes);

  for (gsize n = 0; n < n_bytes; n += n < 40 ? 1 : 97)
    {
      g_autofree char *flipped = g_memdup2 (bytes, n_bytes);
      g_autoptr(EshiImage) image = NULL;
      g_autoptr(EshiImage) flipped_image = NULL;
      g_autoptr(GError) error = NULL;
      EshiSettings *settings = NULL;

      write_raw (path, bytes, n);
      image = eshi_picture_file_load_image (path, &error);
      g_assert_null (image);
      g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);

      flipped[n] ^= 0x55;
      write_raw (path, flipped, n_bytes);
      flipped_image = eshi_picture_file_load_image (path, NULL);
      settings = eshi_picture_file_load_settings (path, NULL, NULL);
      g_clear_pointer (&settings, eshi_settings_free);
    }
}

static void
test_no_picture (Fixture       *f,
                 gconstpointer  data)
{
  g_autofree char *missing = g_build_filename (f->folder, "missing.png", NULL);
  const char *paths[] = { missing, f->folder, "/dev/null" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (eshi_picture_file_load_image (paths[i], &error));
      g_assert_nonnull (error);
      g_assert_true (g_str_has_suffix (error->message, "."));
      g_assert_null (eshi_picture_file_load_settings (paths[i], NULL, NULL));
    }
}

/* Sixteen megapixels go through. */
static void
test_large (Fixture       *f,
            gconstpointer  data)
{
  g_autofree char *path = g_build_filename (f->folder, "large.png", NULL);
  g_autoptr(EshiImage) large = make_image (4096, 4096);
  g_autoptr(EshiImage) read = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (eshi_picture_file_save (path, large, f->settings, NULL, &error));
  g_assert_no_error (error);
  read = eshi_picture_file_load_image (path, &error);
  g_assert_no_error (error);
  assert_same_pixels (read, large);
}

/* Files that others wrote, from tests/store/data: name, and the colour of the pixel in its corner. */
static void
test_foreign (Fixture       *f,
              gconstpointer  data)
{
  static const struct { const char *name; guint8 corner[3]; } files[] = {
    { "gray.png", { 128, 128, 128 } },
    { "gray-alpha.png", { 191, 191, 191 } },
    { "palette-transparent.png", { 255, 255, 255 } },
    { "rgba.png", { 255, 127, 127 } },
    { "rgb16-interlaced.png", { 255, 128, 0 } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_test_build_filename (G_TEST_DIST, "store", "data", files[i].name, NULL);
      g_autoptr(GError) error = NULL;
      g_autoptr(EshiImage) image = eshi_picture_file_load_image (path, &error);

      g_assert_no_error (error);
      g_assert_cmpint (eshi_image_get_width (image), ==, 3);
      g_assert_cmpint (eshi_image_get_height (image), ==, 2);
      g_assert_cmpmem (g_bytes_get_data (eshi_image_get_pixels (image), NULL), 3, files[i].corner, 3);
    }
}

/* A text that another program wrote as UTF-8 into the Latin-1 kind of chunk, and one in the compressed UTF-8 kind. */
static void
test_foreign_texts (Fixture       *f,
                    gconstpointer  data)
{
  static const char *names[] = { "text-raw-utf8.png", "text-compressed.png" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_test_build_filename (G_TEST_DIST, "store", "data", names[i], NULL);
      g_autoptr(GError) error = NULL;
      g_autoptr(EshiSettings) settings = eshi_picture_file_load_settings (path, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (settings->prompt, ==, "猫の絵");
      g_assert_cmpuint (settings->seed, ==, 42);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/eshi/store/picture-file/" path, Fixture, NULL, fixture_set_up, func, \
                                    fixture_tear_down)
  ADD ("round-trip", test_round_trip);
  ADD ("same-bytes", test_same_bytes);
  ADD ("chunks", test_chunks);
  ADD ("overwrite", test_overwrite);
  ADD ("numbers", test_numbers);
  ADD ("unwritable", test_unwritable);
  ADD ("full-disk", test_full);
  ADD ("broken", test_broken);
  ADD ("no-picture", test_no_picture);
  ADD ("large", test_large);
  ADD ("foreign", test_foreign);
  ADD ("foreign-texts", test_foreign_texts);

  return g_test_run ();
}
