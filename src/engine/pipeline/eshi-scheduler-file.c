/* eshi-scheduler-file.c: see the header.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-scheduler-file.h"

#include "eshi-model-json.h"

static const char *
sampler_for_class (const char *class_name,
                   gboolean    karras)
{
  static const char * const samplers[][2] = {
    { "PNDMScheduler", "pndm" },
    { "LMSDiscreteScheduler", "lms" },
    { "DDIMScheduler", "ddim" },
    { "EulerDiscreteScheduler", "euler" },
    { "EulerAncestralDiscreteScheduler", "euler-a" },
    { "DPMSolverMultistepScheduler", "dpmpp-2m" },
    { "HeunDiscreteScheduler", "heun" },
    { "KDPM2DiscreteScheduler", "dpm2" },
    { "KDPM2AncestralDiscreteScheduler", "dpm2-a" },
    { "DPMSolverSDEScheduler", "dpmpp-sde" },
    { "UniPCMultistepScheduler", "unipc" },
    { "LCMScheduler", "lcm" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (samplers); i++)
    if (g_strcmp0 (class_name, samplers[i][0]) == 0)
      return i == 5 && karras ? "dpmpp-2m-karras" : samplers[i][1];

  return "lms";
}

static gboolean
read_words (EshiModelJson        *json,
            EshiSchedulerConfig  *config,
            GError              **error)
{
  const char *beta = eshi_model_json_string (json, "beta_schedule");
  const char *prediction = eshi_model_json_string (json, "prediction_type");

  if (eshi_model_json_get (json, "trained_betas") != NULL)
    return eshi_model_json_unsupported (json, "trained_betas", error);

  if (beta == NULL || g_str_equal (beta, "scaled_linear"))
    config->schedule = ESHI_BETA_SCALED_LINEAR;
  else if (g_str_equal (beta, "linear"))
    config->schedule = ESHI_BETA_LINEAR;
  else
    return eshi_model_json_unsupported (json, "beta_schedule", error);

  if (prediction == NULL || g_str_equal (prediction, "epsilon"))
    config->prediction = ESHI_PREDICTION_EPSILON;
  else if (g_str_equal (prediction, "v_prediction"))
    config->prediction = ESHI_PREDICTION_V;
  else
    return eshi_model_json_unsupported (json, "prediction_type", error);
  return TRUE;
}

/* A file without a spacing is from before there was a choice. */
static gboolean
read_spacing (EshiModelJson        *json,
              EshiSchedulerConfig  *config,
              GError              **error)
{
  static const char * const names[] = {
    [ESHI_SPACING_LINSPACE] = "linspace",
    [ESHI_SPACING_LEADING] = "leading",
    [ESHI_SPACING_TRAILING] = "trailing",
  };
  const char *spacing = eshi_model_json_string (json, "timestep_spacing");
  guint i = ESHI_SPACING_LINSPACE;

  config->ends_noisy = g_strcmp0 (eshi_model_json_string (json, "final_sigmas_type"), "sigma_min") == 0;
  if (spacing == NULL)
    return TRUE;
  while (i < G_N_ELEMENTS (names) && !g_str_equal (names[i], spacing))
    i++;
  if (i == G_N_ELEMENTS (names))
    return eshi_model_json_unsupported (json, "timestep_spacing", error);
  config->spacing = (EshiTimestepSpacing) i;
  return TRUE;
}

gboolean
eshi_scheduler_file_load (EshiSchedulerConfig  *config,
                          const char          **sampler,
                          const char           *folder,
                          GError              **error)
{
  g_autofree char *path = g_build_filename (folder, "scheduler", NULL);
  g_auto(EshiModelJson) json = { 0 };
  gboolean karras = FALSE;
  gboolean zero_snr = FALSE;

  *config = (EshiSchedulerConfig) ESHI_SCHEDULER_CONFIG_INIT;
  if (!eshi_model_json_load (&json, path, "scheduler_config.json", TRUE, error) ||
      !eshi_model_json_uint (&json, "num_train_timesteps", 2, 10000, &config->n_train, error) ||
      !eshi_model_json_double (&json, "beta_start", 1e-9, 1.0, &config->beta_start, error) ||
      !eshi_model_json_double (&json, "beta_end", 1e-9, 1.0, &config->beta_end, error) ||
      !eshi_model_json_bool (&json, "set_alpha_to_one", &config->set_alpha_to_one, error) ||
      !eshi_model_json_bool (&json, "use_karras_sigmas", &karras, error) ||
      !eshi_model_json_bool (&json, "rescale_betas_zero_snr", &zero_snr, error) ||
      !read_words (&json, config, error) ||
      !read_spacing (&json, config, error))
    return FALSE;

  /* It would need another table of noise, and pictures would only look wrong without it. */
  if (zero_snr)
    return eshi_model_json_unsupported (&json, "rescale_betas_zero_snr", error);
  if (config->beta_start > config->beta_end)
    return eshi_model_json_nonsense (&json, "beta_start", error);

  *sampler = sampler_for_class (eshi_model_json_string (&json, "_class_name"), karras);
  return TRUE;
}
