/* test-resume.c: a picture that goes on where it was left is the picture that it would have been, byte for byte.
 *
 * The undisturbed picture is the oracle. Every sampler, with both generators, from noise, from a picture and under a mask;
 * then what is refused. On the reference backend, where the same call gives the same bytes.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "backends.h"
#include "eshi-error.h"
#include "eshi-pipeline.h"
#include "eshi-scheduler.h"
#include "model-folder.h"

#define SIZE 64
#define N_SHA256 32

typedef struct
{
  char         *folder;
  EshiBackend  *backend;
  EshiPipeline *pipeline;
  guint8        image[3 * SIZE * SIZE];
  guint8        mask[SIZE * SIZE]; /* the right half is painted over */
  GPtrArray    *states;            /* of GBytes: what the last call handed out */
  GArray       *indices;           /* of guint: of which pictures they are */
  char         *refused;           /* why the last call did not go on */
  GCancellable *cancellable;
  guint         cancel_after;      /* calls; 0: never */
  guint         n_whole;           /* previews of the last call that were as large as the picture */
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
  self->states = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  self->indices = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < SIZE * SIZE; i++)
    {
      for (guint c = 0; c < 3; c++)
        self->image[3 * i + c] = (guint8) (37 * i + 53 * c + i / SIZE);
      self->mask[i] = i % SIZE >= SIZE / 2 ? 255 : 0;
    }
}

static void
teardown (Fixture       *self,
          gconstpointer  data)
{
  eshi_pipeline_free (self->pipeline);
  close_backend (self->backend);
  model_folder_remove (self->folder);
  g_ptr_array_unref (self->states);
  g_array_unref (self->indices);
  g_free (self->refused);
  g_clear_object (&self->cancellable);
}

static EshiPipelineParams
make_params (void)
{
  return (EshiPipelineParams) {
    .prompt = "ねこ",
    .width = SIZE,
    .height = SIZE,
    .steps = 5,
    .guidance = 4,
    .seed = 42,
    .sampler = "lms",
  };
}

static void
add_image (const Fixture      *self,
           EshiPipelineParams *params)
{
  params->image = self->image;
  params->image_width = params->image_height = SIZE;
  params->strength = 0.8;
}

static void
checkpoint_cb (guint     index,
               guint     step,
               GBytes   *state,
               gpointer  user_data)
{
  Fixture *self = user_data;

  g_ptr_array_add (self->states, g_bytes_ref (state));
  g_array_append_val (self->indices, index);
  if (self->states->len == self->cancel_after)
    g_cancellable_cancel (self->cancellable);
}

static void
preview_cb (guint         index,
            guint         step,
            guint         width,
            guint         height,
            const guint8 *rgb,
            gpointer      user_data)
{
  Fixture *self = user_data;

  if (width == SIZE && height == SIZE)
    self->n_whole++;
}

static void
refused_cb (const GError *why,
            gpointer      user_data)
{
  Fixture *self = user_data;

  g_assert_error (why, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
  g_assert_null (self->refused);
  self->refused = g_strdup (why->message);
}

/* Paints and collects the states of all calls; whether it came to its end. */
static gboolean
paint (Fixture                  *self,
       const EshiPipelineParams *params,
       EshiPipelineResult       *result)
{
  const EshiPipelineCallbacks callbacks = {
    .checkpoint = checkpoint_cb,
    .checkpoint_seconds = params->stop_after > 0 ? G_MAXDOUBLE : 0.0,
    .preview = params->stop_after > 0 ? preview_cb : NULL,
    .refused = refused_cb,
    .user_data = self,
  };
  g_autoptr(GError) error = NULL;
  gboolean ok;

  g_ptr_array_set_size (self->states, 0);
  g_array_set_size (self->indices, 0);
  g_clear_pointer (&self->refused, g_free);
  ok = eshi_pipeline_generate (self->pipeline, params, &callbacks, self->cancellable, result, &error);
  if (self->cancel_after > 0)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  else
    g_assert_no_error (error);
  return ok;
}

static void
assert_same (const EshiPipelinePicture *a,
             const EshiPipelinePicture *b)
{
  g_assert_cmpuint (a->seed, ==, b->seed);
  g_assert_true (g_bytes_equal (a->latents, b->latents));
  g_assert_true (g_bytes_equal (a->rgb, b->rgb));
}

/* Goes on from the states after the first, the middle and the last call; returns how often. */
static guint
check_params (Fixture                  *self,
              const EshiPipelineParams *params)
{
  EshiPipelineParams again = *params;
  g_auto(EshiPipelineResult) whole = { 0 };
  g_autoptr(GPtrArray) states = NULL;
  guint places[3];

  paint (self, params, &whole);
  states = g_steal_pointer (&self->states);
  self->states = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_assert_cmpuint (states->len, >=, 3);
  places[0] = 0;
  places[1] = states->len / 2;
  places[2] = states->len - 1;
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_auto(EshiPipelineResult) rest = { 0 };

      again.resume = g_ptr_array_index (states, places[i]);
      paint (self, &again, &rest);
      g_assert_null (self->refused);
      g_assert_cmpuint (self->states->len, ==, states->len - 1 - places[i]);
      g_assert_cmpuint (rest.n_pictures, ==, 1);
      assert_same (&rest.pictures[0], &whole.pictures[0]);
    }
  return G_N_ELEMENTS (places);
}

/* From noise, from a picture, and under a mask. */
static void
test_samplers (Fixture       *self,
               gconstpointer  data)
{
  const char *const *ids = eshi_scheduler_get_ids ();
  guint n_resumed = 0;

  for (guint i = 0; ids[i] != NULL; i++)
    for (guint kind = 0; kind < 3; kind++)
      for (EshiRngKind rng = ESHI_RNG_CPU; rng <= ESHI_RNG_PHILOX; rng++)
        {
          EshiPipelineParams params = make_params ();

          g_test_message ("%s, %s, kind %u", ids[i], eshi_rng_kind_get_name (rng), kind);
          params.sampler = ids[i];
          params.rng = rng;
          params.guidance = 1; /* half the work; states know nothing of it */
          if (kind > 0)
            add_image (self, &params);
          params.mask = kind > 1 ? self->mask : NULL;
          params.paste = kind > 1;
          n_resumed += check_params (self, &params);
        }
  g_test_message ("%u pictures went on", n_resumed);
}

/* Stops @params after @step steps, from @state on: (transfer full): where it stands. */
static GBytes *
stop (Fixture                  *self,
      const EshiPipelineParams *params,
      guint                     step,
      GBytes                   *state)
{
  EshiPipelineParams part = *params;
  g_auto(EshiPipelineResult) result = { 0 };

  part.stop_after = step;
  part.resume = state;
  self->n_whole = 0;
  g_assert_true (paint (self, &part, &result));
  g_assert_null (self->refused);
  g_assert_cmpuint (result.n_pictures, ==, 0);
  g_assert_cmpuint (self->states->len, ==, 1);
  return g_bytes_ref (g_ptr_array_index (self->states, 0));
}

/* Stopped after some steps, after each step in turn, and after the last one, every picture ends as if it had not been. */
static void
test_stops (Fixture       *self,
            gconstpointer  data)
{
  const char *const *ids = eshi_scheduler_get_ids ();

  for (guint i = 0; ids[i] != NULL; i++)
    {
      EshiPipelineParams params = make_params ();
      g_auto(EshiPipelineResult) whole = { 0 };
      g_auto(EshiPipelineResult) rest = { 0 };
      g_autoptr(GBytes) state = NULL;

      g_test_message ("%s", ids[i]);
      params.sampler = ids[i];
      params.guidance = 1;
      paint (self, &params, &whole);
      for (guint step = 2; step <= params.steps; step++)
        {
          g_autoptr(GBytes) before = g_steal_pointer (&state);

          state = stop (self, &params, step, before);
          g_assert_cmpuint (self->n_whole, >=, step < params.steps ? 1 : 0);
        }
      params.resume = state;
      paint (self, &params, &rest);
      g_assert_null (self->refused);
      g_assert_cmpuint (self->states->len, ==, 0);
      assert_same (&rest.pictures[0], &whole.pictures[0]);
    }
}

/* A draft that starts from another picture and goes on under a mask stops as well; and one that stands further stops at once. */
static void
test_stops_early (Fixture       *self,
                  gconstpointer  data)
{
  EshiPipelineParams params = make_params ();
  g_auto(EshiPipelineResult) whole = { 0 };
  g_auto(EshiPipelineResult) rest = { 0 };
  g_autoptr(GBytes) state = NULL;
  g_autoptr(GBytes) same = NULL;

  params.sampler = "euler-a";
  params.guidance_stop = 0.5;
  params.mask = self->mask;
  add_image (self, &params);
  paint (self, &params, &whole);
  state = stop (self, &params, 3, NULL);
  same = stop (self, &params, 1, state);
  g_assert_true (g_bytes_equal (state, same));
  g_assert_cmpuint (self->n_whole, ==, 0);
  params.resume = state;
  paint (self, &params, &rest);
  assert_same (&rest.pictures[0], &whole.pictures[0]);
}

/* Where the program was left after the first of three pictures: that one is not painted again. */
static void
test_batch (Fixture       *self,
            gconstpointer  data)
{
  EshiPipelineParams params = make_params ();
  g_auto(EshiPipelineResult) whole = { 0 };
  g_auto(EshiPipelineResult) rest = { 0 };
  g_autoptr(GBytes) state = NULL;
  guint i = 0;

  params.n_pictures = 3;
  params.sampler = "euler-a";
  params.variation_seed = 7;
  params.variation_strength = 0.3;
  paint (self, &params, &whole);
  while (g_array_index (self->indices, guint, i) == 0)
    i++;
  state = g_bytes_ref (g_ptr_array_index (self->states, i)); /* before its first step */
  params.resume = state;
  paint (self, &params, &rest);
  g_assert_null (self->refused);
  g_assert_cmpuint (rest.n_pictures, ==, 2);
  assert_same (&rest.pictures[0], &whole.pictures[1]);
  assert_same (&rest.pictures[1], &whole.pictures[2]);
}

/* Cancelling hands out where the picture stands, and it goes on from there. */
static void
test_cancel (Fixture       *self,
             gconstpointer  data)
{
  EshiPipelineParams params = make_params ();
  g_auto(EshiPipelineResult) whole = { 0 };
  g_auto(EshiPipelineResult) broken = { 0 };
  g_auto(EshiPipelineResult) rest = { 0 };
  g_autoptr(GBytes) state = NULL;

  params.sampler = "dpmpp-3m-sde";
  paint (self, &params, &whole);
  self->cancellable = g_cancellable_new ();
  self->cancel_after = 3;
  g_assert_false (paint (self, &params, &broken));
  g_assert_cmpuint (self->states->len, ==, 4);
  state = g_bytes_ref (g_ptr_array_index (self->states, 3));

  g_clear_object (&self->cancellable);
  self->cancel_after = 0;
  params.resume = state;
  paint (self, &params, &rest);
  g_assert_null (self->refused);
  g_assert_cmpuint (self->states->len, ==, 2);
  assert_same (&rest.pictures[0], &whole.pictures[0]);
}

/* A state that is of no use: the reason holds @word, and the picture is painted whole. */
static void
assert_refused (Fixture                  *self,
                const EshiPipelineParams *params,
                const char               *word)
{
  EshiPipelineParams afresh = *params;
  g_auto(EshiPipelineResult) whole = { 0 };
  g_auto(EshiPipelineResult) again = { 0 };

  afresh.resume = NULL;
  paint (self, &afresh, &whole);
  paint (self, params, &again);
  g_assert_nonnull (self->refused);
  g_assert_nonnull (strstr (self->refused, word));
  assert_same (&again.pictures[0], &whole.pictures[0]);
}

/* @state with other bytes at @at; @mend: with a checksum that says it was meant. */
static GBytes *
change (GBytes   *state,
        gsize     at,
        gboolean  mend)
{
  gsize size = 0;
  guint8 *copy = g_memdup2 (g_bytes_get_data (state, NULL), g_bytes_get_size (state));
  g_autoptr(GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize n = N_SHA256;

  size = g_bytes_get_size (state);
  copy[at] ^= 0x55;
  if (mend)
    {
      g_checksum_update (sum, copy, (gssize) (size - N_SHA256));
      g_checksum_get_digest (sum, copy + size - N_SHA256, &n);
    }
  return g_bytes_new_take (copy, size);
}

static void
test_damaged (Fixture       *self,
              gconstpointer  data)
{
  EshiPipelineParams params = make_params ();
  g_auto(EshiPipelineResult) whole = { 0 };
  g_autoptr(GBytes) state = NULL;
  gsize size = 0;

  params.steps = 3;
  paint (self, &params, &whole);
  state = g_bytes_ref (g_ptr_array_index (self->states, 1));
  size = g_bytes_get_size (state);

  for (gsize at = 0; at < size; at += size / 7)
    {
      g_autoptr(GBytes) bent = change (state, at, FALSE);
      g_autoptr(GBytes) cut = g_bytes_new_from_bytes (state, 0, at);

      params.resume = bent;
      assert_refused (self, &params, "damaged");
      params.resume = cut;
      assert_refused (self, &params, "damaged");
    }
}

/* Words that lie although the checksum is right: the version, the picture, the calls, the three sizes, the generator. */
static void
test_lies (Fixture       *self,
           gconstpointer  data)
{
  static const gsize places[] = { 12, 16, 20, 24, 28, 64 + 8 * 8 * 4 * 4, 64 + 8 * 8 * 4 * 4 + 2536 };
  EshiPipelineParams params = make_params ();
  g_auto(EshiPipelineResult) whole = { 0 };
  g_autoptr(GBytes) state = NULL;
  g_autoptr(GBytes) other = NULL;

  params.steps = 3;
  paint (self, &params, &whole);
  state = g_bytes_ref (g_ptr_array_index (self->states, 1));
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autoptr(GBytes) lie = change (state, places[i], TRUE);

      g_test_message ("byte %" G_GSIZE_FORMAT, places[i]);
      params.resume = lie;
      assert_refused (self, &params, "damaged");
    }
  other = change (state, 8, TRUE);
  params.resume = other;
  assert_refused (self, &params, "another version");
}

/* Each setting that changes the picture makes a state another picture's, and so does another model. */
static void
test_others (Fixture       *self,
             gconstpointer  data)
{
  EshiPipelineParams base = make_params ();
  EshiPipelineParams others[15];
  g_auto(EshiPipelineResult) whole = { 0 };
  g_autoptr(GBytes) state = NULL;

  base.steps = 3;
  add_image (self, &base);
  base.strength = 1;
  paint (self, &base, &whole);
  state = g_bytes_ref (g_ptr_array_index (self->states, 1));
  base.resume = state;
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    others[i] = base;
  others[0].prompt = "いぬ";
  others[1].negative_prompt = "いぬ";
  others[2].width = 72;
  others[3].steps = 4;
  others[4].guidance = 4.5;
  others[5].seed = 43;
  others[6].rng = ESHI_RNG_PHILOX;
  others[7].sampler = "euler";
  others[8].schedule = "karras";
  others[9].strength = 0.99;
  others[10].mask = self->mask;
  others[11].variation_strength = 0.1;
  others[12].clip_skip = 2;
  others[13].context = "another model";
  others[14].guidance_stop = 0.5;
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_test_message ("setting %u", i);
      assert_refused (self, &others[i], "other settings");
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/eshi/resume/samplers", Fixture, NULL, setup, test_samplers, teardown);
  g_test_add ("/eshi/resume/stops", Fixture, NULL, setup, test_stops, teardown);
  g_test_add ("/eshi/resume/stops-early", Fixture, NULL, setup, test_stops_early, teardown);
  g_test_add ("/eshi/resume/batch", Fixture, NULL, setup, test_batch, teardown);
  g_test_add ("/eshi/resume/cancelled", Fixture, NULL, setup, test_cancel, teardown);
  g_test_add ("/eshi/resume/damaged", Fixture, NULL, setup, test_damaged, teardown);
  g_test_add ("/eshi/resume/lies", Fixture, NULL, setup, test_lies, teardown);
  g_test_add ("/eshi/resume/others", Fixture, NULL, setup, test_others, teardown);

  return g_test_run ();
}
