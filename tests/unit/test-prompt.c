/* test-prompt.c: the syntax of prompts, and prompts cut into chunks, against Stable Diffusion web UI.
 *
 * golden/prompts.json comes from golden/make-prompts.py.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "eshi-prompt-chunks.h"
#include "eshi-prompt-schedule.h"
#include "eshi-prompt-syntax.h"

#define WINDOW 77
#define N_STEPS 10

/* Both sides multiply the same doubles in the same order; only the golden's text form may round. */
#define WEIGHT_LIMIT 1e-12

static JsonParser *
load_goldens (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "prompts.json", NULL);
  g_autoptr(GError) error = NULL;
  JsonParser *parser = json_parser_new_immutable ();

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  return parser;
}

static JsonArray *
get_rows (JsonParser *parser,
          const char *key)
{
  return json_object_get_array_member (json_node_get_object (json_parser_get_root (parser)), key);
}

static EshiTokenizer *
open_tokenizer (gboolean clip)
{
  g_autofree char *path = clip ? g_test_build_filename (G_TEST_DIST, "..", "data", "tokenizer", "clip", NULL)
                               : g_test_build_filename (G_TEST_DIST, "golden", "tokenizer-small.model", NULL);
  g_autoptr(GError) error = NULL;
  EshiTokenizer *self = eshi_tokenizer_new_for_path (path, &error);

  g_assert_no_error (error);
  return self;
}

/* Returns: how far the weight is off */
static double
compare_part (const EshiPromptSyntax *syntax,
              guint                   index,
              JsonArray              *expected)
{
  const EshiPromptPart *part = &g_array_index (syntax->parts, EshiPromptPart, index);
  g_autofree char *text = g_strndup (syntax->text->str + part->start, part->length);

  g_assert_cmpint (part->breaks, ==, json_array_get_null_element (expected, 0));
  if (part->breaks)
    return 0.0;
  g_assert_cmpstr (text, ==, json_array_get_string_element (expected, 0));
  g_assert_cmpfloat_with_epsilon (part->weight, json_array_get_double_element (expected, 1), WEIGHT_LIMIT);
  return fabs (part->weight - json_array_get_double_element (expected, 1));
}

static void
test_syntax (void)
{
  g_autoptr(JsonParser) parser = load_goldens ();
  JsonArray *rows = get_rows (parser, "attention");
  double worst = 0.0;

  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonArray *row = json_array_get_array_element (rows, i);
      const char *prompt = json_array_get_string_element (row, 0);
      JsonArray *parts = json_array_get_array_element (row, 1);
      g_auto(EshiPromptSyntax) syntax = { 0 };

      eshi_prompt_syntax_init (&syntax, prompt, strlen (prompt), TRUE);
      if (syntax.parts->len != json_array_get_length (parts))
        g_test_message ("“%s”", prompt);
      g_assert_cmpuint (syntax.parts->len, ==, json_array_get_length (parts));
      for (guint j = 0; j < syntax.parts->len; j++)
        worst = MAX (worst, compare_part (&syntax, j, json_array_get_array_element (parts, j)));
    }
  g_test_message ("parity|prompt|brackets, weights and breaks of %u prompts|Stable Diffusion web UI 1.10|%.1e|%g",
                  json_array_get_length (rows), worst, WEIGHT_LIMIT);
}

/* Where the web UI trips, or takes away what is no syntax. */
static void
test_departures (void)
{
  static const struct
  {
    const char *prompt;
    gboolean parses;
    const char *text;
    guint n_parts;
    double weight; /* of the first part */
  } rows[] = {
    { "a\\b: c", TRUE, "a\\b: c", 1, 1.0 },
    { "（猫：1.5）［犬］", TRUE, "（猫：1.5）［犬］", 1, 1.0 },
    { "(a BREAK b)", TRUE, "ab", 3, 1.1 },
    { "(a:1.2.3)", TRUE, "a:1.2.3", 1, 1.1 },
    { "(a:.)", TRUE, "a:.", 1, 1.1 },
    { "(a:99999999)", TRUE, "a", 1, ESHI_PROMPT_MAX_WEIGHT },
    { "(a:-1e9)", TRUE, "a:-1e9", 1, 1.1 },
    { "(a) \\( BREAK", FALSE, "(a) \\( BREAK", 1, 1.0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto(EshiPromptSyntax) syntax = { 0 };

      eshi_prompt_syntax_init (&syntax, rows[i].prompt, strlen (rows[i].prompt), rows[i].parses);
      g_assert_cmpstr (syntax.text->str, ==, rows[i].text);
      g_assert_cmpuint (syntax.parts->len, ==, rows[i].n_parts);
      g_assert_cmpfloat_with_epsilon (g_array_index (syntax.parts, EshiPromptPart, 0).weight, rows[i].weight, 1e-12);
    }
}

static void
compare_steps (const char *prompt,
               JsonArray  *texts)
{
  guint n = json_array_get_length (texts);

  for (guint step = 1; step <= N_STEPS; step++)
    {
      gboolean changes = FALSE;
      g_autofree char *text = eshi_prompt_schedule_read (prompt, step, N_STEPS, &changes);

      if (!g_str_equal (text, json_array_get_string_element (texts, n > 1 ? step - 1 : 0)))
        g_test_message ("“%s”, step %u", prompt, step);
      g_assert_cmpstr (text, ==, json_array_get_string_element (texts, n > 1 ? step - 1 : 0));
      g_assert_true (changes || n == 1);
    }
}

static void
test_schedules (void)
{
  g_autoptr(JsonParser) parser = load_goldens ();
  JsonArray *rows = get_rows (parser, "schedules");

  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonArray *row = json_array_get_array_element (rows, i);

      compare_steps (json_array_get_string_element (row, 0), json_array_get_array_element (row, 1));
    }
  g_test_message ("parity|prompt|%u prompts at each of %d steps|Stable Diffusion web UI 1.10|0|0",
                  json_array_get_length (rows), N_STEPS);
}

/* Brackets deeper than anybody writes are text, and cost no stack. */
static void
test_deep_schedules (void)
{
  g_autofree char *deep = g_strnfill (60000, '[');
  gboolean changes = TRUE;
  g_autofree char *text = eshi_prompt_schedule_read (deep, 1, 1, &changes);

  g_assert_cmpstr (text, ==, deep);
  g_assert_false (changes);
}

/* Compares chunk @index with the golden's ids and weights, whose ends are left out. Returns: how far weights are off */
static double
compare_chunk (const EshiPromptChunks *chunks,
               guint                   index,
               JsonArray              *expected,
               gint32                  pad)
{
  JsonArray *ids = json_array_get_array_element (expected, 0);
  JsonArray *weights = json_array_get_array_element (expected, 1);
  double worst = 0.0;

  for (guint i = 0; i < WINDOW; i++)
    {
      guint at = index * WINDOW + i;
      gint64 id = i < json_array_get_length (ids) ? json_array_get_int_element (ids, i) : pad;
      double weight = i < json_array_get_length (weights) ? json_array_get_double_element (weights, i) : 1.0;

      g_assert_cmpint (chunks->ids[at], ==, id);
      /* the weights are f32 */
      g_assert_cmpfloat_with_epsilon (chunks->weights[at], weight, 1e-6);
      worst = MAX (worst, fabs (chunks->weights[at] - weight));
    }
  return worst;
}

static void
compare_rows (const char *key,
              gboolean    clip,
              const char *oracle)
{
  g_autoptr(JsonParser) parser = load_goldens ();
  g_autoptr(EshiTokenizer) tokenizer = open_tokenizer (clip);
  JsonArray *rows = get_rows (parser, key);
  double worst = 0.0;

  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonArray *row = json_array_get_array_element (rows, i);
      JsonArray *expected = json_array_get_array_element (row, 1);
      g_autoptr(EshiPromptChunks) chunks = eshi_prompt_chunks_new (tokenizer, json_array_get_string_element (row, 0),
                                                                    ESHI_EMPHASIS_ORIGINAL, WINDOW, NULL, 0);

      if (chunks->n_chunks != json_array_get_length (expected))
        g_test_message ("“%s”", json_array_get_string_element (row, 0));
      g_assert_cmpuint (chunks->n_chunks, ==, json_array_get_length (expected));
      for (guint j = 0; j < chunks->n_chunks; j++)
        worst = MAX (worst, compare_chunk (chunks, j, json_array_get_array_element (expected, j),
                                           eshi_tokenizer_get_pad_id (tokenizer)));
    }
  g_test_message ("parity|prompt|ids and weights of %u prompts in chunks, %s|%s|%.1e|1e-6",
                  json_array_get_length (rows), key, oracle, worst);
}

static void
test_clip (void)
{
  compare_rows ("clip", TRUE, "Stable Diffusion web UI 1.10 with transformers 5.23.0");
}

static void
test_sentencepiece (void)
{
  compare_rows ("sentencepiece", FALSE, "sentencepiece 0.2.0 and the specification's rule in Python");
}

/* Whatever the emphasis: without syntax and within the window, the reference's ids. */
static void
test_plain (void)
{
  static const char *const texts[] = {
    "", " ", "猫の肖像画 油絵", "a cat, a dog: 3 \\ birds", "（猫：1.2）", "a</s>", "犬 <unk> x", "Breaking BREAKS",
  };

  for (guint i = 0; i < 2 * 4 * G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(EshiTokenizer) tokenizer = open_tokenizer (FALSE);
      const char *text = texts[i / 8];
      g_autoptr(EshiPromptChunks) chunks = eshi_prompt_chunks_new (tokenizer, text, i % 4, WINDOW, NULL, 0);
      g_autoptr(GArray) ids = eshi_tokenizer_encode (tokenizer, text, WINDOW, NULL);
      g_autoptr(GArray) whole = eshi_tokenizer_encode (tokenizer, text, 0, NULL);

      g_assert_cmpuint (chunks->n_chunks, ==, 1);
      g_assert_cmpmem (chunks->ids, WINDOW * sizeof (gint32), ids->data, ids->len * sizeof (gint32));
      g_assert_false (chunks->weighs[0]);
      g_assert_cmpuint (chunks->n_ids, ==, whole->len);
    }
}

/* With emphasis off, brackets are text and long prompts are cut, as diffusers cuts them. */
static void
test_off (void)
{
  g_autoptr(EshiTokenizer) tokenizer = open_tokenizer (TRUE);
  g_autoptr(GString) text = g_string_new ("(a:1.3) [b] BREAK \\( ");
  g_autoptr(EshiPromptChunks) chunks = NULL;
  g_autoptr(GArray) ids = NULL;
  g_autoptr(GArray) whole = NULL;

  for (guint i = 0; i < 100; i++)
    g_string_append (text, "cat, ");
  chunks = eshi_prompt_chunks_new (tokenizer, text->str, ESHI_EMPHASIS_OFF, WINDOW, NULL, 0);
  ids = eshi_tokenizer_encode (tokenizer, text->str, WINDOW, NULL);
  whole = eshi_tokenizer_encode (tokenizer, text->str, 0, NULL);
  g_assert_cmpuint (chunks->n_chunks, ==, 1);
  g_assert_cmpmem (chunks->ids, WINDOW * sizeof (gint32), ids->data, ids->len * sizeof (gint32));
  g_assert_false (chunks->weighs[0]);
  g_assert_cmpuint (chunks->n_ids, ==, whole->len);
}

static void
test_words (gconstpointer data)
{
  static const EshiPromptWord words[] = {
    { "eshi-cat", 0, 3 }, { "eshi", 3, 1 }, { "<Dots>", 4, 2 }, { "never", 6, 1 }, { "", 7, 1 },
  };
  gboolean clip = GPOINTER_TO_INT (data);
  g_autoptr(EshiTokenizer) tokenizer = open_tokenizer (clip);
  g_autoptr(EshiPromptChunks) chunks = eshi_prompt_chunks_new (tokenizer, "(ESHI-cat:1.5) <dots>", ESHI_EMPHASIS_ORIGINAL,
                                                                WINDOW, words, G_N_ELEMENTS (words));
  gint32 first = (gint32) eshi_tokenizer_get_vocab_size (tokenizer);
  guint at = clip ? 1 : 0;
  const gint32 rows[] = { 0, 1, 2, 4, 5 };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_assert_cmpint (chunks->ids[at + i], ==, first + rows[i]);
      g_assert_cmpfloat (chunks->weights[at + i], ==, i < 3 ? 1.5f : 1.0f);
    }
  g_assert_cmpint (chunks->ids[at + 5], ==, eshi_tokenizer_get_end_id (tokenizer));
  g_assert_true (chunks->used[0] && chunks->used[2]);
  g_assert_false (chunks->used[1] || chunks->used[3] || chunks->used[4]);
}

/* Rows that do not fit the rest of a chunk go to the next one together. */
static void
test_words_stay_together (void)
{
  static const EshiPromptWord words[] = { { "style", 0, 20 }, { "huge", 20, 200 } };
  g_autoptr(EshiTokenizer) tokenizer = open_tokenizer (TRUE);
  g_autoptr(GString) text = g_string_new (NULL);
  g_autoptr(EshiPromptChunks) chunks = NULL;
  gint32 first = (gint32) eshi_tokenizer_get_vocab_size (tokenizer);

  for (guint i = 0; i < 60; i++)
    g_string_append (text, "a ");
  g_string_append (text, "style huge");
  chunks = eshi_prompt_chunks_new (tokenizer, text->str, ESHI_EMPHASIS_ORIGINAL, WINDOW, words, G_N_ELEMENTS (words));
  g_assert_cmpuint (chunks->n_chunks, ==, 3);
  g_assert_cmpint (chunks->ids[61], ==, eshi_tokenizer_get_end_id (tokenizer));
  g_assert_cmpint (chunks->ids[WINDOW + 1], ==, first);
  g_assert_cmpint (chunks->ids[2 * WINDOW + 1], ==, first + 20);
  g_assert_cmpint (chunks->ids[2 * WINDOW + 75], ==, first + 94);
}

static void
test_pad (void)
{
  g_autoptr(EshiTokenizer) tokenizer = open_tokenizer (FALSE);
  g_autoptr(EshiPromptChunks) chunks = eshi_prompt_chunks_new (tokenizer, "猫", ESHI_EMPHASIS_NO_NORM, WINDOW, NULL, 0);
  g_autoptr(GArray) empty = eshi_tokenizer_encode (tokenizer, "", WINDOW, NULL);

  eshi_prompt_chunks_pad (chunks, tokenizer, 3);
  g_assert_cmpuint (chunks->n_chunks, ==, 3);
  for (guint i = 1; i < 3; i++)
    g_assert_cmpmem (chunks->ids + (gsize) i * WINDOW, WINDOW * sizeof (gint32), empty->data, empty->len * sizeof (gint32));
}

static void
test_emphasis_names (void)
{
  EshiEmphasis emphasis = ESHI_EMPHASIS_OFF;

  for (guint i = 0; i < 4; i++)
    {
      g_assert_true (eshi_emphasis_from_name (eshi_emphasis_get_name (i), &emphasis));
      g_assert_cmpuint (emphasis, ==, i);
      g_assert_true (eshi_emphasis_from_name (eshi_emphasis_get_label (i), &emphasis));
      g_assert_cmpuint (emphasis, ==, i);
    }
  g_assert_false (eshi_emphasis_from_name ("loud", &emphasis));
  g_assert_false (eshi_emphasis_from_name (NULL, &emphasis));
  g_assert_null (eshi_emphasis_get_name (4));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/eshi/prompt/syntax", test_syntax);
  g_test_add_func ("/eshi/prompt/departures", test_departures);
  g_test_add_func ("/eshi/prompt/schedules", test_schedules);
  g_test_add_func ("/eshi/prompt/deep-schedules", test_deep_schedules);
  g_test_add_func ("/eshi/prompt/chunks-clip", test_clip);
  g_test_add_func ("/eshi/prompt/chunks-sentencepiece", test_sentencepiece);
  g_test_add_func ("/eshi/prompt/plain-is-the-reference", test_plain);
  g_test_add_func ("/eshi/prompt/off", test_off);
  g_test_add_data_func ("/eshi/prompt/words-clip", GINT_TO_POINTER (TRUE), test_words);
  g_test_add_data_func ("/eshi/prompt/words-sentencepiece", GINT_TO_POINTER (FALSE), test_words);
  g_test_add_func ("/eshi/prompt/words-stay-together", test_words_stay_together);
  g_test_add_func ("/eshi/prompt/pad", test_pad);
  g_test_add_func ("/eshi/prompt/emphasis-names", test_emphasis_names);
  return g_test_run ();
}
