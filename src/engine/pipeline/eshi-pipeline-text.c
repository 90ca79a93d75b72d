/* eshi-pipeline-text.c: prompts to the keys and values that the steps attend to, at each step. The last few chunks of prompts
 * are remembered.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "eshi-pipeline-private.h"
#include "eshi-prompt-schedule.h"

/* Chunks; enough for the longest pair of prompts. */
#define MAX_HIDDEN (2 * ESHI_PIPELINE_MAX_CHUNKS)

/* Of all texts of a call: 60 MB for Stable Diffusion 1. */
#define MAX_ALL_CHUNKS 256

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
check_size (const EshiReading  *self,
            GError            **error)
{
  if (self->n_chunks > ESHI_PIPELINE_MAX_CHUNKS)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("The prompt fills the text encoder's window %u times; shorten it until it fills it %d times at most, or "
                     "switch emphasis off, which cuts it."),
                   self->n_chunks, ESHI_PIPELINE_MAX_CHUNKS);
      return FALSE;
    }
  if (self->texts->len * self->n_chunks > MAX_ALL_CHUNKS)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("The prompts take %u different forms over the steps, which is more than can be kept; let them change "
                     "less often, or shorten them."),
                   self->texts->len);
      return FALSE;
    }

  return TRUE;
}

/* What a reading is made from. */
typedef struct
{
  EshiReading              *reading;
  EshiPipeline             *pipeline;
  const EshiPipelineParams *params;
  const EshiPromptWord     *words;
  guint                     n_words;
  GHashTable               *indices; /* text → index + 1 */
} Maker;

/* Sets @index to that of @text, which is taken over. */
static gboolean
add_text (Maker   *self,
          char    *text,
          guint   *index,
          GError **error)
{
  EshiReading *reading = self->reading;
  g_autofree char *taken = text;
  EshiPromptChunks *chunks = NULL;

  *index = GPOINTER_TO_UINT (g_hash_table_lookup (self->indices, text));
  if (*index > 0)
    {
      --*index;
      return TRUE;
    }

  chunks = eshi_prompt_chunks_new (self->pipeline->tokenizer, text, self->params->emphasis,
                                   _eshi_pipeline_n_tokens (self->pipeline), self->words, self->n_words);
  *index = reading->texts->len;
  g_ptr_array_add (reading->texts, chunks);
  g_hash_table_insert (self->indices, g_steal_pointer (&taken), GUINT_TO_POINTER (*index + 1));
  reading->n_chunks = MAX (reading->n_chunks, chunks->n_chunks);
  return check_size (reading, error) &&
         eshi_embeddings_check (self->pipeline->embeddings, chunks->used, reading->embeddings, error);
}

/* The text of @prompt at step @step, from 0; (transfer full). */
static char *
read_step (const EshiPipelineParams *params,
           const char               *prompt,
           guint                     step,
           gboolean                 *changes)
{
  if (params->emphasis == ESHI_EMPHASIS_OFF)
    return g_strdup (prompt);
  return eshi_prompt_schedule_read (prompt, step + 1, params->steps, changes);
}

static gboolean
add_texts (Maker   *self,
           GError **error)
{
  EshiReading *reading = self->reading;
  gboolean guided = self->params->guidance > 1.0;
  const char *prompts[] = { guided ? self->params->negative_prompt : self->params->prompt, self->params->prompt };

  reading->n_prompts = guided ? 2 : 1;
  reading->n_steps = 1;
  reading->steps = g_new (guint, (gsize) MAX (self->params->steps, 1) * reading->n_prompts);
  for (guint i = 0; i < reading->n_steps; i++)
    for (guint j = 0; j < reading->n_prompts; j++)
      {
        gboolean changes = FALSE;
        char *text = read_step (self->params, prompts[j], i, &changes);

        if (!add_text (self, text, &reading->steps[i * reading->n_prompts + j], error))
          return FALSE;
        if (changes)
          reading->n_steps = self->params->steps;
      }

  return TRUE;
}

gboolean
_eshi_reading_init (EshiReading               *self,
                    EshiPipeline              *pipeline,
                    const EshiPipelineParams  *params,
                    GError                   **error)
{
  g_autoptr(GHashTable) indices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Maker maker = { .reading = self, .pipeline = pipeline, .params = params, .indices = indices };

  maker.words = eshi_embeddings_load (&pipeline->embeddings, params->embeddings,
                                      eshi_text_encoder_get_config (pipeline->text)->hidden_size, &maker.n_words);
  self->embeddings = g_ptr_array_new_with_free_func (g_free);
  self->texts = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_prompt_chunks_free);
  if (!add_texts (&maker, error))
    return FALSE;

  for (guint i = 0; i < self->texts->len; i++)
    eshi_prompt_chunks_pad (g_ptr_array_index (self->texts, i), pipeline->tokenizer, self->n_chunks);
  return TRUE;
}

void
_eshi_reading_clear (EshiReading *self)
{
  g_clear_pointer (&self->texts, g_ptr_array_unref);
  g_clear_pointer (&self->embeddings, g_ptr_array_unref);
  g_clear_pointer (&self->keys, g_ptr_array_unref);
  g_clear_pointer (&self->steps, g_free);
  g_clear_pointer (&self->values, g_free);
  g_clear_pointer (&self->shown, g_free);
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

/* Encodes text @index. */
static gboolean
encode_text (EshiReading               *self,
             EshiPipeline              *pipeline,
             const EshiPipelineParams  *params,
             guint                      index,
             GCancellable              *cancellable,
             GError                   **error)
{
  const EshiPromptChunks *chunks = g_ptr_array_index (self->texts, index);
  g_autoptr(GString) key = g_string_new (NULL);
  gsize count = hidden_count (pipeline);

  for (guint i = 0; i < self->n_chunks; i++)
    {
      const EshiHidden *hidden = encode (pipeline, params, chunks, i, cancellable, error);

      if (hidden == NULL)
        return FALSE;
      g_string_append (key, hidden->key);
      memcpy (self->values + index * self->n_values + i * count, hidden->values, count * sizeof (float));
    }

  g_ptr_array_add (self->keys, g_string_free (g_steal_pointer (&key), FALSE));
  return TRUE;
}

gboolean
_eshi_reading_encode (EshiReading               *self,
                      EshiPipeline              *pipeline,
                      const EshiPipelineParams  *params,
                      GCancellable              *cancellable,
                      GError                   **error)
{
  self->n_values = self->n_chunks * hidden_count (pipeline);
  self->keys = g_ptr_array_new_with_free_func (g_free);
  self->values = g_new (float, self->texts->len * self->n_values);
  self->shown = g_new (float, self->n_prompts * self->n_values);
  for (guint i = 0; i < self->texts->len; i++)
    if (!encode_text (self, pipeline, params, i, cancellable, error))
      return FALSE;
  return TRUE;
}

/* The indices of the texts of step @step. */
static const guint *
get_texts (const EshiReading *self,
           guint              step)
{
  return self->steps + (gsize) MIN (step, self->n_steps - 1) * self->n_prompts;
}

static gboolean
upload (EshiReading       *self,
        EshiContextGraph  *context,
        guint              step,
        GCancellable      *cancellable,
        GError           **error)
{
  const guint *texts = get_texts (self, step);

  for (guint i = 0; i < self->n_prompts; i++)
    memcpy (self->shown + i * self->n_values, self->values + texts[i] * self->n_values, self->n_values * sizeof (float));
  g_clear_pointer (&context->key, g_free);
  return eshi_graph_upload (context->graph, context->input, self->shown, error) &&
         eshi_graph_run (context->graph, cancellable, error);
}

gboolean
_eshi_reading_begin (EshiReading       *self,
                     EshiContextGraph  *context,
                     GCancellable      *cancellable,
                     GError           **error)
{
  const guint *texts = get_texts (self, 0);
  g_autofree char *key = g_strconcat (g_ptr_array_index (self->keys, texts[0]), " ",
                                      g_ptr_array_index (self->keys, texts[self->n_prompts - 1]), NULL);

  self->shown_step = 0;
  if (g_strcmp0 (context->key, key) == 0)
    return TRUE;
  if (!upload (self, context, 0, cancellable, error))
    return FALSE;

  context->key = g_steal_pointer (&key);
  return TRUE;
}

gboolean
_eshi_reading_show (EshiReading       *self,
                    EshiContextGraph  *context,
                    guint              step,
                    GCancellable      *cancellable,
                    GError           **error)
{
  gboolean same = memcmp (get_texts (self, step), get_texts (self, self->shown_step),
                          self->n_prompts * sizeof (guint)) == 0;

  self->shown_step = step;
  return same || upload (self, context, step, cancellable, error);
}

gboolean
_eshi_reading_has_same_half (const EshiReading *self,
                             guint              step,
                             guint              other,
                             guint              half)
{
  return get_texts (self, step)[half] == get_texts (self, other)[half];
}

gboolean
_eshi_reading_show_half (EshiReading       *self,
                         EshiContextGraph  *context,
                         guint              step,
                         guint              half,
                         GCancellable      *cancellable,
                         GError           **error)
{
  guint text = get_texts (self, step)[half];

  g_clear_pointer (&context->key, g_free);
  return eshi_graph_upload (context->graph, context->input, self->values + text * self->n_values, error) &&
         eshi_graph_run (context->graph, cancellable, error);
}
