/* eshi-store-judge.c: whether a picture that was painted again is the picture that it was to be.
 *
 * Compares pixels, not files: what a file says beside its picture may differ. Says nothing about why.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-picture-file.h"
#include "eshi-store-private.h"

/* (transfer full) (nullable): the pixels of picture @id, wherever its file lies now. */
static EshiImage *
load_pixels (EshiStore *self,
             gint64     id)
{
  g_autoptr(EshiHistoryPicture) picture = _eshi_store_get (self, id, NULL);
  g_autofree char *trash = picture != NULL && picture->trashed > 0 ? _eshi_store_trash_path (self, picture) : NULL;

  if (picture == NULL || picture->interrupted)
    return NULL;
  return eshi_picture_file_load_image (trash != NULL ? trash : picture->path, NULL);
}

static gboolean
is_same (const EshiImage *a,
         const EshiImage *b)
{
  return eshi_image_get_width (a) == eshi_image_get_width (b) && eshi_image_get_height (a) == eshi_image_get_height (b) &&
         g_bytes_equal (eshi_image_get_pixels (a), eshi_image_get_pixels (b));
}

EshiRelation
_eshi_store_judge (EshiStore            *self,
                   const EshiHistoryNew *spec)
{
  g_autoptr(EshiImage) before = NULL;

  if (spec->relation != ESHI_RELATION_RERUN || spec->interrupted || self->db == NULL)
    return spec->relation;
  before = load_pixels (self, spec->parent);
  if (before == NULL)
    return ESHI_RELATION_RERUN;

  return is_same (before, spec->image) ? ESHI_RELATION_REPRODUCED : ESHI_RELATION_CHANGED;
}
