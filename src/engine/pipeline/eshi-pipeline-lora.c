/* eshi-pipeline-lora.c: merges the LoRAs that a call asks for into the model's weights, and takes the last call's out.
 *
 * Only what a LoRA touches is built again: the UNet's graphs, the text encoder's if its weights change, never the
 * decoder's. A changed file counts as another LoRA.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#define G_LOG_DOMAIN "eshi-lora"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <math.h>

#include "eshi-lora.h"
#include "eshi-pipeline-private.h"

/* Rows of the embedding of CLIP's text encoder. Another number means another tokenizer, and a text encoder that no LoRA
 * for Stable Diffusion was trained with. */
#define CLIP_VOCABULARY 49408

/* What the weights hold after a call with @params: paths, weights, and the files' sizes and times. */
static char *
make_key (const EshiPipelineParams *params)
{
  GString *key = g_string_new (NULL);

  for (guint i = 0; i < params->n_loras; i++)
    {
      GStatBuf status = { 0 };

      if (g_stat (params->loras[i].path, &status) != 0)
        status = (GStatBuf) { 0 };
      g_string_append_printf (key, "%s\n%a %" G_GINT64_FORMAT " %" G_GINT64_FORMAT ".%09ld\n", params->loras[i].path,
                              params->loras[i].weight, (gint64) status.st_size, (gint64) status.st_mtim.tv_sec,
                              status.st_mtim.tv_nsec);
    }

  return g_string_free (key, FALSE);
}

/* All files, before anything is changed; (transfer full). */
static GPtrArray *
open_all (const EshiPipelineParams  *params,
          GError                   **error)
{
  g_autoptr(GPtrArray) loras = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_lora_free);

  for (guint i = 0; i < params->n_loras; i++)
    {
      EshiLora *lora = NULL;

      /* Written so that NaN fails. */
      if (!(fabs (params->loras[i].weight) <= ESHI_PIPELINE_MAX_LORA_WEIGHT))
        {
          g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                       _("The weight of a LoRA must be %d to %d; %g is not."), -ESHI_PIPELINE_MAX_LORA_WEIGHT,
                       ESHI_PIPELINE_MAX_LORA_WEIGHT, params->loras[i].weight);
          return NULL;
        }
      lora = eshi_lora_open (params->loras[i].path, error);
      if (lora == NULL)
        return NULL;
      g_ptr_array_add (loras, lora);
    }

  return g_steal_pointer (&loras);
}

static void
remove_all (EshiPipeline *self)
{
  _eshi_pipeline_unet_graphs_clear (self);
  eshi_weights_restore (eshi_unet_get_weights (self->unet));
  if (self->lora_in_text)
    {
      _eshi_pipeline_text_reset (self);
      eshi_weights_restore (eshi_text_encoder_get_weights (self->text));
    }
  self->lora_in_text = FALSE;
  g_clear_pointer (&self->lora_key, g_free);
  g_clear_pointer (&self->lora_note, g_free);
}

static void
add_note (EshiPipeline *self,
          const char   *note)
{
  char *joined = self->lora_note == NULL ? g_strdup (note) : g_strconcat (self->lora_note, "\n", note, NULL);

  g_message ("%s", note);
  g_free (self->lora_note);
  self->lora_note = joined;
}

static gboolean
merge_text (EshiPipeline   *self,
            EshiLora       *lora,
            EshiLoraTable  *table,
            const char     *name,
            double          weight,
            GError        **error)
{
  g_autofree char *note = NULL;

  if (eshi_lora_count (lora, ESHI_LORA_TEXT) == 0)
    return TRUE;

  if (eshi_text_encoder_get_config (self->text)->vocab_size != CLIP_VOCABULARY)
    {
      note = g_strdup_printf (_("The part of the LoRA “%s” for the text encoder was left out: it was trained with CLIP's "
                                "words, and this model reads others."),
                              name);
      add_note (self, note);
      return TRUE;
    }

  if (!self->lora_in_text)
    _eshi_pipeline_text_reset (self);
  self->lora_in_text = TRUE;
  return eshi_lora_merge (lora, ESHI_LORA_TEXT, table, eshi_text_encoder_get_weights (self->text), weight, error);
}

static gboolean
merge_one (EshiPipeline            *self,
           EshiLora                *lora,
           EshiLoraTable          **tables,
           const EshiPipelineLora  *use,
           GError                 **error)
{
  g_autofree char *name = g_filename_display_basename (use->path);
  g_autofree char *note = NULL;

  if (!eshi_lora_merge (lora, ESHI_LORA_UNET, tables[ESHI_LORA_UNET], eshi_unet_get_weights (self->unet), use->weight, error) ||
      !merge_text (self, lora, tables[ESHI_LORA_TEXT], name, use->weight, error))
    return FALSE;

  if (eshi_lora_get_n_merged (lora) == 0 && eshi_lora_count (lora, ESHI_LORA_UNET) > 0)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
                   _("The LoRA “%s” was made for another kind of model: none of its parts belongs to a layer of this one."),
                   name);
      return FALSE;
    }

  note = eshi_lora_dup_note (lora);
  if (note != NULL)
    add_note (self, note);
  return TRUE;
}

static gboolean
merge_all (EshiPipeline              *self,
           GPtrArray                 *loras,
           const EshiPipelineParams  *params,
           GError                   **error)
{
  g_autoptr(EshiLoraTable) unet = eshi_lora_table_new ();
  g_autoptr(EshiLoraTable) text = eshi_lora_table_new ();
  EshiLoraTable *tables[ESHI_LORA_N_PARTS] = { [ESHI_LORA_UNET] = unet, [ESHI_LORA_TEXT] = text };

  eshi_unet_foreach_weight (eshi_unet_get_config (self->unet), eshi_lora_table_add, unet);
  eshi_lora_table_add_original_names (unet);
  eshi_text_encoder_foreach_weight (eshi_text_encoder_get_config (self->text), eshi_lora_table_add, text);
  for (guint i = 0; i < loras->len; i++)
    if (!merge_one (self, g_ptr_array_index (loras, i), tables, &params->loras[i], error))
      return FALSE;
  return TRUE;
}

gboolean
_eshi_pipeline_apply_loras (EshiPipeline              *self,
                            const EshiPipelineParams  *params,
                            GError                   **error)
{
  g_autofree char *key = params->n_loras > 0 ? make_key (params) : NULL;
  g_autoptr(GPtrArray) loras = NULL;

  if (g_strcmp0 (key, self->lora_key) == 0)
    return TRUE;

  loras = open_all (params, error);
  if (loras == NULL)
    return FALSE;

  remove_all (self);
  if (!merge_all (self, loras, params, error))
    {
      remove_all (self);
      return FALSE;
    }

  self->lora_key = g_steal_pointer (&key);
  return TRUE;
}

const char *
eshi_pipeline_get_lora_note (EshiPipeline *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->lora_note;
}
