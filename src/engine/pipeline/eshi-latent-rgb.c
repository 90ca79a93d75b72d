/* eshi-latent-rgb.c: see the header.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-latent-rgb.h"

#include <math.h>
#include <string.h>

#define N_UNKNOWNS 5 /* four channels and the bias */

gboolean
eshi_latent_rgb_is_sd1 (const EshiVaeConfig *config)
{
  static const guint channels[] = { 128, 256, 512, 512 };

  return !config->has_rgb_factors && config->n_levels == G_N_ELEMENTS (channels) &&
         memcmp (config->block_out_channels, channels, sizeof channels) == 0 &&
         fabs (config->scaling_factor - 0.18215) < 1e-4;
}

gboolean
eshi_latent_rgb_for_config (const EshiVaeConfig *config,
                            EshiRgbParams       *params)
{
  /* Fitted to many pictures of Stable Diffusion 1.x. */
  static const EshiRgbParams sd1 = {
    .matrix = {
      { .337366f, .216344f, .257386f },
      { .165636f, .386828f, .046994f },
      { -.267803f, .237036f, .223517f },
      { -.178022f, -.200862f, -.678514f },
    },
    .bias = { -.017478f, -.055834f, -.105825f },
  };

  if (config->has_rgb_factors)
    {
      memcpy (params->matrix, config->latent_rgb_factors, sizeof params->matrix);
      memcpy (params->bias, config->latent_rgb_bias, sizeof params->bias);
      return TRUE;
    }

  if (eshi_latent_rgb_is_sd1 (config))
    {
      *params = sd1;
      return TRUE;
    }

  return FALSE;
}

/* Solves the symmetric positive definite a · x = b for three right-hand sides, in place: b becomes x. */
static void
solve (double a[N_UNKNOWNS][N_UNKNOWNS],
       double b[N_UNKNOWNS][3])
{
  for (guint k = 0; k < N_UNKNOWNS; k++)
    for (guint i = k + 1; i < N_UNKNOWNS; i++)
      {
        double f = a[i][k] / a[k][k];

        for (guint j = k; j < N_UNKNOWNS; j++)
          a[i][j] -= f * a[k][j];
        for (guint j = 0; j < 3; j++)
          b[i][j] -= f * b[k][j];
      }

  for (guint k = N_UNKNOWNS; k-- > 0;)
    for (guint j = 0; j < 3; j++)
      {
        for (guint i = k + 1; i < N_UNKNOWNS; i++)
          b[k][j] -= a[k][i] * b[i][j];
        b[k][j] /= a[k][k];
      }
}

void
eshi_latent_rgb_fit (const float   *latents,
                     const float   *rgb,
                     gsize          n,
                     EshiRgbParams *params)
{
  double a[N_UNKNOWNS][N_UNKNOWNS] = { { 0 } };
  double b[N_UNKNOWNS][3] = { { 0 } };

  for (gsize p = 0; p < n; p++)
    {
      double x[N_UNKNOWNS] = { latents[4 * p], latents[4 * p + 1], latents[4 * p + 2], latents[4 * p + 3], 1 };

      for (guint i = 0; i < N_UNKNOWNS; i++)
        {
          for (guint j = 0; j < N_UNKNOWNS; j++)
            a[i][j] += x[i] * x[j];
          for (guint j = 0; j < 3; j++)
            b[i][j] += x[i] * rgb[3 * p + j];
        }
    }

  for (guint i = 0; i < N_UNKNOWNS; i++)
    a[i][i] += 1e-6 * (double) n + 1e-12;
  solve (a, b);

  for (guint i = 0; i < 4; i++)
    for (guint j = 0; j < 3; j++)
      params->matrix[i][j] = (float) b[i][j];
  for (guint j = 0; j < 3; j++)
    params->bias[j] = (float) b[4][j];
}

void
eshi_latent_rgb_apply (const EshiRgbParams *params,
                       const float         *latents,
                       gsize                n,
                       guint8              *rgb)
{
  for (gsize p = 0; p < n; p++)
    for (guint j = 0; j < 3; j++)
      {
        float v = params->bias[j];

        for (guint i = 0; i < 4; i++)
          v += latents[i * n + p] * params->matrix[i][j];
        v = 0.5f * v + 0.5f;
        /* Written so that NaN becomes 0. */
        rgb[3 * p + j] = v > 0.0f ? (guint8) lrintf (255.0f * MIN (v, 1.0f)) : 0;
      }
}
