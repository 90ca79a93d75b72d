/* bench-nets.c: walks through the networks as they are built and counts their ops.
 *
 * Shapes: Stable Diffusion 1.x at 512×512 with guidance (two images in the UNet), and 豆 at 128×128.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "bench-nets.h"

#include <string.h>

typedef struct
{
  GArray *cases;
  gint64  n;       /* images */
  gint64  h;       /* height and width now */
  gint64  time;    /* width of the time embedding; 0 without one */
  gint64  context; /* width of the prompt's vectors */
  guint   heads;
} Net;

typedef struct
{
  gint64 channels[4];
  gint64 first_attention; /* levels with attention: from this … */
  gint64 last_attention;  /* … to this */
  gint64 layers;          /* resnets per level on the way down */
} Levels;

const char * const bench_nets[] = {
  "sd-unet", "sd-decoder", "sd-encoder", "sd-text", "mame-unet", "mame-decoder", NULL
};

static void
add (Net       *net,
     BenchCase  c)
{
  c.count = 1;
  for (guint i = 0; i < net->cases->len; i++)
    {
      BenchCase *known = &g_array_index (net->cases, BenchCase, i);
      BenchCase probe = *known;

      probe.count = 1;
      if (memcmp (&probe, &c, sizeof c) == 0)
        {
          known->count++;
          return;
        }
    }
  g_array_append_val (net->cases, c);
}

/* A case with every byte known, so that cases can be compared. */
static BenchCase
start (const Net  *net,
       EshiOpKind  kind,
       gint64      ci,
       gint64      co)
{
  BenchCase c;

  memset (&c, 0, sizeof c);
  c.kind = kind;
  c.n = net->n;
  c.h = net->h;
  c.w = net->h;
  c.ci = ci;
  c.co = co;
  return c;
}

static void
add_conv (Net    *net,
          gint64  ci,
          gint64  co,
          gint64  k,
          guint   stride)
{
  BenchCase c = start (net, ESHI_OP_CONV2D, ci, co);

  c.k = k;
  c.stride = stride;
  add (net, c);
}

static void
add_linear (Net            *net,
            gint64          ci,
            gint64          co,
            EshiActivation  act)
{
  BenchCase c = start (net, ESHI_OP_LINEAR, ci, co);

  c.act = act;
  add (net, c);
}

static void
add_simple (Net            *net,
            EshiOpKind      kind,
            gint64          ci,
            gint64          co,
            EshiActivation  act)
{
  BenchCase c = start (net, kind, ci, co);

  c.act = act;
  add (net, c);
}

static void
add_attention (Net      *net,
               gint64    ci,
               gint64    s,
               guint     heads,
               gboolean  causal)
{
  BenchCase c = start (net, ESHI_OP_ATTENTION, ci, ci);

  c.s = s;
  c.heads = heads;
  c.causal = causal;
  add (net, c);
}

/* A linear layer on the time embedding: one row in f32. */
static void
add_time_linear (Net    *net,
                 gint64  ci,
                 gint64  co)
{
  BenchCase c = start (net, ESHI_OP_LINEAR, ci, co);

  c.n = 1;
  c.h = 1;
  c.w = 1;
  c.f32 = TRUE;
  add (net, c);
}

static void
add_resnet (Net    *net,
            gint64  ci,
            gint64  co)
{
  add_simple (net, ESHI_OP_GROUP_NORM, ci, ci, ESHI_ACT_SILU);
  add_conv (net, ci, co, 3, 1);
  if (net->time > 0)
    add_time_linear (net, net->time, co);
  add_simple (net, ESHI_OP_GROUP_NORM, co, co, ESHI_ACT_SILU);
  add_conv (net, co, co, 3, 1);
  if (ci != co)
    add_conv (net, ci, co, 1, 1);
}

static void
add_transformer (Net    *net,
                 gint64  c)
{
  add_simple (net, ESHI_OP_GROUP_NORM, c, c, ESHI_ACT_NONE);
  add_conv (net, c, c, 1, 1);
  for (guint i = 0; i < 3; i++)
    add_simple (net, ESHI_OP_LAYER_NORM, c, c, ESHI_ACT_NONE);
  for (guint i = 0; i < 6; i++)
    add_linear (net, c, c, ESHI_ACT_NONE);
  add_attention (net, c, net->h * net->h, net->heads, FALSE);
  add_attention (net, c, 77, net->heads, FALSE);
  add_simple (net, ESHI_OP_GEGLU, c, 4 * c, ESHI_ACT_NONE);
  add_linear (net, 4 * c, c, ESHI_ACT_NONE);
  add_conv (net, c, c, 1, 1);
}

static void
add_upsampler (Net    *net,
               gint64  c)
{
  BenchCase conv = start (net, ESHI_OP_CONV2D, c, c);

  conv.k = 3;
  conv.stride = 1;
  conv.doubled = TRUE;
  add (net, conv);
  net->h *= 2;
}

static gboolean
has_attention (const Levels *levels,
               gint64        level)
{
  return level >= levels->first_attention && level <= levels->last_attention;
}

static void
add_unet (Net          *net,
          const Levels *levels)
{
  gint64 skips[16];
  guint n_skips = 0;
  gint64 c = levels->channels[0];

  add_time_linear (net, c, net->time);
  add_time_linear (net, net->time, net->time);
  add_conv (net, 4, c, 3, 1);
  skips[n_skips++] = c;
  for (gint64 level = 0; level < 4; level++)
    {
      for (gint64 i = 0; i < levels->layers; i++)
        {
          add_resnet (net, c, levels->channels[level]);
          c = levels->channels[level];
          if (has_attention (levels, level))
            add_transformer (net, c);
          skips[n_skips++] = c;
        }
      if (level == 3)
        continue;
      add_conv (net, c, c, 3, 2);
      net->h /= 2;
      skips[n_skips++] = c;
    }
  add_resnet (net, c, c);
  add_transformer (net, c);
  add_resnet (net, c, c);
  for (gint64 level = 3; level >= 0; level--)
    {
      for (gint64 i = 0; i <= levels->layers; i++)
        {
          gint64 skip = skips[--n_skips];
          BenchCase concat = start (net, ESHI_OP_CONCAT, c, skip);

          add (net, concat);
          add_resnet (net, c + skip, levels->channels[level]);
          c = levels->channels[level];
          if (has_attention (levels, level))
            add_transformer (net, c);
        }
      if (level > 0)
        add_upsampler (net, c);
    }
  add_simple (net, ESHI_OP_GROUP_NORM, c, c, ESHI_ACT_SILU);
  add_conv (net, c, 4, 3, 1);
}

static void
add_vae_middle (Net    *net,
                gint64  c)
{
  add_resnet (net, c, c);
  add_simple (net, ESHI_OP_GROUP_NORM, c, c, ESHI_ACT_NONE);
  for (guint i = 0; i < 4; i++)
    add_linear (net, c, c, ESHI_ACT_NONE);
  add_attention (net, c, net->h * net->h, 1, FALSE);
  add_resnet (net, c, c);
}

static void
add_decoder (Net          *net,
             const Levels *levels)
{
  gint64 c = levels->channels[3];

  add_conv (net, 4, c, 3, 1);
  add_vae_middle (net, c);
  for (gint64 level = 3; level >= 0; level--)
    {
      for (gint64 i = 0; i <= levels->layers; i++)
        {
          add_resnet (net, c, levels->channels[level]);
          c = levels->channels[level];
        }
      if (level > 0)
        add_upsampler (net, c);
    }
  add_simple (net, ESHI_OP_GROUP_NORM, c, c, ESHI_ACT_SILU);
  add_conv (net, c, 3, 3, 1);
}

static void
add_encoder (Net          *net,
             const Levels *levels)
{
  gint64 c = levels->channels[0];

  add_conv (net, 3, c, 3, 1);
  for (gint64 level = 0; level < 4; level++)
    {
      for (gint64 i = 0; i < levels->layers; i++)
        {
          add_resnet (net, c, levels->channels[level]);
          c = levels->channels[level];
        }
      if (level == 3)
        continue;
      add_conv (net, c, c, 3, 2);
      net->h /= 2;
    }
  add_vae_middle (net, c);
  add_simple (net, ESHI_OP_GROUP_NORM, c, c, ESHI_ACT_SILU);
  add_conv (net, c, 8, 3, 1);
}

static void
add_text (Net *net)
{
  gint64 c = net->context;

  for (guint layer = 0; layer < 12; layer++)
    {
      add_simple (net, ESHI_OP_LAYER_NORM, c, c, ESHI_ACT_NONE);
      for (guint i = 0; i < 4; i++)
        add_linear (net, c, c, ESHI_ACT_NONE);
      add_attention (net, c, 77, net->heads, TRUE);
      add_simple (net, ESHI_OP_LAYER_NORM, c, c, ESHI_ACT_NONE);
      add_linear (net, c, 4 * c, ESHI_ACT_QUICK_GELU);
      add_linear (net, 4 * c, c, ESHI_ACT_NONE);
    }
  /* 77 tokens, not an image. */
  for (guint i = 0; i < net->cases->len; i++)
    {
      g_array_index (net->cases, BenchCase, i).h = 77;
      g_array_index (net->cases, BenchCase, i).w = 1;
    }
}

GArray *
bench_net_cases (const char *name)
{
  static const Levels sd_unet = { { 320, 640, 1280, 1280 }, 0, 2, 2 };
  static const Levels sd_vae = { { 128, 256, 512, 512 }, 0, 0, 2 };
  static const Levels mame_unet = { { 64, 128, 192, 192 }, 1, 2, 1 };
  static const Levels mame_vae = { { 32, 32, 64, 128 }, 0, 0, 1 };
  Net net = { .n = 1, .heads = 8, .context = 768 };

  net.cases = g_array_new (FALSE, TRUE, sizeof (BenchCase));
  if (g_str_equal (name, "sd-unet"))
    {
      net.n = 2;
      net.h = 64;
      net.time = 1280;
      add_unet (&net, &sd_unet);
    }
  else if (g_str_equal (name, "sd-decoder"))
    {
      net.h = 64;
      add_decoder (&net, &sd_vae);
    }
  else if (g_str_equal (name, "sd-encoder"))
    {
      net.h = 512;
      add_encoder (&net, &sd_vae);
    }
  else if (g_str_equal (name, "sd-text"))
    {
      net.n = 2;
      net.h = 1;
      net.heads = 12;
      add_text (&net);
    }
  else if (g_str_equal (name, "mame-unet"))
    {
      net.n = 2;
      net.h = 16;
      net.heads = 4;
      net.time = 256;
      add_unet (&net, &mame_unet);
    }
  else if (g_str_equal (name, "mame-decoder"))
    {
      net.h = 16;
      add_decoder (&net, &mame_vae);
    }
  else
    {
      g_clear_pointer (&net.cases, g_array_unref);
    }
  return net.cases;
}

char *
bench_case_name (const BenchCase *c)
{
  GString *name = g_string_new (eshi_op_kind_name (c->kind));

  g_string_append_printf (name, " %dx%dx%dx%d", (int) c->n, (int) c->h, (int) c->w, (int) c->ci);
  if (c->kind == ESHI_OP_CONCAT)
    g_string_append_printf (name, " + %d", (int) c->co);
  else if (c->co != c->ci)
    g_string_append_printf (name, " -> %d", (int) c->co);
  if (c->k > 0)
    g_string_append_printf (name, " k%d", (int) c->k);
  if (c->stride > 1)
    g_string_append_printf (name, " s%u", c->stride);
  if (c->doubled)
    g_string_append (name, " doubled");
  if (c->heads > 0)
    g_string_append_printf (name, " keys %d heads %u%s", (int) c->s, c->heads, c->causal ? " causal" : "");
  if (c->f32)
    g_string_append (name, " f32");
  return g_string_free (name, FALSE);
}
