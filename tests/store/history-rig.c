/* history-rig.c: a history in a folder of its own, and calls that wait for their answer.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "history-rig.h"

#include <glib/gstdio.h>

void
rig_remove_folder (const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
        rig_remove_folder (path);
      else
        g_unlink (path);
    }
  g_rmdir (folder);
}

void
rig_set_up (Rig           *self,
            gconstpointer  data)
{
  self->folder = g_dir_make_tmp ("eshi-history-XXXXXX", NULL);
  self->data = g_build_filename (self->folder, "data", NULL);
  self->pictures = g_build_filename (self->folder, "pictures", NULL);
  self->history = eshi_history_new (self->data, self->pictures);
}

void
rig_close (Rig *self)
{
  g_clear_object (&self->history);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

void
rig_tear_down (Rig           *self,
               gconstpointer  data)
{
  rig_close (self);
  rig_remove_folder (self->folder);
  g_free (self->folder);
  g_free (self->data);
  g_free (self->pictures);
}

void
rig_cb (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  GAsyncResult **place = user_data;

  *place = g_object_ref (result);
}

void
rig_wait (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

char *
rig_reopen (Rig *self)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  char *notice = NULL;

  rig_close (self);
  self->history = eshi_history_new (self->data, self->pictures);
  eshi_history_open_async (self->history, rig_cb, &result);
  rig_wait (&result);
  eshi_history_open_finish (self->history, result, &notice, &error);
  g_assert_no_error (error);

  return notice;
}

EshiImage *
rig_make_image (guint n)
{
  guint8 *data = g_malloc0 (3 * 64 * 64);
  g_autoptr(GBytes) pixels = NULL;

  for (guint i = 0; i < 3 * 64 * 64; i++)
    data[i] = (guint8) (i * (n + 1) >> 3);
  data[0] = (guint8) n;
  data[1] = (guint8) (n >> 8);
  pixels = g_bytes_new_take (data, 3 * 64 * 64);

  return eshi_image_new (64, 64, pixels);
}

EshiSettings *
rig_make_settings (const char *prompt)
{
  EshiSettings *settings = eshi_settings_new ();

  g_free (settings->prompt);
  settings->prompt = g_strdup (prompt);
  settings->width = 64;
  settings->height = 64;
  settings->steps = 25;
  settings->guidance = 7.5;
  settings->seed = 4294967295;
  settings->sampler = g_strdup ("lms");

  return settings;
}

gint64
rig_save (Rig        *self,
          const char *prompt,
          guint       n)
{
  g_autoptr(EshiImage) image = rig_make_image (n);
  g_autoptr(EshiSettings) settings = rig_make_settings (prompt);
  g_autoptr(EshiHistoryPicture) picture = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) unrecorded = NULL;
  EshiHistoryNew spec = { .image = image, .settings = settings, .model_name = "豆", .backend = "cpu", .seconds = 1.5 };

  eshi_history_save_async (self->history, &spec, rig_cb, &result);
  rig_wait (&result);
  picture = eshi_history_save_finish (self->history, result, &unrecorded, &error);
  g_assert_no_error (error);
  g_assert_no_error (unrecorded);
  g_assert_cmpint (picture->id, >, 0);

  return picture->id;
}

EshiHistoryPicture *
rig_load (Rig    *self,
          gint64  id)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GPtrArray) pictures = NULL;
  g_autoptr(GError) error = NULL;

  eshi_history_load_async (self->history, &id, 1, NULL, rig_cb, &result);
  rig_wait (&result);
  pictures = eshi_history_load_finish (self->history, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (pictures->len, ==, 1);

  return eshi_history_picture_copy (pictures->pdata[0]);
}

EshiHistoryPage *
rig_find (Rig                    *self,
          const EshiHistoryQuery *query)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  EshiHistoryPage *page = NULL;

  eshi_history_find_async (self->history, query, NULL, rig_cb, &result);
  rig_wait (&result);
  page = eshi_history_find_finish (self->history, result, &error);
  g_assert_no_error (error);

  return page;
}

gint64
rig_count (Rig        *self,
           const char *text)
{
  EshiHistoryQuery query = { .text = text, .limit = 1000 };
  g_autoptr(EshiHistoryPage) page = rig_find (self, &query);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GArray) ids = NULL;

  g_assert_cmpint (MIN (page->n_found, query.limit), ==, page->pictures->len);
  eshi_history_find_ids_async (self->history, &query, NULL, rig_cb, &result);
  rig_wait (&result);
  ids = eshi_history_find_ids_finish (self->history, result, NULL);
  g_assert_cmpint (ids->len, ==, page->n_found);
  for (guint i = 0; i < page->pictures->len; i++)
    g_assert_cmpint (g_array_index (ids, gint64, i), ==, ((EshiHistoryPicture *) page->pictures->pdata[i])->id);

  return page->n_found;
}

void
rig_settle (Rig *self)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  eshi_history_settle_async (self->history, rig_cb, &result);
  rig_wait (&result);
  eshi_history_finish (self->history, result, &error);
  g_assert_no_error (error);
}

void
rig_trash (Rig    *self,
           gint64  id)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  eshi_history_trash_async (self->history, &id, 1, rig_cb, &result);
  rig_wait (&result);
  eshi_history_finish (self->history, result, &error);
  g_assert_no_error (error);
}
