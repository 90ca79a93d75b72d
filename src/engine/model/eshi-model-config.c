/* eshi-model-config.c: reads the three config.json files and judges them.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-model-config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "eshi-model-json.h"

#define MAX_CHANNELS 16384

/* A key whose every other value means a network that is not built here. */
typedef struct
{
  const char *key;
  const char *string; /* what it must be if it is a string */
  double      number; /* if it is a number or, as 0 or 1, a boolean; negative: never */
} Fixed;

static gboolean
node_is (JsonNode    *node,
         const Fixed *fixed)
{
  GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;

  if (type == G_TYPE_STRING)
    return g_strcmp0 (json_node_get_string (node), fixed->string) == 0;
  if (type == G_TYPE_BOOLEAN)
    return json_node_get_boolean (node) == (fixed->number > 0) && fixed->number >= 0;
  if (type == G_TYPE_INT64 || type == G_TYPE_DOUBLE)
    return json_node_get_double (node) == fixed->number;
  return FALSE;
}

static gboolean
check_fixed (EshiModelJson  *json,
             const Fixed    *fixed,
             guint           n_fixed,
             GError        **error)
{
  for (guint i = 0; i < n_fixed; i++)
    {
      JsonNode *node = eshi_model_json_get (json, fixed[i].key);

      if (node != NULL && !node_is (node, &fixed[i]))
        return eshi_model_json_unsupported (json, fixed[i].key, error);
    }

  return TRUE;
}

static gboolean
read_text (EshiModelJson   *json,
           EshiTextConfig  *config,
           GError         **error)
{
  const char *act = eshi_model_json_string (json, "hidden_act");
  double eps = config->layer_norm_eps;

  if (!eshi_model_json_uint (json, "vocab_size", 1, 1 << 20, &config->vocab_size, error) ||
      !eshi_model_json_uint (json, "hidden_size", 1, MAX_CHANNELS, &config->hidden_size, error) ||
      !eshi_model_json_uint (json, "intermediate_size", 1, 4 * MAX_CHANNELS, &config->intermediate_size, error) ||
      !eshi_model_json_uint (json, "num_hidden_layers", 1, 256, &config->n_layers, error) ||
      !eshi_model_json_uint (json, "num_attention_heads", 1, 256, &config->n_heads, error) ||
      !eshi_model_json_uint (json, "max_position_embeddings", 2, 4096, &config->max_positions, error) ||
      !eshi_model_json_double (json, "layer_norm_eps", 1e-12, 1e-1, &eps, error))
    return FALSE;

  config->layer_norm_eps = (float) eps;
  if (config->hidden_size % config->n_heads != 0)
    return eshi_model_json_nonsense (json, "num_attention_heads", error);

  if (act == NULL || strcmp (act, "quick_gelu") == 0)
    config->act = ESHI_ACT_QUICK_GELU;
  else if (strcmp (act, "gelu") == 0)
    config->act = ESHI_ACT_GELU;
  else
    return eshi_model_json_unsupported (json, "hidden_act", error);
  return TRUE;
}

gboolean
eshi_text_config_load (EshiTextConfig  *config,
                       const char      *folder,
                       GError         **error)
{
  g_auto(EshiModelJson) json = { 0 };

  *config = (EshiTextConfig) {
    .vocab_size = 49408,
    .hidden_size = 768,
    .intermediate_size = 3072,
    .n_layers = 12,
    .n_heads = 12,
    .max_positions = 77,
    .layer_norm_eps = 1e-5f,
    .act = ESHI_ACT_QUICK_GELU,
  };

  return eshi_model_json_load (&json, folder, "config.json", TRUE, error) && read_text (&json, config, error);
}

/* Which of the @n_levels blocks listed under @key are @with rather than @without. */
static gboolean
read_block_types (EshiModelJson  *json,
                  const char     *key,
                  const char     *with,
                  const char     *without,
                  guint           n_levels,
                  gboolean       *attention,
                  GError        **error)
{
  JsonNode *node = eshi_model_json_get (json, key);
  JsonArray *array = NULL;

  if (node == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_ARRAY (node) || json_array_get_length (json_node_get_array (node)) != n_levels)
    return eshi_model_json_nonsense (json, key, error);

  array = json_node_get_array (node);
  for (guint i = 0; i < n_levels; i++)
    {
      JsonNode *element = json_array_get_element (array, i);
      const char *type = JSON_NODE_HOLDS_VALUE (element) ? json_node_get_string (element) : NULL;

      if (g_strcmp0 (type, with) != 0 && g_strcmp0 (type, without) != 0)
        return eshi_model_json_unsupported (json, key, error);
      attention[i] = strcmp (type, with) == 0;
    }

  return TRUE;
}

/* A number for all levels, or a list with one for each. */
static gboolean
read_per_level (EshiModelJson  *json,
                const char     *key,
                guint           max,
                guint           n_levels,
                guint          *values,
                GError        **error)
{
  JsonNode *node = eshi_model_json_get (json, key);
  guint value = 0;
  guint n = 0;

  if (node == NULL)
    return TRUE;

  if (JSON_NODE_HOLDS_ARRAY (node))
    {
      if (!eshi_model_json_uints (json, key, 1, max, values, ESHI_MAX_LEVELS, &n, error))
        return FALSE;
      return n == n_levels || eshi_model_json_nonsense (json, key, error);
    }

  if (!eshi_model_json_uint (json, key, 1, max, &value, error))
    return FALSE;
  for (guint i = 0; i < n_levels; i++)
    values[i] = value;
  return TRUE;
}

static gboolean
read_channels (EshiModelJson  *json,
               guint          *channels,
               guint          *n_levels,
               guint           groups,
               GError        **error)
{
  guint n = 0;

  if (!eshi_model_json_uints (json, "block_out_channels", 2, MAX_CHANNELS, channels, ESHI_MAX_LEVELS, &n, error))
    return FALSE;
  if (n > 0)
    *n_levels = n;

  for (guint i = 0; i < *n_levels; i++)
    if (channels[i] % groups != 0 || channels[i] % 2 != 0)
      return eshi_model_json_nonsense (json, "block_out_channels", error);
  return TRUE;
}

static gboolean
check_heads (EshiModelJson         *json,
             const EshiUnetConfig  *config,
             GError               **error)
{
  for (guint i = 0; i < config->n_levels; i++)
    {
      gboolean used = config->down_attention[i] || config->up_attention[config->n_levels - 1 - i] ||
                      i == config->n_levels - 1;

      if (used && config->block_out_channels[i] % config->n_heads[i] != 0)
        return eshi_model_json_nonsense (json, "attention_head_dim", error);
    }

  return TRUE;
}

static gboolean
read_unet_levels (EshiModelJson   *json,
                  EshiUnetConfig  *config,
                  GError         **error)
{
  if (!read_channels (json, config->block_out_channels, &config->n_levels, config->norm_num_groups, error))
    return FALSE;

  for (guint i = 0; i < config->n_levels; i++)
    {
      config->layers_per_block[i] = 2;
      config->n_heads[i] = 8;
      config->down_attention[i] = i + 1 < config->n_levels;
      config->up_attention[i] = i > 0;
    }

  /* The name misleads: the value is the number of heads. Newer files also have it under its right name. */
  return read_block_types (json, "down_block_types", "CrossAttnDownBlock2D", "DownBlock2D", config->n_levels,
                           config->down_attention, error) &&
         read_block_types (json, "up_block_types", "CrossAttnUpBlock2D", "UpBlock2D", config->n_levels,
                           config->up_attention, error) &&
         read_per_level (json, "layers_per_block", 16, config->n_levels, config->layers_per_block, error) &&
         read_per_level (json, "attention_head_dim", 256, config->n_levels, config->n_heads, error) &&
         read_per_level (json, "num_attention_heads", 256, config->n_levels, config->n_heads, error) &&
         check_heads (json, config, error);
}

static gboolean
read_unet (EshiModelJson   *json,
           EshiUnetConfig  *config,
           GError         **error)
{
  static const Fixed fixed[] = {
    { "act_fn", "silu", -1 },
    { "addition_embed_type", NULL, -1 },
    { "attention_type", "default", -1 },
    { "center_input_sample", NULL, 0 },
    { "class_embed_type", NULL, -1 },
    { "conv_in_kernel", NULL, 3 },
    { "conv_out_kernel", NULL, 3 },
    { "downsample_padding", NULL, 1 },
    { "dual_cross_attention", NULL, 0 },
    { "encoder_hid_dim", NULL, -1 },
    { "flip_sin_to_cos", NULL, 1 },
    { "freq_shift", NULL, 0 },
    { "mid_block_scale_factor", NULL, 1 },
    { "mid_block_type", "UNetMidBlock2DCrossAttn", -1 },
    { "num_class_embeds", NULL, -1 },
    { "only_cross_attention", NULL, 0 },
    { "out_channels", NULL, 4 },
    { "resnet_time_scale_shift", "default", -1 },
    { "time_cond_proj_dim", NULL, -1 },
    { "time_embedding_type", "positional", -1 },
    { "transformer_layers_per_block", NULL, 1 },
  };
  JsonNode *size = eshi_model_json_get (json, "sample_size");
  double eps = config->norm_eps;

  if (!check_fixed (json, fixed, G_N_ELEMENTS (fixed), error) ||
      !eshi_model_json_uint (json, "cross_attention_dim", 1, MAX_CHANNELS, &config->cross_attention_dim, error) ||
      !eshi_model_json_uint (json, "norm_num_groups", 1, 1024, &config->norm_num_groups, error) ||
      !eshi_model_json_double (json, "norm_eps", 1e-12, 1e-1, &eps, error))
    return FALSE;
  if (size != NULL && JSON_NODE_HOLDS_VALUE (size) &&
      !eshi_model_json_uint (json, "sample_size", 1, 4096, &config->sample_size, error))
    return FALSE;

  if (!eshi_model_json_uint (json, "in_channels", 1, 64, &config->in_channels, error))
    return FALSE;
  if (config->in_channels != 4 && config->in_channels != ESHI_INPAINT_CHANNELS)
    return eshi_model_json_unsupported (json, "in_channels", error);

  config->norm_eps = (float) eps;
  return read_unet_levels (json, config, error);
}

gboolean
eshi_unet_config_load (EshiUnetConfig  *config,
                       const char      *folder,
                       GError         **error)
{
  g_auto(EshiModelJson) json = { 0 };

  *config = (EshiUnetConfig) {
    .sample_size = 64,
    .in_channels = 4,
    .out_channels = 4,
    .n_levels = 4,
    .block_out_channels = { 320, 640, 1280, 1280 },
    .cross_attention_dim = 768,
    .norm_num_groups = 32,
    .norm_eps = 1e-5f,
  };

  return eshi_model_json_load (&json, folder, "config.json", TRUE, error) && read_unet (&json, config, error);
}

/* A list of 3 finite numbers. */
static gboolean
read_rgb (JsonNode *node,
          float    *rgb)
{
  JsonArray *array = NULL;

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;

  array = json_node_get_array (node);
  if (json_array_get_length (array) != 3)
    return FALSE;

  for (guint i = 0; i < 3; i++)
    {
      JsonNode *element = json_array_get_element (array, i);

      if (!JSON_NODE_HOLDS_VALUE (element))
        return FALSE;
      rgb[i] = (float) CLAMP (json_node_get_double (element), -1e6, 1e6);
    }

  return TRUE;
}

static gboolean
read_rgb_factors (EshiModelJson  *json,
                  EshiVaeConfig  *config,
                  GError        **error)
{
  JsonNode *factors = eshi_model_json_get (json, "latent_rgb_factors");
  JsonNode *bias = eshi_model_json_get (json, "latent_rgb_bias");
  JsonArray *rows = NULL;

  if (factors == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_ARRAY (factors) || json_array_get_length (json_node_get_array (factors)) != 4)
    return eshi_model_json_nonsense (json, "latent_rgb_factors", error);

  rows = json_node_get_array (factors);
  for (guint i = 0; i < 4; i++)
    if (!read_rgb (json_array_get_element (rows, i), config->latent_rgb_factors[i]))
      return eshi_model_json_nonsense (json, "latent_rgb_factors", error);
  if (bias != NULL && !read_rgb (bias, config->latent_rgb_bias))
    return eshi_model_json_nonsense (json, "latent_rgb_bias", error);

  config->has_rgb_factors = TRUE;
  return TRUE;
}

static gboolean
read_vae (EshiModelJson  *json,
          EshiVaeConfig  *config,
          GError        **error)
{
  static const Fixed fixed[] = {
    { "act_fn", "silu", -1 },
    { "in_channels", NULL, 3 },
    { "latent_channels", NULL, 4 },
    { "out_channels", NULL, 3 },
    { "shift_factor", NULL, 0 },
  };
  gboolean attention[ESHI_MAX_LEVELS] = { FALSE };

  return check_fixed (json, fixed, G_N_ELEMENTS (fixed), error) &&
         eshi_model_json_uint (json, "layers_per_block", 1, 16, &config->layers_per_block, error) &&
         eshi_model_json_uint (json, "norm_num_groups", 1, 1024, &config->norm_num_groups, error) &&
         eshi_model_json_uint (json, "sample_size", 8, 8192, &config->sample_size, error) &&
         eshi_model_json_double (json, "scaling_factor", 1e-6, 1e6, &config->scaling_factor, error) &&
         eshi_model_json_bool (json, "mid_block_add_attention", &config->mid_attention, error) &&
         eshi_model_json_bool (json, "use_quant_conv", &config->quant_conv, error) &&
         eshi_model_json_bool (json, "use_post_quant_conv", &config->post_quant_conv, error) &&
         read_channels (json, config->block_out_channels, &config->n_levels, config->norm_num_groups, error) &&
         read_block_types (json, "down_block_types", "DownEncoderBlock2D", "DownEncoderBlock2D", config->n_levels,
                           attention, error) &&
         read_block_types (json, "up_block_types", "UpDecoderBlock2D", "UpDecoderBlock2D", config->n_levels,
                           attention, error) &&
         read_rgb_factors (json, config, error);
}

gboolean
eshi_vae_config_load (EshiVaeConfig  *config,
                      const char     *folder,
                      GError        **error)
{
  g_auto(EshiModelJson) json = { 0 };

  *config = (EshiVaeConfig) {
    .n_levels = 4,
    .block_out_channels = { 128, 256, 512, 512 },
    .layers_per_block = 2,
    .latent_channels = 4,
    .norm_num_groups = 32,
    .sample_size = 512,
    .scaling_factor = 0.18215,
    .mid_attention = TRUE,
    .quant_conv = TRUE,
    .post_quant_conv = TRUE,
  };

  return eshi_model_json_load (&json, folder, "config.json", TRUE, error) && read_vae (&json, config, error);
}

guint
eshi_vae_config_get_factor (const EshiVaeConfig *config)
{
  return 1u << (config->n_levels - 1);
}
