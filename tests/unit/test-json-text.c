/* test-json-text.c: what of strangers' text reaches the JSON parser.
 *
 * libFuzzer found that json-glib 1.6 leaks the first of two values in a row ("{}{}", clip-vocabulary). It also reads
 * comments, and a quote in one of them hid the brackets behind it from those who count.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "eshi-json-text.h"

static char *
nest (guint depth)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < depth; i++)
    g_string_append_c (text, '[');
  for (guint i = 0; i < depth; i++)
    g_string_append_c (text, ']');
  return g_string_free (text, FALSE);
}

static void
test_texts (void)
{
  static const struct
  {
    const char *text;
    gboolean is_safe;
  } cases[] = {
    { "{}", TRUE }, { " [1, {\"a\": [2]}]\n", TRUE }, { "\xef\xbb\xbf{}", TRUE }, { "{\"a\": \"}{\\\"}{\"}", TRUE },
    { "{}{}", FALSE },
    { "{} []", FALSE },
    { "[]1", FALSE },
    { "1 {}", FALSE },
    { "", FALSE },
    { " ", FALSE },
    { "\"{\"", FALSE },
    { "}", FALSE },
    { "{]}", FALSE },
    { "{\"/a#b'\": 1}", TRUE },
    { "{/* \" */}", FALSE },
    { "{// \"\n}", FALSE },
    { "{'\"': 1}", FALSE },
    { "{# \"\n}", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (eshi_json_text_is_safe (cases[i].text, strlen (cases[i].text)), ==, cases[i].is_safe);
}

/* What is cut short is left to the parser, and nothing is read behind it. */
static void
test_cut (void)
{
  static const char * const texts[] = { "{\"a", "{\"a\\", "[[", "{" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *exact = g_memdup2 (texts[i], strlen (texts[i]));

      g_assert_true (eshi_json_text_is_safe (exact, strlen (texts[i])));
    }
}

static void
test_depth (void)
{
  g_autofree char *deep = nest (64);
  g_autofree char *deeper = nest (65);

  g_assert_true (eshi_json_text_is_safe (deep, strlen (deep)));
  g_assert_false (eshi_json_text_is_safe (deeper, strlen (deeper)));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/eshi/json-text/texts", test_texts);
  g_test_add_func ("/eshi/json-text/cut", test_cut);
  g_test_add_func ("/eshi/json-text/depth", test_depth);
  return g_test_run ();
}
