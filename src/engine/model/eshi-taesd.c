/* eshi-taesd.c: see the header.
 *
 * Four levels of convolutions and residual blocks without any norm, with a factor two between them. The author numbers
 * the layers from the clamp, diffusers from the first convolution after it.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-taesd.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#define LATENT_CHANNELS 4
#define MAX_WIDTH 4096
#define N_LEVELS 4
#define N_BLOCKS 3 /* on each level but the last, which has one */

/* How a file calls the layers. */
typedef struct
{
  const char *path;  /* what their names begin with; "" for nothing */
  guint       first; /* number of the first convolution */
} Naming;

struct _EshiTaesd
{
  EshiWeights  *weights;
  const Naming *naming; /* static */
  guint         width;
};

static const Naming namings[] = {
  { "decoder.layers", 0 },
  { "decoder", 1 },
  { "", 1 },
};

static EshiTensor *
build_relu (EshiNet    *net,
            const char *label,
            EshiTensor *x)
{
  return net->graph != NULL && x != NULL ? eshi_graph_activation (net->graph, label, x, ESHI_ACT_RELU) : NULL;
}

/* x + three convolutions of it. */
static EshiTensor *
build_block (EshiNet    *net,
             guint       index,
             EshiTensor *x,
             guint       width)
{
  gsize mark = eshi_net_enter (net, "%u", index);
  EshiTensor *h = eshi_net_conv3x3 (net, "conv.0", x, width, width, NULL, NULL);

  h = build_relu (net, "conv.1", h);
  h = eshi_net_conv3x3 (net, "conv.2", h, width, width, NULL, NULL);
  h = build_relu (net, "conv.3", h);
  h = eshi_net_conv3x3 (net, "conv.4", h, width, width, NULL, x);
  h = build_relu (net, "fuse", h);
  eshi_net_leave (net, mark);
  return h;
}

/* Twice the size, and the one kind of convolution here that has no bias. */
static EshiTensor *
build_up (EshiNet    *net,
          guint       index,
          EshiTensor *x,
          guint       width)
{
  EshiConvParams params = { .stride = 1, .top = 1, .left = 1, .bottom = 1, .right = 1 };
  gsize mark = eshi_net_enter (net, "%u", index);
  EshiTensor *weight = eshi_net_weight (net, "weight", ESHI_SHAPE4 (width, width, 3, 3));

  if (net->graph != NULL && x != NULL)
    x = eshi_graph_upsample_conv2d (net->graph, "conv", x, 2 * x->shape.dim[1], 2 * x->shape.dim[2], weight, NULL,
                                    params);
  eshi_net_leave (net, mark);
  return x;
}

static EshiTensor *
build_end (EshiNet    *net,
           guint       index,
           EshiTensor *x,
           guint       ci,
           guint       co)
{
  g_autofree char *name = g_strdup_printf ("%u", index);

  return eshi_net_conv3x3 (net, name, x, ci, co, NULL, NULL);
}

static EshiTensor *
build (EshiNet      *net,
       const Naming *naming,
       guint         width,
       EshiTensor   *x)
{
  gsize mark = *naming->path != '\0' ? eshi_net_enter (net, "%s", naming->path) : net->path->len;
  guint index = naming->first;

  /* Rounding four channels would shift whole areas of the picture. */
  x = build_end (net, index, x, LATENT_CHANNELS, width);
  x = eshi_net_convert (net, "half", x);
  x = build_relu (net, "relu", x);
  index += 2;
  for (guint level = 0; level < N_LEVELS; level++)
    {
      for (guint i = 0; i < (level + 1 < N_LEVELS ? N_BLOCKS : 1); i++)
        x = build_block (net, index++, x, width);
      if (level + 1 == N_LEVELS)
        break;
      x = build_up (net, index + 1, x, width);
      index += 2;
    }
  x = build_end (net, index, x, width, 3);
  eshi_net_leave (net, mark);
  return x;
}

/* The first convolution's weight, and how the file calls it. */
static EshiTensor *
find_first (EshiWeights   *weights,
            const Naming **naming)
{
  EshiTensor *tensor = NULL;

  for (guint i = 0; tensor == NULL && i < G_N_ELEMENTS (namings); i++)
    {
      g_autofree char *name = g_strdup_printf ("%s%s%u.weight", namings[i].path, *namings[i].path != '\0' ? "." : "",
                                               namings[i].first);

      tensor = eshi_weights_lookup (weights, name);
      *naming = &namings[i];
    }

  return tensor != NULL && tensor->shape.rank == 4 && tensor->shape.dim[0] <= MAX_WIDTH ? tensor : NULL;
}

EshiTaesd *
eshi_taesd_new (EshiWeights  *weights,
                GError      **error)
{
  g_autoptr(EshiTaesd) self = g_new0 (EshiTaesd, 1);
  const char *name = eshi_weights_get_folder (weights);
  EshiTensor *first = find_first (weights, &self->naming);
  gboolean ok = FALSE;
  EshiNet net;

  self->weights = weights;
  if (first == NULL)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("“%s” holds no decoder of TAESD; put taesd_decoder.safetensors or taesd_decoder.pth there."), name);
      return NULL;
    }
  if (first->shape.dim[1] != LATENT_CHANNELS)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("The TAESD “%s” reads %u latent channels, but Stable Diffusion 1.x has %u. It belongs to another kind "
                     "of model; choose the one for Stable Diffusion 1.x."),
                   name, (guint) first->shape.dim[1], LATENT_CHANNELS);
      return NULL;
    }

  self->width = (guint) first->shape.dim[0];
  eshi_net_init (&net, weights, NULL);
  build (&net, self->naming, self->width, NULL);
  ok = eshi_net_check (&net, error);
  eshi_net_clear (&net);
  return ok ? g_steal_pointer (&self) : NULL;
}

EshiTaesd *
eshi_taesd_load (const char  *path,
                 GError     **error)
{
  EshiWeights *weights = NULL;

  g_return_val_if_fail (path != NULL, NULL);

  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    weights = eshi_weights_open (path, "diffusion_pytorch_model", error);
  else
    weights = eshi_weights_open_file (path, error);
  return weights != NULL ? eshi_taesd_new (weights, error) : NULL;
}

void
eshi_taesd_foreach_weight (guint             width,
                           EshiNetWeightFunc func,
                           gpointer          user_data)
{
  EshiNet net;

  eshi_net_init (&net, NULL, NULL);
  net.list = func;
  net.list_data = user_data;
  build (&net, &namings[0], width, NULL);
  eshi_net_clear (&net);
}

void
eshi_taesd_free (EshiTaesd *self)
{
  if (self == NULL)
    return;

  eshi_weights_free (self->weights);
  g_free (self);
}

guint
eshi_taesd_get_width (EshiTaesd *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->width;
}

EshiWeights *
eshi_taesd_get_weights (EshiTaesd *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->weights;
}

void
eshi_taesd_clamp (const float *latents,
                  gsize        n,
                  float       *z)
{
  for (gsize p = 0; p < n; p++)
    for (guint c = 0; c < LATENT_CHANNELS; c++)
      z[p * LATENT_CHANNELS + c] = (float) (3 * tanh (latents[c * n + p] / 3.0));
}

EshiTensor *
eshi_taesd_build_decoder (EshiTaesd  *self,
                          EshiGraph  *graph,
                          EshiTensor *z)
{
  EshiNet net;
  EshiTensor *x = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (graph != NULL, NULL);

  eshi_net_init (&net, self->weights, graph);
  x = build (&net, self->naming, self->width, z);
  eshi_net_clear (&net);
  return x;
}
