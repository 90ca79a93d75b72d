/* eshi-pipeline-vae.c: between pixels and latents: a picture whole, or in tiles where it is larger than one and the call
 * says so.
 *
 * The encoder works in f32, once per call; its graphs are not kept, because they hold as much memory as the decoder's.
 * Draws no noise and reads no files of pictures.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "eshi-pipeline-private.h"
#include "eshi-tiles.h"

/* Shapes of tiles whose graphs are there at once; a row has no more. */
#define MAX_SHAPES 2

/* The encoder for images of one size. */
typedef struct
{
  guint       height; /* of the image */
  guint       width;
  EshiGraph  *graph;
  EshiTensor *input;  /* f32 [1, height, width, 3] */
  EshiTensor *output; /* f32 [1, height/8, width/8, 8] */
} EncodeGraph;

/* A picture on its way through the VAE. */
typedef struct
{
  /* borrowed */
  EshiPipeline    *pipeline;
  EshiVae         *encoder;   /* NULL while decoding */
  gboolean         exact;
  EshiVaePartFunc  func;      /* (nullable) */
  gpointer         user_data;
  GCancellable    *cancellable;

  /* owned */
  EncodeGraph      encoders[MAX_SHAPES]; /* newest first */

  guint            n_tiles;
  guint            n_done;
} Job;

static gboolean
is_tiled (EshiPipeline    *self,
          const EshiTiles *tiles,
          guint            height,
          guint            width)
{
  return self->tiled && _eshi_tiles_are_many (tiles, height, width);
}

EshiDecodeGraph *
_eshi_pipeline_get_first_decoder (EshiPipeline  *self,
                                  guint          height,
                                  guint          width,
                                  gboolean       exact,
                                  guint         *n_tiles,
                                  GCancellable  *cancellable,
                                  GError       **error)
{
  EshiTiles tiles = _eshi_tiles_for_decoder (eshi_vae_get_config (self->vae));

  *n_tiles = 1;
  if (is_tiled (self, &tiles, height, width))
    {
      *n_tiles = _eshi_tiles_count (&tiles, height, width);
      height = MIN (height, tiles.size);
      width = MIN (width, tiles.size);
    }

  return _eshi_pipeline_get_decoder (self, height, width, exact, cancellable, error);
}

static void
report_tile (Job *self)
{
  self->n_done++;
  if (self->func != NULL && self->n_tiles > 1)
    self->func ((double) self->n_done / self->n_tiles, self->user_data);
}

static gboolean
decode_tile (const float  *src,
             float        *dst,
             guint         height,
             guint         width,
             gpointer      user_data,
             GError      **error)
{
  Job *self = user_data;
  EshiDecodeGraph *graph = _eshi_pipeline_get_decoder (self->pipeline, height, width, self->exact, self->cancellable,
                                                       error);

  if (graph == NULL || !_eshi_decode_graph_run (graph, src, NULL, dst, self->cancellable, error))
    return FALSE;

  report_tile (self);
  return TRUE;
}

/* As the backends' op does it: rounding half to even. What is no number becomes black. */
static void
image_to_u8 (const float *image,
             gsize        n,
             guint8      *rgb)
{
  for (gsize i = 0; i < n; i++)
    {
      float value = image[i] * 0.5f + 0.5f;

      rgb[i] = value > 0.0f ? (guint8) rintf (255.0f * MIN (value, 1.0f)) : 0;
    }
}

gboolean
_eshi_pipeline_decode (EshiPipeline     *self,
                       guint             height,
                       guint             width,
                       gboolean          exact,
                       const float      *z,
                       guint8           *rgb,
                       float            *image,
                       EshiVaePartFunc   func,
                       gpointer          user_data,
                       GCancellable     *cancellable,
                       GError          **error)
{
  EshiTiles tiles = _eshi_tiles_for_decoder (eshi_vae_get_config (self->vae));
  Job job = { self, NULL, exact, func, user_data, cancellable };
  EshiDecodeGraph *graph = NULL;

  if (!is_tiled (self, &tiles, height, width))
    {
      graph = _eshi_pipeline_get_decoder (self, height, width, exact, cancellable, error);
      return graph != NULL && _eshi_decode_graph_run (graph, z, rgb, image, cancellable, error);
    }

  job.n_tiles = _eshi_tiles_count (&tiles, height, width);
  if (!_eshi_tiles_run (&tiles, z, height, width, 4, image, 3, decode_tile, &job, error))
    return FALSE;
  image_to_u8 (image, 3 * (gsize) height * width * tiles.up * tiles.up, rgb);
  return TRUE;
}

static gboolean
encode_graph_init (EncodeGraph  *self,
                   Job          *job,
                   guint         height,
                   guint         width,
                   GError      **error)
{
  self->height = height;
  self->width = width;
  self->graph = eshi_graph_new (job->pipeline->backend);
  eshi_graph_set_compute (self->graph, ESHI_DTYPE_F32);
  self->input = eshi_graph_input (self->graph, "image", ESHI_DTYPE_F32, ESHI_SHAPE4 (1, height, width, 3));
  self->output = eshi_graph_output (self->graph, "moments",
                                    eshi_vae_build_encoder (job->encoder, self->graph, self->input, NULL, NULL),
                                    ESHI_DTYPE_F32);
  return eshi_graph_prepare (self->graph, job->cancellable, error);
}

static void
encode_graph_clear (EncodeGraph *self)
{
  g_clear_pointer (&self->graph, eshi_graph_free);
}

/* The prepared graph for images of this size, in front; NULL with @error set. */
static EncodeGraph *
get_encode_graph (Job     *job,
                  guint    height,
                  guint    width,
                  GError **error)
{
  EncodeGraph graph = { 0 };

  for (guint i = 0; i < MAX_SHAPES; i++)
    if (job->encoders[i].graph != NULL && job->encoders[i].height == height && job->encoders[i].width == width)
      return &job->encoders[i];

  /* Prepared before the old one goes, which shares the packed weights. */
  if (!encode_graph_init (&graph, job, height, width, error))
    {
      encode_graph_clear (&graph);
      return NULL;
    }
  encode_graph_clear (&job->encoders[MAX_SHAPES - 1]);
  for (guint i = MAX_SHAPES - 1; i > 0; i--)
    job->encoders[i] = job->encoders[i - 1];
  job->encoders[0] = graph;
  return &job->encoders[0];
}

static gboolean
encode_tile (const float  *src,
             float        *dst,
             guint         height,
             guint         width,
             gpointer      user_data,
             GError      **error)
{
  Job *self = user_data;
  EncodeGraph *graph = get_encode_graph (self, height, width, error);

  if (graph == NULL ||
      !eshi_graph_upload (graph->graph, graph->input, src, error) ||
      !eshi_graph_run (graph->graph, self->cancellable, error) ||
      !eshi_graph_download (graph->graph, graph->output, dst, error))
    return FALSE;

  report_tile (self);
  return TRUE;
}

/* @moments, f32 [n_pixels, 8], into planes. */
static gboolean
split_moments (const float  *moments,
               gsize         n_pixels,
               float        *mean,
               float        *logvar,
               GError      **error)
{
  g_autofree float *mean_pixels = g_new (float, 4 * n_pixels);
  g_autofree float *logvar_pixels = g_new (float, 4 * n_pixels);

  for (gsize i = 0; i < 8 * n_pixels; i++)
    if (!isfinite (moments[i]))
      {
        g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_FAILED,
                             _("The model could not read the image: it returned numbers that are not finite. Its weights "
                               "may be damaged; if another model works, download this one again."));
        return FALSE;
      }

  eshi_vae_split_moments (moments, n_pixels, 4, mean_pixels, logvar_pixels);
  _eshi_pixels_to_planes (mean, mean_pixels, n_pixels, 4);
  _eshi_pixels_to_planes (logvar, logvar_pixels, n_pixels, 4);
  return TRUE;
}

gboolean
_eshi_pipeline_encode (EshiPipeline     *self,
                       guint             height,
                       guint             width,
                       const float      *pixels,
                       float            *mean,
                       float            *logvar,
                       EshiVaePartFunc   func,
                       gpointer          user_data,
                       GCancellable     *cancellable,
                       GError          **error)
{
  EshiTiles tiles = _eshi_tiles_for_encoder (eshi_vae_get_config (self->vae));
  Job job = { self, _eshi_pipeline_get_encoder (self, error), TRUE, func, user_data, cancellable };
  gsize n_pixels = (gsize) height * width;
  g_autofree float *moments = g_new (float, 8 * n_pixels);
  gboolean ok = FALSE;

  if (job.encoder == NULL)
    return FALSE;

  height *= tiles.down;
  width *= tiles.down;
  if (is_tiled (self, &tiles, height, width))
    {
      job.n_tiles = _eshi_tiles_count (&tiles, height, width);
      ok = _eshi_tiles_run (&tiles, pixels, height, width, 3, moments, 8, encode_tile, &job, error);
    }
  else
    {
      ok = encode_tile (pixels, moments, height, width, &job, error);
    }

  for (guint i = 0; i < MAX_SHAPES; i++)
    encode_graph_clear (&job.encoders[i]);
  return ok && split_moments (moments, n_pixels, mean, logvar, error);
}
