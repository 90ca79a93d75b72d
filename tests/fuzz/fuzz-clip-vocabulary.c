/* fuzz-clip-vocabulary.c: CLIP's two files of any content: refused with an error, or usable.
 *
 * The first line of an input is vocab.json, the rest merges.txt.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "eshi-clip-vocabulary.h"
#include "eshi-error.h"
#include "fuzz-driver.h"

static const char * const words[] = { "", "a", "low", "lower", "newest", "猫", "aaaaaaaaaaaa", "\xff\x80" };

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  const guint8 *line_end = size > 0 ? memchr (data, '\n', size) : NULL;
  gsize n_vocab = line_end != NULL ? (gsize) (line_end - data) : size;
  gsize n_merges = line_end != NULL ? size - n_vocab - 1 : 0;
  g_autoptr(GBytes) vocab = g_bytes_new_static (data, n_vocab);
  g_autoptr(GBytes) merges = g_bytes_new_static (line_end != NULL ? line_end + 1 : NULL, n_merges);
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiClipVocabulary) self = eshi_clip_vocabulary_new (vocab, merges, &error);

  if (self == NULL)
    {
      g_assert_true (error != NULL && error->domain == ESHI_ERROR);
      return 0;
    }
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    eshi_clip_vocabulary_encode_word (self, words[i], strlen (words[i]), 0, ids);
  for (guint i = 0; i < ids->len; i++)
    g_assert_cmpuint ((guint) g_array_index (ids, gint32, i), <, eshi_clip_vocabulary_get_size (self));
  return 0;
}
