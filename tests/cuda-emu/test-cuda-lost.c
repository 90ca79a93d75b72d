/* test-cuda-lost.c: the engine, whose graphics card is lost in the middle of a picture: on stand-ins of NVIDIA's libraries.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "emu-rig.h"
#include "libeshi-engine.h"

#define WAIT_US (300 * G_USEC_PER_SEC)
#define N_PICTURES 2
#define N_TRIALS 3        /* calls of the driver that fail, spread over those of a request */
#define ILLEGAL_ADDRESS 700
#define MIN_PSNR 35.0     /* between the emulated device and the processor: docs/cuda.md */

typedef struct
{
  EshiEngine *engine;
  GPtrArray  *images;   /* of EshiImage */
  EshiEvent  *terminal;
} Fixture;

static void
event_cb (EshiEngine *engine,
          EshiEvent  *event,
          Fixture    *f)
{
  if (eshi_event_get_kind (event) == ESHI_EVENT_IMAGE)
    g_ptr_array_add (f->images, eshi_image_ref (eshi_event_get_image (event)));
  if (eshi_event_is_terminal (event))
    f->terminal = eshi_event_ref (event);
}

static void
set_up (Fixture       *f,
        gconstpointer  data)
{
  f->engine = eshi_engine_new (data, 0);
  f->images = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_image_unref);
  g_signal_connect (f->engine, "event", G_CALLBACK (event_cb), f);
}

static void
tear_down (Fixture       *f,
           gconstpointer  data)
{
  emu.fail_call (0, 0, 0);
  g_assert_finalize_object (f->engine);
  g_clear_pointer (&f->terminal, eshi_event_unref);
  g_ptr_array_unref (f->images);
}

/* Paints the same pictures each time; the pictures and the event are the fixture's. */
static void
paint (Fixture *f)
{
  g_autoptr(EshiSettings) settings = eshi_settings_new ();
  gint64 deadline = g_get_monotonic_time () + WAIT_US;

  g_free (settings->prompt);
  settings->prompt = g_strdup ("りんご");
  settings->width = settings->height = 64;
  settings->steps = 3;
  settings->seed = 3;
  settings->n_images = N_PICTURES;
  g_ptr_array_set_size (f->images, 0);
  g_clear_pointer (&f->terminal, eshi_event_unref);
  eshi_engine_submit (f->engine, eshi_request_new (ESHI_REQUEST_GENERATE, settings), NULL);
  while (f->terminal == NULL)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_main_context_iteration (NULL, TRUE);
    }
}

static void
assert_done_by (Fixture    *f,
                const char *backend)
{
  g_assert_no_error (eshi_event_get_error (f->terminal));
  g_assert_cmpint (eshi_event_get_kind (f->terminal), ==, ESHI_EVENT_DONE);
  g_assert_cmpstr (eshi_event_get_backend (f->terminal), ==, backend);
  g_assert_cmpuint (f->images->len, ==, N_PICTURES);
}

static GBytes *
pixels_of (GPtrArray *images,
           guint      i)
{
  return eshi_image_get_pixels (images->pdata[i]);
}

/* (transfer container): the pictures that nothing disturbs, and how many calls of the driver they take, with the model loaded. */
static GPtrArray *
paint_undisturbed (Fixture *f,
                   int     *n_calls)
{
  GPtrArray *images = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_image_unref);

  paint (f);
  emu.fail_call (0, 0, 0);
  paint (f);
  *n_calls = emu.count_calls ();
  assert_done_by (f, "cuda");
  g_assert_null (eshi_event_get_note (f->terminal));
  for (guint i = 0; i < f->images->len; i++)
    g_ptr_array_add (images, eshi_image_ref (f->images->pdata[i]));

  return images;
}

/* A card that works when it is opened again finishes the same pictures, byte for byte, each of them once. */
static void
test_opened_again (Fixture       *f,
                   gconstpointer  data)
{
  int n_calls = 0;
  g_autoptr(GPtrArray) expected = paint_undisturbed (f, &n_calls);

  for (int trial = 0; trial < N_TRIALS; trial++)
    {
      emu.fail_call (1 + trial * (n_calls - 1) / N_TRIALS, ILLEGAL_ADDRESS, EMU_UNTIL_RELEASED);
      paint (f);
      assert_done_by (f, "cuda");
      g_assert_nonnull (eshi_event_get_note (f->terminal));
      for (guint i = 0; i < N_PICTURES; i++)
        g_assert_true (g_bytes_equal (pixels_of (f->images, i), pixels_of (expected, i)));
    }
  g_test_message ("%d of %d calls failed in turn", N_TRIALS, n_calls);
}

/* A card that is gone leaves the rest to the processor, which also paints what comes later. */
static void
test_gone (Fixture       *f,
           gconstpointer  data)
{
  int n_calls = 0;
  g_autoptr(GPtrArray) expected = paint_undisturbed (f, &n_calls);

  emu.fail_call (n_calls / 4, ILLEGAL_ADDRESS, TRUE);
  paint (f);
  assert_done_by (f, "cpu");
  g_assert_nonnull (eshi_event_get_note (f->terminal));
  for (guint i = 0; i < N_PICTURES; i++)
    {
      double psnr = emu_rig_get_psnr (pixels_of (f->images, i), pixels_of (expected, i));

      g_test_message ("picture %u: %.1f dB", i, psnr);
      g_assert_cmpfloat (psnr, >=, MIN_PSNR);
    }

  emu.fail_call (0, 0, 0);
  paint (f);
  assert_done_by (f, "cpu");
  g_assert_null (eshi_event_get_note (f->terminal));
}

/* One that answers nothing when it is opened leaves all to the processor, and says so. */
static void
test_unopenable (Fixture       *f,
                 gconstpointer  data)
{
  emu.fail_call (1, ILLEGAL_ADDRESS, TRUE);
  paint (f);
  assert_done_by (f, "cpu");
  g_assert_nonnull (eshi_event_get_note (f->terminal));
}

/* Where it was asked for by name, nothing takes its place: a sentence says what happened, and a later request finds it again. */
static void
test_named (Fixture       *f,
            gconstpointer  data)
{
  int n_calls = 0;
  g_autoptr(GPtrArray) expected = paint_undisturbed (f, &n_calls);

  emu.fail_call (n_calls / 4, ILLEGAL_ADDRESS, TRUE);
  paint (f);
  g_assert_cmpint (eshi_event_get_kind (f->terminal), ==, ESHI_EVENT_FAILED);
  g_assert_error (eshi_event_get_error (f->terminal), ESHI_ERROR, ESHI_ERROR_DEVICE_LOST);

  emu.fail_call (0, 0, 0);
  paint (f);
  assert_done_by (f, "cuda");
  g_assert_true (g_bytes_equal (pixels_of (f->images, 0), pixels_of (expected, 0)));
}

int
main (int    argc,
      char **argv)
{
  emu_rig_init (&argc, &argv);
  g_test_add ("/eshi/cuda-lost/opened-again", Fixture, NULL, set_up, test_opened_again, tear_down);
  g_test_add ("/eshi/cuda-lost/gone", Fixture, NULL, set_up, test_gone, tear_down);
  g_test_add ("/eshi/cuda-lost/unopenable", Fixture, NULL, set_up, test_unopenable, tear_down);
  g_test_add ("/eshi/cuda-lost/named", Fixture, "cuda", set_up, test_named, tear_down);

  return emu_rig_run ();
}
