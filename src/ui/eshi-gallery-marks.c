/* eshi-gallery-marks.c: favourites, ratings and tags of the gallery's pictures, and how they were before.
 *
 * A mark is set on all targets at once. What each picture had is read first, so that undo gives back exactly that, also
 * where the pictures differed. One is set after the other, in the order in which they were asked for.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-gallery-private.h"

#include "eshi-test-log.h"

#include <glib/gi18n-lib.h>

/* A mark that is being set. */
typedef struct
{
  EshiGallery *gallery;
  EshiMark mark;        /* what is set, on what; a favourite of -1 is the other of what it is */
  GPtrArray *before;    /* of EshiMark: what sets everything back */
} Marking;

static const gint64 *
numbers (const GArray *ids)
{
  return (const gint64 *) (gpointer) ids->data;
}

static EshiMark *
mark_new (EshiMarkKind  kind,
          int           value,
          const char   *tag)
{
  EshiMark *mark = g_new0 (EshiMark, 1);

  mark->kind = kind;
  mark->value = value;
  mark->tag = g_strdup (tag);
  mark->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  return mark;
}

static void
mark_free (EshiMark *mark)
{
  g_array_unref (mark->ids);
  g_free (mark->tag);
  g_free (mark);
}

static void
marking_free (Marking *marking)
{
  g_object_unref (marking->gallery);
  g_array_unref (marking->mark.ids);
  g_free (marking->mark.tag);
  g_ptr_array_unref (marking->before);
  g_free (marking);
}

static void
set_mark (EshiGallery         *self,
          const EshiMark      *mark,
          GAsyncReadyCallback  callback,
          gpointer             user_data)
{
  const gint64 *ids = numbers (mark->ids);
  guint n_ids = mark->ids->len;

  if (mark->kind == ESHI_MARK_FAVOURITE)
    eshi_history_set_favourite_async (self->history, ids, n_ids, mark->value != 0, callback, user_data);
  else if (mark->kind == ESHI_MARK_RATING)
    eshi_history_set_rating_async (self->history, ids, n_ids, mark->value, callback, user_data);
  else
    eshi_history_set_tag_async (self->history, ids, n_ids, mark->tag, mark->value != 0, callback, user_data);
}

/* --- what was before --------------------------------------------------------------------------------------------- */

static int
value_of (const EshiHistoryPicture *picture,
          const EshiMark           *mark)
{
  if (mark->kind == ESHI_MARK_FAVOURITE)
    return picture->favourite ? 1 : 0;
  if (mark->kind == ESHI_MARK_RATING)
    return picture->rating;
  return g_strv_contains ((const char *const *) picture->tags, mark->tag) ? 1 : 0;
}

/* Adds @id to what is set back to @value. */
static void
remember (Marking *marking,
          gint64   id,
          int      value)
{
  EshiMark *mark = NULL;

  for (guint i = 0; mark == NULL && i < marking->before->len; i++)
    {
      EshiMark *each = g_ptr_array_index (marking->before, i);

      mark = each->value == value ? each : NULL;
    }
  if (mark == NULL)
    {
      mark = mark_new (marking->mark.kind, value, marking->mark.tag);
      g_ptr_array_add (marking->before, mark);
    }
  g_array_append_val (mark->ids, id);
}

/* Pictures that have the mark already are left out: they are not changed, and not changed back. */
static void
keep_those_that_change (Marking   *marking,
                        GPtrArray *pictures)
{
  g_array_set_size (marking->mark.ids, 0);
  for (guint i = 0; marking->mark.value < 0 && i < pictures->len; i++)
    marking->mark.value = value_of (g_ptr_array_index (pictures, i), &marking->mark) == 0 ? 1 : marking->mark.value;
  marking->mark.value = MAX (marking->mark.value, 0);
  for (guint i = 0; i < pictures->len; i++)
    {
      const EshiHistoryPicture *picture = g_ptr_array_index (pictures, i);
      int value = value_of (picture, &marking->mark);

      if (value == marking->mark.value)
        continue;
      g_array_append_val (marking->mark.ids, picture->id);
      remember (marking, picture->id, value);
    }
}

/* --- setting ----------------------------------------------------------------------------------------------------- */

static char *
dup_words (const EshiMark *mark)
{
  static const char * const stars[] = { "", "★", "★★", "★★★", "★★★★", "★★★★★" };
  gulong n = mark->ids->len;

  if (mark->kind == ESHI_MARK_FAVOURITE && mark->value != 0)
    return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%lu picture is a favourite now",
                                         "%lu pictures are favourites now", n),
                            n);
  if (mark->kind == ESHI_MARK_FAVOURITE)
    return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%lu picture is no favourite any more",
                                         "%lu pictures are no favourites any more", n),
                            n);
  if (mark->kind == ESHI_MARK_RATING && mark->value > 0)
    /* Translators: %s is one to five stars */
    return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%lu picture rated %s", "%lu pictures rated %s", n), n,
                            stars[MIN (mark->value, 5)]);
  if (mark->kind == ESHI_MARK_RATING)
    return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "Rating of %lu picture removed",
                                         "Ratings of %lu pictures removed", n),
                            n);
  if (mark->value != 0)
    return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%lu picture tagged “%s”", "%lu pictures tagged “%s”", n), n,
                            mark->tag);
  return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "Tag “%2$s” taken off %1$lu picture",
                                       "Tag “%2$s” taken off %1$lu pictures", n),
                          n, mark->tag);
}

static void begin (EshiGallery *self);

/* The first of those that wait is over, and the next one has its turn. */
static void
end (EshiGallery *self)
{
  marking_free (g_queue_pop_head (&self->markings));
  if (!g_queue_is_empty (&self->markings))
    begin (self);
}

static void
on_set_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Marking *marking = user_data;
  g_autoptr(EshiGallery) self = g_object_ref (marking->gallery);
  g_autoptr(GError) error = NULL;

  if (!eshi_history_finish (ESHI_HISTORY (source), result, &error))
    {
      _eshi_gallery_fail (self, _("The Pictures Stayed as They Were"), error);
    }
  else
    {
      g_autofree char *words = dup_words (&marking->mark);

      _eshi_gallery_note_marks (self, g_steal_pointer (&marking->before));
      marking->before = g_ptr_array_new ();
      _eshi_gallery_offer_undo (self, words);
      eshi_test_log ("MARKED %u", marking->mark.ids->len);
    }
  end (self);
}

static void
on_loaded_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Marking *marking = user_data;
  g_autoptr(EshiGallery) self = g_object_ref (marking->gallery);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) pictures = eshi_history_load_finish (ESHI_HISTORY (source), result, &error);

  if (pictures == NULL)
    _eshi_gallery_fail (self, _("The Pictures Stayed as They Were"), error);
  else
    keep_those_that_change (marking, pictures);
  if (pictures != NULL && marking->mark.ids->len > 0)
    set_mark (self, &marking->mark, on_set_cb, marking);
  else
    end (self);
}

static void
begin (EshiGallery *self)
{
  Marking *marking = g_queue_peek_head (&self->markings);

  eshi_history_load_async (self->history, numbers (marking->mark.ids), marking->mark.ids->len, NULL, on_loaded_cb,
                           marking);
}

void
_eshi_gallery_mark (EshiGallery  *self,
                    EshiMarkKind  kind,
                    int           value,
                    const char   *tag)
{
  g_autoptr(GArray) ids = _eshi_gallery_dup_targets (self);
  Marking *marking;

  if (ids->len == 0)
    return;
  marking = g_new0 (Marking, 1);
  marking->gallery = g_object_ref (self);
  marking->mark.kind = kind;
  marking->mark.value = value;
  marking->mark.tag = tag != NULL ? g_strstrip (g_strdup (tag)) : NULL;
  marking->mark.ids = g_steal_pointer (&ids);
  marking->before = g_ptr_array_new_with_free_func ((GDestroyNotify) mark_free);
  g_queue_push_tail (&self->markings, marking);
  if (g_queue_get_length (&self->markings) == 1)
    begin (self);
}

/* --- setting back ------------------------------------------------------------------------------------------------ */

static void
on_set_back_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(EshiGallery) self = user_data;
  g_autoptr(GError) error = NULL;

  if (!eshi_history_finish (ESHI_HISTORY (source), result, &error))
    _eshi_gallery_fail (self, _("The Pictures Stayed as They Were"), error);
  eshi_test_log ("UNMARKED");
}

void
_eshi_gallery_set_back (EshiGallery *self,
                        GPtrArray   *marks)
{
  for (guint i = 0; i < marks->len; i++)
    set_mark (self, g_ptr_array_index (marks, i), on_set_back_cb, g_object_ref (self));
}
