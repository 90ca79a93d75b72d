/* eshi-vae-file.c: see the header.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-vae-file.h"

#include <glib/gi18n-lib.h>

#define LATENT_CHANNELS 4
#define MAX_LAYERS 8

/* Dimension @index of the tensor that @format and its numbers name; 0 if there is none. */
static guint G_GNUC_PRINTF (3, 4)
dimension (EshiWeights *weights,
           guint        index,
           const char  *format,
           ...)
{
  g_autofree char *name = NULL;
  EshiTensor *tensor = NULL;
  va_list args;

  va_start (args, format);
  name = g_strdup_vprintf (format, args);
  va_end (args);
  tensor = eshi_weights_lookup (weights, name);
  if (tensor == NULL || index >= tensor->shape.rank)
    return 0;
  return (guint) CLAMP (tensor->shape.dim[index], 0, G_MAXINT);
}

/* The file's tensors under the names of a folder; takes @file over. */
static EshiWeights *
translate (EshiWeights *file)
{
  static const struct
  {
    const char *name;
    EshiCheckpointPart part;
  } namings[] = {
    { "first_stage_model.decoder.conv_in.weight", ESHI_CHECKPOINT_VAE },
    { "decoder.up.0.block.0.conv1.weight", ESHI_CHECKPOINT_VAE_ALONE },
  };
  EshiWeights *part = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (namings); i++)
    if (eshi_weights_lookup (file, namings[i].name) != NULL)
      {
        part = eshi_weights_new_part (file, namings[i].part);
        eshi_weights_free (file);
        return part;
      }

  return file;
}

/* The levels are counted from the bottom, where @config counts from the top. */
static void
read_config (EshiWeights   *weights,
             EshiVaeConfig *config)
{
  guint channels[ESHI_MAX_LEVELS] = { 0 };
  guint n_levels = 0;
  guint n_layers = 0;

  while (n_levels < ESHI_MAX_LEVELS &&
         (channels[n_levels] = dimension (weights, 0, "decoder.up_blocks.%u.resnets.0.conv1.weight", n_levels)) != 0)
    n_levels++;
  while (n_layers < MAX_LAYERS && dimension (weights, 0, "decoder.up_blocks.0.resnets.%u.conv1.weight", n_layers) != 0)
    n_layers++;

  config->n_levels = n_levels;
  config->layers_per_block = MAX (n_layers, 2) - 1;
  config->latent_channels = dimension (weights, 1, "decoder.conv_in.weight");
  config->quant_conv = dimension (weights, 0, "quant_conv.weight") != 0;
  config->post_quant_conv = dimension (weights, 0, "post_quant_conv.weight") != 0;
  for (guint i = 0; i < n_levels; i++)
    config->block_out_channels[n_levels - 1 - i] = channels[i];
}

static gboolean
check_config (EshiWeights          *weights,
              const EshiVaeConfig  *config,
              GError              **error)
{
  const char *file = eshi_weights_get_folder (weights);

  if (config->n_levels == 0 || config->latent_channels == 0)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("“%s” holds no VAE that Eshi knows; choose a VAE for Stable Diffusion 1.x."), file);
      return FALSE;
    }
  if (config->latent_channels != LATENT_CHANNELS)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("The VAE “%s” makes pictures of %u latent channels, but Stable Diffusion 1.x has %u. It belongs to "
                     "another kind of model; choose one for Stable Diffusion 1.x."),
                   file, config->latent_channels, LATENT_CHANNELS);
      return FALSE;
    }
  for (guint i = 0; i < config->n_levels; i++)
    if (config->block_out_channels[i] % config->norm_num_groups != 0)
      {
        g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                     _("The VAE “%s” has layers of %u channels, which is no multiple of %u; choose a VAE for Stable "
                       "Diffusion 1.x."),
                     file, config->block_out_channels[i], config->norm_num_groups);
        return FALSE;
      }

  return TRUE;
}

static EshiVae *
load_file (const char    *path,
           EshiVaeParts   parts,
           GError       **error)
{
  g_autoptr(EshiWeights) weights = eshi_weights_open_file (path, error);
  EshiVaeConfig config;

  if (weights == NULL || !eshi_vae_config_load (&config, NULL, error))
    return NULL;

  weights = translate (g_steal_pointer (&weights));
  read_config (weights, &config);
  if (!check_config (weights, &config, error))
    return NULL;
  return eshi_vae_new (&config, g_steal_pointer (&weights), parts, error);
}

EshiVae *
eshi_vae_file_load (const char    *path,
                    EshiVaeParts   parts,
                    GError       **error)
{
  g_autofree char *inner = NULL;

  g_return_val_if_fail (path != NULL, NULL);

  inner = g_build_filename (path, "vae", NULL);
  if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    return load_file (path, parts, error);
  return eshi_vae_load (g_file_test (inner, G_FILE_TEST_IS_DIR) ? inner : path, parts, error);
}
