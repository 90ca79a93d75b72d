/* eshi-scheduler-state.c: a scheduler's memory of earlier calls as bytes, so that a picture survives the program.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-scheduler-private.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "eshi-error.h"

#define STATE_MAGIC 0x48435345u /* "ESCH" */

/* Words of a saved state, little-endian; the elements of the history and the kept sample follow as f32. */
enum
{
  WORD_MAGIC,
  WORD_ID,        /* g_str_hash() of the id */
  WORD_N_STEPS,
  WORD_N_ELEMENTS_LO,
  WORD_N_ELEMENTS_HI,
  WORD_COUNTER,
  WORD_N_HISTORY,
  N_WORDS,
};

static void
append_words (GByteArray *bytes,
              const void *words,
              gsize       n)
{
  for (gsize i = 0; i < n; i++)
    {
      guint32 word;

      memcpy (&word, (const guint8 *) words + i * sizeof word, sizeof word);
      word = GUINT32_TO_LE (word);
      g_byte_array_append (bytes, (const guint8 *) &word, sizeof word);
    }
}

static const guint8 *
read_words (void         *words,
            const guint8 *src,
            gsize         n)
{
  for (gsize i = 0; i < n; i++, src += sizeof (guint32))
    {
      guint32 word;

      memcpy (&word, src, sizeof word);
      word = GUINT32_FROM_LE (word);
      memcpy ((guint8 *) words + i * sizeof word, &word, sizeof word);
    }
  return src;
}

/* All that a state must share with @self. */
static void
fill_header (const EshiScheduler *self,
             guint32              header[N_WORDS])
{
  header[WORD_MAGIC] = STATE_MAGIC;
  header[WORD_ID] = g_str_hash (self->class->id);
  header[WORD_N_STEPS] = self->n_steps;
  header[WORD_N_ELEMENTS_LO] = (guint32) self->n_elements;
  header[WORD_N_ELEMENTS_HI] = (guint32) ((guint64) self->n_elements >> 32);
  header[WORD_COUNTER] = self->counter;
  header[WORD_N_HISTORY] = self->n_history;
}

GBytes *
eshi_scheduler_save (const EshiScheduler *self)
{
  GByteArray *bytes = NULL;
  guint32 header[N_WORDS];

  g_return_val_if_fail (self != NULL, NULL);

  bytes = g_byte_array_new ();
  fill_header (self, header);
  append_words (bytes, header, N_WORDS);
  for (guint i = 0; i < self->n_history; i++)
    append_words (bytes, self->history[i], self->n_elements);
  if (self->kept_x != NULL)
    append_words (bytes, self->kept_x, self->n_elements);
  return g_byte_array_free_to_bytes (bytes);
}

static gboolean
check_header (const EshiScheduler *self,
              const guint32        header[N_WORDS],
              gsize                size)
{
  guint32 expected[N_WORDS];
  gsize n_arrays = header[WORD_N_HISTORY] + (self->kept_x != NULL ? 1 : 0);

  fill_header (self, expected);
  return memcmp (header, expected, WORD_COUNTER * sizeof *header) == 0 &&
         header[WORD_COUNTER] <= self->n_calls &&
         header[WORD_N_HISTORY] <= MIN (self->class->n_history, header[WORD_COUNTER]) &&
         size == (N_WORDS + n_arrays * self->n_elements) * sizeof (guint32);
}

gboolean
eshi_scheduler_restore (EshiScheduler  *self,
                        GBytes         *state,
                        GError        **error)
{
  guint32 header[N_WORDS] = { 0 };
  const guint8 *src;
  gsize size;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (state != NULL, FALSE);

  src = g_bytes_get_data (state, &size);
  if (size >= sizeof header)
    src = read_words (header, src, N_WORDS);
  if (!check_header (self, header, size))
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                           _("The saved state of the sampler is damaged or another picture's. "
                             "Start the picture again."));
      return FALSE;
    }
  self->counter = header[WORD_COUNTER];
  self->n_history = header[WORD_N_HISTORY];
  for (guint i = 0; i < self->n_history; i++)
    src = read_words (self->history[i], src, self->n_elements);
  if (self->kept_x != NULL)
    read_words (self->kept_x, src, self->n_elements);
  return TRUE;
}
