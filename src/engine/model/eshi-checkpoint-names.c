/* eshi-checkpoint-names.c: the two tables that lead from diffusers' names to CompVis': where a block lies, and what its
 * layers are called.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-checkpoint-names.h"

#include <string.h>

/* Where a block lies. A '#' on our side is a digit: i, then j. The first '#' on the other side is
 * by_i · i + by_j · j + plus, the second is j. */
typedef struct
{
  const char *ours;
  const char *theirs;
  int         by_i;
  int         by_j;
  int         plus;
} BlockRule;

typedef struct
{
  const char *ours;
  const char *theirs;
} LayerRule;

static const BlockRule unet_blocks[] = {
  { "time_embedding.linear_1.", "time_embed.0." },
  { "time_embedding.linear_2.", "time_embed.2." },
  { "conv_in.", "input_blocks.0.0." },
  { "down_blocks.#.resnets.#.", "input_blocks.#.0.", 3, 1, 1 },
  { "down_blocks.#.attentions.#.", "input_blocks.#.1.", 3, 1, 1 },
  { "down_blocks.#.downsamplers.0.conv.", "input_blocks.#.0.op.", 3, 0, 3 },
  { "mid_block.resnets.0.", "middle_block.0." },
  { "mid_block.attentions.0.", "middle_block.1." },
  { "mid_block.resnets.1.", "middle_block.2." },
  { "up_blocks.#.resnets.#.", "output_blocks.#.0.", 3, 1, 0 },
  { "up_blocks.#.attentions.#.", "output_blocks.#.1.", 3, 1, 0 },
  /* The lowest level has no attention, so its upsampler stands one place further front. */
  { "up_blocks.0.upsamplers.0.conv.", "output_blocks.2.1.conv." },
  { "up_blocks.#.upsamplers.0.conv.", "output_blocks.#.2.conv.", 3, 0, 2 },
  { "conv_norm_out.", "out.0." },
  { "conv_out.", "out.2." },
};

static const BlockRule vae_blocks[] = {
  { "encoder.down_blocks.#.resnets.#.", "encoder.down.#.block.#.", 1, 0, 0 },
  { "encoder.down_blocks.#.downsamplers.0.conv.", "encoder.down.#.downsample.conv.", 1, 0, 0 },
  { "encoder.mid_block.resnets.0.", "encoder.mid.block_1." },
  { "encoder.mid_block.attentions.0.", "encoder.mid.attn_1." },
  { "encoder.mid_block.resnets.1.", "encoder.mid.block_2." },
  { "encoder.conv_norm_out.", "encoder.norm_out." },
  { "decoder.mid_block.resnets.0.", "decoder.mid.block_1." },
  { "decoder.mid_block.attentions.0.", "decoder.mid.attn_1." },
  { "decoder.mid_block.resnets.1.", "decoder.mid.block_2." },
  /* Counted from the top there and from the bottom here. */
  { "decoder.up_blocks.#.resnets.#.", "decoder.up.#.block.#.", -1, 0, 3 },
  { "decoder.up_blocks.#.upsamplers.0.conv.", "decoder.up.#.upsample.conv.", -1, 0, 3 },
  { "decoder.conv_norm_out.", "decoder.norm_out." },
};

static const LayerRule unet_resnet_layers[] = {
  { "norm1.", "in_layers.0." },
  { "conv1.", "in_layers.2." },
  { "time_emb_proj.", "emb_layers.1." },
  { "norm2.", "out_layers.0." },
  { "conv2.", "out_layers.3." },
  { "conv_shortcut.", "skip_connection." },
};

static const LayerRule vae_layers[] = {
  { "conv_shortcut.", "nin_shortcut." },
  { "group_norm.", "norm." },
  { "to_q.", "q." },
  { "to_k.", "k." },
  { "to_v.", "v." },
  { "to_out.0.", "proj_out." },
};

static const char *const prefixes[] = {
  [ESHI_CHECKPOINT_UNET] = "model.diffusion_model.",
  [ESHI_CHECKPOINT_UNET_EMA] = "model_ema.",
  [ESHI_CHECKPOINT_VAE] = "first_stage_model.",
  [ESHI_CHECKPOINT_TEXT_ENCODER] = "cond_stage_model.transformer.",
  [ESHI_CHECKPOINT_VAE_ALONE] = "",
};

const char *
eshi_checkpoint_prefix (EshiCheckpointPart part)
{
  g_return_val_if_fail ((guint) part < G_N_ELEMENTS (prefixes), NULL);

  return prefixes[part];
}

/* Reads @pattern off the front of @name, its digits into @digits; what follows, or NULL. */
static const char *
match_block (const char *pattern,
             const char *name,
             int         digits[2])
{
  guint n_digits = 0;

  for (; *pattern != '\0'; pattern++, name++)
    {
      if (*pattern == '#' && g_ascii_isdigit (*name))
        digits[n_digits++] = *name - '0';
      else if (*pattern != *name)
        return NULL;
    }

  return name;
}

static void
append_block (GString         *dst,
              const BlockRule *rule,
              const int        digits[2])
{
  int numbers[2] = { rule->by_i * digits[0] + rule->by_j * digits[1] + rule->plus, digits[1] };
  guint n_numbers = 0;

  for (const char *p = rule->theirs; *p != '\0'; p++)
    {
      if (*p == '#')
        g_string_append_printf (dst, "%d", numbers[n_numbers++]);
      else
        g_string_append_c (dst, *p);
    }
}

static void
append_layer (GString         *dst,
              const LayerRule *rules,
              guint            n_rules,
              const char      *rest)
{
  for (guint i = 0; i < n_rules; i++)
    if (g_str_has_prefix (rest, rules[i].ours))
      {
        g_string_append (dst, rules[i].theirs);
        rest += strlen (rules[i].ours);
        break;
      }

  g_string_append (dst, rest);
}

static void
append_name (GString         *dst,
             const BlockRule *rules,
             guint            n_rules,
             gboolean         vae,
             const char      *name)
{
  for (guint i = 0; i < n_rules; i++)
    {
      int digits[2] = { 0, 0 };
      const char *rest = match_block (rules[i].ours, name, digits);

      if (rest == NULL)
        continue;
      append_block (dst, &rules[i], digits);
      if (vae)
        append_layer (dst, vae_layers, G_N_ELEMENTS (vae_layers), rest);
      else if (strstr (rules[i].ours, "resnets") != NULL)
        append_layer (dst, unet_resnet_layers, G_N_ELEMENTS (unet_resnet_layers), rest);
      else
        g_string_append (dst, rest);
      return;
    }

  g_string_append (dst, name);
}

/* "model_ema." and the training code's name without its dots. */
static char *
ema_name (const char *name)
{
  GString *all = g_string_new ("diffusion_model.");

  append_name (all, unet_blocks, G_N_ELEMENTS (unet_blocks), FALSE, name);
  g_string_replace (all, ".", "", 0);
  g_string_prepend (all, prefixes[ESHI_CHECKPOINT_UNET_EMA]);
  return g_string_free (all, FALSE);
}

char *
eshi_checkpoint_name (EshiCheckpointPart  part,
                      const char         *name)
{
  GString *all = NULL;

  g_return_val_if_fail ((guint) part < G_N_ELEMENTS (prefixes), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  if (part == ESHI_CHECKPOINT_UNET_EMA)
    return ema_name (name);

  all = g_string_new (prefixes[part]);
  if (part == ESHI_CHECKPOINT_UNET)
    append_name (all, unet_blocks, G_N_ELEMENTS (unet_blocks), FALSE, name);
  else if (part == ESHI_CHECKPOINT_VAE || part == ESHI_CHECKPOINT_VAE_ALONE)
    append_name (all, vae_blocks, G_N_ELEMENTS (vae_blocks), TRUE, name);
  else
    g_string_append (all, name);
  return g_string_free (all, FALSE);
}
