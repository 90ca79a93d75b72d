/* test-scheduler-state.c: samplers that are saved and restored, and states that are damaged.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "eshi-error.h"
#include "scheduler-line.h"

/* Saved at any call and restored elsewhere, a run ends in the same bits. */
static void
test_save_restore (gconstpointer data)
{
  g_autoptr(EshiScheduler) self = new_scheduler (data, 8);
  guint n_calls = eshi_scheduler_get_n_calls (self);

  for (guint pause = 0; pause <= n_calls; pause++)
    {
      g_autoptr(EshiScheduler) other = new_scheduler (data, 8);
      g_autoptr(EshiRng) rng = eshi_rng_new (ESHI_RNG_CPU, 5);
      g_autoptr(EshiRng) other_rng = NULL;
      g_autoptr(GBytes) rng_state = NULL;
      g_autoptr(GBytes) state = NULL;
      g_autoptr(GError) error = NULL;
      float x[N];
      float y[N];

      eshi_scheduler_reset (self);
      eshi_rng_fill_normal (rng, x, N);
      for (guint i = 0; i < n_calls; i++)
        {
          float output[N];

          if (i == pause)
            {
              state = eshi_scheduler_save (self);
              rng_state = eshi_rng_save (rng);
              memcpy (y, x, sizeof x);
            }
          run_model (self, i, x, output);
          eshi_scheduler_step (self, i, output, x, rng, NULL);
        }
      if (state == NULL)
        continue;
      g_assert_true (eshi_scheduler_restore (other, state, &error));
      g_assert_no_error (error);
      other_rng = eshi_rng_new_from_bytes (rng_state, NULL);
      run_calls (other, pause, y, other_rng, NULL);
      g_assert_cmpmem (x, sizeof x, y, sizeof y);
    }
}

static void
assert_not_restored (EshiScheduler *self,
                     GBytes        *state)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (eshi_scheduler_restore (self, state, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
}

static void
test_restore_damaged (void)
{
  g_autoptr(EshiScheduler) self = new_scheduler ("pndm", 8);
  g_autoptr(EshiScheduler) steps = new_scheduler ("pndm", 9);
  g_autoptr(EshiScheduler) sampler = new_scheduler ("lms", 8);
  g_autoptr(GBytes) state = NULL;
  g_autoptr(GBytes) empty = g_bytes_new (NULL, 0);
  gsize size;
  const guint8 *data;
  float x[N];

  run_picture (self, x, NULL);
  state = eshi_scheduler_save (self);
  data = g_bytes_get_data (state, &size);
  assert_not_restored (self, empty);
  assert_not_restored (steps, state);
  assert_not_restored (sampler, state);
  for (gsize length = 0; length < size; length += 13)
    {
      g_autoptr(GBytes) shorter = g_bytes_new (data, length);

      assert_not_restored (self, shorter);
    }
  for (guint word = 0; word < 7; word++)
    {
      guint8 *copy = g_memdup2 (data, size);
      g_autoptr(GBytes) damaged = g_bytes_new_take (copy, size);

      copy[word * 4 + 1] = 0xff;
      assert_not_restored (self, damaged);
    }
}

int
main (int   argc,
      char *argv[])
{
  const char *const *ids = eshi_scheduler_get_ids ();

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; ids[i] != NULL; i++)
    {
      g_autofree char *path = g_strdup_printf ("/eshi/scheduler/%s/save-restore", ids[i]);

      g_test_add_data_func (path, ids[i], test_save_restore);
    }
  g_test_add_func ("/eshi/scheduler/restore-damaged", test_restore_damaged);

  return g_test_run ();
}
