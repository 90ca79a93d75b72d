/* eshi-pipeline-graphs.c: one graph per shape. The last few are kept, so that painting again at the same size starts at
 * once.
 *
 * Graphs on one backend share packed weights as long as one of them lives: a new graph is prepared before an old one
 * goes, so that a change of size packs nothing again.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "eshi-pipeline-private.h"

#define MAX_KEPT 2

static double
graph_flops (EshiGraph *graph)
{
  double flops = 0;

  for (guint i = 0; i < eshi_graph_n_ops (graph); i++)
    flops += eshi_op_flops (eshi_graph_get_op (graph, i));
  return flops;
}

static void
context_graph_clear (gpointer data)
{
  EshiContextGraph *self = data;

  eshi_unet_context_clear (&self->context);
  g_clear_pointer (&self->graph, eshi_graph_free);
  g_clear_pointer (&self->key, g_free);
}

static void
step_graph_free (gpointer data)
{
  EshiStepGraph *self = data;

  /* The graph reads the context's outputs, so it goes first. */
  g_clear_pointer (&self->graph, eshi_graph_free);
  if (self->context != NULL)
    g_rc_box_release_full (self->context, context_graph_clear);
  g_free (self);
}

static void
decode_graph_free (gpointer data)
{
  EshiDecodeGraph *self = data;

  g_clear_pointer (&self->graph, eshi_graph_free);
  g_free (self);
}

void
_eshi_pipeline_unet_graphs_clear (EshiPipeline *self)
{
  g_clear_pointer (&self->steps, g_ptr_array_unref);
}

void
_eshi_pipeline_graphs_clear (EshiPipeline *self)
{
  _eshi_pipeline_unet_graphs_clear (self);
  g_clear_pointer (&self->decoders, g_ptr_array_unref);
  for (guint i = 0; i < G_N_ELEMENTS (self->text_graphs); i++)
    g_clear_pointer (&self->text_graphs[i].graph, eshi_graph_free);
}

/* Puts @graph in front, and lets go of the one that was used longest ago. */
static gpointer
keep (GPtrArray      **kept,
      gpointer         graph,
      GDestroyNotify   free_func)
{
  if (*kept == NULL)
    *kept = g_ptr_array_new_with_free_func (free_func);
  g_ptr_array_insert (*kept, 0, graph);
  if ((*kept)->len > MAX_KEPT)
    g_ptr_array_set_size (*kept, MAX_KEPT);
  return graph;
}

static gpointer
move_to_front (GPtrArray *kept,
               guint      index)
{
  gpointer graph = g_ptr_array_index (kept, index);

  memmove (&kept->pdata[1], &kept->pdata[0], index * sizeof (gpointer));
  kept->pdata[0] = graph;
  return graph;
}

EshiTextGraph *
_eshi_pipeline_get_text (EshiPipeline  *self,
                         guint          clip_skip,
                         gboolean       rows,
                         GCancellable  *cancellable,
                         GError       **error)
{
  EshiTextGraph *text = &self->text_graphs[rows];
  g_autoptr(EshiGraph) graph = NULL;
  gint64 n_tokens = _eshi_pipeline_n_tokens (self);
  EshiTensor *input = NULL;
  EshiTensor *hidden = NULL;

  if (text->graph != NULL && text->clip_skip == clip_skip)
    return text;
  if (!eshi_weights_check_unchanged (eshi_text_encoder_get_weights (self->text), error))
    return NULL;

  /* In f32 on every backend: it runs once per prompt, and every step depends on it. */
  graph = eshi_graph_new (self->backend);
  eshi_graph_set_compute (graph, ESHI_DTYPE_F32);
  if (rows)
    {
      input = eshi_graph_input (graph, "rows", ESHI_DTYPE_F32,
                                ESHI_SHAPE3 (1, n_tokens, eshi_text_encoder_get_config (self->text)->hidden_size));
      hidden = eshi_text_encoder_build_rows (self->text, graph, input, clip_skip);
    }
  else
    {
      input = eshi_graph_input (graph, "ids", ESHI_DTYPE_I32, ESHI_SHAPE2 (1, n_tokens));
      hidden = eshi_text_encoder_build (self->text, graph, input, clip_skip, NULL, NULL);
    }
  hidden = eshi_graph_output (graph, "hidden", hidden, ESHI_DTYPE_F32);
  if (!eshi_graph_prepare (graph, cancellable, error))
    return NULL;

  g_clear_pointer (&text->graph, eshi_graph_free);
  *text = (EshiTextGraph) { g_steal_pointer (&graph), clip_skip, input, hidden };
  return text;
}

static gboolean
context_graph_build (EshiContextGraph  *context,
                     EshiPipeline      *self,
                     GCancellable      *cancellable,
                     GError           **error)
{
  guint d = eshi_unet_get_config (self->unet)->cross_attention_dim;
  gint64 n_tokens = (gint64) context->n_chunks * _eshi_pipeline_n_tokens (self);

  if (!eshi_weights_check_unchanged (eshi_unet_get_weights (self->unet), error))
    return FALSE;

  context->graph = eshi_graph_new (self->backend);
  context->input = eshi_graph_input (context->graph, "context", ESHI_DTYPE_F32,
                                     ESHI_SHAPE3 (context->guided ? 2 : 1, n_tokens, d));
  eshi_unet_build_context (self->unet, context->graph, context->input, &context->context);
  return eshi_graph_prepare (context->graph, cancellable, error);
}

/* (transfer full): a context that another step graph reads already, or a new one; NULL with @error set. */
static EshiContextGraph *
get_context (EshiPipeline  *self,
             gboolean       guided,
             guint          n_chunks,
             GCancellable  *cancellable,
             GError       **error)
{
  EshiContextGraph *context = NULL;

  for (guint i = 0; self->steps != NULL && i < self->steps->len; i++)
    {
      context = ((EshiStepGraph *) g_ptr_array_index (self->steps, i))->context;
      if (context->guided == guided && context->n_chunks == n_chunks)
        return g_rc_box_acquire (context);
    }

  context = g_rc_box_new0 (EshiContextGraph);
  context->guided = guided;
  context->n_chunks = n_chunks;
  if (context_graph_build (context, self, cancellable, error))
    return context;

  g_rc_box_release_full (context, context_graph_clear);
  return NULL;
}

static gboolean
step_graph_build (EshiStepGraph  *step,
                  EshiPipeline   *self,
                  guint           n_chunks,
                  GCancellable   *cancellable,
                  GError        **error)
{
  guint n_channels = eshi_unet_get_config (self->unet)->in_channels;
  EshiTensor *x = NULL;

  step->context = get_context (self, step->guided, n_chunks, cancellable, error);
  if (step->context == NULL || !eshi_weights_check_unchanged (eshi_unet_get_weights (self->unet), error))
    return FALSE;

  step->graph = eshi_graph_new (self->backend);
  step->latents = eshi_graph_input (step->graph, "latents", ESHI_DTYPE_F32, ESHI_SHAPE4 (1, step->height, step->width, n_channels));
  step->timestep = eshi_graph_input (step->graph, "timestep", ESHI_DTYPE_F32, ESHI_SHAPE1 (1));
  x = eshi_unet_build_step (self->unet, step->graph, step->latents, step->timestep, &step->context->context, NULL,
                            NULL);
  if (step->guided)
    {
      step->guidance = eshi_graph_input (step->graph, "guidance", ESHI_DTYPE_F32, ESHI_SHAPE1 (1));
      x = eshi_graph_guidance (step->graph, "guidance", x, step->guidance);
    }
  step->output = eshi_graph_output (step->graph, "output", x, ESHI_DTYPE_F32);

  if (!eshi_graph_prepare (step->graph, cancellable, error))
    return FALSE;
  step->flops = graph_flops (step->graph);
  return TRUE;
}

EshiStepGraph *
_eshi_pipeline_get_step (EshiPipeline  *self,
                         guint          height,
                         guint          width,
                         gboolean       guided,
                         guint          n_chunks,
                         GCancellable  *cancellable,
                         GError       **error)
{
  EshiStepGraph *step = NULL;

  for (guint i = 0; self->steps != NULL && i < self->steps->len; i++)
    {
      step = g_ptr_array_index (self->steps, i);
      if (step->height == height && step->width == width && step->guided == guided &&
          step->context->n_chunks == n_chunks)
        return move_to_front (self->steps, i);
    }

  if (!_eshi_pipeline_check_memory (self, height, width, guided, error))
    return NULL;

  step = g_new0 (EshiStepGraph, 1);
  step->height = height;
  step->width = width;
  step->guided = guided;
  if (step_graph_build (step, self, n_chunks, cancellable, error))
    return keep (&self->steps, step, step_graph_free);

  step_graph_free (step);
  return NULL;
}

static gboolean
decode_graph_build (EshiDecodeGraph  *decoder,
                    EshiPipeline     *self,
                    GCancellable     *cancellable,
                    GError          **error)
{
  EshiTensor *x = NULL;

  if (!eshi_weights_check_unchanged (eshi_vae_get_weights (self->vae), error))
    return FALSE;

  decoder->graph = eshi_graph_new (self->backend);
  eshi_graph_set_lane (decoder->graph, ESHI_LANE_SIDE);
  if (decoder->exact)
    eshi_graph_set_compute (decoder->graph, ESHI_DTYPE_F32);
  decoder->z = eshi_graph_input (decoder->graph, "z", ESHI_DTYPE_F32, ESHI_SHAPE4 (1, decoder->height, decoder->width, 4));
  x = eshi_vae_build_decoder (self->vae, decoder->graph, decoder->z, NULL, NULL);
  decoder->pixels = eshi_graph_output (decoder->graph, "pixels", eshi_graph_image_to_u8 (decoder->graph, "pixels", x),
                                       ESHI_DTYPE_U8);
  decoder->image = eshi_graph_output (decoder->graph, "image", x, ESHI_DTYPE_F32);

  if (!eshi_graph_prepare (decoder->graph, cancellable, error))
    return FALSE;
  decoder->flops = graph_flops (decoder->graph);
  return TRUE;
}

EshiDecodeGraph *
_eshi_pipeline_get_decoder (EshiPipeline  *self,
                            guint          height,
                            guint          width,
                            gboolean       exact,
                            GCancellable  *cancellable,
                            GError       **error)
{
  EshiDecodeGraph *decoder = NULL;

  for (guint i = 0; self->decoders != NULL && i < self->decoders->len; i++)
    {
      decoder = g_ptr_array_index (self->decoders, i);
      if (decoder->height == height && decoder->width == width && decoder->exact == exact)
        return move_to_front (self->decoders, i);
    }

  decoder = g_new0 (EshiDecodeGraph, 1);
  decoder->height = height;
  decoder->width = width;
  decoder->exact = exact;
  if (decode_graph_build (decoder, self, cancellable, error))
    return keep (&self->decoders, decoder, decode_graph_free);

  decode_graph_free (decoder);
  return NULL;
}

gboolean
_eshi_decode_graph_start (EshiDecodeGraph  *self,
                          const float      *z,
                          GCancellable     *cancellable,
                          GError          **error)
{
  return eshi_graph_upload (self->graph, self->z, z, error) && eshi_graph_run (self->graph, cancellable, error);
}

gboolean
_eshi_decode_graph_collect (EshiDecodeGraph  *self,
                            guint8           *rgb,
                            float            *image,
                            GError          **error)
{
  return (rgb == NULL || eshi_graph_download (self->graph, self->pixels, rgb, error)) &&
         (image == NULL || eshi_graph_download (self->graph, self->image, image, error));
}

gboolean
_eshi_decode_graph_run (EshiDecodeGraph  *self,
                        const float      *z,
                        guint8           *rgb,
                        float            *image,
                        GCancellable     *cancellable,
                        GError          **error)
{
  gint64 start = g_get_monotonic_time ();

  if (!_eshi_decode_graph_start (self, z, cancellable, error) || !_eshi_decode_graph_collect (self, rgb, image, error))
    return FALSE;

  self->seconds = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  return TRUE;
}

void
_eshi_planes_to_pixels (float       *dst,
                        const float *src,
                        gsize        n_pixels,
                        guint        channels,
                        float        scale)
{
  for (gsize p = 0; p < n_pixels; p++)
    for (guint c = 0; c < channels; c++)
      dst[p * channels + c] = src[c * n_pixels + p] * scale;
}

void
_eshi_pixels_to_planes (float       *dst,
                        const float *src,
                        gsize        n_pixels,
                        guint        channels)
{
  for (guint c = 0; c < channels; c++)
    for (gsize p = 0; p < n_pixels; p++)
      dst[c * n_pixels + p] = src[p * channels + c];
}
