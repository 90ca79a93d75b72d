/* eshi-pipeline-vae-swap.c: another VAE in the place of the model's own, and back.
 *
 * Only the VAE's graphs are built again. The model's own stays mapped, which costs no memory to speak of. A changed file
 * counts as another VAE.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "eshi-pipeline-private.h"
#include "eshi-vae-file.h"

char *
_eshi_pipeline_make_file_key (const char *path)
{
  GStatBuf status = { 0 };

  if (path == NULL)
    return NULL;
  if (g_stat (path, &status) != 0)
    status = (GStatBuf) { 0 };
  return g_strdup_printf ("%s\n%" G_GINT64_FORMAT " %" G_GINT64_FORMAT ".%09ld", path, (gint64) status.st_size,
                          (gint64) status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

/* Whether @vae can take the place of the one in use. */
static gboolean
check_fits (EshiPipeline  *self,
            EshiVae       *vae,
            GError       **error)
{
  guint factor = eshi_vae_config_get_factor (eshi_vae_get_config (vae));

  if (factor == _eshi_pipeline_factor (self))
    return TRUE;

  g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
               _("The VAE “%s” makes %u × %u pixels of each latent, but the model “%s” needs %u × %u. Choose a VAE for "
                 "Stable Diffusion 1.x."),
               eshi_weights_get_folder (eshi_vae_get_weights (vae)), factor, factor, self->folder,
               _eshi_pipeline_factor (self), _eshi_pipeline_factor (self));
  return FALSE;
}

/* Puts the one in use aside if it is the model's own, and frees it otherwise. */
static void
put_away (EshiPipeline *self)
{
  /* The graphs read its weights. */
  g_clear_pointer (&self->decoders, g_ptr_array_unref);
  if (self->vae_key == NULL)
    {
      self->own_vae = g_steal_pointer (&self->vae);
      self->own_encoder = g_steal_pointer (&self->encoder);
      return;
    }

  g_clear_pointer (&self->vae, eshi_vae_free);
  g_clear_pointer (&self->encoder, eshi_vae_free);
  g_clear_pointer (&self->vae_key, g_free);
}

gboolean
_eshi_pipeline_use_vae (EshiPipeline  *self,
                        const char    *path,
                        GError       **error)
{
  g_autofree char *key = _eshi_pipeline_make_file_key (path);
  g_autoptr(EshiVae) vae = NULL;

  if (g_strcmp0 (key, self->vae_key) == 0)
    return TRUE;

  if (path != NULL)
    {
      vae = eshi_vae_file_load (path, ESHI_VAE_DECODER, error);
      if (vae == NULL || !check_fits (self, vae, error))
        return FALSE;
    }

  put_away (self);
  if (path == NULL)
    {
      self->vae = g_steal_pointer (&self->own_vae);
      self->encoder = g_steal_pointer (&self->own_encoder);
    }
  else
    {
      self->vae = g_steal_pointer (&vae);
      self->vae_key = g_steal_pointer (&key);
    }
  self->has_rgb = eshi_latent_rgb_for_config (eshi_vae_get_config (self->vae), &self->rgb);
  return TRUE;
}

static EshiVae *
load_encoder (EshiPipeline  *self,
              GError       **error)
{
  g_autofree char *path = NULL;

  if (self->vae_key != NULL)
    {
      path = g_strndup (self->vae_key, strchr (self->vae_key, '\n') - self->vae_key);
      return eshi_vae_file_load (path, ESHI_VAE_ENCODER, error);
    }
  if (self->checkpoint != NULL)
    return eshi_checkpoint_load_vae (self->checkpoint, ESHI_VAE_ENCODER, error);

  path = g_build_filename (self->path, "vae", NULL);
  return eshi_vae_load (path, ESHI_VAE_ENCODER, error);
}

EshiVae *
_eshi_pipeline_get_encoder (EshiPipeline  *self,
                            GError       **error)
{
  if (self->encoder == NULL)
    self->encoder = load_encoder (self, error);
  if (self->encoder == NULL || !eshi_weights_check_unchanged (eshi_vae_get_weights (self->encoder), error))
    return NULL;
  return self->encoder;
}
