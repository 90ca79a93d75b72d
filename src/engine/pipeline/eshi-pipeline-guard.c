/* eshi-pipeline-guard.c: what happens to a finished picture before anybody sees it: the checker's look, the watermark.
 *
 * Judges nothing itself and never looks at unfinished pictures. The checker is the largest part of a model after the
 * UNet, so its weights are in memory only from the first finished picture of a call to its end.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "eshi-model-json.h"
#include "eshi-pipeline-private.h"
#include "eshi-watermark.h"

#define CHECKER_NAME "safety_checker"

static char *
get_checker_folder (const char *folder)
{
  return g_build_filename (folder, CHECKER_NAME, NULL);
}

/* Whether @node is a pair [library, class] and not [null, null]. */
static gboolean
names_class (JsonNode *node)
{
  JsonArray *pair = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  return pair != NULL && json_array_get_length (pair) == 2 && !JSON_NODE_HOLDS_NULL (json_array_get_element (pair, 1));
}

gboolean
_eshi_guard_find_checker (const char *folder)
{
  g_autofree char *checker = get_checker_folder (folder);
  g_auto(EshiModelJson) index = { 0 };

  /* An index that cannot be read has been complained of before, or does not matter. */
  return g_file_test (checker, G_FILE_TEST_IS_DIR) &&
         eshi_model_json_load (&index, folder, "model_index.json", TRUE, NULL) &&
         names_class (eshi_model_json_get (&index, CHECKER_NAME));
}

static gboolean
check_switches (EshiPipeline              *self,
                const EshiPipelineParams  *params,
                GError                   **error)
{
  if (eshi_switch_get_name (params->safety) == NULL || eshi_switch_get_name (params->watermark) == NULL)
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                           _("The safety checker and the watermark can be “auto”, “on” or “off”, and nothing else."));
      return FALSE;
    }
  if (params->safety == ESHI_SWITCH_ON && !self->has_checker)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("The model “%s” brings no safety checker. Paint without it, or choose a model folder with a folder "
                     "safety_checker that its model_index.json names."),
                   self->folder);
      return FALSE;
    }
  if (params->watermark == ESHI_SWITCH_ON && !eshi_watermark_fits (params->width, params->height))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("A picture of %u × %u pixels is too small for the invisible watermark. Choose a size of at least %d × "
                     "%d pixels, or paint without it."),
                   params->width, params->height, ESHI_WATERMARK_MIN_SIDE, ESHI_WATERMARK_MIN_SIDE);
      return FALSE;
    }

  return TRUE;
}

gboolean
_eshi_guard_resolve (EshiPipeline        *self,
                     EshiPipelineParams  *params,
                     GError             **error)
{
  if (!check_switches (self, params, error))
    return FALSE;

  if (params->safety == ESHI_SWITCH_AUTO)
    params->safety = self->has_checker ? ESHI_SWITCH_ON : ESHI_SWITCH_OFF;
  if (params->watermark == ESHI_SWITCH_AUTO)
    params->watermark = self->has_checker && eshi_watermark_fits (params->width, params->height) ? ESHI_SWITCH_ON
                                                                                                 : ESHI_SWITCH_OFF;
  return TRUE;
}

gboolean
_eshi_guard_open (EshiPipeline              *self,
                  const EshiPipelineParams  *params,
                  GError                   **error)
{
  g_autofree char *folder = NULL;

  if (params->safety != ESHI_SWITCH_ON)
    {
      g_clear_pointer (&self->checker, eshi_safety_checker_free);
      return TRUE;
    }
  if (self->checker != NULL)
    return TRUE;

  folder = get_checker_folder (self->path);
  self->checker = eshi_safety_checker_load (folder, error);
  return self->checker != NULL;
}

static gboolean
judge (EshiPipeline              *self,
       const EshiPipelineParams  *params,
       const guint8              *rgb,
       gboolean                  *withheld,
       GCancellable              *cancellable,
       GError                   **error)
{
  EshiSafetyScores scores;

  if (!eshi_safety_checker_prepare (self->checker, self->backend, cancellable, error) ||
      !eshi_safety_checker_check (self->checker, rgb, params->width, params->height, cancellable, &scores, error))
    return FALSE;

  *withheld = scores.withheld;
  return TRUE;
}

gboolean
_eshi_guard_apply (EshiPipeline              *self,
                   const EshiPipelineParams  *params,
                   guint8                    *rgb,
                   gboolean                  *withheld,
                   GCancellable              *cancellable,
                   GError                   **error)
{
  *withheld = FALSE;
  if (params->safety == ESHI_SWITCH_ON && !judge (self, params, rgb, withheld, cancellable, error))
    return FALSE;

  if (*withheld)
    memset (rgb, 0, (gsize) 3 * params->width * params->height);
  else if (params->watermark == ESHI_SWITCH_ON)
    eshi_watermark_embed (rgb, params->width, params->height);
  return TRUE;
}

void
_eshi_guard_release (EshiPipeline *self)
{
  if (self->checker != NULL)
    eshi_safety_checker_release (self->checker);
}
