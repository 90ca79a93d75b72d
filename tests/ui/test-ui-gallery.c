/* test-ui-gallery.c: the parts of the gallery: the list over the history, the words that differ, thumbnails, the large
 * view; and the gallery on a history of its own.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <adwaita.h>
#include <eshi-picture-file.h>

#include "eshi-canvas.h"
#include "eshi-gallery.h"
#include "eshi-history-model.h"
#include "eshi-history-scope.h"
#include "eshi-info-pane.h"
#include "eshi-picture.h"
#include "eshi-thumbnail-cache.h"
#include "eshi-tile.h"
#include "eshi-viewer.h"
#include "eshi-word-diff.h"

#define N_MANY 100000

/* --- the list ---------------------------------------------------------------------------------------------------- */

static GArray *
create_ids (gint64 first,
            guint  n_ids)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < n_ids; i++)
    {
      gint64 id = first - i;

      g_array_append_val (ids, id);
    }
  return ids;
}

typedef struct
{
  guint n_changes;
  guint n_removed;
  guint n_added;
} Changes;

static void
on_items_changed_cb (Changes *changes,
                     guint    position,
                     guint    n_removed,
                     guint    n_added)
{
  changes->n_changes++;
  changes->n_removed += n_removed;
  changes->n_added += n_added;
}

/* New pictures in front and some gone in between are told one by one: the selection stays with the others. */
static void
test_model_changes (void)
{
  g_autoptr(EshiHistoryModel) model = eshi_history_model_new (NULL);
  g_autoptr(GtkMultiSelection) selection = gtk_multi_selection_new (G_LIST_MODEL (g_object_ref (model)));
  g_autoptr(GArray) ids = create_ids (N_MANY, N_MANY);
  g_autoptr(GArray) later = create_ids (N_MANY + 2, N_MANY + 2);
  Changes changes = { 0 };

  eshi_history_model_set_ids (model, ids);
  gtk_selection_model_select_item (GTK_SELECTION_MODEL (selection), 50000, TRUE);
  g_array_remove_index (later, 99000);
  g_array_remove_index (later, 300);
  g_signal_connect_swapped (model, "items-changed", G_CALLBACK (on_items_changed_cb), &changes);
  eshi_history_model_set_ids (model, later);
  g_assert_cmpuint (changes.n_changes, ==, 3);
  g_assert_cmpuint (changes.n_removed, ==, 2);
  g_assert_cmpuint (changes.n_added, ==, 2);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (model)), ==, N_MANY);
  /* Two more in front of it, one less. */
  g_assert_true (gtk_selection_model_is_selected (GTK_SELECTION_MODEL (selection), 50001));
  for (guint i = 0; i < N_MANY; i += 997)
    g_assert_cmpint (eshi_history_model_get_id (model, i), ==, g_array_index (later, gint64, i));
  eshi_history_model_set_ids (model, later);
  g_assert_cmpuint (changes.n_changes, ==, 3);
}

/* What stands in another order is told as one change. */
static void
test_model_order (void)
{
  g_autoptr(EshiHistoryModel) model = eshi_history_model_new (NULL);
  g_autoptr(GArray) ids = create_ids (10, 10);
  Changes changes = { 0 };

  eshi_history_model_set_ids (model, ids);
  g_signal_connect_swapped (model, "items-changed", G_CALLBACK (on_items_changed_cb), &changes);
  g_array_index (ids, gint64, 3) = 3;
  g_array_index (ids, gint64, 7) = 7;
  eshi_history_model_set_ids (model, ids);
  g_assert_cmpuint (changes.n_changes, ==, 1);
  g_assert_cmpuint (changes.n_removed, ==, 5);
  g_assert_cmpint (eshi_history_model_get_id (model, 3), ==, 3);
}

static void
test_model_items (void)
{
  g_autoptr(EshiHistoryModel) model = eshi_history_model_new (NULL);
  g_autoptr(GArray) ids = create_ids (N_MANY, N_MANY);
  g_autoptr(EshiHistoryItem) first = NULL;
  g_autoptr(EshiHistoryItem) again = NULL;
  guint position = 0;

  eshi_history_model_set_ids (model, ids);
  first = g_list_model_get_item (G_LIST_MODEL (model), 7);
  again = g_list_model_get_item (G_LIST_MODEL (model), 7);
  g_assert_true (first == again);
  g_assert_cmpint (eshi_history_item_get_id (first), ==, N_MANY - 7);
  g_assert_null (g_list_model_get_item (G_LIST_MODEL (model), N_MANY));
  g_assert_cmpint (eshi_history_model_get_id (model, N_MANY), ==, 0);
  g_assert_true (eshi_history_model_find (model, 1, &position));
  g_assert_cmpuint (position, ==, N_MANY - 1);
  g_assert_false (eshi_history_model_find (model, 0, NULL));
  /* Items that nobody holds do not pile up. */
  g_object_add_weak_pointer (G_OBJECT (first), (gpointer *) &first);
  g_clear_object (&again);
  g_object_unref (first);
  for (guint i = 1000; i < 5000; i++)
    g_object_unref (g_list_model_get_item (G_LIST_MODEL (model), i));
  g_assert_null (first);
}

/* --- words that differ ------------------------------------------------------------------------------------------- */

static void
check_diff (const char *before,
            const char *after,
            const char *expected)
{
  static const char signs[] = { ' ', '-', '+' };
  g_autoptr(GPtrArray) parts = eshi_word_diff (before, after);
  g_autoptr(GString) text = g_string_new (NULL);

  for (guint i = 0; i < parts->len; i++)
    {
      const EshiDiffPart *part = g_ptr_array_index (parts, i);

      g_string_append_printf (text, "%c[%s]", signs[part->kind], part->text);
    }
  g_assert_cmpstr (text->str, ==, expected);
}

static void
test_diff (void)
{
  g_autofree char *markup = eshi_word_diff_dup_markup ("a<b", "a<c");

  check_diff ("", "", "");
  check_diff ("猫 油絵", "猫 油絵", " [猫 油絵]");
  check_diff ("猫 油絵", "猫 水彩画", " [猫 ]-[油絵]+[水彩画]");
  check_diff ("猫", "赤い猫", "+[赤い] [猫]");
  check_diff ("油絵のような猫、夜", "油絵のような犬、夜", " [油絵のような]-[猫]+[犬] [、夜]");
  check_diff ("サラリーマンの絵", "ロボットの絵", "-[サラリーマン]+[ロボット] [の絵]");
  check_diff ("one two three", "one three", " [one ]-[two ] [three]");
  check_diff ("人々", "人", "-[人々]+[人]");
  g_assert_cmpstr (markup, ==, "a&lt;<span alpha=\"70%\" strikethrough=\"true\">b</span>"
                               "<span weight=\"bold\" underline=\"single\">c</span>");
}

/* Joined, the parts give both texts back. */
static void
test_diff_joins (void)
{
  static const char * const words[] = { "猫", "の", "カタカナ", " ", "、", "cat", "、、", "\n", "々" };

  for (int round = 0; round < 200; round++)
    {
      g_autoptr(GString) before = g_string_new (NULL);
      g_autoptr(GString) after = g_string_new (NULL);
      g_autoptr(GString) joined_before = g_string_new (NULL);
      g_autoptr(GString) joined_after = g_string_new (NULL);
      g_autoptr(GPtrArray) parts = NULL;

      for (int i = 0; i < 24; i++)
        g_string_append (i % 2 == 0 ? before : after, words[g_test_rand_int_range (0, G_N_ELEMENTS (words))]);
      parts = eshi_word_diff (before->str, after->str);
      for (guint i = 0; i < parts->len; i++)
        {
          const EshiDiffPart *part = g_ptr_array_index (parts, i);

          if (part->kind != ESHI_DIFF_ADDED)
            g_string_append (joined_before, part->text);
          if (part->kind != ESHI_DIFF_REMOVED)
            g_string_append (joined_after, part->text);
        }
      g_assert_cmpstr (joined_before->str, ==, before->str);
      g_assert_cmpstr (joined_after->str, ==, after->str);
    }
}

static EshiHistoryPicture *
create_picture (gint64      id,
                const char *prompt,
                guint64     seed)
{
  EshiHistoryPicture *picture = g_new0 (EshiHistoryPicture, 1);

  picture->id = id;
  picture->path = g_strdup ("/no/such/picture.png");
  picture->settings = eshi_settings_new ();
  g_free (picture->settings->prompt);
  picture->settings->prompt = g_strdup (prompt);
  picture->settings->seed = seed;
  picture->tags = g_new0 (char *, 1);
  return picture;
}

static void
test_difference (void)
{
  g_autoptr(EshiHistoryPicture) first = create_picture (1, "猫", 42);
  g_autoptr(EshiHistoryPicture) second = create_picture (2, "猫", 43);
  g_autofree char *text = eshi_info_pane_dup_difference (first, second);
  g_autofree char *none = eshi_info_pane_dup_difference (first, first);

  g_assert_cmpstr (text, ==, "猫\n<small>Seed 42 → 43</small>");
  g_assert_cmpstr (none, ==, "猫");
}

/* --- thumbnails -------------------------------------------------------------------------------------------------- */

static EshiImage *
create_image (int width,
              int height)
{
  gsize n_bytes = (gsize) width * height * 3;
  guint8 *pixels = g_malloc (n_bytes);
  g_autoptr(GBytes) bytes = NULL;

  for (gsize i = 0; i < n_bytes; i++)
    pixels[i] = (guint8) ((i / 3 % (gsize) width) * 255 / (gsize) width);
  bytes = g_bytes_new_take (pixels, n_bytes);
  return eshi_image_new (width, height, bytes);
}

static char *
create_file (int width,
             int height)
{
  g_autoptr(EshiImage) image = create_image (width, height);
  g_autofree char *folder = g_dir_make_tmp ("eshi-gallery-XXXXXX", NULL);
  char *path = g_build_filename (folder, "絵.png", NULL);
  GError *error = NULL;

  eshi_picture_file_save (path, image, NULL, NULL, &error);
  g_assert_no_error (error);
  return path;
}

static void
settle_until (gboolean (*done) (gpointer),
              gpointer  data)
{
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (!done (data) && g_get_monotonic_time () < end)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
  g_assert_true (done (data));
}

static gboolean
has_texture (gpointer data)
{
  return eshi_tile_get_texture (data) != NULL;
}

static void
test_tile (void)
{
  g_autoptr(EshiThumbnailCache) thumbnails = eshi_thumbnail_cache_new ();
  g_autoptr(EshiHistoryItem) item = eshi_history_item_new (5);
  g_autoptr(EshiHistoryPicture) picture = create_picture (5, "猫", 1);
  GtkWidget *tile = g_object_ref_sink (eshi_tile_new (thumbnails));
  int minimum;
  int natural;

  g_free (picture->path);
  picture->path = create_file (64, 64);
  eshi_tile_set_item (ESHI_TILE (tile), item);
  g_assert_null (eshi_tile_get_texture (ESHI_TILE (tile)));
  eshi_history_item_set_picture (item, picture);
  settle_until (has_texture, tile);
  g_assert_nonnull (eshi_thumbnail_cache_lookup (thumbnails, picture->path));
  gtk_widget_measure (tile, GTK_ORIENTATION_VERTICAL, 123, &minimum, &natural, NULL, NULL);
  g_assert_cmpint (natural, ==, 123);
  eshi_tile_set_item (ESHI_TILE (tile), NULL);
  g_assert_finalize_object (tile);
}

/* --- the large view ---------------------------------------------------------------------------------------------- */

static void
count_cb (int *n)
{
  (*n)++;
}

/* It stays with its picture while others come and go, and goes on to the next when that one goes. */
static void
test_viewer (void)
{
  EshiViewer *viewer = g_object_ref_sink (ESHI_VIEWER (eshi_viewer_new ()));
  g_autoptr(EshiHistoryModel) model = eshi_history_model_new (NULL);
  g_autoptr(GArray) ids = create_ids (5, 5);
  int n_rejected = 0;
  int n_closed = 0;

  eshi_history_model_set_ids (model, ids);
  eshi_viewer_set_items (viewer, G_LIST_MODEL (model));
  g_signal_connect_swapped (viewer, "reject", G_CALLBACK (count_cb), &n_rejected);
  g_signal_connect_swapped (viewer, "close", G_CALLBACK (count_cb), &n_closed);
  eshi_viewer_set_position (viewer, 2);
  g_assert_cmpint (eshi_history_item_get_id (eshi_viewer_get_item (viewer)), ==, 3);
  g_array_remove_index (ids, 0);
  eshi_history_model_set_ids (model, ids);
  g_assert_cmpuint (eshi_viewer_get_position (viewer), ==, 1);
  g_array_remove_index (ids, 1);
  eshi_history_model_set_ids (model, ids);
  g_assert_cmpint (eshi_history_item_get_id (eshi_viewer_get_item (viewer)), ==, 2);
  gtk_widget_activate_action (GTK_WIDGET (viewer), "viewer.left", NULL);
  g_assert_cmpint (eshi_history_item_get_id (eshi_viewer_get_item (viewer)), ==, 4);
  eshi_viewer_set_culling (viewer, TRUE);
  gtk_widget_activate_action (GTK_WIDGET (viewer), "viewer.left", NULL);
  g_assert_cmpint (n_rejected, ==, 1);
  g_array_set_size (ids, 0);
  eshi_history_model_set_ids (model, ids);
  g_assert_cmpint (n_closed, ==, 1);
  g_assert_null (eshi_viewer_get_item (viewer));
  g_assert_finalize_object (viewer);
}

static gint64
id_at (gpointer list,
       guint    position)
{
  g_autoptr(EshiHistoryItem) item = g_list_model_get_item (list, position);

  return item != NULL ? eshi_history_item_get_id (item) : 0;
}

/* The chosen ones of a list, in its order, whatever comes and goes beside them; one that comes back is there again. */
static void
test_scope (void)
{
  static const gint64 some[] = { 2, 4, 5, 77 };
  g_autoptr(EshiHistoryModel) model = eshi_history_model_new (NULL);
  g_autoptr(GArray) all = create_ids (5, 5);
  g_autoptr(GArray) others = create_ids (6, 6);
  g_autoptr(GArray) chosen = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr(EshiHistoryScope) scope = NULL;
  guint position = 0;
  int n_changes = 0;

  g_array_append_vals (chosen, some, G_N_ELEMENTS (some));
  eshi_history_model_set_ids (model, all);
  scope = eshi_history_scope_new (model, chosen);
  g_signal_connect_swapped (scope, "items-changed", G_CALLBACK (count_cb), &n_changes);
  /* The newest first. */
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (scope)), ==, 3);
  g_assert_cmpint (id_at (scope, 0), ==, 5);
  g_assert_cmpint (id_at (scope, 2), ==, 2);
  g_assert_cmpint (id_at (scope, 3), ==, 0);

  eshi_history_model_set_ids (model, others);
  g_assert_cmpint (n_changes, ==, 0);
  g_array_remove_index (others, 2);
  eshi_history_model_set_ids (model, others);
  g_assert_cmpint (n_changes, ==, 1);
  g_assert_cmpint (id_at (scope, 1), ==, 2);
  g_assert_false (eshi_history_scope_find (scope, 4, NULL));
  eshi_history_model_set_ids (model, all);
  g_assert_true (eshi_history_scope_find (scope, 4, &position));
  g_assert_cmpuint (position, ==, 1);
}

/* What one canvas shows, another of another size shows. */
static void
test_canvas_view (void)
{
  GtkWidget *first = g_object_ref_sink (eshi_canvas_new ());
  GtkWidget *second = g_object_ref_sink (eshi_canvas_new ());
  g_autoptr(EshiImage) image = create_image (64, 64);
  g_autoptr(GdkTexture) texture = eshi_picture_make_texture (image);
  double view[3];
  double copy[3];

  gtk_widget_measure (first, GTK_ORIENTATION_HORIZONTAL, -1, NULL, NULL, NULL, NULL);
  gtk_widget_measure (second, GTK_ORIENTATION_HORIZONTAL, -1, NULL, NULL, NULL, NULL);
  gtk_widget_allocate (first, 324, 324, -1, NULL);
  gtk_widget_allocate (second, 164, 164, -1, NULL);
  eshi_canvas_show (ESHI_CANVAS (first), texture, 64, 64, NULL);
  eshi_canvas_show (ESHI_CANVAS (second), texture, 64, 64, NULL);
  eshi_canvas_set_view (ESHI_CANVAS (first), 2.0, 0.25, -0.125);
  eshi_canvas_get_view (ESHI_CANVAS (first), &view[0], &view[1], &view[2]);
  eshi_canvas_set_view (ESHI_CANVAS (second), view[0], view[1], view[2]);
  eshi_canvas_get_view (ESHI_CANVAS (second), &copy[0], &copy[1], &copy[2]);
  /* Both fit 64 pixels into 300 and 140: 2 × 140 / 64 pixels each. Only rounding of double lies between. */
  g_assert_cmpfloat_with_epsilon (copy[0], 2.0, 1e-12);
  g_assert_cmpfloat_with_epsilon (copy[1], 0.25, 1e-12);
  g_assert_cmpfloat_with_epsilon (copy[2], -0.125, 1e-12);
  g_assert_cmpfloat_with_epsilon (eshi_canvas_get_zoom (ESHI_CANVAS (second)), 2.0 * 140 / 64, 1e-12);
  g_assert_finalize_object (first);
  g_assert_finalize_object (second);
}

/* --- the gallery ------------------------------------------------------------------------------------------------- */

static void
on_saved_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiHistoryPicture) picture = eshi_history_save_finish (ESHI_HISTORY (source), result, NULL, &error);

  g_assert_no_error (error);
  (*(int *) user_data)++;
}

static gboolean
are_three (gpointer data)
{
  return *(int *) data == 3;
}

static GtkWidget *
find_widget (GtkWidget *root,
             GType      type)
{
  GtkWidget *found = G_TYPE_CHECK_INSTANCE_TYPE (root, type) ? root : NULL;

  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_widget (child, type);
  return found;
}

static guint
n_in_grid (gpointer gallery)
{
  GtkWidget *grid = find_widget (gallery, GTK_TYPE_GRID_VIEW);
  GtkSelectionModel *model = gtk_grid_view_get_model (GTK_GRID_VIEW (grid));

  return g_list_model_get_n_items (G_LIST_MODEL (model));
}

static gboolean
shows_three (gpointer gallery)
{
  return n_in_grid (gallery) == 3;
}

static gboolean
shows_none (gpointer gallery)
{
  return n_in_grid (gallery) == 0;
}

static gboolean
shows_two (gpointer gallery)
{
  return n_in_grid (gallery) == 2;
}

static gboolean
shows_one (gpointer gallery)
{
  return n_in_grid (gallery) == 1;
}

static void
save_three (EshiHistory *history)
{
  g_autoptr(EshiImage) image = create_image (64, 64);
  g_autoptr(EshiSettings) settings = eshi_settings_new ();
  EshiHistoryNew picture = { .image = image, .settings = settings, .model_name = "豆" };
  int n_saved = 0;

  for (int i = 0; i < 3; i++)
    eshi_history_save_async (history, &picture, on_saved_cb, &n_saved);
  settle_until (are_three, &n_saved);
}

/* Two of three are selected: only they are asked about, and after the second one the grid is there again. */
static void
check_culling (GtkWidget *gallery)
{
  GtkWidget *grid = find_widget (gallery, GTK_TYPE_GRID_VIEW);
  GtkWidget *viewer = find_widget (gallery, ESHI_TYPE_VIEWER);
  GtkSelectionModel *selection = gtk_grid_view_get_model (GTK_GRID_VIEW (grid));
  gint64 last = id_at (selection, 2);

  gtk_selection_model_select_item (selection, 0, TRUE);
  gtk_selection_model_select_item (selection, 2, FALSE);
  gtk_widget_activate_action (grid, "gallery.cull", NULL);
  g_assert_true (eshi_viewer_get_culling (ESHI_VIEWER (viewer)));
  gtk_widget_activate_action (viewer, "viewer.right", NULL);
  g_assert_cmpint (eshi_history_item_get_id (eshi_viewer_get_item (ESHI_VIEWER (viewer))), ==, last);
  gtk_widget_activate_action (viewer, "viewer.right", NULL);
  g_assert_cmpuint (eshi_viewer_get_position (ESHI_VIEWER (viewer)), ==, 1);
  gtk_widget_activate_action (viewer, "viewer.left", NULL);
  settle_until (shows_two, gallery);
  g_assert_cmpuint (eshi_viewer_get_position (ESHI_VIEWER (viewer)), ==, 0);
  gtk_widget_activate_action (viewer, "viewer.undo", NULL);
  settle_until (shows_three, gallery);
  g_assert_cmpint (eshi_history_item_get_id (eshi_viewer_get_item (ESHI_VIEWER (viewer))), ==, last);
  gtk_widget_activate_action (viewer, "viewer.left", NULL);
  settle_until (shows_two, gallery);
  gtk_widget_activate_action (viewer, "viewer.left", NULL);
  settle_until (shows_one, gallery);
  g_assert_null (eshi_viewer_get_item (ESHI_VIEWER (viewer)));
  g_assert_false (eshi_viewer_get_culling (ESHI_VIEWER (viewer)));
}

/* All pictures at once go to the trash and come back, by the actions that keys and menus use. */
static void
test_gallery (void)
{
  g_autofree char *data = g_dir_make_tmp ("eshi-data-XXXXXX", NULL);
  g_autofree char *pictures = g_dir_make_tmp ("eshi-pictures-XXXXXX", NULL);
  g_autoptr(EshiHistory) history = eshi_history_new (data, pictures);
  GtkWidget *window = gtk_window_new ();
  GtkWidget *gallery = eshi_gallery_new ();
  GtkWidget *grid = find_widget (gallery, GTK_TYPE_GRID_VIEW);

  gtk_window_set_default_size (GTK_WINDOW (window), 900, 600);
  gtk_window_set_child (GTK_WINDOW (window), gallery);
  eshi_gallery_set_history (ESHI_GALLERY (gallery), history);
  gtk_window_present (GTK_WINDOW (window));
  save_three (history);
  settle_until (shows_three, gallery);
  gtk_widget_activate_action (grid, "gallery.select-all", NULL);
  gtk_widget_activate_action (grid, "gallery.trash", NULL);
  settle_until (shows_none, gallery);
  gtk_widget_activate_action (grid, "gallery.undo", NULL);
  settle_until (shows_three, gallery);
  gtk_widget_activate_action (grid, "gallery.filter-model", "s", "豆");
  gtk_widget_activate_action (grid, "gallery.filter-favourite", NULL);
  settle_until (shows_none, gallery);
  gtk_widget_activate_action (grid, "gallery.clear-filters", NULL);
  settle_until (shows_three, gallery);
  check_culling (gallery);
  g_object_add_weak_pointer (G_OBJECT (gallery), (gpointer *) &gallery);
  gtk_window_destroy (GTK_WINDOW (window));
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_null (gallery);
}

int
main (int   argc,
      char *argv[])
{
  g_setenv ("LANGUAGE", "C", TRUE);
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  g_test_add_func ("/eshi/gallery/model-changes", test_model_changes);
  g_test_add_func ("/eshi/gallery/model-order", test_model_order);
  g_test_add_func ("/eshi/gallery/model-items", test_model_items);
  g_test_add_func ("/eshi/gallery/diff", test_diff);
  g_test_add_func ("/eshi/gallery/diff-joins", test_diff_joins);
  g_test_add_func ("/eshi/gallery/difference", test_difference);
  g_test_add_func ("/eshi/gallery/tile", test_tile);
  g_test_add_func ("/eshi/gallery/viewer", test_viewer);
  g_test_add_func ("/eshi/gallery/scope", test_scope);
  g_test_add_func ("/eshi/gallery/canvas-view", test_canvas_view);
  g_test_add_func ("/eshi/gallery/trash-and-filters", test_gallery);
  return g_test_run ();
}
