/* eshi-history-types.c: the values that the history hands out.
 *
 * Copies and frees; knows no database.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-history-types.h"
#include "eshi-picture-file.h"

G_DEFINE_BOXED_TYPE (EshiHistoryPicture, eshi_history_picture, eshi_history_picture_copy, eshi_history_picture_free)
G_DEFINE_BOXED_TYPE (EshiHistoryPage, eshi_history_page, eshi_history_page_copy, eshi_history_page_free)
G_DEFINE_BOXED_TYPE (EshiHistoryJob, eshi_history_job, eshi_history_job_copy, eshi_history_job_free)

EshiHistoryPicture *
eshi_history_picture_copy (const EshiHistoryPicture *self)
{
  EshiHistoryPicture *copy = g_memdup2 (self, sizeof *self);

  copy->path = g_strdup (self->path);
  copy->sha256 = g_strdup (self->sha256);
  copy->settings = eshi_settings_copy (self->settings);
  copy->image_path = g_strdup (self->image_path);
  copy->mask_path = g_strdup (self->mask_path);
  copy->model_name = g_strdup (self->model_name);
  copy->model_hash = g_strdup (self->model_hash);
  copy->backend = g_strdup (self->backend);
  copy->tags = g_strdupv (self->tags);

  return copy;
}

void
eshi_history_picture_free (EshiHistoryPicture *self)
{
  g_free (self->path);
  g_free (self->sha256);
  g_clear_pointer (&self->settings, eshi_settings_free);
  g_free (self->image_path);
  g_free (self->mask_path);
  g_free (self->model_name);
  g_free (self->model_hash);
  g_free (self->backend);
  g_strfreev (self->tags);
  g_free (self);
}

static gboolean
load_image (EshiImage  **image,
            const char  *path,
            GError     **error)
{
  if (path == NULL)
    return TRUE;

  g_clear_pointer (image, eshi_image_unref);
  *image = eshi_picture_file_load_image (path, error);

  return *image != NULL;
}

EshiSettings *
eshi_history_picture_load_settings (const EshiHistoryPicture  *self,
                                    GError                   **error)
{
  g_autoptr(EshiSettings) settings = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  settings = eshi_settings_copy (self->settings);
  if (!load_image (&settings->image, self->image_path, error) ||
      !load_image (&settings->mask, self->mask_path, error))
    return NULL;

  return g_steal_pointer (&settings);
}

static gpointer
copy_picture (gconstpointer picture,
              gpointer      user_data)
{
  return eshi_history_picture_copy (picture);
}

EshiHistoryPage *
eshi_history_page_copy (const EshiHistoryPage *self)
{
  EshiHistoryPage *copy = g_memdup2 (self, sizeof *self);

  copy->pictures = g_ptr_array_copy (self->pictures, copy_picture, NULL);
  g_ptr_array_set_free_func (copy->pictures, (GDestroyNotify) eshi_history_picture_free);

  return copy;
}

void
eshi_history_page_free (EshiHistoryPage *self)
{
  g_clear_pointer (&self->pictures, g_ptr_array_unref);
  g_free (self);
}

EshiHistoryJob *
eshi_history_job_copy (const EshiHistoryJob *self)
{
  EshiHistoryJob *copy = g_memdup2 (self, sizeof *self);

  copy->settings = eshi_settings_copy (self->settings);

  return copy;
}

void
eshi_history_job_free (EshiHistoryJob *self)
{
  g_clear_pointer (&self->settings, eshi_settings_free);
  g_free (self);
}
