/* eshi-pipeline-taesd.c: TAESD in the place of the VAE where previews are made: which file is open, and its graph.
 *
 * Nothing here can fail a picture: what is wrong with the file is told once, and previews are colours alone.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "eshi-latent-rgb.h"
#include "eshi-pipeline-private.h"

/* Feature maps of the picture's size that are alive at once: a block's input, what it has made of it, and what it is
 * making. */
#define N_MAPS 3

gboolean
_eshi_pipeline_wants_taesd (EshiPipeline             *self,
                            const EshiPipelineParams *params)
{
  if (params->preview_kind == ESHI_PREVIEW_TAESD)
    return TRUE;
  return params->preview_kind == ESHI_PREVIEW_AUTO && params->taesd != NULL &&
         eshi_latent_rgb_is_sd1 (eshi_vae_get_config (self->vae));
}

void
_eshi_pipeline_taesd_clear (EshiPipeline *self)
{
  /* The graph reads its weights. */
  if (self->taesd_graph != NULL)
    eshi_graph_free (self->taesd_graph->graph);
  g_clear_pointer (&self->taesd_graph, g_free);
  g_clear_pointer (&self->taesd, eshi_taesd_free);
  g_clear_pointer (&self->taesd_key, g_free);
}

/* Makes the file at @path the open one; a changed file is opened again. */
static gboolean
use_file (EshiPipeline  *self,
          const char    *path,
          GError       **error)
{
  g_autofree char *key = NULL;

  if (path == NULL)
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING,
                           _("There is no TAESD here; put taesd_decoder.safetensors into the folder “eshi/taesd” of your "
                             "data folder."));
      return FALSE;
    }

  key = _eshi_pipeline_make_file_key (path);
  if (self->taesd != NULL && g_strcmp0 (key, self->taesd_key) == 0)
    return TRUE;

  _eshi_pipeline_taesd_clear (self);
  self->taesd = eshi_taesd_load (path, error);
  self->taesd_key = g_steal_pointer (&key);
  return self->taesd != NULL;
}

/* Previews are no reason to take memory that the picture itself may need. */
static gboolean
check_memory (EshiPipeline  *self,
              guint          height,
              guint          width,
              GError       **error)
{
  guint64 area = (guint64) height * width * ESHI_TAESD_FACTOR * ESHI_TAESD_FACTOR;
  guint64 needed = N_MAPS * area * eshi_taesd_get_width (self->taesd) * eshi_dtype_size (self->backend->compute);
  guint64 available = _eshi_pipeline_get_free_memory (self);

  if (available == 0 || needed <= available / 2)
    return TRUE;

  g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY,
                       _("There is too little memory to show a picture of this size by TAESD."));
  return FALSE;
}

static gboolean
build_graph (EshiPipeline     *self,
             EshiDecodeGraph  *decoder,
             GCancellable     *cancellable,
             GError          **error)
{
  EshiTensor *x = NULL;

  if (!eshi_weights_check_unchanged (eshi_taesd_get_weights (self->taesd), error))
    return FALSE;

  decoder->graph = eshi_graph_new (self->backend);
  eshi_graph_set_lane (decoder->graph, ESHI_LANE_SIDE);
  decoder->z = eshi_graph_input (decoder->graph, "z", ESHI_DTYPE_F32, ESHI_SHAPE4 (1, decoder->height, decoder->width, 4));
  x = eshi_taesd_build_decoder (self->taesd, decoder->graph, decoder->z);
  decoder->image = eshi_graph_output (decoder->graph, "image", x, ESHI_DTYPE_F32);
  if (!eshi_graph_prepare (decoder->graph, cancellable, error))
    return FALSE;

  for (guint i = 0; i < eshi_graph_n_ops (decoder->graph); i++)
    decoder->flops += eshi_op_flops (eshi_graph_get_op (decoder->graph, i));
  return TRUE;
}

/* The graph for latents of this size; only the last one is kept. */
static gboolean
use_graph (EshiPipeline  *self,
           guint          height,
           guint          width,
           GCancellable  *cancellable,
           GError       **error)
{
  EshiDecodeGraph *decoder = self->taesd_graph;

  if (decoder != NULL && decoder->height == height && decoder->width == width)
    return TRUE;
  if (!check_memory (self, height, width, error))
    return FALSE;

  decoder = g_new0 (EshiDecodeGraph, 1);
  decoder->height = height;
  decoder->width = width;
  if (!build_graph (self, decoder, cancellable, error))
    {
      g_clear_pointer (&decoder->graph, eshi_graph_free);
      g_free (decoder);
      return FALSE;
    }

  /* The new one is there before the old one goes, so that the weights stay packed. */
  if (self->taesd_graph != NULL)
    eshi_graph_free (self->taesd_graph->graph);
  g_free (self->taesd_graph);
  self->taesd_graph = decoder;
  return TRUE;
}

/* The same sentence is not told again with every picture. */
static void
tell_once (EshiPipeline                *self,
           const EshiPipelineCallbacks *callbacks,
           const GError                *error)
{
  if (callbacks == NULL || callbacks->no_taesd == NULL || g_strcmp0 (self->taesd_told, error->message) == 0)
    return;

  g_free (self->taesd_told);
  self->taesd_told = g_strdup (error->message);
  callbacks->no_taesd (error, callbacks->user_data);
}

EshiDecodeGraph *
_eshi_pipeline_get_taesd (EshiPipeline                *self,
                          const EshiPipelineParams    *params,
                          const EshiPipelineCallbacks *callbacks,
                          guint                        height,
                          guint                        width,
                          GCancellable                *cancellable)
{
  g_autoptr(GError) error = NULL;

  if (use_file (self, params->taesd, &error) && use_graph (self, height, width, cancellable, &error))
    return self->taesd_graph;

  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    tell_once (self, callbacks, error);
  return NULL;
}
