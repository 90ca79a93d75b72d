/* test-scheduler.c: the samplers against numbers that diffusers itself computed.
 *
 * The network is scheduler-line.h's. Rows named D8 were computed by diffusers 0.8.1, DH by a later
 * version; golden/schedulers.json comes from golden/make-schedulers.py.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include <json-glib/json-glib.h>

#include "../parity.h"
#include "eshi-error.h"
#include "scheduler-line.h"

#define TOLERANCE 2e-6
#define SUM_TOLERANCE 2e-5

/* @oracle is "D8", "DH" or "KD"; the published numbers are rounded to six digits, the sum to five. */
static void
assert_row (const char   *name,
            const char   *oracle,
            const float  *x,
            const double *head,
            double        sum)
{
  const char *program = g_str_equal (oracle, "KD") ? "k-diffusion" : g_str_equal (oracle, "D8") ? "diffusers 0.8.1"
                                                                                                : "diffusers 58eb52c";
  double worst = 0;
  double actual = 0;

  for (guint k = 0; k < 4; k++)
    worst = MAX (worst, fabs (x[k] - head[k]));
  for (guint k = 0; k < N; k++)
    actual += x[k];
  parity_row ("samplers, published rows", name, program, worst, TOLERANCE);
  g_assert_cmpfloat (worst, <=, TOLERANCE);
  g_assert_cmpfloat (fabs (actual - sum), <=, SUM_TOLERANCE);
}

typedef struct
{
  const char     *name;
  const char     *oracle;
  const char     *id;
  double          eta;
  EshiPrediction  prediction;
  double          head[4];
  double          sum;
  EshiTimestepSpacing spacing;
} Row;

static const Row rows[] = {
  { "lms", "D8", "lms", 0, ESHI_PREDICTION_EPSILON, { -1.976991, -2.015495, -.706209, -.972340 }, -8.25017 },
  { "pndm", "D8", "pndm", 0, ESHI_PREDICTION_EPSILON, { -1.462215, -1.493376, -.433833, -.649201 }, -4.47379 },
  { "ddim", "D8", "ddim", 0, ESHI_PREDICTION_EPSILON, { -1.627292, -1.660344, -.536443, -.764892 }, -5.96565 },
  { "ddim-eta-1", "D8", "ddim", 1, ESHI_PREDICTION_EPSILON, { -1.143494, -1.299745, .088315, .700544 }, -.97976 },
  { "euler", "D8", "euler", 0, ESHI_PREDICTION_EPSILON, { -2.097484, -2.137193, -.786994, -1.061442 }, -9.44746 },
  { "euler-a", "D8", "euler-a", 0, ESHI_PREDICTION_EPSILON, { -1.265971, -1.402465, .007342, .650423 }, -2.25798 },
  { "dpmpp-2m", "D8", "dpmpp-2m", 0, ESHI_PREDICTION_EPSILON, { -1.857120, -1.893986, -.640411, -.895218 }, -7.32714 },
  { "dpmpp-2m-karras", "DH", "dpmpp-2m-karras", 0, ESHI_PREDICTION_EPSILON,
    { -1.671562, -1.706052, -.533271, -.771655 }, -5.80106 },
  { "euler-v", "DH", "euler", 0, ESHI_PREDICTION_V, { -.304391, -.311621, -.065783, -.115753 }, -.47999 },
  { "dpmpp-2m-linspace", "DH", "dpmpp-2m", 0, ESHI_PREDICTION_EPSILON, { -1.810019, -1.846001, -.622478, -.871177 },
    -7.11021, ESHI_SPACING_LINSPACE },
  { "dpmpp-2m-leading", "DH", "dpmpp-2m", 0, ESHI_PREDICTION_EPSILON, { -1.445168, -1.475693, -.437728, -.648709 },
    -4.58634, ESHI_SPACING_LEADING },
  { "euler-leading", "DH", "euler", 0, ESHI_PREDICTION_EPSILON, { -1.591556, -1.623942, -.522696, -.746540 }, -5.79846,
    ESHI_SPACING_LEADING },
  { "euler-trailing", "DH", "euler", 0, ESHI_PREDICTION_EPSILON, { -2.058909, -2.098090, -.765834, -1.036635 }, -9.15068,
    ESHI_SPACING_TRAILING },
  { "ddim-trailing", "DH", "ddim", 0, ESHI_PREDICTION_EPSILON, { -2.116062, -2.156297, -.788162, -1.066255 }, -9.42436,
    ESHI_SPACING_TRAILING },
};

typedef struct
{
  const char *name;
  const char *oracle;
  const char *id;
  const char *schedule;
  guint       n_steps;
  double      head[4];
  double      sum;
} ScheduleRow;

static const ScheduleRow schedule_rows[] = {
  { "dpmpp-2m-uniform", "KD", "dpmpp-2m", "uniform", 10, { -1.873777, -1.911594, -.625675, -.887057 }, -7.01604 },
  { "dpmpp-2m-karras", "KD", "dpmpp-2m", "karras", 10, { -1.668238, -1.702648, -.532603, -.770431 }, -5.79675 },
  { "euler-a-karras", "KD", "euler-a", "karras", 10, { -1.239000, -.952687, .149997, .585745 }, -2.10051 },
  { "heun-karras", "KD", "heun", "karras", 10, { -1.736963, -1.772353, -.568977, -.813580 }, -6.30110 },
  { "dpmpp-sde-uniform", "KD", "dpmpp-sde", "uniform", 10, { -.528045, -.618782, .073088, .501722 }, -1.70433 },
  { "dpmpp-2m-sde-uniform", "KD", "dpmpp-2m-sde", "uniform", 10, { -.826233, -1.800468, -.348529, .953828 }, -.17366 },
  { "euler-karras", "DH", "euler", "karras", 10, { -2.141002, -2.181381, -.808356, -1.087443 }, -9.73608 },
  { "lms-karras", "DH", "lms", "karras", 10, { -1.910518, -1.947988, -.673883, -.932863 }, -7.81489 },
  { "lcm", "DH", "lcm", NULL, 4, { -1.726627, -.940427, -.026020, -.101034 }, -3.70972 },
};

static void
test_schedule_row (gconstpointer data)
{
  const ScheduleRow *row = data;
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiScheduler) self = eshi_scheduler_new_with_schedule (row->id, row->schedule, &default_config,
                                                                     row->n_steps, N, &error);
  float x[N];

  g_assert_no_error (error);
  run_picture (self, x, NULL);
  assert_row (row->name, row->oracle, x, row->head, row->sum);
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  EshiSchedulerConfig config = default_config;
  g_autoptr(EshiScheduler) self = NULL;
  g_autoptr(GError) error = NULL;
  float x[N];

  config.eta = row->eta;
  config.prediction = row->prediction;
  config.spacing = row->spacing;
  self = eshi_scheduler_new (row->id, &config, 10, N, &error);
  g_assert_no_error (error);
  run_picture (self, x, NULL);
  assert_row (row->name, row->oracle, x, row->head, row->sum);

  eshi_scheduler_reset (self);
  run_picture (self, x, NULL);
  assert_row (row->name, row->oracle, x, row->head, row->sum);
}

/* Clean latents are the first draw of seed 0, the noise the second; the last n calls remain. */
static void
start_from_picture (const EshiScheduler *self,
                    guint                first,
                    float               *clean,
                    float               *noise,
                    float               *x)
{
  g_autoptr(EshiRng) rng = eshi_rng_new (ESHI_RNG_CPU, 0);

  eshi_rng_fill_normal (rng, clean, N);
  eshi_rng_fill_normal (rng, noise, N);
  eshi_scheduler_add_noise (self, first, clean, noise, x);
}

typedef struct
{
  const char *id;
  double      head[4];
  double      sum;
  double      inpaint_head[4];
  double      inpaint_sum;
} PictureRow;

static const PictureRow picture_rows[] = {
  { "lms", { -1.337164, -1.604615, .347262, .471776 }, .83003, { -1.165293, -1.604615, -.067299, -.410734 },
    -3.01286 },
  { "pndm", { -1.391669, -1.683087, .417872, .560680 }, 1.44255, { -1.180717, -1.683087, -.082127, -.400754 },
    -3.06883 },
};

static void
test_from_picture (gconstpointer data)
{
  const PictureRow *row = data;
  g_autofree char *name = g_strdup_printf ("%s, from a picture", row->id);
  g_autoptr(EshiScheduler) self = new_scheduler (row->id, 10);
  guint first = eshi_scheduler_get_first_call (self, 0.75);
  float clean[N];
  float noise[N];
  float x[N];

  g_assert_cmpuint (first, ==, 3);
  start_from_picture (self, first, clean, noise, x);
  run_calls (self, first, x, NULL, NULL);
  assert_row (name, "D8", x, row->head, row->sum);
}

/* After every step the kept part is the given picture, as noisy as this step's timestep. */
static void
test_inpaint (gconstpointer data)
{
  static const float kept[] = { 1, 0, .5f, 1 };
  const PictureRow *row = data;
  g_autofree char *name = g_strdup_printf ("%s, with a mask", row->id);
  g_autoptr(EshiScheduler) self = new_scheduler (row->id, 10);
  float clean[N];
  float noise[N];
  float x[N];

  start_from_picture (self, 3, clean, noise, x);
  for (guint i = 3; i < eshi_scheduler_get_n_calls (self); i++)
    {
      float output[N];
      float given[N];

      run_model (self, i, x, output);
      eshi_scheduler_step (self, i, output, x, NULL, NULL);
      eshi_scheduler_add_noise (self, i, clean, noise, given);
      for (guint k = 0; k < N; k++)
        x[k] = given[k] * kept[k % 4] + x[k] * (1 - kept[k % 4]);
    }
  assert_row (name, "D8", x, row->inpaint_head, row->inpaint_sum);
}

static void
test_first_call (void)
{
  g_autoptr(EshiScheduler) lms = new_scheduler ("lms", 50);
  g_autoptr(EshiScheduler) pndm = new_scheduler ("pndm", 50);
  g_autoptr(EshiScheduler) heun = new_scheduler ("heun", 50);

  g_assert_cmpuint (eshi_scheduler_get_first_call (lms, 0.75), ==, 13);
  g_assert_cmpuint (eshi_scheduler_get_n_calls (lms) - 13, ==, 37);
  g_assert_cmpuint (eshi_scheduler_get_first_call (pndm, 0.75), ==, 13);
  g_assert_cmpuint (eshi_scheduler_get_n_calls (pndm) - 13, ==, 38);
  g_assert_cmpuint (eshi_scheduler_get_first_call (lms, 0), ==, 50);
  g_assert_cmpuint (eshi_scheduler_get_first_call (lms, 1), ==, 0);
  g_assert_cmpuint (eshi_scheduler_get_first_call (pndm, 1), ==, 1);
  g_assert_cmpuint (eshi_scheduler_get_n_calls (heun), ==, 99);
  g_assert_cmpuint (eshi_scheduler_get_first_call (heun, 0.75), ==, 26);
  g_assert_cmpuint (eshi_scheduler_get_first_call (heun, 0), ==, 99);
  g_assert_cmpuint (eshi_scheduler_get_first_call (heun, 1), ==, 0);
}

static void
assert_timesteps (const char   *id,
                  guint         n_steps,
                  const double *expected,
                  guint         n)
{
  g_autoptr(EshiScheduler) self = new_scheduler (id, n_steps);

  for (guint i = 0; i < n; i++)
    g_assert_cmpfloat_with_epsilon (eshi_scheduler_get_timestep (self, i), expected[i], 1e-7);
}

static void
test_timesteps (void)
{
  static const double even[] = { 999, 888, 777, 666, 555, 444, 333, 222, 111, 0 };
  static const double fractional[] = { 999, 978.6122449, 958.2244898 };
  static const double leading[] = { 901, 801, 701, 601, 501, 401, 301, 201, 101, 1 };
  static const double doubled[] = { 951, 901, 901, 851 };
  static const double rounded[] = { 999, 899, 799, 699, 599, 500, 400, 300, 200, 100 };
  static const double karras[] = { 999, 916, 815, 687, 523, 327, 146, 41, 7, 0 };

  assert_timesteps ("lms", 10, even, 10);
  assert_timesteps ("euler", 10, even, 10);
  assert_timesteps ("euler-a", 50, fractional, 3);
  assert_timesteps ("ddim", 10, leading, 10);
  assert_timesteps ("pndm", 20, doubled, 4);
  assert_timesteps ("dpmpp-2m", 10, rounded, 10);
  assert_timesteps ("dpmpp-2m-karras", 10, karras, 10);
}

static void
test_sigmas (void)
{
  static const double first[] = { 14.614645, 12.936777, 11.491649, 10.242913, 9.160355 };
  static const double last[] = { .2011797, .1393375, .0291675, 0 };
  static const double karras[] = {
    14.614643, 9.102934, 5.478399, 3.168609, 1.749423, .914076, .446921, .2014, .081911, .029168, 0,
  };
  g_autoptr(EshiScheduler) lms = new_scheduler ("lms", 50);
  g_autoptr(EshiScheduler) dpm = new_scheduler ("dpmpp-2m-karras", 10);

  g_assert_cmpfloat_with_epsilon (eshi_scheduler_get_init_noise_sigma (lms), 14.614645, TOLERANCE);
  g_assert_cmpfloat_with_epsilon (eshi_scheduler_get_init_noise_sigma (dpm), 1, TOLERANCE);
  for (guint i = 0; i < G_N_ELEMENTS (first); i++)
    g_assert_cmpfloat_with_epsilon (eshi_scheduler_get_sigma (lms, i), first[i], TOLERANCE);
  for (guint i = 0; i < G_N_ELEMENTS (last); i++)
    g_assert_cmpfloat_with_epsilon (eshi_scheduler_get_sigma (lms, 47 + i), last[i], TOLERANCE);
  for (guint i = 0; i < G_N_ELEMENTS (karras); i++)
    g_assert_cmpfloat_with_epsilon (eshi_scheduler_get_sigma (dpm, i), karras[i], 5e-6);
}

typedef struct
{
  guint  i;
  double c[4];
} Coefficients;

/* Feeds unit slopes one call at a time: the network's output reaches x only through the coefficients. */
static void
test_lms_coefficients (void)
{
  static const Coefficients table[] = {
    { 0, { -1.6778679 } },
    { 1, { -2.0674648, .6223363 } },
    { 2, { -2.1817237, 1.2718813, -.3388930 } },
    { 3, { -2.1657985, 1.8156034, -.9061827, .1738193 } },
    { 4, { -1.8892513, 1.5924762, -.7989348, .1540938 } },
    { 13, { -.6350572, .5610317, -.2942554, .0595017 } },
    { 48, { -.4623616, .8369506, -.6847792, .2000202 } },
    { 49, { -.0384254, .0255471, -.0241743, .0078851 } },
  };

  for (guint row = 0; row < G_N_ELEMENTS (table); row++)
    {
      for (guint j = 0; j < 4 && j <= table[row].i; j++)
        {
          g_autoptr(EshiScheduler) self = new_scheduler ("lms", 50);
          float x[N] = { 0 };

          for (guint i = 0; i <= table[row].i; i++)
            {
              float output[N] = { 0 };

              output[0] = i == table[row].i - j ? 1 : 0;
              x[0] = 0;
              eshi_scheduler_step (self, i, output, x, NULL, NULL);
            }
          g_assert_cmpfloat_with_epsilon (x[0], table[row].c[j], 5e-6);
        }
    }
}

/* A picture from a picture meets a short history with the coefficients of a long one. */
static void
test_lms_late_start (void)
{
  g_autoptr(EshiScheduler) self = new_scheduler ("lms", 50);
  float output[N] = { 1 };
  float x[N] = { 0 };

  eshi_scheduler_step (self, 13, output, x, NULL, NULL);
  g_assert_cmpfloat_with_epsilon (x[0], -.6350572, 5e-6);
}

static void
test_pndm_factors (void)
{
  g_autoptr(EshiScheduler) self = new_scheduler ("pndm", 50);
  float output[N] = { 0, 1 };
  float x[N] = { 1, 0 };

  eshi_scheduler_step (self, 0, output, x, NULL, NULL);
  g_assert_cmpfloat_with_epsilon (x[0], 1.12285172, TOLERANCE);
  g_assert_cmpfloat_with_epsilon (x[1], -.123252025, TOLERANCE);
  eshi_scheduler_reset (self);
  memset (x, 0, sizeof x);
  x[0] = 1;
  eshi_scheduler_step (self, 50, output, x, NULL, NULL);
  g_assert_cmpfloat_with_epsilon (x[0], 1.00042762, TOLERANCE);
  g_assert_cmpfloat_with_epsilon (x[1], -.01214178, TOLERANCE);
}

static JsonArray *
load_golden (JsonParser *parser)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "schedulers.json", NULL);
  g_autoptr(GError) error = NULL;

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  return json_object_get_array_member (json_node_get_object (json_parser_get_root (parser)), "cases");
}

/* The largest difference, in units of max(1, |expected|). */
static double
get_distance (const float *actual,
              JsonArray   *expected)
{
  double worst = 0;

  for (guint k = 0; k < json_array_get_length (expected); k++)
    {
      double value = json_array_get_double_element (expected, k);

      worst = MAX (worst, fabs (actual[k] - value) / MAX (1, fabs (value)));
    }
  return worst;
}

/* Each step of the reference rounds to f32 in the middle, which adds up. Samples between the two calls of a step are up
 * to thirty, where f32 itself is 2e-6 apart; of that, Heun's two steps from end to end carry 0.7 · 14.6 / 2 into the result,
 * the toy's slope times half the way. */
static void
check_distance (JsonObject *golden,
                const char *schedule,
                guint       n_steps,
                double      distance)
{
  const char *id = json_object_get_string_member (golden, "id");
  double limit = n_steps > 20 ? 2.5e-5 : g_str_equal (id, "heun") ? 8e-6 : 4e-6;
  const char *spacing = json_object_get_string_member_with_default (golden, "spacing", NULL);
  g_autofree char *what = g_strdup_printf ("%s, %s levels, %s", id, schedule != NULL ? schedule : spacing != NULL ? spacing
                                                                                                                  : "its own",
                                           n_steps > 20 ? "over 20 steps" : "up to 20 steps");

  parity_row ("samplers", what, json_object_get_string_member (golden, "oracle"), distance, limit);
  if (distance > limit)
    g_error ("%s, %u steps: %.2g apart", what, n_steps, distance);
}

static EshiTimestepSpacing
find_spacing (const char *name)
{
  static const char * const names[] = { NULL, "linspace", "leading", "trailing" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (names[i], name) == 0)
      return (EshiTimestepSpacing) i;
  g_assert_not_reached ();
}

static EshiScheduler *
new_golden_scheduler (JsonObject *golden,
                      const char *schedule,
                      guint       n_steps)
{
  EshiSchedulerConfig config = default_config;
  EshiScheduler *self = NULL;
  g_autoptr(GError) error = NULL;

  if (g_str_equal (json_object_get_string_member (golden, "prediction"), "v_prediction"))
    config.prediction = ESHI_PREDICTION_V;
  config.spacing = find_spacing (json_object_get_string_member_with_default (golden, "spacing", NULL));
  config.ends_noisy = json_object_get_boolean_member_with_default (golden, "ends_noisy", FALSE);
  self = eshi_scheduler_new_with_schedule (json_object_get_string_member (golden, "id"), schedule, &config, n_steps, N,
                                           &error);
  g_assert_no_error (error);
  return self;
}

static void
check_golden_case (JsonObject *golden)
{
  const char *schedule = json_object_get_string_member_with_default (golden, "schedule", NULL);
  guint n_steps = (guint) json_object_get_int_member (golden, "n_steps");
  JsonArray *timesteps = json_object_get_array_member (golden, "timesteps");
  JsonArray *expected = json_object_get_array_member (golden, "x");
  g_autoptr(EshiScheduler) self = new_golden_scheduler (golden, schedule, n_steps);
  float x[N];
  float x0[N];

  g_assert_cmpint (eshi_scheduler_get_n_calls (self), ==, json_object_get_int_member (golden, "n_calls"));
  for (guint i = 0; i < json_array_get_length (timesteps); i++)
    g_assert_cmpfloat_with_epsilon (eshi_scheduler_get_timestep (self, i),
                                    json_array_get_double_element (timesteps, i), 5e-5);
  run_picture (self, x, x0);
  g_assert_cmpuint (json_array_get_length (expected), ==, N);
  check_distance (golden, schedule, n_steps, get_distance (x, expected));
  check_distance (golden, schedule, n_steps, get_distance (x0, json_object_get_array_member (golden, "last_clean")));
}

static void
test_golden (void)
{
  g_autoptr(JsonParser) parser = json_parser_new ();
  JsonArray *cases = load_golden (parser);

  g_assert_cmpuint (json_array_get_length (cases), >=, 400);
  for (guint i = 0; i < json_array_get_length (cases); i++)
    check_golden_case (json_array_get_object_element (cases, i));
}

/* First call of the step that call @i belongs to: the second one of an ancestral step looks below the step's end. */
static guint
get_step_start (const EshiScheduler *self,
                guint                i)
{
  static const char * const twice[] = { "heun", "dpm2", "dpm2-a", "dpmpp-2s-a", "dpmpp-sde", NULL };

  return i % 2 == 1 && g_strv_contains (twice, eshi_scheduler_get_id (self)) ? i - 1 : i;
}

/* No number of steps may divide by zero, not even those that break the reference. */
static void
test_all_step_counts (gconstpointer data)
{
  const char *id = data;

  for (guint n_steps = 1; n_steps <= ESHI_SCHEDULER_MAX_STEPS; n_steps += n_steps < 40 || n_steps > 990 ? 1 : 53)
    {
      g_autoptr(EshiScheduler) self = new_scheduler (id, n_steps);
      float x[N];
      float x0[N];

      run_picture (self, x, x0);
      for (guint k = 0; k < N; k++)
        {
          g_assert_true (isfinite (x[k]) && isfinite (x0[k]));
          g_assert_cmpfloat (fabsf (x[k]), <, 50);
        }
      for (guint i = 0; i < eshi_scheduler_get_n_calls (self); i++)
        {
          g_assert_cmpfloat (eshi_scheduler_get_timestep (self, i), >=, 0);
          g_assert_cmpfloat (eshi_scheduler_get_timestep (self, i), <=, 999);
          g_assert_cmpfloat (eshi_scheduler_get_sigma (self, i + 1), <=,
                             eshi_scheduler_get_sigma (self, get_step_start (self, i)));
        }
    }
}

/* A preview asks for the clean picture and leaves the run as it was. */
static void
test_preview (gconstpointer data)
{
  g_autoptr(EshiScheduler) plain = new_scheduler (data, 10);
  g_autoptr(EshiScheduler) shown = new_scheduler (data, 10);
  g_autoptr(EshiRng) plain_rng = eshi_rng_new (ESHI_RNG_CPU, 3);
  g_autoptr(EshiRng) shown_rng = eshi_rng_new (ESHI_RNG_CPU, 3);
  float a[N];
  float b[N];

  eshi_rng_fill_normal (plain_rng, a, N);
  eshi_rng_fill_normal (shown_rng, b, N);
  for (guint i = 0; i < eshi_scheduler_get_n_calls (shown); i++)
    {
      float output[N];
      float asked[N];
      float returned[N];

      run_model (plain, i, a, output);
      eshi_scheduler_step (plain, i, output, a, plain_rng, NULL);
      eshi_scheduler_predict_clean (shown, i, output, b, asked);
      eshi_scheduler_step (shown, i, output, b, shown_rng, returned);
      g_assert_cmpmem (asked, sizeof asked, returned, sizeof returned);
      g_assert_cmpmem (a, sizeof a, b, sizeof b);
    }
}

/* The network that knows the noise predicts the clean picture exactly. */
static void
test_predict_clean (gconstpointer data)
{
  for (EshiPrediction p = ESHI_PREDICTION_EPSILON; p <= ESHI_PREDICTION_V; p++)
    {
      EshiSchedulerConfig config = default_config;
      g_autoptr(EshiScheduler) self = NULL;
      float clean[N];
      float noise[N];
      float x[N];
      float output[N];

      config.prediction = p;
      self = eshi_scheduler_new (data, &config, 10, N, NULL);
      start_from_picture (self, 5, clean, noise, x);
      for (guint k = 0; k < N; k++)
        {
          double sigma = eshi_scheduler_get_sigma (self, 5);
          double share = 1 / sqrt (1 + sigma * sigma);

          output[k] = p == ESHI_PREDICTION_V ? (float) (share * noise[k] - sigma * share * clean[k]) : noise[k];
        }
      eshi_scheduler_predict_clean (self, 5, output, x, x);
      for (guint k = 0; k < N; k++)
        g_assert_cmpfloat_with_epsilon (x[k], clean[k], 2e-6);
    }
}

static void
assert_refused (const char                *id,
                const EshiSchedulerConfig *config,
                guint                      n_steps)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (eshi_scheduler_new (id, config, n_steps, N, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
}

static void
test_refused (void)
{
  EshiSchedulerConfig config = default_config;

  assert_refused ("magic", &config, 10);
  assert_refused (NULL, &config, 10);
  assert_refused ("lms", &config, 0);
  assert_refused ("lms", &config, 1001);
  config.n_train = 100;
  assert_refused ("ddim", &config, 101);
  config.n_train = 1;
  assert_refused ("lms", &config, 1);
  config = default_config;
  config.beta_end = 1;
  assert_refused ("lms", &config, 10);
  config.beta_end = NAN;
  assert_refused ("lms", &config, 10);
  config = default_config;
  config.schedule = ESHI_BETA_LINEAR;
  config.beta_end = 0.5; /* nothing but noise is left */
  assert_refused ("lms", &config, 10);
}

static void
test_schedule_refused (void)
{
  static const char * const pairs[][2] = {
    { "euler", "magic" }, { "euler", "" }, { "pndm", "karras" }, { "ddim", "uniform" }, { "lcm", "karras" },
    { "dpmpp-2m-karras", "exponential" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (eshi_scheduler_new_with_schedule (pairs[i][0], pairs[i][1], &default_config, 10, N, &error));
      g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
    }
  g_assert_false (eshi_scheduler_takes_schedule ("magic"));
  g_assert_false (eshi_scheduler_takes_schedule ("ddim"));
  g_assert_true (eshi_scheduler_takes_schedule ("unipc"));
}

static void
assert_levels (const char   *id,
               const char   *schedule,
               guint         n_steps,
               const double *expected)
{
  g_autoptr(EshiScheduler) self = eshi_scheduler_new_with_schedule (id, schedule, &default_config, n_steps, N, NULL);

  for (guint i = 0; i <= n_steps; i++)
    g_assert_cmpfloat_with_epsilon (eshi_scheduler_get_sigma (self, i), expected[i], 5e-6);
  g_assert_cmpfloat_with_epsilon (eshi_scheduler_get_init_noise_sigma (self), expected[0], 5e-6);
}

/* k-diffusion's own levels; the published ones of "align-your-steps", whose eleven come back unchanged. */
static void
test_schedule_levels (void)
{
  static const double uniform[] = {
    14.614643, 7.839885, 4.609176, 2.918308, 1.950162, 1.344928, .932358, .624977, .368659, .029168, 0,
  };
  static const double karras[] = {
    14.614643, 9.102934, 5.478399, 3.168609, 1.749423, .914076, .446921, .2014, .081911, .029168, 0,
  };
  static const double exponential[] = {
    14.614643, 7.324882, 3.671242, 1.840032, .922227, .462222, .231666, .116111, .058195, .029168, 0,
  };
  static const double aligned[] = {
    14.615, 6.475, 3.861, 2.697, 1.886, 1.396, .963, .652, .399, .152, .029, 0,
  };
  static const double one[] = { 14.614643, 0 };

  assert_levels ("dpmpp-2m", "uniform", 10, uniform);
  assert_levels ("euler", "karras", 10, karras);
  assert_levels ("lms", "exponential", 10, exponential);
  assert_levels ("dpmpp-2m-sde", NULL, 10, exponential);
  assert_levels ("dpmpp-2m", "align-your-steps", 11, aligned);
  assert_levels ("dpm2", NULL, 1, one);
  assert_levels ("dpmpp-3m-sde", "sgm-uniform", 1, one);
}

/* Every sampler with every schedule, with few steps and with as many as there are. */
static void
test_schedule_step_counts (void)
{
  static const guint counts[] = { 1, 2, 3, 1000 };
  const char *const *ids = eshi_scheduler_get_ids ();

  for (; *ids != NULL; ids++)
    {
      if (!eshi_scheduler_takes_schedule (*ids))
        continue;
      for (guint i = 0; eshi_scheduler_get_schedule_id (i) != NULL; i++)
        {
          for (guint c = 0; c < G_N_ELEMENTS (counts); c++)
            {
              g_autoptr(EshiScheduler) self = eshi_scheduler_new_with_schedule (*ids, eshi_scheduler_get_schedule_id (i),
                                                                                &default_config, counts[c], N, NULL);
              float x[N];

              g_assert_nonnull (self);
              run_picture (self, x, NULL);
              for (guint k = 0; k < N; k++)
                g_assert_true (isfinite (x[k]) && fabsf (x[k]) < 100); /* a single step leaves most of the noise */
            }
        }
    }
}

/* As many steps as there are timesteps leave no room between the leading ones. */
static void
test_spacing_step_counts (void)
{
  static const guint counts[] = { 1, 2, 3, 499, 500, 501, 999, 1000 };
  const char *const *ids = eshi_scheduler_get_ids ();
  EshiSchedulerConfig config = default_config;

  for (; *ids != NULL; ids++)
    for (guint c = 0; c < G_N_ELEMENTS (counts); c++)
      for (config.spacing = ESHI_SPACING_LINSPACE; config.spacing <= ESHI_SPACING_TRAILING; config.spacing++)
        {
          g_autoptr(EshiScheduler) self = eshi_scheduler_new (*ids, &config, counts[c], N, NULL);
          float x[N];

          g_assert_nonnull (self);
          run_picture (self, x, NULL);
          for (guint k = 0; k < N; k++)
            g_assert_true (isfinite (x[k]) && fabsf (x[k]) < 100);
        }
}

static void
test_ids (void)
{
  static const char * const expected[] = {
    "lms", "pndm", "ddim", "euler", "euler-a", "heun", "dpm2", "dpm2-a", "dpmpp-2s-a", "dpmpp-2m", "dpmpp-2m-karras",
    "dpmpp-sde", "dpmpp-2m-sde", "dpmpp-2m-sde-heun", "dpmpp-3m-sde", "unipc", "lcm", NULL,
  };
  static const char * const noisy[] = {
    "euler-a", "dpm2-a", "dpmpp-2s-a", "dpmpp-sde", "dpmpp-2m-sde", "dpmpp-2m-sde-heun", "dpmpp-3m-sde", "lcm", NULL,
  };

  g_assert_cmpstrv ((char **) eshi_scheduler_get_ids (), (char **) expected);
  g_assert_cmpstr (eshi_scheduler_get_label ("dpmpp-2m-karras"), ==, "DPM++ 2M Karras");
  g_assert_null (eshi_scheduler_get_label ("magic"));
  for (guint i = 0; expected[i] != NULL; i++)
    {
      g_autoptr(EshiScheduler) self = new_scheduler (expected[i], 1);

      g_assert_cmpstr (eshi_scheduler_get_id (self), ==, expected[i]);
      g_assert_true (eshi_scheduler_needs_noise (self) == g_strv_contains (noisy, expected[i]));
    }
}

static void
add_for_each_sampler (const char    *name,
                      GTestDataFunc  func)
{
  const char *const *ids = eshi_scheduler_get_ids ();

  for (guint i = 0; ids[i] != NULL; i++)
    {
      g_autofree char *path = g_strdup_printf ("/eshi/scheduler/%s/%s", ids[i], name);

      g_test_add_data_func (path, ids[i], func);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strdup_printf ("/eshi/scheduler/row/%s/%s", rows[i].oracle, rows[i].name);

      g_test_add_data_func (path, &rows[i], test_row);
    }
  for (guint i = 0; i < G_N_ELEMENTS (picture_rows); i++)
    {
      g_autofree char *from = g_strdup_printf ("/eshi/scheduler/row/from-picture-%s", picture_rows[i].id);
      g_autofree char *inpaint = g_strdup_printf ("/eshi/scheduler/row/inpaint-%s", picture_rows[i].id);

      g_test_add_data_func (from, &picture_rows[i], test_from_picture);
      g_test_add_data_func (inpaint, &picture_rows[i], test_inpaint);
    }
  for (guint i = 0; i < G_N_ELEMENTS (schedule_rows); i++)
    {
      g_autofree char *path = g_strdup_printf ("/eshi/scheduler/row/%s/%s", schedule_rows[i].oracle, schedule_rows[i].name);

      g_test_add_data_func (path, &schedule_rows[i], test_schedule_row);
    }
  g_test_add_func ("/eshi/scheduler/golden", test_golden);
  g_test_add_func ("/eshi/scheduler/first-call", test_first_call);
  g_test_add_func ("/eshi/scheduler/timesteps", test_timesteps);
  g_test_add_func ("/eshi/scheduler/sigmas", test_sigmas);
  g_test_add_func ("/eshi/scheduler/lms/coefficients", test_lms_coefficients);
  g_test_add_func ("/eshi/scheduler/lms/late-start", test_lms_late_start);
  g_test_add_func ("/eshi/scheduler/pndm/factors", test_pndm_factors);
  add_for_each_sampler ("all-step-counts", test_all_step_counts);
  add_for_each_sampler ("preview", test_preview);
  add_for_each_sampler ("predict-clean", test_predict_clean);
  g_test_add_func ("/eshi/scheduler/refused", test_refused);
  g_test_add_func ("/eshi/scheduler/schedule/refused", test_schedule_refused);
  g_test_add_func ("/eshi/scheduler/schedule/levels", test_schedule_levels);
  g_test_add_func ("/eshi/scheduler/schedule/all-step-counts", test_schedule_step_counts);
  g_test_add_func ("/eshi/scheduler/spacing/all-step-counts", test_spacing_step_counts);
  g_test_add_func ("/eshi/scheduler/ids", test_ids);

  return g_test_run ();
}
