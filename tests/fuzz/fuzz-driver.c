/* fuzz-driver.c: feeds spoilt copies of good files to a fuzz target, the same ones in every run.
 *
 *   fuzz-TARGET ROUNDS FILE…
 *
 * Targets have libFuzzer's entry point, so that clang -fsanitize=fuzzer can drive them for hours without this file.
 * Each input is a block of memory of exactly its size: AddressSanitizer sees the first byte read beyond it.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz-driver.h"

#define SEED 20221123

#define MAX_CHANGES 6
#define MAX_CHUNK 64

/* Values that lengths and offsets like to break on. */
static const guint8 edges[] = { 0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff };

static void
change_once (GByteArray *input,
             GRand      *rand)
{
  guint at = (guint) g_rand_int_range (rand, 0, (gint32) input->len);
  guint n = (guint) g_rand_int_range (rand, 1, MAX_CHUNK);
  guint8 chunk[MAX_CHUNK];

  n = MIN (n, input->len - at);
  switch (g_rand_int_range (rand, 0, 7))
    {
    case 0:
      input->data[at] ^= (guint8) (1u << g_rand_int_range (rand, 0, 8));
      break;
    case 1:
      input->data[at] = (guint8) g_rand_int_range (rand, 0, 256);
      break;
    case 2:
      memset (input->data + at, edges[g_rand_int_range (rand, 0, G_N_ELEMENTS (edges))], MIN (n, 8));
      break;
    case 3:
      g_byte_array_remove_range (input, at, n);
      break;
    case 4:
      memcpy (chunk, input->data + at, n);
      g_byte_array_append (input, chunk, n);
      break;
    case 5:
      memcpy (chunk, input->data + at, n);
      at = (guint) g_rand_int_range (rand, 0, (gint32) (input->len - n + 1));
      memcpy (input->data + at, chunk, n);
      break;
    default:
      if (g_rand_int_range (rand, 0, 4) == 0)
        g_byte_array_set_size (input, at);
      break;
    }
}

static void
run_round (GBytes *seed,
           GRand  *rand)
{
  g_autoptr(GByteArray) input = g_byte_array_new ();
  int n_changes = g_rand_int_range (rand, 0, MAX_CHANGES + 1);
  guint8 *exact = NULL;
  gsize size;
  gconstpointer data = g_bytes_get_data (seed, &size);

  g_byte_array_append (input, data, (guint) size);
  for (int i = 0; i < n_changes && input->len > 0; i++)
    change_once (input, rand);
  exact = malloc (MAX (input->len, 1));
  if (input->len > 0)
    memcpy (exact, input->data, input->len);
  LLVMFuzzerTestOneInput (exact, input->len);
  free (exact);
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (SEED);
  g_autoptr(GPtrArray) seeds = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  guint64 n_rounds = argc > 2 ? g_ascii_strtoull (argv[1], NULL, 10) : 0;

  if (n_rounds == 0)
    {
      g_printerr ("Usage: %s ROUNDS FILE…\n", argv[0]);
      return 2;
    }
  for (int i = 2; i < argc; i++)
    {
      g_autoptr(GError) error = NULL;
      char *contents;
      gsize size;

      if (!g_file_get_contents (argv[i], &contents, &size, &error))
        {
          g_printerr ("%s\n", error->message);
          return 2;
        }
      g_ptr_array_add (seeds, g_bytes_new_take (contents, size));
    }
  for (guint64 i = 0; i < n_rounds; i++)
    run_round (g_ptr_array_index (seeds, i % seeds->len), rand);
  return 0;
}
