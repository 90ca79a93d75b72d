/* eshi-thumbnail-cache.c: small pictures for views, read on threads and held in memory for a while.
 *
 * Two threads of its own, so that a hundred thumbnails do not keep GLib's pool from saving a picture. They yield to the
 * thread that scrolls.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-thumbnail-cache.h"

#include <eshi-thumbnails.h>
#include <sys/resource.h>

#include "eshi-picture.h"

#define N_THREADS 2
#define NICENESS 10
#define MAX_HELD 400   /* textures, at most 192 KiB each */

struct _EshiThumbnailCache
{
  GObject parent_instance;

  /* Owned References */
  GThreadPool *pool;       /* of GTask */
  GHashTable *textures;    /* path to texture */
  GQueue order;            /* of the table's paths, the oldest first */

  guint n_asked;
};

typedef struct
{
  char *path;
  guint number;   /* the later, the sooner */
} Load;

G_DEFINE_FINAL_TYPE (EshiThumbnailCache, eshi_thumbnail_cache, G_TYPE_OBJECT)

static void
load_free (Load *load)
{
  g_free (load->path);
  g_free (load);
}

static void
load_in_thread (gpointer data,
                gpointer user_data)
{
  g_autoptr(GTask) task = data;
  const Load *load = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr(EshiImage) image = NULL;

  if (g_task_return_error_if_cancelled (task))
    return;
  /* On Linux this is the priority of the thread alone, which is no other pool's. */
  setpriority (PRIO_PROCESS, 0, NICENESS);
  image = eshi_thumbnail_load (load->path, &error);
  if (image == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, eshi_picture_make_texture (image), g_object_unref);
}

static int
compare_loads (gconstpointer a,
               gconstpointer b,
               gpointer      user_data)
{
  const Load *first = g_task_get_task_data (G_TASK (a));
  const Load *second = g_task_get_task_data (G_TASK (b));

  return first->number > second->number ? -1 : first->number < second->number;
}

static void
eshi_thumbnail_cache_finalize (GObject *object)
{
  EshiThumbnailCache *self = ESHI_THUMBNAIL_CACHE (object);

  /* Every task holds a reference: there is none left. */
  g_thread_pool_free (self->pool, FALSE, FALSE);
  g_queue_clear (&self->order);
  g_hash_table_unref (self->textures);
  G_OBJECT_CLASS (eshi_thumbnail_cache_parent_class)->finalize (object);
}

static void
eshi_thumbnail_cache_class_init (EshiThumbnailCacheClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = eshi_thumbnail_cache_finalize;
}

static void
eshi_thumbnail_cache_init (EshiThumbnailCache *self)
{
  self->pool = g_thread_pool_new (load_in_thread, NULL, N_THREADS, TRUE, NULL);
  g_thread_pool_set_sort_function (self->pool, compare_loads, NULL);
  self->textures = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  g_queue_init (&self->order);
}

EshiThumbnailCache *
eshi_thumbnail_cache_new (void)
{
  return g_object_new (ESHI_TYPE_THUMBNAIL_CACHE, NULL);
}

GdkTexture *
eshi_thumbnail_cache_lookup (EshiThumbnailCache *self,
                             const char         *path)
{
  g_return_val_if_fail (ESHI_IS_THUMBNAIL_CACHE (self), NULL);

  return path != NULL ? g_hash_table_lookup (self->textures, path) : NULL;
}

void
eshi_thumbnail_cache_load_async (EshiThumbnailCache  *self,
                                 const char          *path,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  GTask *task;
  Load *load;

  g_return_if_fail (ESHI_IS_THUMBNAIL_CACHE (self));
  g_return_if_fail (path != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  load = g_new0 (Load, 1);
  load->path = g_strdup (path);
  load->number = self->n_asked++;
  g_task_set_source_tag (task, eshi_thumbnail_cache_load_async);
  g_task_set_task_data (task, load, (GDestroyNotify) load_free);
  g_thread_pool_push (self->pool, task, NULL);
}

static void
hold (EshiThumbnailCache *self,
      const char         *path,
      GdkTexture         *texture)
{
  char *key;

  if (g_hash_table_contains (self->textures, path))
    return;
  key = g_strdup (path);
  g_hash_table_insert (self->textures, key, g_object_ref (texture));
  g_queue_push_tail (&self->order, key);
  if (self->order.length > MAX_HELD)
    g_hash_table_remove (self->textures, g_queue_pop_head (&self->order));
}

GdkTexture *
eshi_thumbnail_cache_load_finish (EshiThumbnailCache  *self,
                                  GAsyncResult        *result,
                                  GError             **error)
{
  const Load *load;
  GdkTexture *texture;

  g_return_val_if_fail (ESHI_IS_THUMBNAIL_CACHE (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  load = g_task_get_task_data (G_TASK (result));
  texture = g_task_propagate_pointer (G_TASK (result), error);
  if (texture != NULL)
    hold (self, load->path, texture);
  return texture;
}
