/* fuzz-prompt-syntax.c: prompts of any bytes, at any step: parts that cover their text, and chunks that the text encoder can read.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "eshi-prompt-chunks.h"
#include "eshi-prompt-schedule.h"
#include "eshi-prompt-syntax.h"
#include "fuzz-driver.h"

#define WINDOW 77
#define N_ROWS 5

static const EshiPromptWord words[] = { { "cat", 0, 3 }, { "猫", 3, 1 }, { "a b", 4, 1 } };

static EshiTokenizer *
get_tokenizer (void)
{
  static EshiTokenizer *tokenizer = NULL;
  g_autofree char *path = NULL;

  if (tokenizer == NULL)
    {
      path = g_build_filename (g_getenv ("G_TEST_SRCDIR"), "golden", "tokenizer-small.model", NULL);
      tokenizer = eshi_tokenizer_new_for_path (path, NULL);
      g_assert_nonnull (tokenizer);
    }
  return tokenizer;
}

static void
check_syntax (const char *text,
              gsize       length)
{
  g_auto(EshiPromptSyntax) syntax = { 0 };
  gsize at = 0;

  eshi_prompt_syntax_init (&syntax, text, length, TRUE);
  g_assert_cmpuint (syntax.parts->len, >, 0);
  g_assert_cmpuint (syntax.text->len, <=, length);
  for (guint i = 0; i < syntax.parts->len; i++)
    {
      const EshiPromptPart *part = &g_array_index (syntax.parts, EshiPromptPart, i);

      g_assert_cmpuint (part->start, ==, at);
      g_assert_true (fabs (part->weight) <= ESHI_PROMPT_MAX_WEIGHT);
      g_assert_false (part->breaks && part->length > 0);
      at += part->length;
    }
  g_assert_cmpuint (at, ==, syntax.text->len);
}

static void
check_schedule (const char *text)
{
  for (guint step = 1; step <= 3; step++)
    {
      gboolean changes = FALSE;
      g_autofree char *read = eshi_prompt_schedule_read (text, step, 3, &changes);

      g_assert_cmpuint (strlen (read), <=, strlen (text));
      g_assert_true (changes || g_str_equal (read, text));
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  const EshiTokenizer *tokenizer = get_tokenizer ();
  g_autofree char *text = g_strndup ((const char *) data, size);
  guint n_ids = eshi_tokenizer_get_vocab_size (tokenizer) + N_ROWS;
  EshiEmphasis emphasis = size % (ESHI_EMPHASIS_OFF + 1);
  g_autoptr(EshiPromptChunks) chunks = NULL;

  check_syntax (text, strlen (text));
  check_schedule (text);
  chunks = eshi_prompt_chunks_new (tokenizer, text, emphasis, WINDOW, words, G_N_ELEMENTS (words));
  g_assert_cmpuint (chunks->n_chunks, >, 0);
  g_assert_true (emphasis != ESHI_EMPHASIS_OFF || chunks->n_chunks == 1);
  for (gsize i = 0; i < (gsize) chunks->n_chunks * WINDOW; i++)
    {
      g_assert_cmpuint ((guint) chunks->ids[i], <, n_ids);
      g_assert_true (isfinite (chunks->weights[i]));
    }
  return 0;
}
