/* test-ui-seeds.c: the contact sheet of seeds: its tiles, its keys, and what it asks for.
 *
 * Painting itself is tested with a model, from outside (test-seeds.py); here every request fails, for want of one.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <adwaita.h>
#include <glib/gstdio.h>

#include "eshi-seed-store.h"
#include "eshi-seed-tile.h"
#include "eshi-seeds-view.h"
#include "eshi-sheet-layout.h"

#define WAIT_US (20 * G_USEC_PER_SEC)

typedef struct
{
  EshiEngine *engine;
  EshiSeedSheet *sheet;
  EshiSeedsView *view;
  GtkWidget *window;
  int n_failed;
  int n_closed;
  guint64 used;
  GArray *finished;     /* of guint64: seeds */
} Fixture;

static void
on_failed_cb (Fixture *self,
              GError  *error)
{
  g_assert_nonnull (error);
  self->n_failed++;
}

static void
on_closed_cb (Fixture *self)
{
  self->n_closed++;
}

static void
on_use_cb (Fixture *self,
           guint64  seed)
{
  self->used = seed;
}

static void
on_finish_cb (Fixture            *self,
              const EshiSettings *settings,
              GBytes             *state)
{
  g_assert_cmpint (settings->n_images, ==, 1);
  g_array_append_val (self->finished, settings->seed);
}

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  self->engine = eshi_engine_new (NULL, 1);
  self->sheet = eshi_seed_sheet_new (self->engine);
  self->view = ESHI_SEEDS_VIEW (eshi_seeds_view_new ());
  self->finished = g_array_new (FALSE, FALSE, sizeof (guint64));
  eshi_seeds_view_set_sheet (self->view, self->sheet);
  g_signal_connect_swapped (self->sheet, "failed", G_CALLBACK (on_failed_cb), self);
  g_signal_connect_swapped (self->view, "closed", G_CALLBACK (on_closed_cb), self);
  g_signal_connect_swapped (self->view, "use-seed", G_CALLBACK (on_use_cb), self);
  g_signal_connect_swapped (self->view, "finish", G_CALLBACK (on_finish_cb), self);
  self->window = gtk_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (self->window), 640, 480);
  gtk_window_set_child (GTK_WINDOW (self->window), GTK_WIDGET (self->view));
  gtk_window_present (GTK_WINDOW (self->window));
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  g_object_add_weak_pointer (G_OBJECT (self->view), (gpointer *) &self->view);
  gtk_window_destroy (GTK_WINDOW (self->window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (self->view);
  g_assert_finalize_object (self->sheet);
  g_assert_finalize_object (self->engine);
  g_array_unref (self->finished);
}

/* Settings that no model can paint, so that every request fails at once. */
static EshiSettings *
create_settings (guint64 seed)
{
  EshiSettings *settings = eshi_settings_new ();

  g_free (settings->prompt);
  settings->prompt = g_strdup ("猫");
  settings->model = g_strdup ("/nonexistent/model");
  settings->width = 128;
  settings->height = 64;
  settings->steps = 25;
  settings->seed = seed;
  return settings;
}

static EshiSeed *
get_seed (Fixture *self,
          guint    i)
{
  g_autoptr(EshiSeed) seed = g_list_model_get_item (eshi_seed_sheet_get_seeds (self->sheet), i);

  return seed;
}

static guint
count_seeds (Fixture *self)
{
  return g_list_model_get_n_items (eshi_seed_sheet_get_seeds (self->sheet));
}

static void
show (Fixture *self,
      guint64  seed)
{
  g_autoptr(EshiSettings) settings = create_settings (seed);

  eshi_seeds_view_show (self->view, settings);
}

/* Columns by hand: 12 squares in 900 × 700 are largest in four columns, (700 − 12) / 3 − 20 = 209 pixels high. */
static void
test_layout (void)
{
  g_assert_cmpuint (eshi_sheet_layout_choose_columns (12, 900, 700, 1.0, 8, 20), ==, 4);
  g_assert_cmpuint (eshi_sheet_layout_choose_columns (12, 336, 560, 1.0, 8, 20), ==, 3);
  g_assert_cmpuint (eshi_sheet_layout_choose_columns (12, 900, 700, 2.0, 8, 20), ==, 3);
  g_assert_cmpuint (eshi_sheet_layout_choose_columns (12, 2000, 150, 1.0, 8, 20), ==, 12);
  g_assert_cmpuint (eshi_sheet_layout_choose_columns (1, 900, 700, 1.0, 8, 20), ==, 1);
}

static void
test_seeds (Fixture       *self,
            gconstpointer  data)
{
  show (self, 40);
  g_assert_cmpuint (count_seeds (self), ==, ESHI_SEED_SHEET_SEEDS);
  g_assert_cmpuint (eshi_seed_get_number (get_seed (self, 0)), ==, 40);
  g_assert_cmpuint (eshi_seed_get_number (get_seed (self, 11)), ==, 51);
  /* A quarter of the steps. */
  g_assert_cmpint (eshi_seed_sheet_get_stop_after (self->sheet), ==, 6);

  gtk_widget_activate_action (GTK_WIDGET (self->view), "seeds.others", NULL);
  g_assert_cmpuint (count_seeds (self), ==, ESHI_SEED_SHEET_SEEDS);
  g_assert_cmpuint (eshi_seed_get_number (get_seed (self, 0)), ==, 52);
  eshi_seed_sheet_set_n_seeds (self->sheet, 16);
  g_assert_cmpuint (eshi_seed_get_number (get_seed (self, 15)), ==, 67);

  /* One that is wanted is not taken away. */
  eshi_seed_set_ticked (get_seed (self, 8), TRUE);
  eshi_seed_sheet_set_n_seeds (self->sheet, 4);
  g_assert_cmpuint (count_seeds (self), ==, 9);
}

/* The largest seeds there are: all of the sheet are seeds. */
static void
test_last_seeds (Fixture       *self,
                 gconstpointer  data)
{
  show (self, ESHI_SEED_MAX);
  eshi_seed_sheet_set_n_seeds (self->sheet, ESHI_SEED_SHEET_MAX_SEEDS);
  g_assert_cmpuint (eshi_seed_get_number (get_seed (self, ESHI_SEED_SHEET_MAX_SEEDS - 1)), ==, ESHI_SEED_MAX);
  gtk_widget_activate_action (GTK_WIDGET (self->view), "seeds.others", NULL);
  g_assert_cmpuint (eshi_seed_get_number (get_seed (self, 0)), ==, 0);
}

static void
test_kept (Fixture       *self,
           gconstpointer  data)
{
  g_autoptr(EshiSettings) other = create_settings (900);
  EshiSeed *first = NULL;

  show (self, 40);
  first = get_seed (self, 0);
  show (self, 500);
  g_assert_true (get_seed (self, 0) == first);
  g_assert_true (eshi_seed_sheet_shows (self->sheet, other));
  other->guidance = 9.0;
  g_assert_false (eshi_seed_sheet_shows (self->sheet, other));
  eshi_seeds_view_show (self->view, other);
  g_assert_cmpuint (eshi_seed_get_number (get_seed (self, 0)), ==, 900);
}

static void
test_ticks (Fixture       *self,
            gconstpointer  data)
{
  show (self, 40);
  gtk_widget_activate_action (GTK_WIDGET (self->view), "seeds.finish", NULL);
  gtk_widget_activate_action (GTK_WIDGET (self->view), "seeds.use", NULL);
  g_assert_cmpuint (self->finished->len, ==, 0);
  g_assert_cmpuint (self->used, ==, 0);
  eshi_seed_set_ticked (get_seed (self, 7), TRUE);
  gtk_widget_activate_action (GTK_WIDGET (self->view), "seeds.use", NULL);
  g_assert_cmpuint (self->used, ==, 47);
  self->used = 0;
  eshi_seed_set_ticked (get_seed (self, 2), TRUE);
  gtk_widget_activate_action (GTK_WIDGET (self->view), "seeds.use", NULL);
  g_assert_cmpuint (self->used, ==, 0);
  gtk_widget_activate_action (GTK_WIDGET (self->view), "seeds.finish", NULL);
  g_assert_cmpuint (self->finished->len, ==, 2);
  g_assert_cmpuint (g_array_index (self->finished, guint64, 0), ==, 42);
  g_assert_cmpuint (g_array_index (self->finished, guint64, 1), ==, 47);
  /* They are not finished twice. */
  g_assert_false (eshi_seed_get_ticked (get_seed (self, 7)));
  gtk_widget_activate_action (GTK_WIDGET (self->view), "seeds.close", NULL);
  g_assert_cmpint (self->n_closed, ==, 1);
}

/* A tile and its seed are ticked together. */
static void
test_tile (void)
{
  g_autoptr(EshiSeed) seed = eshi_seed_new (7);
  GtkWidget *tile = g_object_ref_sink (eshi_seed_tile_new (seed));

  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (tile), TRUE);
  g_assert_true (eshi_seed_get_ticked (seed));
  eshi_seed_set_ticked (seed, FALSE);
  g_assert_false (gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (tile)));
  g_assert_true (eshi_seed_tile_get_seed (ESHI_SEED_TILE (tile)) == seed);
  g_assert_finalize_object (tile);
}

/* What cannot be painted is said once, and the sheet stops instead of asking on. */
static void
test_failure (Fixture       *self,
              gconstpointer  data)
{
  gint64 end = g_get_monotonic_time () + WAIT_US;

  show (self, 40);
  g_assert_true (eshi_seed_sheet_get_running (self->sheet));
  while (self->n_failed == 0 && g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpint (self->n_failed, ==, 1);
  g_assert_false (eshi_seed_sheet_get_running (self->sheet));
  g_assert_cmpuint (count_seeds (self), ==, ESHI_SEED_SHEET_SEEDS);
  g_assert_null (eshi_seed_get_state (get_seed (self, 0)));
}

/* Every pixel of one value. */
static EshiImage *
create_image (int    width,
              int    height,
              guint8 value)
{
  gsize n_bytes = 3 * (gsize) width * (gsize) height;
  guint8 *pixels = g_malloc (n_bytes);
  g_autoptr(GBytes) bytes = NULL;

  memset (pixels, value, n_bytes);
  bytes = g_bytes_new_take (pixels, n_bytes);
  return eshi_image_new (width, height, bytes);
}

static EshiSeedStore *
load_store (EshiSeedSheet *sheet,
            const char    *folder)
{
  EshiSeedStore *store = eshi_seed_store_new (sheet, folder);

  while (!eshi_seed_store_get_loaded (store))
    g_main_context_iteration (NULL, TRUE);
  return store;
}

static void
remove_folder (const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name = NULL;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_assert_cmpint (g_unlink (path), ==, 0);
    }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* What another sheet finds is what this one had: settings with their pictures, ticks, states and how many steps they are
 * good for; steps since the state are not told. */
static void
test_stored (Fixture       *self,
             gconstpointer  data)
{
  g_autofree char *folder = g_dir_make_tmp ("eshi-seeds-XXXXXX", NULL);
  g_autoptr(EshiSettings) settings = create_settings (40);
  g_autoptr(EshiSeedSheet) other = eshi_seed_sheet_new (self->engine);
  g_autoptr(GBytes) state = g_bytes_new_static ("somewhere", 9);
  g_autoptr(EshiSeedStore) store = load_store (self->sheet, folder);
  g_autoptr(EshiSeedStore) later = NULL;
  g_autoptr(EshiSeed) seed = NULL;

  settings->image = create_image (128, 64, 40);
  settings->mask = create_image (128, 64, 255);
  settings->paste = FALSE;
  eshi_seeds_view_show (self->view, settings);
  eshi_seed_set_ticked (get_seed (self, 3), TRUE);
  eshi_seed_set_step (get_seed (self, 3), 6);
  eshi_seed_set_state (get_seed (self, 3), state);
  eshi_seed_set_step (get_seed (self, 3), 8);
  g_clear_object (&store);

  later = load_store (other, folder);
  g_assert_true (eshi_seed_sheet_shows (other, settings));
  g_assert_false (eshi_seed_sheet_get_settings (other)->paste);
  g_assert_false (eshi_seed_sheet_get_running (other));
  g_assert_true (eshi_seed_sheet_get_unfinished (other));
  g_assert_cmpint (eshi_seed_sheet_get_stop_after (other), ==, 6);
  g_assert_cmpuint (g_list_model_get_n_items (eshi_seed_sheet_get_seeds (other)), ==, ESHI_SEED_SHEET_SEEDS);
  seed = g_list_model_get_item (eshi_seed_sheet_get_seeds (other), 3);
  g_assert_cmpuint (eshi_seed_get_number (seed), ==, 43);
  g_assert_true (eshi_seed_get_ticked (seed));
  g_assert_cmpint (eshi_seed_get_step (seed), ==, 6);
  g_assert_true (g_bytes_equal (eshi_seed_get_state (seed), state));
  g_clear_object (&later);
  remove_folder (folder);
}

int
main (int    argc,
      char **argv)
{
  gtk_test_init (&argc, &argv);
  adw_init ();

  g_test_add_func ("/eshi/ui/seeds/layout", test_layout);
  g_test_add_func ("/eshi/ui/seeds/tile", test_tile);
  g_test_add ("/eshi/ui/seeds/seeds", Fixture, NULL, set_up, test_seeds, tear_down);
  g_test_add ("/eshi/ui/seeds/last-seeds", Fixture, NULL, set_up, test_last_seeds, tear_down);
  g_test_add ("/eshi/ui/seeds/kept", Fixture, NULL, set_up, test_kept, tear_down);
  g_test_add ("/eshi/ui/seeds/stored", Fixture, NULL, set_up, test_stored, tear_down);
  g_test_add ("/eshi/ui/seeds/ticks", Fixture, NULL, set_up, test_ticks, tear_down);
  g_test_add ("/eshi/ui/seeds/failure", Fixture, NULL, set_up, test_failure, tear_down);
  return g_test_run ();
}
