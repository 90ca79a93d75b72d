/* eshi-pipeline-memory.c: whether a picture of some size can fit into memory, asked before it is begun; and what is
 * tried where it does not.
 *
 * Systems promise more memory than they have and then end the program that believed them, so a refusal by the
 * allocator cannot be relied on. A graphics card's can.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "eshi-pipeline-private.h"
#include "eshi-tiles.h"

/* Activations that are alive at once where a network needs most of them, in feature maps of its first level. The arenas
 * of Stable Diffusion 1's graphs hold 9 and 5 of them at every size from 256 to 2048 pixels; the backend's scratch comes on
 * top. */
#define UNET_MAPS 10
#define DECODER_MAPS 6

/* Pixels of a picture of the usual size, which is never cut into tiles unless that is asked for. */
#define NEVER_TILED (512 * 512)

/* Bytes that the computer can still give; 0 where that is unknown. */
static guint64
available_bytes (void)
{
  g_autofree char *text = NULL;
  const char *line = NULL;

  if (!g_file_get_contents ("/proc/meminfo", &text, NULL, NULL))
    return 0;

  line = strstr (text, "MemAvailable:");
  return line == NULL ? 0 : 1024 * g_ascii_strtoull (line + strlen ("MemAvailable:"), NULL, 10);
}

/* Latent pixels that the VAE has in hand at once: the picture's, or those of the two shapes of tiles that are kept. */
static guint64
vae_area (EshiPipeline *self,
          guint         height,
          guint         width,
          gboolean      tiled)
{
  EshiTiles tiles = _eshi_tiles_for_decoder (eshi_vae_get_config (self->vae));
  guint64 area = (guint64) height * width;

  return tiled ? MIN (area, (guint64) 2 * tiles.size * tiles.size) : area;
}

static gboolean
has_step (EshiPipeline *self,
          guint         height,
          guint         width,
          gboolean      guided)
{
  for (guint i = 0; self->steps != NULL && i < self->steps->len; i++)
    {
      const EshiStepGraph *step = g_ptr_array_index (self->steps, i);

      if (step->height == height && step->width == width && step->guided == guided)
        return TRUE;
    }

  return FALSE;
}

static gboolean
has_decoder (EshiPipeline *self,
             guint         height,
             guint         width)
{
  for (guint i = 0; self->decoders != NULL && i < self->decoders->len; i++)
    {
      const EshiDecodeGraph *decoder = g_ptr_array_index (self->decoders, i);

      if (decoder->height == height && decoder->width == width)
        return TRUE;
    }

  return FALSE;
}

static guint64
needed_bytes (EshiPipeline *self,
              guint         height,
              guint         width,
              gboolean      guided,
              gboolean      tiled)
{
  guint64 size = eshi_dtype_size (self->backend->compute);
  guint64 area = (guint64) height * width;
  guint factor = _eshi_pipeline_factor (self);
  guint unet_channels = eshi_unet_get_config (self->unet)->block_out_channels[0];
  guint decoder_channels = eshi_vae_get_config (self->vae)->block_out_channels[0];
  guint64 bytes = 0;

  if (!has_step (self, height, width, guided))
    bytes += UNET_MAPS * area * unet_channels * size * (guided ? 2 : 1);
  bytes += DECODER_MAPS * vae_area (self, height, width, tiled) * factor * factor * decoder_channels * size;
  if (self->steps == NULL)
    bytes += eshi_pipeline_get_model_bytes (self) / 2 * size;
  if (self->checker != NULL)
    bytes += eshi_weights_get_bytes (eshi_safety_checker_get_weights (self->checker));
  return bytes;
}

guint64
_eshi_pipeline_get_free_memory (EshiPipeline *self)
{
  EshiDeviceInfo info = { 0 };

  if (self->backend->klass->probe (&info, NULL) && info.memory_bytes > 0)
    return info.memory_bytes;
  return available_bytes ();
}

EshiSwitch
_eshi_pipeline_choose_tiling (EshiPipeline *self,
                              guint         height,
                              guint         width,
                              gboolean      guided,
                              guint64       available)
{
  EshiTiles tiles = _eshi_tiles_for_decoder (eshi_vae_get_config (self->vae));
  guint factor = _eshi_pipeline_factor (self);
  guint64 pixels = (guint64) height * width * factor * factor;

  if (available == 0 || pixels <= NEVER_TILED || !_eshi_tiles_are_many (&tiles, height, width) ||
      has_decoder (self, height, width))
    return ESHI_SWITCH_OFF;
  if (needed_bytes (self, height, width, guided, FALSE) <= available ||
      needed_bytes (self, height, width, guided, TRUE) > available)
    return ESHI_SWITCH_OFF;
  return ESHI_SWITCH_ON;
}

gboolean
_eshi_pipeline_check_memory (EshiPipeline  *self,
                             guint          height,
                             guint          width,
                             gboolean       guided,
                             GError       **error)
{
  guint factor = _eshi_pipeline_factor (self);
  guint64 available = available_bytes ();
  guint64 needed = needed_bytes (self, height, width, guided, self->tiled);
  EshiDeviceInfo info = { 0 };
  g_autofree char *needed_text = NULL;
  g_autofree char *available_text = NULL;

  /* A device with memory of its own refuses by itself. */
  if (available == 0 || needed <= available || (self->backend->klass->probe (&info, NULL) && info.memory_bytes > 0))
    return TRUE;

  needed_text = g_format_size (needed);
  available_text = g_format_size (available);
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY,
               _("A picture of %u × %u pixels needs about %s of memory, and only %s are free. Choose a smaller size, or "
                 "close other programs."),
               width * factor, height * factor, needed_text, available_text);
  return FALSE;
}

gboolean
_eshi_pipeline_is_paired (EshiPipeline             *self,
                          const EshiPipelineParams *params)
{
  return params->guidance > 1.0 && !self->split;
}

gboolean
_eshi_pipeline_stops_guiding (EshiPipeline             *self,
                              const EshiPipelineParams *params)
{
  return params->guidance_stop < 1.0 && _eshi_pipeline_is_paired (self, params);
}

/* FALSE if it is in tiles already, or would be a single one. */
static gboolean
cut_into_tiles (EshiPipeline       *self,
                EshiPipelineParams *params)
{
  EshiTiles tiles = _eshi_tiles_for_decoder (eshi_vae_get_config (self->vae));
  guint factor = _eshi_pipeline_factor (self);

  if (self->tiled || !_eshi_tiles_are_many (&tiles, params->height / factor, params->width / factor))
    return FALSE;

  self->tiled = TRUE;
  self->tiled_from = (guint64) params->width * params->height;
  params->vae_tiling = ESHI_SWITCH_ON;
  return TRUE;
}

gboolean
_eshi_pipeline_shrink (EshiPipeline       *self,
                       EshiPipelineParams *params,
                       guint               n_tries)
{
  _eshi_pipeline_graphs_clear (self);
  _eshi_pipeline_taesd_clear (self);
  if (n_tries == 1 || cut_into_tiles (self, params))
    return TRUE;
  if (!_eshi_pipeline_is_paired (self, params))
    return FALSE;

  self->split = TRUE;
  return TRUE;
}
