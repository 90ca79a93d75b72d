/* eshi-pipeline-probe.c: see the header.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-pipeline-probe.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

#include "eshi-graph.h"
#include "eshi-safetensors.h"
#include "eshi-text-encoder.h"
#include "eshi-unet.h"
#include "eshi-vae.h"

#define MAX_OUTPUTS 2

/* What the stages share. */
typedef struct
{
  /* borrowed */
  const char           *folder;
  EshiBackend          *backend;
  GCancellable         *cancellable;

  /* owned */
  EshiSafetensors      *input;
  guint                 n_outputs;
  EshiSafetensorsEntry  outputs[MAX_OUTPUTS];
  gint64                dim[MAX_OUTPUTS][ESHI_MAX_RANK];
} Probe;

typedef gboolean (*ProbeFunc) (Probe   *self,
                               GError **error);

static gboolean
fail_input (const char  *name,
            const char  *needs,
            GError     **error)
{
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
               _("The input file must hold a tensor “%s” of shape %s."), name, needs);
  return FALSE;
}

/* Input @name of @rank dimensions, of which those that @shape gives above 0 must be so, as f32. */
static float *
read_floats (Probe       *self,
             const char  *name,
             EshiShape   *shape,
             const char  *needs,
             GError     **error)
{
  EshiTensor *tensor = eshi_safetensors_lookup (self->input, name);
  gboolean fits = tensor != NULL && tensor->shape.rank == shape->rank &&
                  (tensor->dtype == ESHI_DTYPE_F32 || tensor->dtype == ESHI_DTYPE_F16 ||
                   tensor->dtype == ESHI_DTYPE_BF16 || tensor->dtype == ESHI_DTYPE_F64);
  float *values = NULL;

  for (guint i = 0; fits && i < shape->rank; i++)
    fits = shape->dim[i] > 0 ? tensor->shape.dim[i] == shape->dim[i] : tensor->shape.dim[i] > 0;
  if (!fits)
    {
      fail_input (name, needs, error);
      return NULL;
    }

  *shape = tensor->shape;
  values = g_new (float, eshi_tensor_count (tensor));
  eshi_convert_to_f32 (values, tensor->data, tensor->dtype, (gsize) eshi_tensor_count (tensor));
  return values;
}

/* [n, c, h, w] → [n, h, w, c], or back. */
static float *
swap_layout (const float     *src,
             const EshiShape *planes,
             gboolean         to_pixels)
{
  gsize area = (gsize) (planes->dim[2] * planes->dim[3]);
  gsize channels = (gsize) planes->dim[1];
  float *dst = g_new (float, eshi_shape_count (planes));

  for (gsize n = 0; n < (gsize) planes->dim[0]; n++)
    for (gsize c = 0; c < channels; c++)
      for (gsize p = 0; p < area; p++)
        {
          gsize plane = (n * channels + c) * area + p;
          gsize pixel = (n * area + p) * channels + c;

          if (to_pixels)
            dst[pixel] = src[plane];
          else
            dst[plane] = src[pixel];
        }
  return dst;
}

/* Takes @values over. */
static void
add_output (Probe           *self,
            const char      *name,
            float           *values,
            const EshiShape *shape)
{
  guint i = self->n_outputs++;

  memcpy (self->dim[i], shape->dim, sizeof self->dim[i]);
  self->outputs[i] = (EshiSafetensorsEntry) { name, ESHI_DTYPE_F32, shape->rank, self->dim[i], values };
}

/* As an output, turned to channels first: @pixels f32 [n, h, w, c]. */
static void
add_image (Probe           *self,
           const char      *name,
           const float     *pixels,
           const EshiShape *shape)
{
  EshiShape planes = ESHI_SHAPE4 (shape->dim[0], shape->dim[3], shape->dim[1], shape->dim[2]);

  add_output (self, name, swap_layout (pixels, &planes, FALSE), &planes);
}

/* The values of @x, f32. */
static float *
download (EshiGraph   *graph,
          EshiTensor  *x,
          GError     **error)
{
  g_autofree float *values = g_new (float, eshi_tensor_count (x));

  return eshi_graph_download (graph, x, values, error) ? g_steal_pointer (&values) : NULL;
}

/* The input's ids as i32; FALSE if there are none or they are not the encoder's. */
static gint32 *
read_ids (Probe                 *self,
          const EshiTextConfig  *config,
          EshiShape             *shape,
          GError               **error)
{
  EshiTensor *tensor = eshi_safetensors_lookup (self->input, "ids");
  g_autofree gint32 *ids = NULL;

  if (tensor == NULL || tensor->dtype != ESHI_DTYPE_I64 || tensor->shape.rank != 2 || tensor->shape.dim[0] < 1 ||
      tensor->shape.dim[1] < 1 || tensor->shape.dim[1] > config->max_positions)
    {
      fail_input ("ids", "i64 [n, t]", error);
      return NULL;
    }

  *shape = tensor->shape;
  ids = g_new (gint32, eshi_tensor_count (tensor));
  for (gint64 i = 0; i < eshi_tensor_count (tensor); i++)
    {
      gint64 id = 0;

      memcpy (&id, (const char *) tensor->data + 8 * i, 8);
      if (id < 0 || id >= config->vocab_size)
        {
          g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                       _("The ids must be below %u; %" PRId64 " is not."), config->vocab_size, id);
          return NULL;
        }
      ids[i] = (gint32) id;
    }

  return g_steal_pointer (&ids);
}

static gboolean
probe_text (Probe   *self,
            GError **error)
{
  g_autofree char *path = g_build_filename (self->folder, "text_encoder", NULL);
  g_autoptr(EshiTextEncoder) text = eshi_text_encoder_load (path, error);
  g_autoptr(EshiGraph) graph = NULL;
  g_autofree gint32 *ids = NULL;
  EshiTensor *input = NULL;
  EshiTensor *hidden = NULL;
  EshiShape shape;
  float *values = NULL;

  if (text == NULL || (ids = read_ids (self, eshi_text_encoder_get_config (text), &shape, error)) == NULL)
    return FALSE;

  graph = eshi_graph_new (self->backend);
  input = eshi_graph_input (graph, "ids", ESHI_DTYPE_I32, shape);
  hidden = eshi_graph_output (graph, "hidden", eshi_text_encoder_build (text, graph, input, 1, NULL, NULL),
                              ESHI_DTYPE_F32);
  if (!eshi_graph_prepare (graph, self->cancellable, error) || !eshi_graph_upload (graph, input, ids, error) ||
      !eshi_graph_run (graph, self->cancellable, error) || (values = download (graph, hidden, error)) == NULL)
    return FALSE;

  add_output (self, "hidden", values, &hidden->shape);
  return TRUE;
}

/* Runs @graph on @input and adds the image @x as output @name. */
static gboolean
run_image (Probe        *self,
           EshiGraph    *graph,
           EshiTensor   *input,
           const float  *pixels,
           EshiTensor   *x,
           const char   *name,
           GError      **error)
{
  g_autofree float *values = NULL;

  if (!eshi_graph_prepare (graph, self->cancellable, error) || !eshi_graph_upload (graph, input, pixels, error) ||
      !eshi_graph_run (graph, self->cancellable, error) || (values = download (graph, x, error)) == NULL)
    return FALSE;

  add_image (self, name, values, &x->shape);
  return TRUE;
}

/* Makes @graph hold the keys and values of @values, f32 of @shape. */
static gboolean
run_context (Probe            *self,
             EshiUnet         *unet,
             EshiGraph        *graph,
             const float      *values,
             EshiShape         shape,
             EshiUnetContext  *context,
             GError          **error)
{
  EshiTensor *input = eshi_graph_input (graph, "context", ESHI_DTYPE_F32, shape);

  eshi_unet_build_context (unet, graph, input, context);
  return eshi_graph_prepare (graph, self->cancellable, error) && eshi_graph_upload (graph, input, values, error) &&
         eshi_graph_run (graph, self->cancellable, error);
}

static gboolean
probe_unet_with_context (Probe            *self,
                         EshiUnet         *unet,
                         const float      *latents,
                         const EshiShape  *planes,
                         float             timestep,
                         EshiUnetContext  *context,
                         GError          **error)
{
  g_autoptr(EshiGraph) graph = eshi_graph_new (self->backend);
  EshiShape shape = ESHI_SHAPE4 (planes->dim[0], planes->dim[2], planes->dim[3], planes->dim[1]);
  EshiTensor *input = eshi_graph_input (graph, "latent", ESHI_DTYPE_F32, shape);
  EshiTensor *t = eshi_graph_input (graph, "timestep", ESHI_DTYPE_F32, ESHI_SHAPE1 (1));
  EshiTensor *x = eshi_unet_build_step (unet, graph, input, t, context, NULL, NULL);
  g_autofree float *pixels = swap_layout (latents, planes, TRUE);

  x = eshi_graph_output (graph, "output", x, ESHI_DTYPE_F32);
  return eshi_graph_prepare (graph, self->cancellable, error) && eshi_graph_upload (graph, t, &timestep, error) &&
         run_image (self, graph, input, pixels, x, "output", error);
}

static gboolean
probe_unet (Probe   *self,
            GError **error)
{
  g_autofree char *path = g_build_filename (self->folder, "unet", NULL);
  g_autoptr(EshiUnet) unet = eshi_unet_load (path, error);
  g_autoptr(EshiGraph) graph = NULL;
  EshiUnetContext context = { 0 };
  EshiShape planes = ESHI_SHAPE4 (0, 4, 0, 0);
  EshiShape tokens = ESHI_SHAPE3 (0, 0, 0);
  EshiShape one = ESHI_SHAPE1 (1);
  g_autofree float *latents = NULL;
  g_autofree float *values = NULL;
  g_autofree float *timestep = NULL;
  gboolean ok = FALSE;

  if (unet == NULL)
    return FALSE;
  planes.dim[1] = eshi_unet_get_config (unet)->in_channels;
  latents = read_floats (self, "latent", &planes, planes.dim[1] == 4 ? "[b, 4, h, w]" : "[b, 9, h, w]", error);
  if (latents == NULL)
    return FALSE;
  tokens.dim[0] = planes.dim[0];
  tokens.dim[2] = eshi_unet_get_config (unet)->cross_attention_dim;
  if ((values = read_floats (self, "context", &tokens, "[b, n, d]", error)) == NULL ||
      (timestep = read_floats (self, "timestep", &one, "[1]", error)) == NULL)
    return FALSE;

  graph = eshi_graph_new (self->backend);
  ok = run_context (self, unet, graph, values, tokens, &context, error) &&
       probe_unet_with_context (self, unet, latents, &planes, *timestep, &context, error);
  eshi_unet_context_clear (&context);
  return ok;
}

static gboolean
probe_vae_decode (Probe   *self,
                  GError **error)
{
  g_autofree char *path = g_build_filename (self->folder, "vae", NULL);
  g_autoptr(EshiVae) vae = eshi_vae_load (path, ESHI_VAE_DECODER, error);
  g_autoptr(EshiGraph) graph = NULL;
  EshiShape planes = ESHI_SHAPE4 (0, 4, 0, 0);
  EshiTensor *input = NULL;
  EshiTensor *x = NULL;
  g_autofree float *z = NULL;
  g_autofree float *pixels = NULL;

  if (vae == NULL || (z = read_floats (self, "z", &planes, "[1, 4, h, w]", error)) == NULL)
    return FALSE;

  pixels = swap_layout (z, &planes, TRUE);
  graph = eshi_graph_new (self->backend);
  input = eshi_graph_input (graph, "z", ESHI_DTYPE_F32,
                            ESHI_SHAPE4 (planes.dim[0], planes.dim[2], planes.dim[3], planes.dim[1]));
  x = eshi_graph_output (graph, "image", eshi_vae_build_decoder (vae, graph, input, NULL, NULL), ESHI_DTYPE_F32);
  return run_image (self, graph, input, pixels, x, "image", error);
}

static gboolean
probe_vae_encode (Probe   *self,
                  GError **error)
{
  g_autofree char *path = g_build_filename (self->folder, "vae", NULL);
  g_autoptr(EshiVae) vae = eshi_vae_load (path, ESHI_VAE_ENCODER, error);
  g_autoptr(EshiGraph) graph = NULL;
  EshiShape planes = ESHI_SHAPE4 (0, 3, 0, 0);
  EshiTensor *input = NULL;
  EshiTensor *x = NULL;
  g_autofree float *image = NULL;
  g_autofree float *pixels = NULL;
  g_autofree float *moments = NULL;
  g_autofree float *mean = NULL;
  g_autofree float *logvar = NULL;
  EshiShape half;
  guint factor = 0;

  if (vae == NULL || (image = read_floats (self, "image", &planes, "[1, 3, h, w]", error)) == NULL)
    return FALSE;
  factor = eshi_vae_config_get_factor (eshi_vae_get_config (vae));
  if (planes.dim[2] % factor != 0 || planes.dim[3] % factor != 0)
    return fail_input ("image", "[1, 3, 8h, 8w]", error);

  pixels = swap_layout (image, &planes, TRUE);
  graph = eshi_graph_new (self->backend);
  input = eshi_graph_input (graph, "image", ESHI_DTYPE_F32,
                            ESHI_SHAPE4 (planes.dim[0], planes.dim[2], planes.dim[3], planes.dim[1]));
  x = eshi_graph_output (graph, "moments", eshi_vae_build_encoder (vae, graph, input, NULL, NULL), ESHI_DTYPE_F32);
  if (!eshi_graph_prepare (graph, self->cancellable, error) || !eshi_graph_upload (graph, input, pixels, error) ||
      !eshi_graph_run (graph, self->cancellable, error) || (moments = download (graph, x, error)) == NULL)
    return FALSE;

  half = x->shape;
  half.dim[3] /= 2;
  mean = g_new (float, eshi_shape_count (&half));
  logvar = g_new (float, eshi_shape_count (&half));
  eshi_vae_split_moments (moments, (gsize) (half.dim[0] * half.dim[1] * half.dim[2]), (guint) half.dim[3], mean, logvar);
  add_image (self, "mean", mean, &half);
  add_image (self, "logvar", logvar, &half);
  return TRUE;
}

static ProbeFunc
find_stage (const char *stage)
{
  static const struct
  {
    const char *name;
    ProbeFunc func;
  } stages[] = {
    { "text", probe_text },
    { "unet", probe_unet },
    { "vae-encode", probe_vae_encode },
    { "vae-decode", probe_vae_decode },
  };

  for (guint i = 0; i < G_N_ELEMENTS (stages); i++)
    if (g_str_equal (stages[i].name, stage))
      return stages[i].func;
  return NULL;
}

gboolean
eshi_pipeline_probe (const char    *folder,
                     EshiBackend   *backend,
                     const char    *stage,
                     const char    *input,
                     const char    *output,
                     GCancellable  *cancellable,
                     GError       **error)
{
  Probe self = { .folder = folder, .backend = backend, .cancellable = cancellable };
  ProbeFunc func = NULL;
  gboolean ok = FALSE;

  g_return_val_if_fail (folder != NULL && backend != NULL, FALSE);
  g_return_val_if_fail (stage != NULL && input != NULL && output != NULL, FALSE);

  func = find_stage (stage);
  if (func == NULL)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("There is no stage “%s”; the stages are text, unet, vae-encode and vae-decode."), stage);
      return FALSE;
    }

  self.input = eshi_safetensors_open (input, error);
  ok = self.input != NULL && func (&self, error) &&
       eshi_safetensors_write (output, self.outputs, self.n_outputs, error);

  for (guint i = 0; i < self.n_outputs; i++)
    g_free ((gpointer) self.outputs[i].data);
  g_clear_pointer (&self.input, eshi_safetensors_free);
  return ok;
}
