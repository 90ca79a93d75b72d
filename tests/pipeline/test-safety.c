/* test-safety.c: the safety checker against diffusers'.
 *
 * tests/golden/make-safety.py made the checkers and what they say.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "backends.h"
#include "eshi-clip-picture.h"
#include "eshi-error.h"
#include "eshi-safety-checker.h"

/* Both sides sum in f32, in different orders, over vectors of length 1. */
#define LIMIT 1e-4

/* diffusers subtracts in f32 what is subtracted here in double, and the golden has seven decimals. */
#define RULE_LIMIT 2e-7

static const struct
{
  const char *name;
  guint       size; /* of the square that its tower reads */
} checkers[] = {
  { "new-names", 30 },
  { "old-names", 28 },
};

static JsonObject *
load_golden (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "safety", "expected.json", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonParser) parser = json_parser_new ();

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  return json_object_ref (json_node_get_object (json_parser_get_root (parser)));
}

static guint8 *
make_picture (guint width,
              guint height)
{
  guint8 *rgb = g_new (guint8, 3 * (gsize) width * height);

  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++)
      for (guint c = 0; c < 3; c++)
        rgb[3 * ((gsize) y * width + x) + c] = (37 * x + 91 * y + 53 * c + x * y / 7) & 255;
  return rgb;
}

/* The picture of a golden's case; (transfer full). */
static guint8 *
make_case (JsonObject *expected,
           guint      *width,
           guint      *height)
{
  *width = (guint) json_object_get_int_member (expected, "width");
  *height = (guint) json_object_get_int_member (expected, "height");
  return make_picture (*width, *height);
}

static void
test_crop (void)
{
  g_autoptr(JsonObject) golden = load_golden ();
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (checkers); i++)
    {
      JsonArray *cases = json_object_get_array_member (golden, checkers[i].name);

      for (guint k = 0; k < json_array_get_length (cases); k++, n++)
        {
          JsonObject *expected = json_array_get_object_element (cases, k);
          guint width = 0;
          guint height = 0;
          g_autofree guint8 *rgb = make_case (expected, &width, &height);
          g_autoptr(GError) error = NULL;
          g_autofree guint8 *square = eshi_clip_picture_crop (rgb, width, height, checkers[i].size, &error);
          g_autofree char *digest = NULL;

          g_assert_no_error (error);
          digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, square,
                                                3 * (gsize) checkers[i].size * checkers[i].size);
          g_assert_cmpstr (digest, ==, json_object_get_string_member (expected, "crop"));
        }
    }

  g_test_message ("parity|safety|%u pictures resized and cut for CLIP|%s|0 bytes differ|0", n,
                  json_object_get_string_member (golden, "oracle"));
}

/* Where an odd number of rows goes, the one more is at the bottom: of 3 × 4 pixels, rows 0 to 2 stay. */
static void
test_crop_odd (void)
{
  guint8 rgb[4 * 3 * 3] = { 0 };
  g_autofree guint8 *square = NULL;

  for (guint y = 0; y < 4; y++)
    memset (rgb + (gsize) 9 * y, 10 * (int) y, 9);
  square = eshi_clip_picture_crop (rgb, 3, 4, 3, NULL);
  g_assert_cmpuint (square[0], ==, 0);
  g_assert_cmpuint (square[26], ==, 20);
}

/* How far @scores are from @expected, an array of the special ones and then the concepts. */
static double
worst_score (const EshiSafetyScores *scores,
             JsonArray              *expected)
{
  double worst = 0.0;

  g_assert_cmpuint (json_array_get_length (expected), ==, ESHI_SAFETY_N_SPECIAL + ESHI_SAFETY_N_CONCEPTS);
  for (guint i = 0; i < ESHI_SAFETY_N_SPECIAL; i++)
    worst = MAX (worst, fabs (scores->special[i] - json_array_get_double_element (expected, i)));
  for (guint i = 0; i < ESHI_SAFETY_N_CONCEPTS; i++)
    worst = MAX (worst, fabs (scores->concepts[i] -
                              json_array_get_double_element (expected, ESHI_SAFETY_N_SPECIAL + i)));
  return worst;
}

static EshiSafetyChecker *
load_checker (const char *name)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "golden", "safety", name, NULL);
  g_autoptr(GError) error = NULL;
  EshiSafetyChecker *checker = eshi_safety_checker_load (folder, &error);

  g_assert_no_error (error);
  return checker;
}

/* Judges all pictures of @cases; returns how far the worst score is off. */
static double
check_cases (EshiSafetyChecker *checker,
             EshiBackend       *backend,
             JsonArray         *cases)
{
  g_autoptr(GError) error = NULL;
  double worst = 0.0;

  eshi_safety_checker_prepare (checker, backend, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < json_array_get_length (cases); i++)
    {
      JsonObject *expected = json_array_get_object_element (cases, i);
      guint width = 0;
      guint height = 0;
      g_autofree guint8 *rgb = make_case (expected, &width, &height);
      EshiSafetyScores scores;

      eshi_safety_checker_check (checker, rgb, width, height, NULL, &scores, &error);
      g_assert_no_error (error);
      worst = MAX (worst, worst_score (&scores, json_object_get_array_member (expected, "scores")));
      g_assert_cmpint (scores.withheld, ==, json_object_get_boolean_member (expected, "withheld"));
    }

  g_assert_cmpfloat (worst, <=, LIMIT);
  return worst;
}

typedef struct
{
  guint   n_weights;
  guint64 n_values;
} Size;

static void
count_cb (const char *name,
          EshiShape   shape,
          gpointer    user_data)
{
  Size *size = user_data;

  size->n_weights++;
  size->n_values += (guint64) eshi_shape_count (&shape);
}

/* The published checker, as the specification counts it. */
static void
test_size (void)
{
  Size size = { 0 };

  eshi_safety_checker_foreach_weight (count_cb, &size);
  g_assert_cmpuint (size.n_weights, ==, 396);
  g_assert_cmpuint (size.n_values, ==, 303981588);
}

static void
test_tower (gconstpointer data)
{
  EshiBackend *backend = open_backend (data, ESHI_PRECISION_AUTO);
  g_autoptr(JsonObject) golden = load_golden ();
  double worst = 0.0;

  if (backend == NULL)
    return;

  for (guint i = 0; i < G_N_ELEMENTS (checkers); i++)
    {
      g_autoptr(EshiSafetyChecker) checker = load_checker (checkers[i].name);
      JsonArray *cases = json_object_get_array_member (golden, checkers[i].name);

      worst = MAX (worst, check_cases (checker, backend, cases));
      eshi_safety_checker_release (checker);
      worst = MAX (worst, check_cases (checker, backend, cases));
    }

  g_test_message ("parity|safety|20 scores and the flag of 9 pictures, two small checkers, %s|%s|%.1e, 0 flags differ|%.0e",
                  (const char *) data, json_object_get_string_member (golden, "oracle"), worst, LIMIT);
  close_backend (backend);
}

static void
fill_floats (float     *dst,
             JsonArray *src,
             guint      first,
             guint      n)
{
  for (guint i = 0; i < n; i++)
    dst[i] = (float) json_array_get_double_element (src, first + i);
}

static void
test_rules (void)
{
  g_autoptr(JsonObject) golden = load_golden ();
  JsonObject *rules = json_object_get_object_member (golden, "rules");
  JsonArray *rows = json_object_get_array_member (rules, "rows");
  JsonArray *limits = json_object_get_array_member (rules, "limits");
  float special_limits[ESHI_SAFETY_N_SPECIAL];
  float concept_limits[ESHI_SAFETY_N_CONCEPTS];
  double worst = 0.0;

  fill_floats (special_limits, limits, 0, ESHI_SAFETY_N_SPECIAL);
  fill_floats (concept_limits, limits, ESHI_SAFETY_N_SPECIAL, ESHI_SAFETY_N_CONCEPTS);
  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      float special[ESHI_SAFETY_N_SPECIAL];
      float concepts[ESHI_SAFETY_N_CONCEPTS];
      EshiSafetyScores scores;

      fill_floats (special, json_object_get_array_member (row, "cosines"), 0, ESHI_SAFETY_N_SPECIAL);
      fill_floats (concepts, json_object_get_array_member (row, "cosines"), ESHI_SAFETY_N_SPECIAL,
                   ESHI_SAFETY_N_CONCEPTS);
      eshi_safety_scores_judge (&scores, special, special_limits, concepts, concept_limits);
      worst = MAX (worst, worst_score (&scores, json_object_get_array_member (row, "scores")));
      g_assert_cmpint (scores.withheld, ==, json_object_get_boolean_member (row, "withheld"));
    }

  g_assert_cmpfloat (worst, <=, RULE_LIMIT);
  g_test_message ("parity|safety|flags of %u rows of cosines close to the limits|%s|%.1e, 0 flags differ|%.0e",
                  json_array_get_length (rows), json_object_get_string_member (golden, "oracle"), worst, RULE_LIMIT);
}

/* By arithmetic: half of a thousandth is not above 0, and a special concept makes those after it stricter, not itself. */
static void
test_rule_edges (void)
{
  float special_limits[ESHI_SAFETY_N_SPECIAL] = { 0.5f, 0.5f, 0.5f };
  float concept_limits[ESHI_SAFETY_N_CONCEPTS] = { 0.0f };
  float special[ESHI_SAFETY_N_SPECIAL] = { 0.4375f, 0.5f + 0x1p-11f, 0.4375f };
  float concepts[ESHI_SAFETY_N_CONCEPTS] = { 0.0f };
  EshiSafetyScores scores;

  /* 2⁻¹¹ is 0.00049. */
  for (guint i = 0; i < ESHI_SAFETY_N_CONCEPTS; i++)
    concepts[i] = 0x1p-11f;
  eshi_safety_scores_judge (&scores, special, special_limits, concepts, concept_limits);
  g_assert_false (scores.special_care);
  g_assert_false (scores.withheld);

  special[1] = 0.5f + 0x1p-10f;
  for (guint i = 0; i < ESHI_SAFETY_N_CONCEPTS; i++)
    concepts[i] = -0.0096f;
  eshi_safety_scores_judge (&scores, special, special_limits, concepts, concept_limits);
  g_assert_true (scores.special_care);
  g_assert_false (scores.withheld);
  g_assert_cmpfloat (scores.special[1], ==, 0x1p-10);
  g_assert_cmpfloat (scores.special[2], ==, -0.0625 + 0.01);

  concepts[16] = -0.0094f;
  eshi_safety_scores_judge (&scores, special, special_limits, concepts, concept_limits);
  g_assert_true (scores.withheld);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/eshi/safety/size", test_size);
  g_test_add_func ("/eshi/safety/crop", test_crop);
  g_test_add_func ("/eshi/safety/crop-odd", test_crop_odd);
  g_test_add_data_func ("/eshi/safety/tower/ref", "ref", test_tower);
  g_test_add_data_func ("/eshi/safety/tower/cpu", "cpu", test_tower);
  g_test_add_func ("/eshi/safety/rules", test_rules);
  g_test_add_func ("/eshi/safety/rule-edges", test_rule_edges);

  return g_test_run ();
}
