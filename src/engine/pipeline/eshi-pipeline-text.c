/* eshi-pipeline-text.c: prompts to the keys and values that the steps attend to. The last few prompts are remembered.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "eshi-pipeline-private.h"

/* Chunks; enough for the longest pair of prompts. */
#define MAX_HIDDEN (2 * ESHI_PIPELINE_MAX_CHUNKS)

/* What the text encoder made of a chunk. */
typedef struct
{
  char  *key;    /* digest of all that decides the values */
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
  for (guint i = 0; i < G_N_ELEMENTS (self->text_graphs); i++)
    g_clear_pointer (&self->text_graphs[i].graph, eshi_graph_free);

  /* The contexts hold what the old encoder made. */
  for (guint i = 0; self->steps != NULL && i < self->steps->len; i++)
    g_clear_pointer (&((EshiStepGraph *) g_ptr_array_index (self->steps, i))->context->key, g_free);
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

/* The row of an embedding that @id stands for; NULL where it is an id. */
static const float *
get_row (EshiPipeline *self,
         gint32        id)
{
  guint vocab_size = eshi_tokenizer_get_vocab_size (self->tokenizer);

  if ((guint) id < vocab_size)
    return NULL;
  return eshi_embeddings_get_row (self->embeddings, (guint) id - vocab_size,
                                  eshi_text_encoder_get_config (self->text)->hidden_size);
}

static char *
make_key (EshiPipeline             *self,
          const EshiPipelineParams *params,
          const EshiPromptChunks   *chunks,
          guint                     index,
          gboolean                 *has_rows)
{
  gsize row_bytes = eshi_text_encoder_get_config (self->text)->hidden_size * sizeof (float);
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint32 how[] = { params->clip_skip, params->emphasis };
  gsize n = chunks->window;

  g_checksum_update (checksum, (const guchar *) how, sizeof how);
  g_checksum_update (checksum, (const guchar *) (chunks->ids + index * n), (gssize) (n * sizeof (gint32)));
  g_checksum_update (checksum, (const guchar *) (chunks->weights + index * n), (gssize) (n * sizeof (float)));
  *has_rows = FALSE;
  for (gsize i = 0; i < n; i++)
    {
      const float *row = get_row (self, chunks->ids[index * n + i]);

      if (row != NULL)
        g_checksum_update (checksum, (const guchar *) row, (gssize) row_bytes);
      *has_rows |= row != NULL;
    }
  return g_strdup (g_checksum_get_string (checksum));
}

static double
mean_of (const float *values,
         gsize        n)
{
  double sum = 0.0;

  for (gsize i = 0; i < n; i++)
    sum += values[i];
  return sum / (double) n;
}

static void
scale (float  *values,
       gsize   n,
       double  factor)
{
  for (gsize i = 0; i < n; i++)
    values[i] = (float) (values[i] * factor);
}

/* Multiplies each row of @values, [n, d], by its weight, and unless told otherwise the whole by what brings its mean back.
 * A mean of 0 cannot be brought back. */
static void
weigh (float        *values,
       const float  *weights,
       gsize         n,
       gsize         d,
       EshiEmphasis  emphasis)
{
  double before = mean_of (values, n * d);
  double factor = 1.0;

  for (gsize i = 0; i < n; i++)
    scale (values + i * d, d, weights[i]);
  factor = before / mean_of (values, n * d);
  if (emphasis == ESHI_EMPHASIS_ORIGINAL && isfinite (factor))
    scale (values, n * d, factor);
}

/* Takes both over. */
static EshiHidden *
add_hidden (EshiPipeline *self,
            char         *key,
            float        *values)
{
  EshiHidden *hidden = g_new (EshiHidden, 1);

  *hidden = (EshiHidden) { key, values };
  g_queue_push_head (self->hidden, hidden);
  if (g_queue_get_length (self->hidden) > MAX_HIDDEN)
    hidden_free (g_queue_pop_tail (self->hidden));
  return hidden;
}

/* (transfer full): the embeddings of @n ids and their positions, f32 [n, d]. */
static float *
gather_rows (EshiPipeline *self,
             const gint32 *ids,
             gsize         n)
{
  gsize d = eshi_text_encoder_get_config (self->text)->hidden_size;
  float *rows = g_new (float, n * d);

  for (gsize i = 0; i < n; i++)
    {
      const float *row = get_row (self, ids[i]);

      if (row != NULL)
        memcpy (rows + i * d, row, d * sizeof (float));
      else
        eshi_text_encoder_read_row (self->text, (guint) ids[i], rows + i * d);
      eshi_text_encoder_add_position (self->text, (guint) i, rows + i * d);
    }
  return rows;
}

/* What the text encoder makes of chunk @index; owned by the pipeline. */
static EshiHidden *
encode (EshiPipeline              *self,
        const EshiPipelineParams  *params,
        const EshiPromptChunks    *chunks,
        guint                      index,
        GCancellable              *cancellable,
        GError                   **error)
{
  gboolean has_rows = FALSE;
  g_autofree char *key = make_key (self, params, chunks, index, &has_rows);
  g_autofree float *values = NULL;
  g_autofree float *rows = NULL;
  EshiHidden *hidden = find_hidden (self, key);
  EshiTextGraph *graph = NULL;
  gsize first = (gsize) index * chunks->window;

  if (hidden != NULL)
    return hidden;

  graph = _eshi_pipeline_get_text (self, params->clip_skip, has_rows, cancellable, error);
  if (graph == NULL)
    return NULL;

  if (has_rows)
    rows = gather_rows (self, chunks->ids + first, chunks->window);
  values = g_new (float, hidden_count (self));
  if (!eshi_graph_upload (graph->graph, graph->input, has_rows ? (const void *) rows : chunks->ids + first, error) ||
      !eshi_graph_run (graph->graph, cancellable, error) ||
      !eshi_graph_download (graph->graph, graph->hidden, values, error))
    return NULL;

  if (chunks->weighs[index])
    weigh (values, chunks->weights + first, chunks->window, hidden_count (self) / chunks->window, params->emphasis);
  return add_hidden (self, g_steal_pointer (&key), g_steal_pointer (&values));
}

static gboolean
check_chunks (guint    n_chunks,
              GError **error)
{
  if (n_chunks <= ESHI_PIPELINE_MAX_CHUNKS)
    return TRUE;

  g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
               _("The prompt fills the text encoder's window %u times; shorten it until it fills it %d times at most, or "
                 "switch emphasis off, which cuts it."),
               n_chunks, ESHI_PIPELINE_MAX_CHUNKS);
  return FALSE;
}

gboolean
_eshi_reading_init (EshiReading               *self,
                    EshiPipeline              *pipeline,
                    const EshiPipelineParams  *params,
                    GError                   **error)
{
  gboolean guided = params->guidance > 1.0;
  const char *texts[] = { guided ? params->negative_prompt : params->prompt, params->prompt };
  guint n_words = 0;
  const EshiPromptWord *words = eshi_embeddings_load (&pipeline->embeddings, params->embeddings,
                                                      eshi_text_encoder_get_config (pipeline->text)->hidden_size,
                                                      &n_words);

  self->embeddings = g_ptr_array_new_with_free_func (g_free);
  self->n_prompts = guided ? 2 : 1;
  for (guint i = 0; i < self->n_prompts; i++)
    {
      self->prompts[i] = eshi_prompt_chunks_new (pipeline->tokenizer, texts[i], params->emphasis,
                                                 _eshi_pipeline_n_tokens (pipeline), words, n_words);
      self->n_chunks = MAX (self->n_chunks, self->prompts[i]->n_chunks);
      if (!eshi_embeddings_check (pipeline->embeddings, self->prompts[i]->used, self->embeddings, error))
        return FALSE;
    }
  if (!check_chunks (self->n_chunks, error))
    return FALSE;

  for (guint i = 0; i < self->n_prompts; i++)
    eshi_prompt_chunks_pad (self->prompts[i], pipeline->tokenizer, self->n_chunks);
  return TRUE;
}

void
_eshi_reading_clear (EshiReading *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->prompts); i++)
    g_clear_pointer (&self->prompts[i], eshi_prompt_chunks_free);
  g_clear_pointer (&self->embeddings, g_ptr_array_unref);
}

char **
eshi_pipeline_find_embeddings (EshiPipeline              *self,
                               const EshiPipelineParams  *params,
                               GError                   **error)
{
  g_auto(EshiReading) reading = { 0 };

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (params != NULL, NULL);

  if (!_eshi_reading_init (&reading, self, params, error))
    return NULL;
  g_ptr_array_add (reading.embeddings, NULL);
  return (char **) g_ptr_array_steal (reading.embeddings, NULL);
}

gboolean
_eshi_pipeline_encode_text (EshiPipeline              *self,
                            const EshiPipelineParams  *params,
                            const EshiReading         *reading,
                            float                     *values,
                            GString                   *key,
                            GCancellable              *cancellable,
                            GError                   **error)
{
  gsize count = hidden_count (self);

  for (guint i = 0; i < reading->n_prompts * reading->n_chunks; i++)
    {
      const EshiHidden *hidden = encode (self, params, reading->prompts[i / reading->n_chunks], i % reading->n_chunks,
                                         cancellable, error);

      if (hidden == NULL)
        return FALSE;
      g_string_append (key, hidden->key);
      memcpy (values + i * count, hidden->values, count * sizeof (float));
    }

  return TRUE;
}

gboolean
_eshi_pipeline_read (EshiPipeline              *self,
                     const EshiPipelineParams  *params,
                     const EshiReading         *reading,
                     EshiContextGraph          *context,
                     GCancellable              *cancellable,
                     GError                   **error)
{
  g_autofree float *values = g_new (float, reading->n_prompts * reading->n_chunks * hidden_count (self));
  g_autoptr(GString) key = g_string_new (NULL);

  if (!_eshi_pipeline_encode_text (self, params, reading, values, key, cancellable, error))
    return FALSE;
  if (g_strcmp0 (context->key, key->str) == 0)
    return TRUE;

  g_clear_pointer (&context->key, g_free);
  if (!eshi_graph_upload (context->graph, context->input, values, error) ||
      !eshi_graph_run (context->graph, cancellable, error))
    return FALSE;

  context->key = g_string_free (g_steal_pointer (&key), FALSE);
  return TRUE;
}
