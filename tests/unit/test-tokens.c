/* test-tokens.c: the ruler: what it counts is what painting reads.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "eshi-tokens.h"

#define WINDOW 77

static EshiTokens *
open_tokens (gboolean clip)
{
  g_autofree char *path = clip ? g_test_build_filename (G_TEST_DIST, "..", "data", "tokenizer", "clip", NULL)
                               : g_test_build_filename (G_TEST_DIST, "golden", "tokenizer-small.model", NULL);
  g_autoptr(GError) error = NULL;
  EshiTokens *self = eshi_tokens_new (path, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (eshi_tokens_get_limit (self), ==, WINDOW);
  return self;
}

/* "a" is one id of CLIP's, and there are two marks; the counts follow. */
static void
test_counts (void)
{
  static const struct
  {
    const char *prompt;
    const char *emphasis;
    gsize count;
    gsize limit;
  } rows[] = {
    { "", NULL, 2, 77 },
    { "a a a", NULL, 5, 77 },
    { "(a:1.3) [a] ((a))", NULL, 5, 77 },
    { "(a)", "off", 5, 77 },
    { "a <lora:b:0.5> a", NULL, 4, 77 },
    { "a BREAK a a", NULL, 77 + 4, 154 },
    { "a BREAK a a", "off", 6, 77 },
    { "style a", NULL, 2 + 2 + 1, 77 },
    { "a [a:a a a:5]", NULL, 2 + 4, 77 },
    { "a [a:a a a:5]", "off", 2 + 10, 77 },
  };
  g_autoptr(EshiTokens) tokens = open_tokens (TRUE);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gsize limit = 0;
      gssize overflow = 0;

      g_test_message ("“%s”", rows[i].prompt);
      g_assert_cmpuint (eshi_tokens_measure (tokens, rows[i].prompt, rows[i].emphasis, &limit, &overflow), ==, rows[i].count);
      g_assert_cmpuint (limit, ==, rows[i].limit);
      g_assert_cmpint (overflow, ==, -1);
    }
}

static void
test_long (void)
{
  g_autoptr(EshiTokens) tokens = open_tokens (TRUE);
  g_autoptr(GString) prompt = g_string_new (NULL);
  gsize limit = 0;
  gssize overflow = 0;

  for (guint i = 0; i < 160; i++)
    g_string_append (prompt, "a ");
  g_assert_cmpuint (eshi_tokens_measure (tokens, prompt->str, "original", &limit, &overflow), ==, 2 * 77 + 2 + 10);
  g_assert_cmpuint (limit, ==, 3 * WINDOW);
  g_assert_cmpint (overflow, ==, -1);

  /* what does not fit one window begins behind the 75th word and the space after it */
  g_assert_cmpuint (eshi_tokens_measure (tokens, prompt->str, "off", &limit, &overflow), ==, 162);
  g_assert_cmpuint (limit, ==, WINDOW);
  g_assert_cmpint (overflow, ==, 75 * 2);
}

/* A whole character is read or left out. */
static void
test_japanese (void)
{
  g_autoptr(EshiTokens) tokens = open_tokens (FALSE);
  g_autoptr(GString) prompt = g_string_new (NULL);
  g_autofree gint32 *ids = NULL;
  gsize n_ids = 0;
  gsize limit = 0;
  gssize overflow = 0;

  for (guint i = 0; i < 100; i++)
    g_string_append (prompt, "猫、");
  g_assert_cmpuint (eshi_tokens_measure (tokens, prompt->str, "off", &limit, &overflow), ==, 202);
  /* a space, 75 pieces of a character each, the end mark */
  g_assert_cmpint (overflow, ==, 75 * strlen ("猫"));
  ids = eshi_tokens_encode (tokens, prompt->str, &n_ids);
  g_assert_cmpuint (n_ids, ==, limit);
}

int
main (int   argc,
      char *argv[])
{
  g_autofree char *data = NULL;
  g_autofree char *folder = NULL;
  g_autofree char *from = NULL;
  g_autofree char *to = NULL;
  g_autofree char *contents = NULL;
  gsize size = 0;
  int status = 0;

  g_test_init (&argc, &argv, NULL);
  data = g_dir_make_tmp ("eshi-tokens-XXXXXX", NULL);
  g_setenv ("XDG_DATA_HOME", data, TRUE);
  folder = g_build_filename (data, "eshi", "embeddings", NULL);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  from = g_test_build_filename (G_TEST_DIST, "golden", "embeddings", "paint.safetensors", NULL);
  to = g_build_filename (folder, "style.safetensors", NULL);
  g_assert_true (g_file_get_contents (from, &contents, &size, NULL));
  g_assert_true (g_file_set_contents (to, contents, (gssize) size, NULL));

  g_test_add_func ("/eshi/tokens/counts", test_counts);
  g_test_add_func ("/eshi/tokens/long", test_long);
  g_test_add_func ("/eshi/tokens/japanese", test_japanese);
  status = g_test_run ();
  g_remove (to);
  for (char *path = folder; strlen (path) >= strlen (data); *strrchr (path, G_DIR_SEPARATOR) = '\0')
    g_remove (path);
  return status;
}
