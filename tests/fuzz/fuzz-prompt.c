/* fuzz-prompt.c: texts of any bytes: always ids that the model has, always as many as asked for.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-tokenizer.h"
#include "fuzz-driver.h"

#define LENGTH 77

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

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  const EshiTokenizer *tokenizer = get_tokenizer ();
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr(GArray) padded = NULL;
  g_autoptr(GArray) whole = NULL;
  gsize n_pieces;

  padded = eshi_tokenizer_encode (tokenizer, text, LENGTH, NULL);
  whole = eshi_tokenizer_encode (tokenizer, text, 0, &n_pieces);
  g_assert_cmpuint (padded->len, ==, LENGTH);
  g_assert_cmpuint (whole->len - n_pieces, <=, 1);
  for (guint i = 0; i < whole->len; i++)
    g_assert_cmpuint ((guint) g_array_index (whole, gint32, i), <, eshi_tokenizer_get_vocab_size (tokenizer));
  return 0;
}
