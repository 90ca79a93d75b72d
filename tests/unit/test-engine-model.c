/* test-engine-model.c: the engine with the embedded model: what is kept between requests, and what never changes.
 *
 * Skipped where $ESHI_MODEL_DIR holds no model.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "libeshi-engine.h"

#define WAIT_US (120 * G_USEC_PER_SEC)

typedef struct
{
  EshiEngine *engine;
  GPtrArray  *images;       /* of EshiImage, from IMAGE events */
  EshiEvent  *terminal;     /* the newest */
  guint       n_previews;
  double      last_left;    /* seconds left, as told last; negative while unknown */
  int         last_step;
  gboolean    cancel;       /* after the third step */
  GBytes     *state;        /* the newest */
  guint64     id;
} Fixture;

static void
check_progress (Fixture   *f,
                EshiEvent *event)
{
  double left = eshi_event_get_seconds_left (event);

  if (f->last_left >= 0.0)
    g_assert_cmpfloat (left, <=, f->last_left);
  f->last_left = left;
  f->last_step = eshi_event_get_step (event);
  if (f->cancel && f->last_step >= 3)
    eshi_engine_cancel (f->engine, f->id);
}

static void
event_cb (EshiEngine *engine,
          EshiEvent  *event,
          Fixture    *f)
{
  if (eshi_event_get_kind (event) == ESHI_EVENT_PROGRESS)
    check_progress (f, event);
  if (eshi_event_get_kind (event) == ESHI_EVENT_PREVIEW)
    f->n_previews++;
  if (eshi_event_get_kind (event) == ESHI_EVENT_CHECKPOINT)
    {
      g_clear_pointer (&f->state, g_bytes_unref);
      f->state = g_bytes_ref (eshi_event_get_state (event));
    }
  if (eshi_event_get_kind (event) == ESHI_EVENT_IMAGE)
    g_ptr_array_add (f->images, eshi_image_ref (eshi_event_get_image (event)));
  if (eshi_event_is_terminal (event))
    {
      g_clear_pointer (&f->terminal, eshi_event_unref);
      f->terminal = eshi_event_ref (event);
    }
}

static void
set_up (Fixture       *f,
        gconstpointer  data)
{
  f->engine = eshi_engine_new (NULL, 0);
  f->images = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_image_unref);
  g_signal_connect (f->engine, "event", G_CALLBACK (event_cb), f);
}

static void
tear_down (Fixture       *f,
           gconstpointer  data)
{
  g_assert_finalize_object (f->engine);
  g_clear_pointer (&f->terminal, eshi_event_unref);
  g_clear_pointer (&f->state, g_bytes_unref);
  g_ptr_array_unref (f->images);
}

static EshiSettings *
make_settings (guint64  seed,
               int      n_images,
               gboolean previews)
{
  EshiSettings *settings = eshi_settings_new ();

  g_free (settings->prompt);
  settings->prompt = g_strdup ("猫 水彩画");
  settings->width = settings->height = 64;
  settings->steps = 4;
  settings->seed = seed;
  settings->n_images = n_images;
  settings->previews = previews;

  return settings;
}

/* Sends @request, which it takes, and waits for its end; the event is the fixture's. */
static EshiEvent *
run_request (Fixture     *f,
             EshiRequest *request)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;

  g_clear_pointer (&f->terminal, eshi_event_unref);
  f->last_left = -1.0;
  f->id = eshi_engine_submit (f->engine, request, NULL);
  while (f->terminal == NULL)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_main_context_iteration (NULL, TRUE);
    }

  return f->terminal;
}

static EshiEvent *
run (Fixture         *f,
     EshiRequestKind  kind,
     EshiSettings    *settings)
{
  EshiRequest *request = eshi_request_new (kind, settings);

  g_clear_pointer (&settings, eshi_settings_free);
  return run_request (f, request);
}

static void
assert_done (EshiEvent *event)
{
  g_assert_no_error (eshi_event_get_error (event));
  g_assert_cmpint (eshi_event_get_kind (event), ==, ESHI_EVENT_DONE);
}

static void
assert_same_image (Fixture *f,
                   guint    a,
                   guint    b)
{
  g_assert_true (g_bytes_equal (eshi_image_get_pixels (f->images->pdata[a]),
                                eshi_image_get_pixels (f->images->pdata[b])));
}

static void
test_previews (Fixture       *f,
               gconstpointer  data)
{
  assert_done (run (f, ESHI_REQUEST_GENERATE, make_settings (7, 1, TRUE)));
  g_assert_cmpuint (f->n_previews, >=, 1);
  f->n_previews = 0;
  assert_done (run (f, ESHI_REQUEST_GENERATE, make_settings (7, 1, FALSE)));
  g_assert_cmpuint (f->n_previews, ==, 0);
  assert_same_image (f, 0, 1);
}

/* Picture i of a batch is the one that its own seed gives alone. */
static void
test_batch (Fixture       *f,
            gconstpointer  data)
{
  assert_done (run (f, ESHI_REQUEST_GENERATE, make_settings (7, 3, FALSE)));
  g_assert_cmpuint (f->images->len, ==, 3);
  assert_done (run (f, ESHI_REQUEST_GENERATE, make_settings (9, 1, FALSE)));
  assert_same_image (f, 2, 3);
  g_assert_false (g_bytes_equal (eshi_image_get_pixels (f->images->pdata[0]),
                                 eshi_image_get_pixels (f->images->pdata[1])));
}

static void
test_filled_in (Fixture       *f,
                gconstpointer  data)
{
  g_autoptr(EshiModelInfo) info = eshi_model_info_load (NULL, NULL);
  EshiSettings *settings = make_settings (7, 1, FALSE);
  const EshiSettings *used = NULL;

  settings->width = settings->height = settings->steps = 0;
  used = eshi_event_get_settings (run (f, ESHI_REQUEST_GENERATE, settings));
  assert_done (f->terminal);
  g_assert_cmpint (used->width, ==, info->width);
  g_assert_cmpint (used->height, ==, info->height);
  g_assert_cmpint (used->steps, ==, info->steps);
  g_assert_cmpfloat (used->guidance, ==, info->guidance);
  g_assert_cmpstr (used->sampler, ==, info->sampler);
  g_assert_cmpstr (eshi_event_get_model_name (f->terminal), ==, info->name);
  g_assert_cmpint (eshi_image_get_width (eshi_event_get_image (f->terminal)), ==, info->width);
}

/* Once loaded it stays; unloaded, it comes back when it is needed, and paints the same. */
static void
test_kept (Fixture       *f,
           gconstpointer  data)
{
  double cold = 0.0;
  double warm = 0.0;

  assert_done (run (f, ESHI_REQUEST_LOAD_MODEL, make_settings (7, 1, FALSE)));
  g_assert_null (eshi_event_get_image (f->terminal));
  cold = eshi_event_get_timings (f->terminal)->load;
  assert_done (run (f, ESHI_REQUEST_GENERATE, make_settings (7, 1, FALSE)));
  warm = eshi_event_get_timings (f->terminal)->load;
  g_test_message ("load %.3f s, then %.3f s", cold, warm);
  g_assert_cmpfloat (cold, >, 0.0);
  assert_done (run (f, ESHI_REQUEST_UNLOAD, NULL));
  assert_done (run (f, ESHI_REQUEST_GENERATE, make_settings (7, 1, FALSE)));
  assert_same_image (f, 0, 1);
}

/* At most one step late, with the last preview, and the next request is none the worse. */
static void
test_cancel (Fixture       *f,
             gconstpointer  data)
{
  EshiSettings *settings = make_settings (7, 1, TRUE);

  assert_done (run (f, ESHI_REQUEST_GENERATE, make_settings (7, 1, FALSE)));
  settings->steps = 1000;
  f->cancel = TRUE;
  run (f, ESHI_REQUEST_GENERATE, settings);
  f->cancel = FALSE;
  g_assert_cmpint (eshi_event_get_kind (f->terminal), ==, ESHI_EVENT_CANCELLED);
  g_assert_nonnull (eshi_event_get_image (f->terminal));
  g_assert_cmpint (eshi_event_get_step (f->terminal), <, 1000);
  assert_done (run (f, ESHI_REQUEST_GENERATE, make_settings (7, 1, FALSE)));
  assert_same_image (f, 0, 1);
}

/* A picture that was stopped goes on in another engine, and is the one that was never stopped. */
static void
test_resume (Fixture       *f,
             gconstpointer  data)
{
  g_autoptr(EshiSettings) settings = make_settings (7, 1, FALSE);

  settings->steps = 30;
  assert_done (run_request (f, eshi_request_new_resumable (settings, -1.0, NULL)));
  g_assert_null (f->state);
  f->cancel = TRUE;
  run_request (f, eshi_request_new_resumable (settings, 60.0, NULL));
  f->cancel = FALSE;
  g_assert_cmpint (eshi_event_get_kind (f->terminal), ==, ESHI_EVENT_CANCELLED);
  g_assert_nonnull (f->state);

  g_assert_finalize_object (f->engine);
  f->engine = eshi_engine_new (NULL, 0);
  g_signal_connect (f->engine, "event", G_CALLBACK (event_cb), f);
  assert_done (run_request (f, eshi_request_new_resumable (settings, -1.0, f->state)));
  g_assert_null (eshi_event_get_note (f->terminal));
  assert_same_image (f, 0, 1);

  /* Other settings: painted all the same, and a note says why from the beginning. */
  settings->seed = 8;
  assert_done (run_request (f, eshi_request_new_resumable (settings, -1.0, f->state)));
  g_assert_nonnull (eshi_event_get_note (f->terminal));
  assert_done (run_request (f, eshi_request_new_resumable (settings, -1.0, NULL)));
  assert_same_image (f, 2, 3);
}

static void
link_part (const char *model,
           const char *folder,
           const char *part)
{
  g_autofree char *target = g_build_filename (model, part, NULL);
  g_autofree char *path = g_build_filename (folder, part, NULL);

  g_assert_cmpint (symlink (target, path), ==, 0);
}

static const char * const linked_parts[] = {
  "model_index.json", "scheduler", "text_encoder", "tokenizer", "unet", "vae/config.json",
};

/* A model that differs from @model in some signs of its decoder; (transfer full): its folder. */
static char *
make_other (const char *model)
{
  char *folder = g_dir_make_tmp ("eshi-swap-XXXXXX", NULL);
  g_autofree char *vae = g_build_filename (folder, "vae", NULL);
  g_autofree char *source = g_build_filename (model, "vae", "diffusion_pytorch_model.safetensors", NULL);
  g_autofree char *target = g_build_filename (vae, "diffusion_pytorch_model.safetensors", NULL);
  g_autofree char *weights = NULL;
  gsize n_bytes = 0;

  g_assert_cmpint (g_mkdir (vae, 0700), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (linked_parts); i++)
    link_part (model, folder, linked_parts[i]);
  g_assert_true (g_file_get_contents (source, &weights, &n_bytes, NULL));
  for (gsize i = 1; i <= n_bytes / 8; i += 2)
    weights[n_bytes - i] = (char) (weights[n_bytes - i] ^ 0x80);
  g_assert_true (g_file_set_contents (target, weights, (gssize) n_bytes, NULL));
  return folder;
}

static void
remove_other (const char *folder)
{
  g_autofree char *vae = g_build_filename (folder, "vae", NULL);
  g_autofree char *weights = g_build_filename (vae, "diffusion_pytorch_model.safetensors", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (linked_parts); i++)
    {
      g_autofree char *path = g_build_filename (folder, linked_parts[i], NULL);

      g_unlink (path);
    }
  g_unlink (weights);
  g_rmdir (vae);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* Paints with @model (nullable), perhaps with an engine that starts anew. */
static void
paint_with (Fixture    *f,
            const char *model,
            gboolean    fresh)
{
  EshiSettings *settings = make_settings (7, 1, FALSE);

  if (fresh)
    {
      g_assert_finalize_object (f->engine);
      f->engine = eshi_engine_new (NULL, 0);
      g_signal_connect (f->engine, "event", G_CALLBACK (event_cb), f);
    }
  settings->model = g_strdup (model);
  assert_done (run (f, ESHI_REQUEST_GENERATE, settings));
}

/* Changing the model and back leaves nothing of either behind, and each picture says whose it is. */
static void
test_swap (Fixture       *f,
           gconstpointer  data)
{
  g_autoptr(EshiModelInfo) info = eshi_model_info_load (NULL, NULL);
  g_autofree char *other = make_other (info->path);
  g_autofree char *hash = NULL;

  paint_with (f, NULL, FALSE);
  paint_with (f, other, FALSE);
  hash = g_strdup (eshi_event_get_settings (f->terminal)->model_hash);
  paint_with (f, NULL, FALSE);
  g_assert_nonnull (hash);
  g_assert_cmpstr (eshi_event_get_settings (f->terminal)->model_hash, !=, hash);
  paint_with (f, other, FALSE);
  paint_with (f, other, TRUE);
  paint_with (f, NULL, TRUE);
  assert_same_image (f, 0, 2);
  assert_same_image (f, 0, 5);
  assert_same_image (f, 1, 3);
  assert_same_image (f, 1, 4);
  g_assert_false (g_bytes_equal (eshi_image_get_pixels (f->images->pdata[0]),
                                 eshi_image_get_pixels (f->images->pdata[1])));
  remove_other (other);
}

static void
test_none (void)
{
  g_test_skip ("no model in $ESHI_MODEL_DIR/mame");
}

/* A picture of twelve steps, with noise that the sampler adds. */
static EshiSettings *
make_branching (const char *prompt,
                double      guidance,
                guint64     seed)
{
  EshiSettings *settings = make_settings (seed, 1, FALSE);

  g_free (settings->prompt);
  settings->prompt = g_strdup (prompt);
  settings->guidance = guidance;
  settings->steps = 12;
  g_free (settings->sampler);
  settings->sampler = g_strdup ("euler-a");
  return settings;
}

/* Paints @settings and takes them; its image is the last of the fixture's. */
static GBytes *
paint_pixels (Fixture      *f,
              EshiSettings *settings)
{
  assert_done (run (f, ESHI_REQUEST_GENERATE, settings));
  return eshi_image_get_pixels (f->images->pdata[f->images->len - 1]);
}

/* A picture that parts from another with nothing changed is that one. With other words it is neither the one nor the other,
 * and the settings that come back with it, read from their JSON, give it again. */
static void
test_branch (Fixture       *f,
             gconstpointer  data)
{
  GBytes *whole = paint_pixels (f, make_branching ("猫 水彩画", 3.0, 7));
  GBytes *other = paint_pixels (f, make_branching ("犬 油絵", 4.0, 7));
  EshiSettings *same = make_branching ("猫 水彩画", 3.0, 7);
  EshiSettings *mixed = make_branching ("犬 油絵", 4.0, 7);
  g_autofree char *json = NULL;
  GBytes *pixels = NULL;

  same->branch = eshi_branch_new (5, "猫 水彩画", "", 3.0, 7, NULL);
  g_assert_true (g_bytes_equal (paint_pixels (f, same), whole));
  mixed->branch = eshi_branch_new (5, "猫 水彩画", "", 3.0, 7, NULL);
  pixels = paint_pixels (f, mixed);
  g_assert_false (g_bytes_equal (pixels, whole));
  g_assert_false (g_bytes_equal (pixels, other));

  json = eshi_settings_to_json (eshi_event_get_settings (f->terminal), NULL);
  g_assert_true (g_bytes_equal (paint_pixels (f, eshi_settings_new_from_json (json, NULL, NULL)), pixels));
}

/* Two branches whose parts are all the same are the picture too; another seed from a step on is other noise from there. */
static void
test_branch_seed (Fixture       *f,
                  gconstpointer  data)
{
  GBytes *whole = paint_pixels (f, make_branching ("猫 水彩画", 1.0, 7));
  EshiSettings *twice = make_branching ("猫 水彩画", 1.0, 7);
  EshiSettings *noise = make_branching ("猫 水彩画", 1.0, 8);
  g_autoptr(EshiBranch) first = eshi_branch_new (3, "猫 水彩画", "", 1.0, 7, NULL);

  twice->branch = eshi_branch_new (8, "猫 水彩画", "", 1.0, 7, first);
  g_assert_true (g_bytes_equal (paint_pixels (f, twice), whole));
  noise->branch = eshi_branch_new (8, "猫 水彩画", "", 1.0, 7, NULL);
  g_assert_false (g_bytes_equal (paint_pixels (f, noise), whole));
}

/* (transfer full): where @settings, which stay the caller's, stand after @step steps, gone on to from @state. */
static GBytes *
stop_after (Fixture            *f,
            const EshiSettings *settings,
            int                 step,
            GBytes             *state)
{
  g_clear_pointer (&f->state, g_bytes_unref);
  assert_done (run_request (f, eshi_request_new_stopping (settings, step, state)));
  g_assert_null (eshi_event_get_image (f->terminal));
  g_assert_null (eshi_event_get_note (f->terminal));
  return g_steal_pointer (&f->state);
}

/* Step by step, across the one that it parts at, it is the same picture, and nothing is painted twice. */
static void
test_branch_stops (Fixture       *f,
                   gconstpointer  data)
{
  g_autoptr(EshiSettings) settings = make_branching ("犬 油絵", 4.0, 7);
  GBytes *whole = NULL;
  g_autoptr(GBytes) state = NULL;

  settings->branch = eshi_branch_new (5, "猫 水彩画", "", 3.0, 7, NULL);
  whole = paint_pixels (f, eshi_settings_copy (settings));
  for (int step = 1; step < settings->steps; step++)
    {
      g_autoptr(GBytes) before = g_steal_pointer (&state);

      state = stop_after (f, settings, step, before);
      g_assert_nonnull (state);
    }
  assert_done (run_request (f, eshi_request_new_resumable (settings, -1.0, state)));
  g_assert_null (eshi_event_get_note (f->terminal));
  g_assert_true (g_bytes_equal (eshi_image_get_pixels (f->images->pdata[f->images->len - 1]), whole));
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(EshiModelInfo) info = NULL;

  g_test_init (&argc, &argv, NULL);

  info = eshi_model_info_load (NULL, NULL);
  if (info == NULL)
    {
      g_test_add_func ("/eshi/engine/model/none", test_none);
      return g_test_run ();
    }

#define ADD(path, func) g_test_add ("/eshi/engine/model/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("previews-change-nothing", test_previews);
  ADD ("batch", test_batch);
  ADD ("filled-in", test_filled_in);
  ADD ("kept", test_kept);
  ADD ("cancel", test_cancel);
  ADD ("swap", test_swap);
  ADD ("resume", test_resume);
  ADD ("branch", test_branch);
  ADD ("branch-seed", test_branch_seed);
  ADD ("branch-stops", test_branch_stops);

  return g_test_run ();
}
