/* eshi-seed.c: one seed of a contact sheet: what it looks like so far, and from where it can go on.
 *
 * A plain object that lists can hold; it paints nothing itself.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-seed.h"

struct _EshiSeed
{
  GObject parent_instance;

  /* Owned References */
  GdkTexture *texture;
  GBytes *state;

  guint64 number;
  int step;
  int state_step;
  guint ticked : 1;
};

enum
{
  PROP_0,
  PROP_TEXTURE,
  PROP_STEP,
  PROP_STATE,
  PROP_TICKED,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (EshiSeed, eshi_seed, G_TYPE_OBJECT)

static void
eshi_seed_dispose (GObject *object)
{
  EshiSeed *self = ESHI_SEED (object);

  g_clear_object (&self->texture);
  g_clear_pointer (&self->state, g_bytes_unref);
  G_OBJECT_CLASS (eshi_seed_parent_class)->dispose (object);
}

static void
eshi_seed_get_property (GObject    *object,
                        guint       prop_id,
                        GValue     *value,
                        GParamSpec *pspec)
{
  EshiSeed *self = ESHI_SEED (object);

  switch (prop_id)
    {
    case PROP_TEXTURE:
      g_value_set_object (value, self->texture);
      break;
    case PROP_STEP:
      g_value_set_int (value, self->step);
      break;
    case PROP_STATE:
      g_value_set_boxed (value, self->state);
      break;
    case PROP_TICKED:
      g_value_set_boolean (value, self->ticked);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_seed_set_property (GObject      *object,
                        guint         prop_id,
                        const GValue *value,
                        GParamSpec   *pspec)
{
  EshiSeed *self = ESHI_SEED (object);

  switch (prop_id)
    {
    case PROP_TEXTURE:
      eshi_seed_set_texture (self, g_value_get_object (value));
      break;
    case PROP_STEP:
      eshi_seed_set_step (self, g_value_get_int (value));
      break;
    case PROP_STATE:
      eshi_seed_set_state (self, g_value_get_boxed (value));
      break;
    case PROP_TICKED:
      eshi_seed_set_ticked (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_seed_class_init (EshiSeedClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->dispose = eshi_seed_dispose;
  object_class->get_property = eshi_seed_get_property;
  object_class->set_property = eshi_seed_set_property;
  properties[PROP_TEXTURE] = g_param_spec_object ("texture", NULL, NULL, GDK_TYPE_TEXTURE, flags);
  properties[PROP_STEP] = g_param_spec_int ("step", NULL, NULL, 0, G_MAXINT, 0, flags);
  properties[PROP_STATE] = g_param_spec_boxed ("state", NULL, NULL, G_TYPE_BYTES, flags);
  properties[PROP_TICKED] = g_param_spec_boolean ("ticked", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
eshi_seed_init (EshiSeed *self)
{
}

EshiSeed *
eshi_seed_new (guint64 number)
{
  EshiSeed *self = g_object_new (ESHI_TYPE_SEED, NULL);

  self->number = number;
  return self;
}

guint64
eshi_seed_get_number (EshiSeed *self)
{
  g_return_val_if_fail (ESHI_IS_SEED (self), 0);

  return self->number;
}

GdkTexture *
eshi_seed_get_texture (EshiSeed *self)
{
  g_return_val_if_fail (ESHI_IS_SEED (self), NULL);

  return self->texture;
}

void
eshi_seed_set_texture (EshiSeed   *self,
                       GdkTexture *texture)
{
  g_return_if_fail (ESHI_IS_SEED (self));

  if (g_set_object (&self->texture, texture))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TEXTURE]);
}

int
eshi_seed_get_step (EshiSeed *self)
{
  g_return_val_if_fail (ESHI_IS_SEED (self), 0);

  return self->step;
}

void
eshi_seed_set_step (EshiSeed *self,
                    int       step)
{
  g_return_if_fail (ESHI_IS_SEED (self));

  if (self->step == step)
    return;
  self->step = step;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STEP]);
}

GBytes *
eshi_seed_get_state (EshiSeed *self)
{
  g_return_val_if_fail (ESHI_IS_SEED (self), NULL);

  return self->state;
}

void
eshi_seed_set_state (EshiSeed *self,
                     GBytes   *state)
{
  GBytes *old;

  g_return_if_fail (ESHI_IS_SEED (self));

  old = self->state;
  self->state = state != NULL ? g_bytes_ref (state) : NULL;
  self->state_step = state != NULL ? self->step : 0;
  if (old != NULL)
    g_bytes_unref (old);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

int
eshi_seed_get_state_step (EshiSeed *self)
{
  g_return_val_if_fail (ESHI_IS_SEED (self), 0);

  return self->state_step;
}

gboolean
eshi_seed_get_ticked (EshiSeed *self)
{
  g_return_val_if_fail (ESHI_IS_SEED (self), FALSE);

  return self->ticked;
}

void
eshi_seed_set_ticked (EshiSeed *self,
                      gboolean  ticked)
{
  g_return_if_fail (ESHI_IS_SEED (self));

  if (self->ticked == !!ticked)
    return;
  self->ticked = !!ticked;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TICKED]);
}
