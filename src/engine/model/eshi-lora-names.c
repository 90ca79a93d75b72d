/* eshi-lora-names.c: the families of LoRA names as data, and the table of a network's layers.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-lora-names.h"

#include <stdio.h>
#include <string.h>

/* Ends of keys. */
static const struct
{
  const char  *suffix;
  EshiLoraRole role;
} suffixes[] = {
  /* kohya, LoCon */
  { ".lora_down.weight", ESHI_LORA_DOWN },
  { ".lora_up.weight", ESHI_LORA_UP },
  { ".alpha", ESHI_LORA_ALPHA },
  /* diffusers: attention processors, the text encoder, then every layer */
  { "_lora.down.weight", ESHI_LORA_DOWN },
  { "_lora.up.weight", ESHI_LORA_UP },
  { ".lora_linear_layer.down.weight", ESHI_LORA_DOWN },
  { ".lora_linear_layer.up.weight", ESHI_LORA_UP },
  { ".lora.down.weight", ESHI_LORA_DOWN },
  { ".lora.up.weight", ESHI_LORA_UP },
  /* PEFT */
  { ".lora_A.weight", ESHI_LORA_DOWN },
  { ".lora_B.weight", ESHI_LORA_UP },
  { ".lora_A.default.weight", ESHI_LORA_DOWN },
  { ".lora_B.default.weight", ESHI_LORA_UP },
};

/* Beginnings of keys; the last one fits everything: the oldest files of diffusers hold a UNet's layers alone. */
static const struct
{
  const char  *prefix;
  EshiLoraPart part;
  gboolean     foreign;
} prefixes[] = {
  { "lora_unet_", ESHI_LORA_UNET, FALSE },
  { "lora_te_", ESHI_LORA_TEXT, FALSE },
  { "lora_te1_", ESHI_LORA_TEXT, TRUE },
  { "lora_te2_", ESHI_LORA_TEXT, TRUE },
  { "unet.", ESHI_LORA_UNET, FALSE },
  { "text_encoder.", ESHI_LORA_TEXT, FALSE },
  { "text_encoder_2.", ESHI_LORA_TEXT, TRUE },
  { "", ESHI_LORA_UNET, FALSE },
};

/* Parts of keys that say that a file is of another kind. */
static const struct
{
  const char *mark;
  const char *kind;
} refused[] = {
  { ".dora_scale", "DoRA" },
  { ".lora_magnitude_vector", "DoRA" },
  { ".lora_mid.", "LoCon CP" },
  { ".hada_", "LoHa" },
  { ".lokr_", "LoKr" },
  { ".oft_", "OFT" },
  { ".diff", "diff" },
};

/* The layers of a ResNet block in the original's words. */
static const char *const resnet_layers[][2] = {
  { "conv1", "in_layers_2" },
  { "time_emb_proj", "emb_layers_1" },
  { "conv2", "out_layers_3" },
  { "conv_shortcut", "skip_connection" },
};

/* Layers that lie in no block. */
static const char *const single_layers[][2] = {
  { "conv_in", "input_blocks_0_0" },
  { "time_embedding.linear_1", "time_embed_0" },
  { "time_embedding.linear_2", "time_embed_2" },
  { "conv_out", "out_2" },
};

struct _EshiLoraTable
{
  GHashTable *weights; /* name with "_" → name of the weight */
  GPtrArray  *modules; /* names with "." */
};

static void
set_module (EshiLoraName *self,
            char         *module)
{
  static const char processor[] = ".processor";
  char *found = strstr (module, processor);

  if (found != NULL)
    memmove (found, found + strlen (processor), strlen (found + strlen (processor)) + 1);

  self->module = g_str_has_suffix (module, ".to_out") ? g_strconcat (module, ".0", NULL) : g_strdup (module);
  g_strdelimit (self->module, ".", '_');
}

static void
set_part (EshiLoraName *self,
          const char   *path)
{
  guint i = 0;
  g_autofree char *module = NULL;

  while (!g_str_has_prefix (path, prefixes[i].prefix))
    i++;

  self->part = prefixes[i].part;
  if (prefixes[i].foreign)
    self->role = ESHI_LORA_FOREIGN;
  module = g_strdup (path + strlen (prefixes[i].prefix));
  set_module (self, module);
}

void
eshi_lora_name_parse (EshiLoraName *self,
                      const char   *key)
{
  static const char wrapper[] = "base_model.model.";

  *self = (EshiLoraName) { .role = ESHI_LORA_STRANGE };
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    if (strstr (key, refused[i].mark) != NULL)
      {
        self->role = ESHI_LORA_REFUSED;
        self->kind = refused[i].kind;
        return;
      }

  if (g_str_has_prefix (key, wrapper))
    key += strlen (wrapper);
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    if (g_str_has_suffix (key, suffixes[i].suffix))
      {
        g_autofree char *path = g_strndup (key, strlen (key) - strlen (suffixes[i].suffix));

        self->role = suffixes[i].role;
        set_part (self, path);
        return;
      }
}

void
eshi_lora_name_clear (EshiLoraName *self)
{
  g_clear_pointer (&self->module, g_free);
}

EshiLoraTable *
eshi_lora_table_new (void)
{
  EshiLoraTable *self = g_new0 (EshiLoraTable, 1);

  self->weights = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->modules = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
eshi_lora_table_free (EshiLoraTable *self)
{
  if (self == NULL)
    return;

  g_hash_table_unref (self->weights);
  g_ptr_array_unref (self->modules);
  g_free (self);
}

void
eshi_lora_table_add (const char *name,
                     EshiShape   shape,
                     gpointer    table)
{
  EshiLoraTable *self = table;
  char *module = NULL;
  char *key = NULL;

  if (shape.rank < 2 || !g_str_has_suffix (name, ".weight"))
    return;

  module = g_strndup (name, strlen (name) - strlen (".weight"));
  key = g_strdelimit (g_strdup (module), ".", '_');
  if (g_hash_table_insert (self->weights, key, g_strdup (name)))
    g_ptr_array_add (self->modules, module);
  else
    g_free (module);
}

/* How many ResNet blocks the first level has. */
static guint
count_layers (EshiLoraTable *self)
{
  for (guint n = 0;; n++)
    {
      g_autofree char *key = g_strdup_printf ("down_blocks_0_resnets_%u_conv1", n);

      if (!g_hash_table_contains (self->weights, key))
        return n;
    }
}

/* Adds @other as a name of the layer @module. */
static void
add_name (EshiLoraTable *self,
          const char    *module,
          char          *other)
{
  g_hash_table_insert (self->weights, other, g_strconcat (module, ".weight", NULL));
}

/* A layer below block @block of the original; part 0 of each is a ResNet block, part 1 a transformer. */
static void
add_inner (EshiLoraTable *self,
           const char    *module,
           const char    *rest,
           const char    *block,
           guint          part)
{
  g_autofree char *flat = g_strdelimit (g_strdup (rest), ".", '_');

  for (guint i = 0; part == 0 && i < G_N_ELEMENTS (resnet_layers); i++)
    if (g_str_equal (flat, resnet_layers[i][0]))
      add_name (self, module, g_strdup_printf ("%s_%s", block, resnet_layers[i][1]));
  if (part != 0)
    add_name (self, module, g_strdup_printf ("%s_%s", block, flat));
}

/* Layers of the levels on the way down and up. @n: ResNet blocks of a level on the way down. */
static void
add_level (EshiLoraTable *self,
           const char    *module,
           guint          n)
{
  gboolean down = g_str_has_prefix (module, "down_blocks.");
  const char *numbers = module + strlen (down ? "down_blocks." : "up_blocks.");
  char kind[16] = "";
  guint level = 0;
  guint index = 0;
  guint part = 0;
  int end = 0;
  g_autofree char *block = NULL;

  if (sscanf (numbers, "%u.%15[a-z].%u.%n", &level, kind, &index, &end) != 3 || end == 0)
    return;

  if (g_str_equal (kind, "downsamplers"))
    {
      add_name (self, module, g_strdup_printf ("input_blocks_%u_0_op", (n + 1) * (level + 1)));
      return;
    }
  if (g_str_equal (kind, "upsamplers"))
    {
      /* It follows the transformer, where the level has any. */
      for (part = 1; part <= 2; part++)
        add_name (self, module, g_strdup_printf ("output_blocks_%u_%u_conv", (n + 1) * level + n, part));
      return;
    }

  part = g_str_equal (kind, "attentions") ? 1 : 0;
  block = down ? g_strdup_printf ("input_blocks_%u_%u", (n + 1) * level + index + 1, part)
               : g_strdup_printf ("output_blocks_%u_%u", (n + 1) * level + index, part);
  add_inner (self, module, numbers + end, block, part);
}

static void
add_middle (EshiLoraTable *self,
            const char    *module)
{
  static const char *const parts[][2] = {
    { "mid_block.resnets.0.", "middle_block_0" },
    { "mid_block.attentions.0.", "middle_block_1" },
    { "mid_block.resnets.1.", "middle_block_2" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (g_str_has_prefix (module, parts[i][0]))
      add_inner (self, module, module + strlen (parts[i][0]), parts[i][1], i % 2);
}

void
eshi_lora_table_add_original_names (EshiLoraTable *self)
{
  guint n = count_layers (self);

  for (guint i = 0; i < self->modules->len; i++)
    {
      const char *module = g_ptr_array_index (self->modules, i);

      if (g_str_has_prefix (module, "down_blocks.") || g_str_has_prefix (module, "up_blocks."))
        add_level (self, module, n);
      else if (g_str_has_prefix (module, "mid_block."))
        add_middle (self, module);
      for (guint j = 0; j < G_N_ELEMENTS (single_layers); j++)
        if (g_str_equal (module, single_layers[j][0]))
          add_name (self, module, g_strdup (single_layers[j][1]));
    }
}

const char *
eshi_lora_table_lookup (EshiLoraTable *self,
                        const char    *module)
{
  return g_hash_table_lookup (self->weights, module);
}
