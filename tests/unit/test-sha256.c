/* test-sha256.c: SHA-256 against the examples of FIPS 180-4 and against GLib's, both ways of computing it.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "eshi-sha256.h"

#define MAX_BYTES 1000
#define SEED 20221123

typedef void (*Update) (EshiSha256   *self,
                        const guint8 *data,
                        gsize         n);

static const Update updates[] = { eshi_sha256_update, _eshi_sha256_update_plainly };

static void
assert_hash (const char *message,
             gsize       n_repeats,
             const char *want)
{
  for (guint i = 0; i < G_N_ELEMENTS (updates); i++)
    {
      EshiSha256 sha;
      g_autofree char *hash = NULL;

      eshi_sha256_init (&sha);
      for (gsize k = 0; k < n_repeats; k++)
        updates[i](&sha, (const guint8 *) message, strlen (message));
      hash = eshi_sha256_finish (&sha);
      g_assert_cmpstr (hash, ==, want);
    }
}

/* NIST's examples of FIPS 180-4, SHA256.pdf, and the million letters of FIPS 180-2, appendix B.3. */
static void
test_examples (void)
{
  assert_hash ("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert_hash ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert_hash ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  assert_hash ("a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Every length up to some blocks, in pieces of every size. */
static void
test_lengths (void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (SEED);
  guint8 message[MAX_BYTES];
  guint n_wrong = 0;

  for (guint i = 0; i < MAX_BYTES; i++)
    message[i] = (guint8) g_rand_int (rand);
  for (guint n = 0; n <= MAX_BYTES; n++)
    {
      g_autofree char *want = g_compute_checksum_for_data (G_CHECKSUM_SHA256, message, n);

      for (guint i = 0; i < G_N_ELEMENTS (updates); i++)
        {
          EshiSha256 sha;
          g_autofree char *hash = NULL;

          eshi_sha256_init (&sha);
          for (guint at = 0, piece = 0; at < n; at += piece)
            {
              piece = (guint) g_rand_int_range (rand, 1, 200);
              piece = MIN (piece, n - at);
              updates[i](&sha, message + at, piece);
            }
          hash = eshi_sha256_finish (&sha);
          n_wrong += !g_str_equal (hash, want);
        }
    }

  g_test_message ("parity|files|SHA-256 of 1,001 messages, both ways|GLib %u.%u|%u differ|0", glib_major_version,
                  glib_minor_version, n_wrong);
  g_assert_cmpuint (n_wrong, ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/eshi/sha256/examples", test_examples);
  g_test_add_func ("/eshi/sha256/lengths", test_lengths);
  return g_test_run ();
}
