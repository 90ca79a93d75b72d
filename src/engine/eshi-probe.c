/* eshi-probe.c: single stages and noise, in files that other implementations can read.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "eshi-backend-registry.h"
#include "eshi-model-list.h"
#include "eshi-pipeline-probe.h"
#include "eshi-precision.h"
#include "eshi-probe.h"
#include "eshi-rng.h"
#include "eshi-safetensors.h"

#define MAX_RANK 8
#define MAX_NOISE (1 << 28)

/* (transfer full): the folder of @model; the embedded one's for NULL. A probe may take a folder with one component. */
static char *
get_folder (const char  *model,
            GError     **error)
{
  g_autoptr(EshiModelInfo) info = NULL;

  if (model != NULL)
    return g_strdup (model);

  info = eshi_model_info_load (NULL, error);

  return info != NULL ? g_strdup (info->path) : NULL;
}

/* Whether a file can be written at @output, so that nothing is computed for nobody. */
static gboolean
check_output (const char  *output,
              GError     **error)
{
  g_autofree char *folder = g_path_get_dirname (output);
  g_autofree char *shown = g_filename_display_name (output);

  if (g_access (folder, W_OK | X_OK) == 0 && !g_file_test (output, G_FILE_TEST_IS_DIR))
    return TRUE;

  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_ACCES,
               _("“%s” cannot be written there; choose a folder that exists and that you may write to."), shown);

  return FALSE;
}

gboolean
eshi_probe_stage (const char    *model,
                  const char    *stage,
                  const char    *input,
                  const char    *output,
                  const char    *backend,
                  const char    *precision,
                  GCancellable  *cancellable,
                  GError       **error)
{
  g_autofree char *folder = NULL;
  EshiBackendOptions options = { 0 };
  EshiBackend *opened = NULL;
  gboolean done = FALSE;

  g_return_val_if_fail (stage != NULL, FALSE);
  g_return_val_if_fail (input != NULL, FALSE);
  g_return_val_if_fail (output != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  folder = get_folder (model, error);
  if (folder == NULL || !check_output (output, error) || !_eshi_precision_from_name (precision, &options.precision, error))
    return FALSE;

  _eshi_backend_registry_init ();
  opened = _eshi_backend_registry_open (backend, &options, error);
  if (opened == NULL)
    return FALSE;
  done = eshi_pipeline_probe (folder, opened, stage, input, output, cancellable, error);
  _eshi_backend_close (opened);

  return done;
}

/* Elements of @shape; 0 if there are none or too many. */
static gsize
count_elements (const gint64 *shape,
                guint         rank)
{
  gsize n = 1;

  if (rank < 1 || rank > MAX_RANK)
    return 0;
  for (guint i = 0; i < rank; i++)
    {
      if (shape[i] < 1 || (gsize) shape[i] > MAX_NOISE / n)
        return 0;
      n *= shape[i];
    }

  return n;
}

gboolean
eshi_probe_noise (guint64        seed,
                  EshiRngKind    kind,
                  const gint64  *shape,
                  guint          rank,
                  const char    *output,
                  GError       **error)
{
  g_autoptr(EshiRng) rng = NULL;
  g_autofree float *noise = NULL;
  gsize n = count_elements (shape, rank);
  EshiSafetensorsEntry entry = { .name = "noise", .dtype = ESHI_DTYPE_F32, .rank = rank, .dim = shape };

  g_return_val_if_fail (output != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (n == 0)
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                           _("The shape of the noise is not possible; choose one to eight sizes whose product is at "
                             "most 268435456."));
      return FALSE;
    }
  if (!check_output (output, error))
    return FALSE;

  noise = g_try_new (float, n);
  if (noise == NULL)
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY,
                           _("There is too little memory for so much noise; choose a smaller shape."));
      return FALSE;
    }

  rng = eshi_rng_new (kind, seed);
  eshi_rng_fill_normal (rng, noise, n);
  entry.data = noise;

  return eshi_safetensors_write (output, &entry, 1, error);
}
