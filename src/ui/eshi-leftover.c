/* eshi-leftover.c: what is left of a picture that was cancelled: its last preview, as a picture that can be resumed.
 *
 * Makes the picture and finds the job again. Saves nothing and resumes nothing: that is EshiSession's.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-leftover.h"

#include "eshi-input-image.h"

/* (transfer full): @preview as large as the picture was to be; itself where nobody said how large. */
static EshiImage *
enlarge (EshiImage *preview,
         int        width,
         int        height)
{
  int from_width = eshi_image_get_width (preview);
  g_autoptr(GdkPixbuf) small = NULL;
  g_autoptr(GdkPixbuf) large = NULL;

  if (width <= 0 || height <= 0 || (width == from_width && height == eshi_image_get_height (preview)))
    return eshi_image_ref (preview);
  small = gdk_pixbuf_new_from_bytes (eshi_image_get_pixels (preview), GDK_COLORSPACE_RGB, FALSE, 8, from_width,
                                     eshi_image_get_height (preview), 3 * from_width);
  large = gdk_pixbuf_scale_simple (small, width, height, GDK_INTERP_BILINEAR);

  return large != NULL ? eshi_input_image_from_pixbuf (large) : eshi_image_ref (preview);
}

/* (transfer full): the settings of the picture of its batch that @job stands at. */
static EshiSettings *
dup_settings (EshiJob *job)
{
  EshiSettings *settings = eshi_settings_copy (eshi_job_get_settings (job));
  guint64 index = (guint64) eshi_job_get_progress (job)->index;

  settings->n_images = 1;
  if (settings->variation_strength > 0.0)
    settings->variation_seed += index;
  else
    settings->seed += index;

  return settings;
}

EshiPicture *
eshi_leftover_new (EshiImage  *preview,
                   EshiJob    *job,
                   const char *model_name)
{
  g_autoptr(EshiSettings) settings = NULL;
  g_autoptr(EshiImage) image = NULL;
  EshiPicture *picture = NULL;

  g_return_val_if_fail (preview != NULL, NULL);
  g_return_val_if_fail (ESHI_IS_JOB (job), NULL);

  settings = dup_settings (job);
  image = enlarge (preview, settings->width, settings->height);
  picture = eshi_picture_new (image, settings, model_name);
  eshi_picture_set_interrupted (picture, TRUE);

  return picture;
}

static gboolean
is_same (const EshiSettings *a,
         const EshiSettings *b)
{
  g_autofree char *first = eshi_settings_to_json (a, NULL);
  g_autofree char *second = eshi_settings_to_json (b, NULL);

  return g_str_equal (first, second) && g_strcmp0 (a->model, b->model) == 0 && eshi_picture_same_image (a->image, b->image) &&
         eshi_picture_same_image (a->mask, b->mask);
}

EshiJob *
eshi_leftover_find_job (EshiQueue          *queue,
                        const EshiSettings *settings)
{
  GListModel *jobs = NULL;
  EshiJob *found = NULL;

  g_return_val_if_fail (ESHI_IS_QUEUE (queue), NULL);
  g_return_val_if_fail (settings != NULL, NULL);

  jobs = eshi_queue_get_jobs (queue);
  for (guint i = 0; i < g_list_model_get_n_items (jobs) && found == NULL; i++)
    {
      g_autoptr(EshiJob) job = g_list_model_get_item (jobs, i);
      g_autoptr(EshiSettings) theirs = dup_settings (job);

      if (eshi_job_get_state (job) == ESHI_JOB_INTERRUPTED && is_same (theirs, settings))
        found = job;
    }

  return found;
}
