/* eshi-seeds-view.c: 種くらべ: the contact sheet of seeds, and what can be done with those that are ticked.
 *
 * Knows no session: what becomes of the ticked seeds is decided by whoever hears its signals.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-seeds-view.h"

#include "eshi-seed-tile.h"
#include "eshi-sheet-layout.h"
#include "eshi-test-log.h"

#include <glib/gi18n-lib.h>

#define N_KEYS 9
#define STEPS_SHARE 4   /* each seed gets one step of so many */

struct _EshiSeedsView
{
  AdwBin parent_instance;

  /* Template Widgets */
  GtkLabel *prompt;
  GtkLabel *status;
  GtkButton *pause;
  AdwBin *tiles;
  GtkAdjustment *n_seeds;
  GtkAdjustment *stop_after;

  /* Owned References */
  EshiSeedSheet *sheet;

  guint loading : 1;        /* the adjustments are being set by us */
};

enum
{
  FINISH,
  USE_SEED,
  CLOSED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiSeedsView, eshi_seeds_view, ADW_TYPE_BIN)

/* --- what is ticked ---------------------------------------------------------------------------------------------- */

/* (transfer container) (element-type EshiSeed): in the sheet's order. */
static GPtrArray *
get_ticked (EshiSeedsView *self)
{
  GPtrArray *ticked = g_ptr_array_new_with_free_func (g_object_unref);
  GListModel *seeds = eshi_seed_sheet_get_seeds (self->sheet);

  for (guint i = 0; i < g_list_model_get_n_items (seeds); i++)
    {
      g_autoptr(EshiSeed) seed = g_list_model_get_item (seeds, i);

      if (eshi_seed_get_ticked (seed))
        g_ptr_array_add (ticked, g_steal_pointer (&seed));
    }
  return ticked;
}

static guint
count_ready (EshiSeedsView *self)
{
  GListModel *seeds = eshi_seed_sheet_get_seeds (self->sheet);
  guint n_ready = 0;

  for (guint i = 0; i < g_list_model_get_n_items (seeds); i++)
    {
      g_autoptr(EshiSeed) seed = g_list_model_get_item (seeds, i);

      n_ready += eshi_seed_get_state (seed) != NULL ? 1 : 0;
    }
  return n_ready;
}

static void
update_actions (EshiSeedsView *self)
{
  g_autoptr(GPtrArray) ticked = get_ticked (self);
  guint n_seeds = g_list_model_get_n_items (eshi_seed_sheet_get_seeds (self->sheet));
  guint n_ready = count_ready (self);
  gboolean running = eshi_seed_sheet_get_running (self->sheet);
  /* Translators: seeds that were painted, all of them, and how many are ticked */
  g_autofree char *text = g_strdup_printf (_("%u/%u · %u ticked"), n_ready, n_seeds, ticked->len);
  const char *pause = running ? _("Pause") : _("Go On");

  gtk_label_set_text (self->status, text);
  gtk_button_set_icon_name (self->pause, running ? "media-playback-pause-symbolic" : "media-playback-start-symbolic");
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->pause), pause);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->pause), GTK_ACCESSIBLE_PROPERTY_LABEL, pause, -1);
  gtk_widget_set_visible (GTK_WIDGET (self->pause), running || n_ready < n_seeds);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "seeds.finish", ticked->len > 0);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "seeds.use", ticked->len == 1);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "seeds.others", n_seeds > 0);
}

/* --- tiles ------------------------------------------------------------------------------------------------------- */

static GtkWidget *
get_tile (EshiSeedsView *self,
          guint          i)
{
  GtkWidget *tile = gtk_widget_get_first_child (GTK_WIDGET (self->tiles));

  while (tile != NULL && i-- > 0)
    tile = gtk_widget_get_next_sibling (tile);
  return tile;
}

static void
add_tile (EshiSeedsView *self,
          EshiSeed      *seed,
          GtkWidget     *before)
{
  GtkWidget *tile = eshi_seed_tile_new (seed);

  g_signal_connect_object (seed, "notify::ticked", G_CALLBACK (update_actions), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (seed, "notify::state", G_CALLBACK (update_actions), self, G_CONNECT_SWAPPED);
  gtk_widget_insert_before (tile, GTK_WIDGET (self->tiles), before);
}

static void
on_seeds_cb (EshiSeedsView *self,
             guint          position,
             guint          n_removed,
             guint          n_added,
             GListModel    *seeds)
{
  GtkWidget *before;

  g_assert (ESHI_IS_SEEDS_VIEW (self));

  for (guint i = 0; i < n_removed; i++)
    gtk_widget_unparent (get_tile (self, position));
  before = get_tile (self, position);
  for (guint i = 0; i < n_added; i++)
    {
      g_autoptr(EshiSeed) seed = g_list_model_get_item (seeds, position + i);

      add_tile (self, seed, before);
    }
  update_actions (self);
}

/* --- what can be done -------------------------------------------------------------------------------------------- */

static void
finish_action (GtkWidget  *widget,
               const char *name,
               GVariant   *parameter)
{
  EshiSeedsView *self = ESHI_SEEDS_VIEW (widget);
  g_autoptr(GPtrArray) ticked = get_ticked (self);

  for (guint i = 0; i < ticked->len; i++)
    {
      EshiSeed *seed = g_ptr_array_index (ticked, i);
      g_autoptr(EshiSettings) settings = eshi_seed_sheet_dup_settings (self->sheet, seed);

      eshi_seed_set_ticked (seed, FALSE);
      g_signal_emit (self, signals[FINISH], 0, settings, eshi_seed_get_state (seed));
    }
}

static void
use_action (GtkWidget  *widget,
            const char *name,
            GVariant   *parameter)
{
  EshiSeedsView *self = ESHI_SEEDS_VIEW (widget);
  g_autoptr(GPtrArray) ticked = get_ticked (self);

  if (ticked->len == 1)
    g_signal_emit (self, signals[USE_SEED], 0, eshi_seed_get_number (g_ptr_array_index (ticked, 0)));
}

static void
others_action (GtkWidget  *widget,
               const char *name,
               GVariant   *parameter)
{
  EshiSeedsView *self = ESHI_SEEDS_VIEW (widget);

  eshi_seed_sheet_start_others (self->sheet);
  gtk_widget_child_focus (GTK_WIDGET (self->tiles), GTK_DIR_TAB_FORWARD);
}

static void
pause_action (GtkWidget  *widget,
              const char *name,
              GVariant   *parameter)
{
  EshiSeedsView *self = ESHI_SEEDS_VIEW (widget);

  if (eshi_seed_sheet_get_running (self->sheet))
    eshi_seed_sheet_stop (self->sheet);
  else
    eshi_seed_sheet_go_on (self->sheet);
}

static void
close_action (GtkWidget  *widget,
              const char *name,
              GVariant   *parameter)
{
  g_signal_emit (widget, signals[CLOSED], 0);
}

static gboolean
escape_cb (GtkWidget *widget,
           GVariant  *args,
           gpointer   user_data)
{
  EshiSeedsView *self = ESHI_SEEDS_VIEW (widget);

  gtk_widget_activate_action (widget, eshi_seed_sheet_get_running (self->sheet) ? "seeds.pause" : "seeds.close", NULL);
  return GDK_EVENT_STOP;
}

static gboolean
tick_cb (GtkWidget *widget,
         GVariant  *args,
         gpointer   user_data)
{
  EshiSeedsView *self = ESHI_SEEDS_VIEW (widget);
  int i = 0;
  g_autoptr(EshiSeed) seed = NULL;

  g_variant_get (args, "(i)", &i);
  seed = g_list_model_get_item (eshi_seed_sheet_get_seeds (self->sheet), (guint) i);
  if (seed == NULL)
    return GDK_EVENT_PROPAGATE;
  eshi_seed_set_ticked (seed, !eshi_seed_get_ticked (seed));
  gtk_widget_grab_focus (get_tile (self, (guint) i));
  return GDK_EVENT_STOP;
}

static void
on_n_seeds_cb (EshiSeedsView *self)
{
  g_assert (ESHI_IS_SEEDS_VIEW (self));

  if (!self->loading)
    eshi_seed_sheet_set_n_seeds (self->sheet, (guint) gtk_adjustment_get_value (self->n_seeds));
}

static void
on_stop_after_cb (EshiSeedsView *self)
{
  g_assert (ESHI_IS_SEEDS_VIEW (self));

  if (!self->loading)
    eshi_seed_sheet_set_stop_after (self->sheet, (int) gtk_adjustment_get_value (self->stop_after));
}

/* --- the widget -------------------------------------------------------------------------------------------------- */

static void
eshi_seeds_view_dispose (GObject *object)
{
  EshiSeedsView *self = ESHI_SEEDS_VIEW (object);
  GtkWidget *tile;

  while (self->tiles != NULL && (tile = gtk_widget_get_first_child (GTK_WIDGET (self->tiles))) != NULL)
    gtk_widget_unparent (tile);
  gtk_widget_dispose_template (GTK_WIDGET (self), ESHI_TYPE_SEEDS_VIEW);
  g_clear_object (&self->sheet);
  G_OBJECT_CLASS (eshi_seeds_view_parent_class)->dispose (object);
}

static void
add_keys (GtkWidgetClass *widget_class)
{
  for (guint i = 0; i < N_KEYS; i++)
    {
      gtk_widget_class_add_binding (widget_class, GDK_KEY_1 + i, 0, tick_cb, "(i)", i);
      gtk_widget_class_add_binding (widget_class, GDK_KEY_KP_1 + i, 0, tick_cb, "(i)", i);
    }
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Escape, 0, escape_cb, NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Return, GDK_CONTROL_MASK, "seeds.finish", NULL);
}

static void
add_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "seeds.finish", NULL, finish_action);
  gtk_widget_class_install_action (widget_class, "seeds.use", NULL, use_action);
  gtk_widget_class_install_action (widget_class, "seeds.others", NULL, others_action);
  gtk_widget_class_install_action (widget_class, "seeds.pause", NULL, pause_action);
  gtk_widget_class_install_action (widget_class, "seeds.close", NULL, close_action);
}

static void
eshi_seeds_view_class_init (EshiSeedsViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = eshi_seeds_view_dispose;
  signals[FINISH] = g_signal_new ("finish", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 2, ESHI_TYPE_SETTINGS, G_TYPE_BYTES);
  signals[USE_SEED] = g_signal_new ("use-seed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                    G_TYPE_NONE, 1, G_TYPE_UINT64);
  signals[CLOSED] = g_signal_new ("closed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 0);
  add_actions (widget_class);
  add_keys (widget_class);

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-seeds-view.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiSeedsView, prompt);
  gtk_widget_class_bind_template_child (widget_class, EshiSeedsView, status);
  gtk_widget_class_bind_template_child (widget_class, EshiSeedsView, pause);
  gtk_widget_class_bind_template_child (widget_class, EshiSeedsView, tiles);
  gtk_widget_class_bind_template_child (widget_class, EshiSeedsView, n_seeds);
  gtk_widget_class_bind_template_child (widget_class, EshiSeedsView, stop_after);
  gtk_widget_class_bind_template_callback (widget_class, on_n_seeds_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_stop_after_cb);
}

static void
eshi_seeds_view_init (EshiSeedsView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_widget_set_layout_manager (GTK_WIDGET (self->tiles), eshi_sheet_layout_new ());
}

GtkWidget *
eshi_seeds_view_new (void)
{
  return g_object_new (ESHI_TYPE_SEEDS_VIEW, NULL);
}

/* @n_seeds: 0 for as many as last time */
static void
prepare (EshiSeedsView      *self,
         const EshiSettings *settings,
         guint               n_seeds,
         int                 stop_after)
{
  self->loading = TRUE;
  gtk_adjustment_set_upper (self->stop_after, MAX (settings->steps, STEPS_SHARE));
  gtk_adjustment_set_value (self->stop_after, stop_after);
  if (n_seeds > 0)
    gtk_adjustment_set_value (self->n_seeds, n_seeds);
  self->loading = FALSE;
  if (settings->width > 0 && settings->height > 0)
    eshi_sheet_layout_set_shape (ESHI_SHEET_LAYOUT (gtk_widget_get_layout_manager (GTK_WIDGET (self->tiles))),
                                 settings->width, settings->height, ESHI_SEED_TILE_PADDING);
  gtk_label_set_text (self->prompt, settings->prompt);
}

void
eshi_seeds_view_set_sheet (EshiSeedsView *self,
                           EshiSeedSheet *sheet)
{
  GListModel *seeds;

  g_return_if_fail (ESHI_IS_SEEDS_VIEW (self));
  g_return_if_fail (ESHI_IS_SEED_SHEET (sheet));
  g_return_if_fail (self->sheet == NULL);

  self->sheet = g_object_ref (sheet);
  seeds = eshi_seed_sheet_get_seeds (sheet);
  g_signal_connect_object (seeds, "items-changed", G_CALLBACK (on_seeds_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (sheet, "notify::running", G_CALLBACK (update_actions), self, G_CONNECT_SWAPPED);
  on_seeds_cb (self, 0, 0, g_list_model_get_n_items (seeds), seeds);
  if (eshi_seed_sheet_get_settings (sheet) != NULL)
    prepare (self, eshi_seed_sheet_get_settings (sheet), g_list_model_get_n_items (seeds),
             eshi_seed_sheet_get_stop_after (sheet));
}

EshiSeedSheet *
eshi_seeds_view_get_sheet (EshiSeedsView *self)
{
  g_return_val_if_fail (ESHI_IS_SEEDS_VIEW (self), NULL);

  return self->sheet;
}

/* A sheet of @settings, with a share of their steps for each seed. */
static void
start (EshiSeedsView      *self,
       const EshiSettings *settings)
{
  prepare (self, settings, 0, (MAX (settings->steps, STEPS_SHARE) + STEPS_SHARE / 2) / STEPS_SHARE);
  eshi_seed_sheet_start (self->sheet, settings, (guint) gtk_adjustment_get_value (self->n_seeds),
                         (int) gtk_adjustment_get_value (self->stop_after));
}

void
eshi_seeds_view_show_kept (EshiSeedsView *self)
{
  g_return_if_fail (ESHI_IS_SEEDS_VIEW (self));

  gtk_widget_child_focus (GTK_WIDGET (self->tiles), GTK_DIR_TAB_FORWARD);
}

void
eshi_seeds_view_show (EshiSeedsView      *self,
                      const EshiSettings *settings)
{
  g_return_if_fail (ESHI_IS_SEEDS_VIEW (self));
  g_return_if_fail (settings != NULL);

  if (!eshi_seed_sheet_shows (self->sheet, settings))
    start (self, settings);
  else
    eshi_test_log ("SEEDS again");
  gtk_widget_child_focus (GTK_WIDGET (self->tiles), GTK_DIR_TAB_FORWARD);
}
