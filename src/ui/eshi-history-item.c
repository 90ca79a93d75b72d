/* eshi-history-item.c: a picture of the history, in a list; known by its id until the rest is read.
 *
 * Holds what it is given. Who reads it, and when, is the model's matter.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-history-item.h"

#include <glib/gi18n-lib.h>

struct _EshiHistoryItem
{
  GObject parent_instance;

  gint64 id;
  EshiHistoryPicture *picture;
};

enum
{
  PROP_0,
  PROP_PICTURE,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (EshiHistoryItem, eshi_history_item, G_TYPE_OBJECT)

static void
eshi_history_item_finalize (GObject *object)
{
  g_clear_pointer (&ESHI_HISTORY_ITEM (object)->picture, eshi_history_picture_free);
  G_OBJECT_CLASS (eshi_history_item_parent_class)->finalize (object);
}

static void
eshi_history_item_get_property (GObject    *object,
                                guint       prop_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_PICTURE:
      g_value_set_boxed (value, ESHI_HISTORY_ITEM (object)->picture);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_history_item_class_init (EshiHistoryItemClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = eshi_history_item_finalize;
  object_class->get_property = eshi_history_item_get_property;
  properties[PROP_PICTURE] =
    g_param_spec_boxed ("picture", NULL, NULL, ESHI_TYPE_HISTORY_PICTURE,
                        G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
eshi_history_item_init (EshiHistoryItem *self)
{
}

EshiHistoryItem *
eshi_history_item_new (gint64 id)
{
  EshiHistoryItem *self = g_object_new (ESHI_TYPE_HISTORY_ITEM, NULL);

  self->id = id;
  return self;
}

gint64
eshi_history_item_get_id (EshiHistoryItem *self)
{
  g_return_val_if_fail (ESHI_IS_HISTORY_ITEM (self), 0);

  return self->id;
}

const EshiHistoryPicture *
eshi_history_item_get_picture (EshiHistoryItem *self)
{
  g_return_val_if_fail (ESHI_IS_HISTORY_ITEM (self), NULL);

  return self->picture;
}

void
eshi_history_item_set_picture (EshiHistoryItem          *self,
                               const EshiHistoryPicture *picture)
{
  g_return_if_fail (ESHI_IS_HISTORY_ITEM (self));
  g_return_if_fail (picture != NULL && picture->id == self->id);

  g_clear_pointer (&self->picture, eshi_history_picture_free);
  self->picture = eshi_history_picture_copy (picture);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PICTURE]);
}

const char *
eshi_history_item_get_title (EshiHistoryItem *self)
{
  const char *prompt;

  g_return_val_if_fail (ESHI_IS_HISTORY_ITEM (self), NULL);

  if (self->picture == NULL)
    return _("Picture");
  prompt = self->picture->settings->prompt;
  return prompt != NULL && prompt[0] != '\0' ? prompt : _("Picture without a prompt");
}
