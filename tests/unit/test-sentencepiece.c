/* test-sentencepiece.c: our unigram model beside libsentencepiece, on 100,000 made-up texts for each model.
 *
 * The texts mix what Japanese prompts hold with what nobody should type: bytes that are no UTF-8, stray marks, and
 * the model's own pieces. They are the same in every run.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "../parity.h"
#include "eshi-sentencepiece.h"
#include "sentencepiece-shim.h"

#define N_TEXTS 100000
#define SEED 20221123

#define MAX_PARTS 10
#define MAX_PIECE_TEXT 256

typedef struct
{
  gunichar first;
  gunichar last;
} Block;

/* Characters by kind; kinds are chosen evenly, whatever their size. */
static const Block blocks[] = {
  { 'a', 'z' },
  { 'A', 'Z' },
  { '0', '9' },
  { 0x20, 0x7e },
  { 0x01, 0x1f },       /* controls */
  { 0x80, 0xff },
  { 0x100, 0x24f },
  { 0x300, 0x36f },     /* combining marks */
  { 0x370, 0x52f },     /* Greek, Cyrillic */
  { 0x600, 0x6ff },
  { 0xe00, 0xe7f },
  { 0x1100, 0x11ff },   /* Hangul that composes */
  { 0x1ea0, 0x1eff },
  { 0x2000, 0x206f },   /* spaces, joiners, punctuation */
  { 0x2070, 0x218f },
  { 0x2190, 0x27bf },
  { 0x2460, 0x24ff },   /* circled */
  { 0x2580, 0x2583 },   /* ▁ */
  { 0x3000, 0x303f },
  { 0x3041, 0x309f },   /* hiragana, sound marks */
  { 0x3041, 0x3093 },
  { 0x30a0, 0x30ff },   /* katakana */
  { 0x3099, 0x309c },
  { 0x3200, 0x33ff },   /* squared */
  { 0x4e00, 0x4eff },   /* the commonest kanji are spread over the block */
  { 0x4e00, 0x9fff },
  { 0xac00, 0xd7a3 },
  { 0xf900, 0xfaff },   /* compatibility kanji */
  { 0xfb00, 0xfdff },
  { 0xfe00, 0xfe0f },   /* variation selectors */
  { 0xff01, 0xff5e },   /* full width */
  { 0xff61, 0xff9f },   /* half-width katakana */
  { 0xfff0, 0xffff },
  { 0x1d400, 0x1d7ff },
  { 0x1f1e6, 0x1f1ff },
  { 0x1f300, 0x1f6ff }, /* emoji */
  { 0x20000, 0x2a6df },
  { 0x10, 0x10ffff },
};

static const char * const strings[] = {
  "<s>", "</s>", "<unk>", "[SEP]", "[PAD]", "[CLS]", "[MASK]", "<S>", " ", "  ", "\xe3\x80\x80", "\n", "\t", "\r\n",
  "\xc2\xa0", "\xe2\x80\x8b", "\xe2\x80\x8d", "\xef\xbb\xbf", "\xe2\x96\x81", "\xe2\x96\x81\xe2\x96\x81",
  "\xef\xbf\xbd", "111", "1111111", "....", "\xe3\x83\xbc\xe3\x83\xbc", "\xef\xb7\xba",
};

static const char * const malformed[] = {
  "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xe3\x81", "\xe0\x80\x80", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x9f",
  "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff",
};

static void
append_piece (GString *text,
              SpShim  *reference,
              GRand   *rand)
{
  char piece[MAX_PIECE_TEXT];
  const char *start = piece;

  sp_shim_piece (reference, g_rand_int_range (rand, 0, sp_shim_n_pieces (reference)), piece, sizeof piece);
  if (g_str_has_prefix (piece, "\xe2\x96\x81") && g_rand_boolean (rand))
    {
      g_string_append_c (text, ' ');
      start += 3;
    }
  g_string_append (text, start);
}

static void
append_part (GString *text,
             SpShim  *reference,
             GRand   *rand)
{
  int kind = g_rand_int_range (rand, 0, 100);

  if (kind < 40)
    append_piece (text, reference, rand);
  else if (kind < 50)
    g_string_append (text, strings[g_rand_int_range (rand, 0, G_N_ELEMENTS (strings))]);
  else if (kind < 53)
    g_string_append (text, malformed[g_rand_int_range (rand, 0, G_N_ELEMENTS (malformed))]);
  else if (kind < 55)
    g_string_append_c (text, (char) g_rand_int_range (rand, 1, 256));
  else
    {
      const Block *block = &blocks[g_rand_int_range (rand, 0, G_N_ELEMENTS (blocks))];
      int n = g_rand_int_range (rand, 1, 5);
      gunichar same = (gunichar) g_rand_int_range (rand, (gint32) block->first, (gint32) block->last + 1);

      for (int i = 0; i < n; i++)
        {
          if (kind < 97)
            same = (gunichar) g_rand_int_range (rand, (gint32) block->first, (gint32) block->last + 1);
          g_string_append_unichar (text, same); /* surrogates too: they become malformed text */
        }
    }
}

static void
fail (const GString *text,
      guint          index,
      const gint32  *expected,
      gsize          n_expected,
      const GArray  *actual)
{
  g_autofree char *escaped = g_strescape (text->str, NULL);
  g_autoptr(GString) ids = g_string_new (NULL);

  for (gsize i = 0; i < n_expected; i++)
    g_string_append_printf (ids, " %d", expected[i]);
  g_string_append (ids, " expected, but");
  for (guint i = 0; i < actual->len; i++)
    g_string_append_printf (ids, " %d", g_array_index (actual, gint32, i));
  g_test_message ("text %u, \"%s\":%s", index, escaped, ids->str);
  g_test_fail ();
}

static EshiSentencepiece *
open_ours (const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = NULL;
  EshiSentencepiece *self = NULL;
  char *contents;
  gsize size;

  g_file_get_contents (path, &contents, &size, &error);
  g_assert_no_error (error);
  bytes = g_bytes_new_take (contents, size);
  self = eshi_sentencepiece_new (bytes, &error);
  g_assert_no_error (error);
  return self;
}

static void
test_equal (gconstpointer data)
{
  const char *path = data;
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *name = g_strdup_printf ("%s%s: ids of random texts", strstr (path, "mame") != NULL ? "mame's " : "", base);
  g_autoptr(EshiSentencepiece) ours = NULL;
  g_autoptr(GRand) rand = g_rand_new_with_seed (SEED);
  g_autoptr(GString) text = g_string_new (NULL);
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  SpShim *reference = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_autofree char *reason = g_strdup_printf ("there is no %s", path);

      g_test_skip (reason);
      return;
    }
  ours = open_ours (path);
  reference = sp_shim_new (path);
  g_assert_nonnull (reference);
  g_assert_cmpuint (eshi_sentencepiece_get_n_pieces (ours), ==, (guint) sp_shim_n_pieces (reference));

  for (guint i = 0; i < N_TEXTS && !g_test_failed (); i++)
    {
      const int32_t *expected;
      gsize n_expected;
      int n_parts = g_rand_int_range (rand, 0, MAX_PARTS + 1);

      g_string_truncate (text, 0);
      for (int part = 0; part < n_parts; part++)
        append_part (text, reference, rand);
      n_expected = sp_shim_encode (reference, text->str, text->len, &expected);
      g_array_set_size (ids, 0);
      eshi_sentencepiece_encode (ours, text->str, text->len, ids, NULL);
      if (ids->len != n_expected || memcmp (ids->data, expected, n_expected * sizeof *expected) != 0)
        fail (text, i, expected, n_expected, ids);
    }
  if (!g_test_failed ())
    parity_count_row ("tokenizers", name, "libsentencepiece " SENTENCEPIECE_VERSION, 0, N_TEXTS);
  sp_shim_free (reference);
}

int
main (int   argc,
      char *argv[])
{
  const char *shared_folder = g_getenv ("ESHI_SHARED");
  g_autofree char *small = NULL;
  g_autofree char *mame = NULL;
  g_autofree char *shared = NULL;

  g_test_init (&argc, &argv, NULL);

  small = g_test_build_filename (G_TEST_DIST, "golden", "tokenizer-small.model", NULL);
  mame = g_test_build_filename (G_TEST_DIST, "..", "data", "model", "mame", "tokenizer", "spiece.model", NULL);
  shared = shared_folder != NULL
             ? g_build_filename (shared_folder, "data", "google_sp.model", NULL)
             : g_test_build_filename (G_TEST_DIST, "..", "..", "shared", "data", "google_sp.model", NULL);
  g_test_add_data_func ("/eshi/sentencepiece/equal/small", small, test_equal);
  g_test_add_data_func ("/eshi/sentencepiece/equal/mame", mame, test_equal);
  g_test_add_data_func ("/eshi/sentencepiece/equal/reference", shared, test_equal);

  return g_test_run ();
}
