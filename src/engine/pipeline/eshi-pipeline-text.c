/* eshi-pipeline-text.c: prompts to the keys and values that the steps attend to. The last few prompts are remembered.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "eshi-pipeline-private.h"

#define MAX_HIDDEN 8

/* What the text encoder made of a prompt. */
typedef struct
{
  char  *key;    /* prompt and clip skip */
  float *values; /* [tokens, d] */
} EshiHidden;

static void
hidden_free (gpointer data)
{
  EshiHidden *hidden = data;

  g_free (hidden->key);
  g_free (hidden->values);
  g_free (hidden);
}

void
_eshi_pipeline_text_clear (EshiPipeline *self)
{
  if (self->hidden != NULL)
    g_queue_free_full (g_steal_pointer (&self->hidden), hidden_free);
}

void
_eshi_pipeline_text_reset (EshiPipeline *self)
{
  _eshi_pipeline_text_clear (self);
  self->hidden = g_queue_new ();
  g_clear_pointer (&self->text_graph.graph, eshi_graph_free);

  /* The contexts hold what the old encoder made. */
  for (guint i = 0; i < G_N_ELEMENTS (self->contexts); i++)
    g_clear_pointer (&self->contexts[i].key, g_free);
}

static gsize
hidden_count (EshiPipeline *self)
{
  return (gsize) _eshi_pipeline_n_tokens (self) * eshi_text_encoder_get_config (self->text)->hidden_size;
}

static EshiHidden *
find_hidden (EshiPipeline *self,
             const char   *key)
{
  for (GList *l = self->hidden->head; l != NULL; l = l->next)
    {
      EshiHidden *hidden = l->data;

      if (g_str_equal (hidden->key, key))
        {
          g_queue_unlink (self->hidden, l);
          g_queue_push_head_link (self->hidden, l);
          return hidden;
        }
    }

  return NULL;
}

/* What the text encoder makes of @text; owned by the pipeline. */
static EshiHidden *
encode (EshiPipeline  *self,
        const char    *text,
        guint          clip_skip,
        GCancellable  *cancellable,
        GError       **error)
{
  g_autofree char *key = g_strdup_printf ("%u %s", clip_skip, text);
  g_autoptr(GArray) ids = NULL;
  g_autofree float *values = NULL;
  EshiHidden *hidden = find_hidden (self, key);
  EshiTextGraph *graph = NULL;

  if (hidden != NULL)
    return hidden;

  graph = _eshi_pipeline_get_text (self, clip_skip, cancellable, error);
  if (graph == NULL)
    return NULL;

  ids = eshi_tokenizer_encode (self->tokenizer, text, _eshi_pipeline_n_tokens (self), NULL);
  values = g_new (float, hidden_count (self));
  if (!eshi_graph_upload (graph->graph, graph->ids, ids->data, error) ||
      !eshi_graph_run (graph->graph, cancellable, error) ||
      !eshi_graph_download (graph->graph, graph->hidden, values, error))
    return NULL;

  hidden = g_new (EshiHidden, 1);
  *hidden = (EshiHidden) { g_steal_pointer (&key), g_steal_pointer (&values) };
  g_queue_push_head (self->hidden, hidden);
  if (g_queue_get_length (self->hidden) > MAX_HIDDEN)
    hidden_free (g_queue_pop_tail (self->hidden));
  return hidden;
}

gboolean
_eshi_pipeline_read (EshiPipeline              *self,
                     const EshiPipelineParams  *params,
                     GCancellable              *cancellable,
                     GError                   **error)
{
  gboolean guided = params->guidance > 1.0;
  const char *texts[] = { guided ? params->negative_prompt : params->prompt, params->prompt };
  guint n = guided ? 2 : 1;
  g_autofree char *key = g_strdup_printf ("%u %" G_GSIZE_FORMAT " %s%s", params->clip_skip, strlen (texts[0]), texts[0],
                                          guided ? texts[1] : "");
  g_autofree float *both = g_new (float, n * hidden_count (self));
  EshiContextGraph *context = _eshi_pipeline_get_context (self, guided, cancellable, error);

  if (context == NULL)
    return FALSE;
  if (g_strcmp0 (context->key, key) == 0)
    return TRUE;

  for (guint i = 0; i < n; i++)
    {
      const EshiHidden *hidden = encode (self, texts[i], params->clip_skip, cancellable, error);

      if (hidden == NULL)
        return FALSE;
      memcpy (both + i * hidden_count (self), hidden->values, hidden_count (self) * sizeof (float));
    }

  g_clear_pointer (&context->key, g_free);
  if (!eshi_graph_upload (context->graph, context->input, both, error) ||
      !eshi_graph_run (context->graph, cancellable, error))
    return FALSE;

  context->key = g_steal_pointer (&key);
  return TRUE;
}
