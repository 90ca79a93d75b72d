/* eshi-picture.c: a finished picture of this session, with how it was made and where it lies.
 *
 * It writes no file itself: EshiSession does that on a thread, and then tells the picture its path.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-picture.h"

#include <glib/gi18n-lib.h>

#define VARIATION_STRENGTH 0.2   /* alike in composition, other in detail */

struct _EshiPicture
{
  GObject parent_instance;

  /* Owned References */
  EshiImage *image;
  GdkTexture *texture;
  EshiSettings *settings;
  char *model_name;
  char *path;

  gint64 id;
  guint interrupted : 1;
};

enum
{
  PROP_0,
  PROP_PATH,
  PROP_TITLE,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (EshiPicture, eshi_picture, G_TYPE_OBJECT)

static void
eshi_picture_finalize (GObject *object)
{
  EshiPicture *self = ESHI_PICTURE (object);

  g_clear_pointer (&self->image, eshi_image_unref);
  g_clear_object (&self->texture);
  g_clear_pointer (&self->settings, eshi_settings_free);
  g_clear_pointer (&self->model_name, g_free);
  g_clear_pointer (&self->path, g_free);
  G_OBJECT_CLASS (eshi_picture_parent_class)->finalize (object);
}

static void
eshi_picture_get_property (GObject    *object,
                           guint       prop_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  EshiPicture *self = ESHI_PICTURE (object);

  switch (prop_id)
    {
    case PROP_PATH:
      g_value_set_string (value, self->path);
      break;
    case PROP_TITLE:
      g_value_set_string (value, eshi_picture_get_title (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_picture_class_init (EshiPictureClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = eshi_picture_finalize;
  object_class->get_property = eshi_picture_get_property;

  properties[PROP_PATH] =
    g_param_spec_string ("path", NULL, NULL, NULL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_TITLE] =
    g_param_spec_string ("title", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
eshi_picture_init (EshiPicture *self)
{
}

gboolean
eshi_picture_same_image (EshiImage *one,
                         EshiImage *other)
{
  if (one == other || one == NULL || other == NULL)
    return one == other;
  return eshi_image_get_width (one) == eshi_image_get_width (other) &&
         g_bytes_equal (eshi_image_get_pixels (one), eshi_image_get_pixels (other));
}

GdkTexture *
eshi_picture_make_texture (const EshiImage *image)
{
  int width;

  g_return_val_if_fail (image != NULL, NULL);

  width = eshi_image_get_width (image);
  return gdk_memory_texture_new (width, eshi_image_get_height (image), GDK_MEMORY_R8G8B8,
                                 eshi_image_get_pixels (image), 3 * (gsize) width);
}

void
eshi_picture_vary_settings (EshiSettings *settings)
{
  g_return_if_fail (settings != NULL);

  settings->n_images = 1;
  settings->variation_seed = g_random_int ();
  if (settings->variation_strength <= 0.0)
    settings->variation_strength = VARIATION_STRENGTH;
}

EshiPicture *
eshi_picture_new (EshiImage          *image,
                  const EshiSettings *settings,
                  const char         *model_name)
{
  EshiPicture *self;

  g_return_val_if_fail (image != NULL, NULL);
  g_return_val_if_fail (settings != NULL, NULL);

  self = g_object_new (ESHI_TYPE_PICTURE, NULL);
  self->image = eshi_image_ref (image);
  self->texture = eshi_picture_make_texture (image);
  self->settings = eshi_settings_copy (settings);
  self->model_name = g_strdup (model_name);
  return self;
}

EshiImage *
eshi_picture_get_image (EshiPicture *self)
{
  g_return_val_if_fail (ESHI_IS_PICTURE (self), NULL);

  return self->image;
}

GdkTexture *
eshi_picture_get_texture (EshiPicture *self)
{
  g_return_val_if_fail (ESHI_IS_PICTURE (self), NULL);

  return self->texture;
}

const EshiSettings *
eshi_picture_get_settings (EshiPicture *self)
{
  g_return_val_if_fail (ESHI_IS_PICTURE (self), NULL);

  return self->settings;
}

const char *
eshi_picture_get_model_name (EshiPicture *self)
{
  g_return_val_if_fail (ESHI_IS_PICTURE (self), NULL);

  return self->model_name;
}

const char *
eshi_picture_get_path (EshiPicture *self)
{
  g_return_val_if_fail (ESHI_IS_PICTURE (self), NULL);

  return self->path;
}

void
eshi_picture_set_path (EshiPicture *self,
                       const char  *path)
{
  g_return_if_fail (ESHI_IS_PICTURE (self));

  if (g_strcmp0 (self->path, path) == 0)
    return;
  g_free (self->path);
  self->path = g_strdup (path);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PATH]);
}

gboolean
eshi_picture_get_interrupted (EshiPicture *self)
{
  g_return_val_if_fail (ESHI_IS_PICTURE (self), FALSE);

  return self->interrupted;
}

void
eshi_picture_set_interrupted (EshiPicture *self,
                              gboolean     interrupted)
{
  g_return_if_fail (ESHI_IS_PICTURE (self));

  self->interrupted = interrupted != FALSE;
}

gint64
eshi_picture_get_id (EshiPicture *self)
{
  g_return_val_if_fail (ESHI_IS_PICTURE (self), 0);

  return self->id;
}

void
eshi_picture_set_id (EshiPicture *self,
                     gint64       id)
{
  g_return_if_fail (ESHI_IS_PICTURE (self));

  self->id = id;
}

const char *
eshi_picture_get_title (EshiPicture *self)
{
  const char *prompt;

  g_return_val_if_fail (ESHI_IS_PICTURE (self), NULL);

  prompt = self->settings->prompt;
  return prompt != NULL && prompt[0] != '\0' ? prompt : _("Picture without a prompt");
}

char *
eshi_picture_dup_summary (EshiPicture *self)
{
  g_autofree char *seed = NULL;
  g_autofree char *summary = NULL;
  const EshiSampler *sampler;

  g_return_val_if_fail (ESHI_IS_PICTURE (self), NULL);

  if (self->settings->withheld)
    return g_strdup (_("Withheld by the safety checker"));
  seed = g_strdup_printf ("%" G_GUINT64_FORMAT, self->settings->seed);
  sampler = self->settings->sampler != NULL ? eshi_sampler_find (self->settings->sampler) : NULL;
  /* Translators: width × height · sampler · steps · guidance scale · seed */
  summary = g_strdup_printf (_("%d × %d · %s · %d steps · CFG %.1f · seed %s"),
                             eshi_image_get_width (self->image),
                             eshi_image_get_height (self->image),
                             sampler != NULL ? sampler->label : "—",
                             self->settings->steps,
                             self->settings->guidance,
                             seed);
  if (self->interrupted)
    return g_strconcat (_("Interrupted"), " · ", summary, NULL);
  if (eshi_settings_is_draft (self->settings))
    return g_strconcat (_("Draft"), " · ", summary, NULL);
  return g_steal_pointer (&summary);
}
