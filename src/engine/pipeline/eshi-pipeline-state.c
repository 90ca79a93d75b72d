/* eshi-pipeline-state.c: an unfinished picture as bytes, so that it survives the program: where it stands, and whose it is.
 *
 * Laid out as: 8 bytes of magic; six words, see below; the key; latents, generator and scheduler; SHA-256 of all before.
 * Numbers are little-endian. What is damaged, of another version, or made with other settings or another model is refused:
 * a picture goes on exactly or begins anew. Keeps nothing itself, and knows no files of its own.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "eshi-pipeline-state.h"

#define MAGIC "ESHI\x89\r\n\x1a"
#define MAGIC_BYTES 8
#define VERSION 1

enum
{
  WORD_VERSION,
  WORD_INDEX,
  WORD_N_DONE,
  WORD_X_BYTES,
  WORD_RNG_BYTES,
  WORD_SCHEDULER_BYTES,
  N_WORDS,
};

#define KEY_AT (MAGIC_BYTES + N_WORDS * sizeof (guint32))
#define PARTS_AT (KEY_AT + ESHI_STATE_KEY_BYTES)

/* --- whose it is -------------------------------------------------------------------------------------------------- */

static void
add_bytes (GChecksum  *sum,
           const void *data,
           gsize       size)
{
  guint64 length = GUINT64_TO_LE ((guint64) size);

  g_checksum_update (sum, (const guchar *) &length, sizeof length);
  g_checksum_update (sum, data, (gssize) size);
}

/* NULL is another text than "". */
static void
add_text (GChecksum  *sum,
          const char *text)
{
  add_bytes (sum, text != NULL ? text : "\xff", text != NULL ? strlen (text) : 1);
}

static void
add_number (GChecksum *sum,
            double     number)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  add_text (sum, g_ascii_dtostr (text, sizeof text, number));
}

/* Its name, size and time; reading it through would take as long as a picture. */
static void
add_file (GChecksum  *sum,
          const char *path)
{
  GStatBuf status = { 0 };

  add_text (sum, path);
  if (path == NULL || g_stat (path, &status) != 0)
    return;
  add_number (sum, (double) status.st_size);
  add_number (sum, (double) status.st_mtim.tv_sec);
  add_number (sum, (double) status.st_mtim.tv_nsec);
}

static void
add_model (GChecksum                *sum,
           EshiPipeline             *pipeline,
           const EshiPipelineParams *params)
{
  add_file (sum, pipeline->path);
  add_text (sum, params->context);
  add_text (sum, pipeline->backend->klass->name);
  add_number (sum, pipeline->backend->compute);
  add_number (sum, pipeline->ema);
  add_file (sum, params->vae);
  add_number (sum, params->n_loras);
  for (guint i = 0; i < params->n_loras; i++)
    {
      add_file (sum, params->loras[i].path);
      add_number (sum, params->loras[i].weight);
    }
}

static void
add_image (GChecksum                *sum,
           const EshiPipelineParams *params)
{
  gsize n = (gsize) params->image_width * params->image_height;

  add_number (sum, params->image_width);
  add_number (sum, params->image_height);
  add_number (sum, params->strength);
  add_bytes (sum, params->image, params->image != NULL ? 3 * n : 0);
  add_bytes (sum, params->mask, params->mask != NULL ? n : 0);
}

void
_eshi_state_make_key (EshiPipeline             *pipeline,
                      const EshiPipelineParams *params,
                      guint8                    key[ESHI_STATE_KEY_BYTES])
{
  g_autoptr(GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  const double numbers[] = {
    params->width, params->height, params->steps, params->guidance, (double) params->seed, params->rng,
    params->n_pictures, params->clip_skip, params->emphasis, (double) params->variation_seed, params->variation_strength,
  };
  gsize size = ESHI_STATE_KEY_BYTES;

  add_model (sum, pipeline, params);
  add_text (sum, params->prompt);
  add_text (sum, params->negative_prompt);
  add_text (sum, params->sampler);
  add_text (sum, params->schedule);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    add_number (sum, numbers[i]);
  if (params->guidance_stop < 1)
    add_number (sum, params->guidance_stop);
  add_image (sum, params);
  g_checksum_get_digest (sum, key, &size);
}

/* --- bytes -------------------------------------------------------------------------------------------------------- */

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

static void
read_words (void         *words,
            const guint8 *src,
            gsize         n)
{
  for (gsize i = 0; i < n; i++)
    {
      guint32 word;

      memcpy (&word, src + i * sizeof word, sizeof word);
      word = GUINT32_FROM_LE (word);
      memcpy ((guint8 *) words + i * sizeof word, &word, sizeof word);
    }
}

static void
digest (const guint8 *data,
        gsize         size,
        guint8        sum[ESHI_STATE_KEY_BYTES])
{
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize n = ESHI_STATE_KEY_BYTES;

  g_checksum_update (checksum, data, (gssize) size);
  g_checksum_get_digest (checksum, sum, &n);
}

static void
append_bytes (GByteArray *bytes,
              GBytes     *part)
{
  g_byte_array_append (bytes, g_bytes_get_data (part, NULL), (guint) g_bytes_get_size (part));
}

GBytes *
_eshi_state_save (const guint8         key[ESHI_STATE_KEY_BYTES],
                  guint                index,
                  guint                n_done,
                  const float         *x,
                  gsize                n,
                  const EshiRng       *rng,
                  const EshiScheduler *scheduler)
{
  g_autoptr(GBytes) noise = eshi_rng_save (rng);
  g_autoptr(GBytes) history = eshi_scheduler_save (scheduler);
  GByteArray *bytes = g_byte_array_new ();
  guint8 sum[ESHI_STATE_KEY_BYTES];
  const guint32 words[N_WORDS] = {
    [WORD_VERSION] = VERSION,
    [WORD_INDEX] = index,
    [WORD_N_DONE] = n_done,
    [WORD_X_BYTES] = (guint32) (n * sizeof (float)),
    [WORD_RNG_BYTES] = (guint32) g_bytes_get_size (noise),
    [WORD_SCHEDULER_BYTES] = (guint32) g_bytes_get_size (history),
  };

  g_byte_array_append (bytes, (const guint8 *) MAGIC, MAGIC_BYTES);
  append_words (bytes, words, N_WORDS);
  g_byte_array_append (bytes, key, ESHI_STATE_KEY_BYTES);
  append_words (bytes, x, n);
  append_bytes (bytes, noise);
  append_bytes (bytes, history);
  digest (bytes->data, bytes->len, sum);
  g_byte_array_append (bytes, sum, sizeof sum);
  return g_byte_array_free_to_bytes (bytes);
}

void
_eshi_state_clear (EshiState *self)
{
  g_clear_pointer (&self->x, g_free);
  g_clear_pointer (&self->rng, eshi_rng_free);
  g_clear_pointer (&self->scheduler, g_bytes_unref);
}

/* Whether @data begins and ends as a state does, and is as long as its @words say. */
static gboolean
is_whole (const guint8 *data,
          gsize         size,
          guint32       words[N_WORDS])
{
  guint8 sum[ESHI_STATE_KEY_BYTES];

  if (size < PARTS_AT + sizeof sum || memcmp (data, MAGIC, MAGIC_BYTES) != 0)
    return FALSE;
  digest (data, size - sizeof sum, sum);
  if (memcmp (data + size - sizeof sum, sum, sizeof sum) != 0)
    return FALSE;
  read_words (words, data + MAGIC_BYTES, N_WORDS);
  return words[WORD_VERSION] != VERSION ||
         size == PARTS_AT + sizeof sum + (guint64) words[WORD_X_BYTES] + words[WORD_RNG_BYTES] + words[WORD_SCHEDULER_BYTES];
}

gboolean
_eshi_state_has_key (GBytes       *bytes,
                     const guint8  key[ESHI_STATE_KEY_BYTES])
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  guint32 words[N_WORDS] = { 0 };

  return is_whole (data, size, words) && words[WORD_VERSION] == VERSION &&
         memcmp (data + KEY_AT, key, ESHI_STATE_KEY_BYTES) == 0;
}

static gboolean
refuse (const char  *why,
        GError     **error)
{
  g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT, why);
  return FALSE;
}

gboolean
_eshi_state_read (EshiState     *self,
                  GBytes        *bytes,
                  const guint8   key[ESHI_STATE_KEY_BYTES],
                  gsize          n,
                  GError       **error)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  guint32 words[N_WORDS] = { 0 };
  g_autoptr(GBytes) rng = NULL;

  *self = (EshiState) { 0 };
  if (!is_whole (data, size, words))
    return refuse (_("What was kept of the unfinished picture is damaged, so it was painted from the beginning."), error);
  if (words[WORD_VERSION] != VERSION)
    return refuse (_("What was kept of the unfinished picture comes from another version of this program, so it was "
                     "painted from the beginning."),
                   error);
  if ((key != NULL && memcmp (data + KEY_AT, key, ESHI_STATE_KEY_BYTES) != 0) || words[WORD_X_BYTES] != n * sizeof (float))
    return refuse (_("What was kept of the unfinished picture belongs to other settings, another model or another device, "
                     "so it was painted from the beginning."),
                   error);

  data += PARTS_AT;
  self->index = words[WORD_INDEX];
  self->n_done = words[WORD_N_DONE];
  self->x = g_new (float, n);
  read_words (self->x, data, n);
  rng = g_bytes_new (data + words[WORD_X_BYTES], words[WORD_RNG_BYTES]);
  self->scheduler = g_bytes_new (data + words[WORD_X_BYTES] + words[WORD_RNG_BYTES], words[WORD_SCHEDULER_BYTES]);
  self->rng = eshi_rng_new_from_bytes (rng, error);
  return self->rng != NULL;
}
