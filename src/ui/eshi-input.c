/* eshi-input.c: what the next picture starts from: an input picture, a mask over it, and how much is changed.
 *
 * Reads no files and keeps none: see eshi-input-image.h and eshi-input-store.h.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-input.h"

#include "eshi-picture.h"

struct _EshiInput
{
  GObject parent_instance;

  /* Owned References */
  EshiImage *image;
  GdkTexture *texture;
  char *name;
  EshiMask *mask;

  gint64 parent;
  double strength;
  guint serial;
  guint paste : 1;
};

enum
{
  PROP_0,
  PROP_IMAGE,
  PROP_STRENGTH,
  PROP_PASTE,
  N_PROPS,
};

enum
{
  CHANGED,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiInput, eshi_input, G_TYPE_OBJECT)

static void
emit_changed (EshiInput *self)
{
  g_assert (ESHI_IS_INPUT (self));

  g_signal_emit (self, signals[CHANGED], 0);
}

static void
on_edited_cb (EshiInput *self)
{
  g_assert (ESHI_IS_INPUT (self));

  self->serial++;
  emit_changed (self);
}

static void
set_mask (EshiInput *self,
          EshiMask  *mask)
{
  if (self->mask != NULL)
    g_signal_handlers_disconnect_by_func (self->mask, on_edited_cb, self);
  g_set_object (&self->mask, mask);
  if (mask != NULL)
    g_signal_connect_object (mask, "edited", G_CALLBACK (on_edited_cb), self, G_CONNECT_SWAPPED);
}

static void
eshi_input_finalize (GObject *object)
{
  EshiInput *self = ESHI_INPUT (object);

  g_clear_pointer (&self->image, eshi_image_unref);
  g_clear_object (&self->texture);
  g_clear_pointer (&self->name, g_free);
  set_mask (self, NULL);
  G_OBJECT_CLASS (eshi_input_parent_class)->finalize (object);
}

static void
eshi_input_get_property (GObject    *object,
                         guint       prop_id,
                         GValue     *value,
                         GParamSpec *pspec)
{
  EshiInput *self = ESHI_INPUT (object);

  switch (prop_id)
    {
    case PROP_IMAGE:
      g_value_set_boxed (value, self->image);
      break;
    case PROP_STRENGTH:
      g_value_set_double (value, self->strength);
      break;
    case PROP_PASTE:
      g_value_set_boolean (value, self->paste);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_input_set_property (GObject      *object,
                         guint         prop_id,
                         const GValue *value,
                         GParamSpec   *pspec)
{
  EshiInput *self = ESHI_INPUT (object);

  switch (prop_id)
    {
    case PROP_STRENGTH:
      eshi_input_set_strength (self, g_value_get_double (value));
      break;
    case PROP_PASTE:
      eshi_input_set_paste (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_input_class_init (EshiInputClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = eshi_input_finalize;
  object_class->get_property = eshi_input_get_property;
  object_class->set_property = eshi_input_set_property;

  properties[PROP_IMAGE] = g_param_spec_boxed ("image", NULL, NULL, ESHI_TYPE_IMAGE, flags | G_PARAM_READABLE);
  properties[PROP_STRENGTH] =
    g_param_spec_double ("strength", NULL, NULL, 0, 1, ESHI_STRENGTH_DEFAULT, flags | G_PARAM_READWRITE);
  properties[PROP_PASTE] = g_param_spec_boolean ("paste", NULL, NULL, TRUE, flags | G_PARAM_READWRITE);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                   0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
eshi_input_init (EshiInput *self)
{
  self->strength = ESHI_STRENGTH_DEFAULT;
  self->paste = TRUE;
}

EshiInput *
eshi_input_new (void)
{
  return g_object_new (ESHI_TYPE_INPUT, NULL);
}

EshiImage *
eshi_input_get_image (EshiInput *self)
{
  g_return_val_if_fail (ESHI_IS_INPUT (self), NULL);

  return self->image;
}

GdkTexture *
eshi_input_get_texture (EshiInput *self)
{
  g_return_val_if_fail (ESHI_IS_INPUT (self), NULL);

  return self->texture;
}

const char *
eshi_input_get_name (EshiInput *self)
{
  g_return_val_if_fail (ESHI_IS_INPUT (self), NULL);

  return self->name;
}

EshiMask *
eshi_input_get_mask (EshiInput *self)
{
  g_return_val_if_fail (ESHI_IS_INPUT (self), NULL);

  return self->mask;
}

guint
eshi_input_get_serial (EshiInput *self)
{
  g_return_val_if_fail (ESHI_IS_INPUT (self), 0);

  return self->serial;
}

static void
hold_image (EshiInput *self,
            EshiImage *image)
{
  g_clear_object (&self->texture);
  g_clear_pointer (&self->image, eshi_image_unref);
  if (image == NULL)
    return;
  self->image = eshi_image_ref (image);
  self->texture = eshi_picture_make_texture (image);
}

void
eshi_input_set_image (EshiInput  *self,
                      EshiImage  *image,
                      const char *name,
                      EshiMask   *mask)
{
  g_autoptr(EshiMask) held = NULL;
  g_autofree char *held_name = g_strdup (name);

  g_return_if_fail (ESHI_IS_INPUT (self));
  g_return_if_fail (mask == NULL || (image != NULL && ESHI_IS_MASK (mask)));

  if (mask != NULL)
    held = g_object_ref (mask);
  else if (image != NULL)
    held = eshi_mask_new (eshi_image_get_width (image), eshi_image_get_height (image));
  if (image != self->image)
    {
      hold_image (self, image);
      self->parent = 0;
    }
  g_free (self->name);
  self->name = g_steal_pointer (&held_name);
  set_mask (self, held);
  self->serial++;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IMAGE]);
  emit_changed (self);
}

gint64
eshi_input_get_parent (EshiInput *self)
{
  g_return_val_if_fail (ESHI_IS_INPUT (self), 0);

  return self->parent;
}

void
eshi_input_set_parent (EshiInput *self,
                       gint64     parent)
{
  g_return_if_fail (ESHI_IS_INPUT (self));

  if (self->parent == parent)
    return;
  self->parent = parent;
  self->serial++;
  emit_changed (self);
}

double
eshi_input_get_strength (EshiInput *self)
{
  g_return_val_if_fail (ESHI_IS_INPUT (self), 0);

  return self->strength;
}

void
eshi_input_set_strength (EshiInput *self,
                         double     strength)
{
  g_return_if_fail (ESHI_IS_INPUT (self));

  strength = CLAMP (strength, 0.0, 1.0);
  if (strength == self->strength)
    return;
  self->strength = strength;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STRENGTH]);
  emit_changed (self);
}

gboolean
eshi_input_get_paste (EshiInput *self)
{
  g_return_val_if_fail (ESHI_IS_INPUT (self), FALSE);

  return self->paste;
}

void
eshi_input_set_paste (EshiInput *self,
                      gboolean   paste)
{
  g_return_if_fail (ESHI_IS_INPUT (self));

  paste = paste != FALSE;
  if (paste == self->paste)
    return;
  self->paste = paste;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PASTE]);
  emit_changed (self);
}

void
eshi_input_fill_settings (EshiInput    *self,
                          EshiSettings *settings)
{
  g_return_if_fail (ESHI_IS_INPUT (self));
  g_return_if_fail (settings != NULL);

  g_clear_pointer (&settings->image, eshi_image_unref);
  g_clear_pointer (&settings->mask, eshi_image_unref);
  settings->strength = self->strength;
  settings->paste = self->paste;
  if (self->image == NULL)
    return;
  settings->image = eshi_image_ref (self->image);
  if (!eshi_mask_get_empty (self->mask))
    settings->mask = eshi_mask_to_image (self->mask);
}

void
eshi_input_load_settings (EshiInput          *self,
                          const EshiSettings *settings)
{
  g_autoptr(EshiMask) mask = NULL;

  g_return_if_fail (ESHI_IS_INPUT (self));
  g_return_if_fail (settings != NULL);

  eshi_input_set_strength (self, settings->strength);
  eshi_input_set_paste (self, settings->paste);
  if (settings->mask != NULL)
    mask = eshi_mask_new_from_image (settings->mask);
  if (settings->image != self->image || mask != NULL)
    eshi_input_set_image (self, settings->image, settings->image == self->image ? self->name : NULL, mask);
}
