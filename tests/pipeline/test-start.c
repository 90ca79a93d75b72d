/* test-start.c: pictures that start from another picture: what of it stays, what repeats, what is refused.
 *
 * Whole pictures are held against diffusers in test-trajectories.c, the encoder in test-goldens.c; this is about
 * how the pipeline joins them.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "backends.h"
#include "eshi-pipeline.h"
#include "model-folder.h"

#define WIDTH 64
#define HEIGHT 72

typedef struct
{
  char         *folder;
  EshiBackend  *backend;
  EshiPipeline *pipeline;
  guint8        image[3 * WIDTH * HEIGHT];
  guint8        mask[WIDTH * HEIGHT]; /* the right half is painted over */
} Fixture;

static void
setup (Fixture       *self,
       gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  self->folder = model_folder_new ();
  self->backend = open_backend ("ref", ESHI_PRECISION_F32);
  self->pipeline = eshi_pipeline_new (self->folder, self->backend, NULL, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < WIDTH * HEIGHT; i++)
    {
      for (guint c = 0; c < 3; c++)
        self->image[3 * i + c] = (guint8) (37 * i + 53 * c + i / WIDTH);
      self->mask[i] = i % WIDTH >= WIDTH / 2 ? 255 : 0;
    }
}

static void
teardown (Fixture       *self,
          gconstpointer  data)
{
  eshi_pipeline_free (self->pipeline);
  close_backend (self->backend);
  model_folder_remove (self->folder);
}

static EshiPipelineParams
make_params (const Fixture *self)
{
  return (EshiPipelineParams) {
    .prompt = "ねこ",
    .steps = 4,
    .guidance = 4,
    .seed = 42,
    .sampler = "lms",
    .image = self->image,
    .image_width = WIDTH,
    .image_height = HEIGHT,
    .strength = 0.75,
  };
}

static void
count_cb (const EshiPipelineProgress *progress,
          gpointer                    user_data)
{
  guint *n_calls = user_data;

  if (progress->stage == ESHI_PIPELINE_PAINTING && progress->step > 0)
    (*n_calls)++;
}

/* Returns how often the network ran. */
static guint
generate (Fixture                  *self,
          const EshiPipelineParams *params,
          EshiPipelineResult       *result)
{
  guint n_calls = 0;
  EshiPipelineCallbacks callbacks = { .progress = count_cb, .user_data = &n_calls };
  g_autoptr(GError) error = NULL;

  eshi_pipeline_generate (self->pipeline, params, &callbacks, NULL, result, &error);
  g_assert_no_error (error);
  return n_calls;
}

static gboolean
same_latents (const EshiPipelineResult *a,
              const EshiPipelineResult *b)
{
  return g_bytes_equal (a->pictures[0].latents, b->pictures[0].latents);
}

static void
test_depends (Fixture       *self,
              gconstpointer  data)
{
  EshiPipelineParams base = make_params (self);
  EshiPipelineParams others[] = { base, base, base, base, base };
  g_auto(EshiPipelineResult) first = { 0 };
  g_auto(EshiPipelineResult) second = { 0 };

  others[0].strength = 0.5;
  others[1].seed = 43;
  others[2].prompt = "いぬ";
  others[3].mask = self->mask;
  others[4].image = NULL;
  others[4].width = WIDTH;
  others[4].height = HEIGHT;
  g_assert_cmpuint (generate (self, &base, &first), ==, 3);
  g_assert_cmpuint (first.pictures[0].width, ==, WIDTH);
  g_assert_cmpuint (first.pictures[0].height, ==, HEIGHT);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_auto(EshiPipelineResult) other = { 0 };

      generate (self, &others[i], &other);
      g_test_message ("parameter %u", i);
      g_assert_false (same_latents (&first, &other));
    }
  generate (self, &base, &second);
  g_assert_true (same_latents (&first, &second));
}

/* Where no step remains, the picture is the image, encoded and decoded: no prompt reaches it. */
static void
test_round_trip (Fixture       *self,
                 gconstpointer  data)
{
  EshiPipelineParams params = make_params (self);
  g_auto(EshiPipelineResult) cat = { 0 };
  g_auto(EshiPipelineResult) dog = { 0 };
  g_auto(EshiPipelineResult) seed = { 0 };

  params.strength = 0.2;
  g_assert_cmpuint (generate (self, &params, &cat), ==, 1); /* the report before the first step */
  params.prompt = "いぬ";
  params.sampler = "euler-a";
  generate (self, &params, &dog);
  g_assert_true (same_latents (&cat, &dog));
  params.seed = 43;
  generate (self, &params, &seed);
  g_assert_false (same_latents (&cat, &seed));
}

/* Picture i of a batch is the picture that seed + i gives alone, image, noise and steps drawn from one generator. */
static void
test_batch (Fixture       *self,
            gconstpointer  data)
{
  EshiPipelineParams params = make_params (self);
  g_auto(EshiPipelineResult) batch = { 0 };

  params.sampler = "euler-a";
  params.n_pictures = 2;
  generate (self, &params, &batch);
  params.n_pictures = 1;
  for (guint i = 0; i < 2; i++)
    {
      g_auto(EshiPipelineResult) alone = { 0 };

      params.seed = 42 + i;
      generate (self, &params, &alone);
      g_assert_true (g_bytes_equal (batch.pictures[i].latents, alone.pictures[0].latents));
      g_assert_true (g_bytes_equal (batch.pictures[i].rgb, alone.pictures[0].rgb));
    }
}

/* A white mask is none; pasting changes pixels, never latents. */
static void
test_mask_ends (Fixture       *self,
                gconstpointer  data)
{
  EshiPipelineParams params = make_params (self);
  g_auto(EshiPipelineResult) none = { 0 };
  g_auto(EshiPipelineResult) white = { 0 };
  g_auto(EshiPipelineResult) black = { 0 };
  g_auto(EshiPipelineResult) black_pasted = { 0 };

  generate (self, &params, &none);
  memset (self->mask, 255, sizeof self->mask);
  params.mask = self->mask;
  params.paste = TRUE;
  generate (self, &params, &white);
  g_assert_true (same_latents (&none, &white));
  g_assert_true (g_bytes_equal (none.pictures[0].rgb, white.pictures[0].rgb));

  memset (self->mask, 0, sizeof self->mask);
  generate (self, &params, &black_pasted);
  g_assert_cmpmem (g_bytes_get_data (black_pasted.pictures[0].rgb, NULL), 3 * WIDTH * HEIGHT, self->image,
                   3 * WIDTH * HEIGHT);
  params.paste = FALSE;
  generate (self, &params, &black);
  g_assert_true (same_latents (&black, &black_pasted));
  g_assert_false (g_bytes_equal (black.pictures[0].rgb, black_pasted.pictures[0].rgb));
}

/* Half a mask: beyond four pixels of its edge, either the image's bytes or the new ones. */
static void
test_paste (Fixture       *self,
            gconstpointer  data)
{
  EshiPipelineParams params = make_params (self);
  g_auto(EshiPipelineResult) plain = { 0 };
  g_auto(EshiPipelineResult) pasted = { 0 };
  const guint8 *new_rgb = NULL;
  const guint8 *rgb = NULL;

  params.mask = self->mask;
  generate (self, &params, &plain);
  params.paste = TRUE;
  generate (self, &params, &pasted);
  new_rgb = g_bytes_get_data (plain.pictures[0].rgb, NULL);
  rgb = g_bytes_get_data (pasted.pictures[0].rgb, NULL);
  for (guint i = 0; i < 3 * WIDTH * HEIGHT; i++)
    {
      guint x = i / 3 % WIDTH;
      int low = MIN (new_rgb[i], self->image[i]);
      int high = MAX (new_rgb[i], self->image[i]);

      if (x < WIDTH / 2 - 4)
        g_assert_cmpuint (rgb[i], ==, self->image[i]);
      else if (x >= WIDTH / 2 + 4)
        g_assert_cmpuint (rgb[i], ==, new_rgb[i]);
      else
        g_assert_true (rgb[i] >= low && rgb[i] <= high);
    }
}

/* The kept half of the latents does not know the prompt: after the last step it is the image, as noisy as the last call,
 * which for this sampler is the first entry of the noise table. */
static void
test_kept_latents (Fixture       *self,
                   gconstpointer  data)
{
  EshiPipelineParams params = make_params (self);
  g_auto(EshiPipelineResult) cat = { 0 };
  g_auto(EshiPipelineResult) dog = { 0 };
  const float *a = NULL;
  const float *b = NULL;
  guint n_different = 0;

  params.mask = self->mask;
  generate (self, &params, &cat);
  params.prompt = "いぬ";
  generate (self, &params, &dog);
  a = g_bytes_get_data (cat.pictures[0].latents, NULL);
  b = g_bytes_get_data (dog.pictures[0].latents, NULL);
  for (guint i = 0; i < WIDTH / 8 * HEIGHT / 8 * 4; i++)
    {
      if (i / 4 % (WIDTH / 8) < WIDTH / 16)
        g_assert_cmpfloat (a[i], ==, b[i]);
      else
        n_different += a[i] != b[i];
    }
  g_assert_cmpuint (n_different, >, 0);
}

typedef struct
{
  guint image_width;
  guint image_height;
  guint width;
  guint height;
  guint expected_width;
  guint expected_height;
} Size;

static void
test_sizes (Fixture       *self,
            gconstpointer  data)
{
  static const Size sizes[] = {
    { 100, 75, 0, 0, 96, 72 },
    { 4000, 3000, 512, 0, 512, 384 },
    { 4000, 3000, 0, 512, 680, 512 },
    { 4000, 3000, 256, 512, 256, 512 },
    { 2048, 64, 0, 0, 2048, 64 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      EshiPipelineParams params = make_params (self);
      g_autoptr(GError) error = NULL;

      params.image_width = sizes[i].image_width;
      params.image_height = sizes[i].image_height;
      params.width = sizes[i].width;
      params.height = sizes[i].height;
      eshi_pipeline_resolve (self->pipeline, &params, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (params.width, ==, sizes[i].expected_width);
      g_assert_cmpuint (params.height, ==, sizes[i].expected_height);
    }
}

static void
test_refuses (Fixture       *self,
              gconstpointer  data)
{
  EshiPipelineParams base = make_params (self);
  EshiPipelineParams bad[] = { base, base, base, base, base, base, base, base };

  bad[0].strength = -0.01;
  bad[1].strength = 1.01;
  bad[2].strength = NAN;
  bad[3].image_width = 0;
  bad[4].image_height = 16385;
  bad[5].image = NULL;
  bad[5].mask = self->mask;
  bad[6].image_width = 2056;
  bad[7].image_width = 16384;
  bad[7].image_height = 1;
  bad[7].width = 512;
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;

      g_test_message ("parameter %u", i);
      g_assert_false (eshi_pipeline_resolve (self->pipeline, &bad[i], &error));
      g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
      g_assert_true (g_str_has_suffix (error->message, "."));
    }
}

static void
cancel_cb (const EshiPipelineProgress *progress,
           gpointer                    user_data)
{
  if (progress->stage == ESHI_PIPELINE_READING)
    g_cancellable_cancel (user_data);
}

/* Encoding ends early too, and the pipeline paints again afterwards. */
static void
test_cancel (Fixture       *self,
             gconstpointer  data)
{
  EshiPipelineParams params = make_params (self);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  EshiPipelineCallbacks callbacks = { .progress = cancel_cb, .user_data = cancellable };
  g_auto(EshiPipelineResult) result = { 0 };
  g_auto(EshiPipelineResult) again = { 0 };
  g_autoptr(GError) error = NULL;

  g_assert_false (eshi_pipeline_generate (self->pipeline, &params, &callbacks, cancellable, &result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (result.n_pictures, ==, 0);
  generate (self, &params, &again);
  g_assert_cmpuint (again.n_pictures, ==, 1);
}

int
main (int   argc,
      char *argv[])
{
  static const struct
  {
    const char *name;
    void (*func) (Fixture *, gconstpointer);
  } cases[] = {
    { "depends-on-each-parameter", test_depends },
    { "nothing-left-is-round-trip", test_round_trip },
    { "batch-is-single-pictures", test_batch },
    { "white-and-black-masks", test_mask_ends },
    { "paste", test_paste },
    { "kept-latents", test_kept_latents },
    { "sizes", test_sizes },
    { "refuses-parameters", test_refuses },
    { "cancel", test_cancel },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/eshi/start/", cases[i].name, NULL);

      g_test_add_vtable (path, sizeof (Fixture), NULL, (GTestFixtureFunc) setup, (GTestFixtureFunc) cases[i].func,
                         (GTestFixtureFunc) teardown);
    }
  return g_test_run ();
}
