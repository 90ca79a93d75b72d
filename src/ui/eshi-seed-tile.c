/* eshi-seed-tile.c: one seed on the contact sheet, to be ticked: its picture so far, and its number under it.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-seed-tile.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

struct _EshiSeedTile
{
  GtkToggleButton parent_instance;

  /* Owned References */
  EshiSeed *seed;

  /* Borrowed References */
  GtkWidget *label;
};

G_DEFINE_FINAL_TYPE (EshiSeedTile, eshi_seed_tile, GTK_TYPE_TOGGLE_BUTTON)

/* Its number, and while it is painted for the first time, how far it is. */
static void
update_label (EshiSeedTile *self)
{
  guint64 number = eshi_seed_get_number (self->seed);
  int step = eshi_seed_get_step (self->seed);
  g_autofree char *text = NULL;

  if (step > 0 && eshi_seed_get_state (self->seed) == NULL)
    /* Translators: a seed, and how many steps its picture has had */
    text = g_strdup_printf (_("%" PRIu64 " · step %d"), number, step);
  else
    text = g_strdup_printf ("%" PRIu64, number);
  gtk_label_set_text (GTK_LABEL (self->label), text);
}

static void
eshi_seed_tile_dispose (GObject *object)
{
  EshiSeedTile *self = ESHI_SEED_TILE (object);

  g_clear_object (&self->seed);
  G_OBJECT_CLASS (eshi_seed_tile_parent_class)->dispose (object);
}

static void
eshi_seed_tile_class_init (EshiSeedTileClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = eshi_seed_tile_dispose;
}

static GtkWidget *
create_picture (EshiSeedTile *self)
{
  GtkWidget *picture = gtk_picture_new ();
  GtkWidget *overlay = gtk_overlay_new ();
  GtkWidget *tick = gtk_image_new_from_icon_name ("object-select-symbolic");

  gtk_widget_set_hexpand (overlay, TRUE);
  gtk_widget_set_vexpand (overlay, TRUE);
  gtk_widget_set_overflow (picture, GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_halign (tick, GTK_ALIGN_END);
  gtk_widget_set_valign (tick, GTK_ALIGN_START);
  gtk_widget_add_css_class (tick, "eshi-tick");
  gtk_overlay_set_child (GTK_OVERLAY (overlay), picture);
  gtk_overlay_add_overlay (GTK_OVERLAY (overlay), tick);
  g_object_bind_property (self->seed, "texture", picture, "paintable", G_BINDING_SYNC_CREATE);
  g_object_bind_property (self->seed, "ticked", tick, "visible", G_BINDING_SYNC_CREATE);
  return overlay;
}

static GtkWidget *
create_label (void)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (label, "caption");
  gtk_widget_add_css_class (label, "numeric");
  return label;
}

static void
eshi_seed_tile_init (EshiSeedTile *self)
{
  gtk_widget_add_css_class (GTK_WIDGET (self), "flat");
  gtk_widget_add_css_class (GTK_WIDGET (self), "eshi-seed");
}

GtkWidget *
eshi_seed_tile_new (EshiSeed *seed)
{
  EshiSeedTile *self;
  GtkWidget *box;
  g_autofree char *name = NULL;

  g_return_val_if_fail (ESHI_IS_SEED (seed), NULL);

  self = g_object_new (ESHI_TYPE_SEED_TILE, NULL);
  self->seed = g_object_ref (seed);
  self->label = create_label ();
  box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2);
  gtk_box_append (GTK_BOX (box), create_picture (self));
  gtk_box_append (GTK_BOX (box), self->label);
  gtk_button_set_child (GTK_BUTTON (self), box);

  /* Translators: the number of a seed */
  name = g_strdup_printf (_("Seed %" PRIu64), eshi_seed_get_number (seed));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_object_bind_property (seed, "ticked", self, "active", G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
  g_signal_connect_object (seed, "notify::state", G_CALLBACK (update_label), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (seed, "notify::step", G_CALLBACK (update_label), self, G_CONNECT_SWAPPED);
  update_label (self);
  return GTK_WIDGET (self);
}

EshiSeed *
eshi_seed_tile_get_seed (EshiSeedTile *self)
{
  g_return_val_if_fail (ESHI_IS_SEED_TILE (self), NULL);

  return self->seed;
}
