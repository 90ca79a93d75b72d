/* eshi-tile.c: one picture of the history as a square, with its marks.
 *
 * Drawn in one piece, without child widgets: a view holds hundreds of them.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-tile.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#define MIN_SIDE 40
#define NATURAL_SIDE 160
#define RADIUS 8
#define MARK_SIZE 14
#define MARK_MARGIN 7

struct _EshiTile
{
  GtkWidget parent_instance;

  /* Owned References */
  EshiThumbnailCache *thumbnails;
  EshiHistoryItem *item;
  GdkTexture *texture;
  GCancellable *cancellable;   /* of what is being loaded; NULL if nothing is */

  guint unreadable : 1;        /* the file was not there, or no picture */
};

G_DEFINE_FINAL_TYPE (EshiTile, eshi_tile, GTK_TYPE_WIDGET)

static gboolean
is_missing (EshiTile *self)
{
  const EshiHistoryPicture *picture = self->item != NULL ? eshi_history_item_get_picture (self->item) : NULL;

  return picture != NULL && (picture->missing || (self->texture == NULL && self->unreadable));
}

/* --- drawing ----------------------------------------------------------------------------------------------------- */

static void
snapshot_icon (EshiTile      *self,
               GtkSnapshot   *snapshot,
               const char    *name,
               const GdkRGBA *color,
               double         x,
               double         y,
               int            size)
{
  GtkIconTheme *theme = gtk_icon_theme_get_for_display (gtk_widget_get_display (GTK_WIDGET (self)));
  g_autoptr(GtkIconPaintable) icon =
    gtk_icon_theme_lookup_icon (theme, name, NULL, size, gtk_widget_get_scale_factor (GTK_WIDGET (self)),
                                gtk_widget_get_direction (GTK_WIDGET (self)), GTK_ICON_LOOKUP_FORCE_SYMBOLIC);

  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT ((float) x, (float) y));
  gtk_symbolic_paintable_snapshot_symbolic (GTK_SYMBOLIC_PAINTABLE (icon), GDK_SNAPSHOT (snapshot), size, size,
                                            color, 1);
  gtk_snapshot_restore (snapshot);
}

/* The middle of the picture, filling the square. */
static void
snapshot_texture (EshiTile    *self,
                  GtkSnapshot *snapshot,
                  float        side)
{
  float w = (float) gdk_texture_get_width (self->texture);
  float h = (float) gdk_texture_get_height (self->texture);
  float scale = side / MIN (w, h);

  gtk_snapshot_append_texture (snapshot, self->texture,
                               &GRAPHENE_RECT_INIT ((side - w * scale) / 2, (side - h * scale) / 2,
                                                    w * scale, h * scale));
}

static void
snapshot_marks (EshiTile                 *self,
                GtkSnapshot              *snapshot,
                const EshiHistoryPicture *picture,
                float                     side)
{
  const GdkRGBA white = { 1, 1, 1, 1 };
  const GskColorStop shade[] = { { 0, { 0, 0, 0, 0 } }, { 1, { 0, 0, 0, 0.6f } } };
  float height = MARK_SIZE + 3 * MARK_MARGIN;
  double y = side - MARK_SIZE - MARK_MARGIN;

  if (!picture->favourite && picture->rating == 0)
    return;
  gtk_snapshot_append_linear_gradient (snapshot, &GRAPHENE_RECT_INIT (0, side - height, side, height),
                                       &GRAPHENE_POINT_INIT (0, side - height), &GRAPHENE_POINT_INIT (0, side),
                                       shade, G_N_ELEMENTS (shade));
  if (picture->favourite)
    snapshot_icon (self, snapshot, "emblem-favorite-symbolic", &white, MARK_MARGIN, y, MARK_SIZE);
  for (int i = 0; i < picture->rating; i++)
    snapshot_icon (self, snapshot, "starred-symbolic", &white,
                   side - MARK_MARGIN - (picture->rating - i) * (MARK_SIZE - 2), y + 1, MARK_SIZE - 2);
}

/* In words, since nobody knows a sign for it. */
static void
snapshot_interrupted (EshiTile    *self,
                      GtkSnapshot *snapshot)
{
  const GdkRGBA white = { 1, 1, 1, 1 };
  const GdkRGBA shade = { 0, 0, 0, 0.7f };
  g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), _("Interrupted"));
  GskRoundedRect pill;
  int width = 0;
  int height = 0;

  pango_layout_get_pixel_size (layout, &width, &height);
  gsk_rounded_rect_init_from_rect (&pill, &GRAPHENE_RECT_INIT (MARK_MARGIN, MARK_MARGIN, (float) width + 2 * MARK_MARGIN, (float) height + 2), RADIUS);
  gtk_snapshot_push_rounded_clip (snapshot, &pill);
  gtk_snapshot_append_color (snapshot, &shade, &pill.bounds);
  gtk_snapshot_pop (snapshot);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (2 * MARK_MARGIN, MARK_MARGIN + 1));
  gtk_snapshot_append_layout (snapshot, layout, &white);
  gtk_snapshot_restore (snapshot);
}

static void
snapshot_placeholder (EshiTile    *self,
                      GtkSnapshot *snapshot,
                      float        side)
{
  GdkRGBA color;

  gtk_style_context_get_color (gtk_widget_get_style_context (GTK_WIDGET (self)), &color);
  color.alpha = 0.07f;
  gtk_snapshot_append_color (snapshot, &color, &GRAPHENE_RECT_INIT (0, 0, side, side));
}

static void
snapshot_missing_mark (EshiTile    *self,
                       GtkSnapshot *snapshot,
                       float        side)
{
  int size = side < 96 ? 16 : 32;
  GdkRGBA color;

  gtk_style_context_get_color (gtk_widget_get_style_context (GTK_WIDGET (self)), &color);
  color.alpha = self->texture != NULL ? 0.9f : 0.5f;
  snapshot_icon (self, snapshot, "image-missing-symbolic", &color, (side - size) / 2, (side - size) / 2, size);
}

static void
eshi_tile_snapshot (GtkWidget   *widget,
                    GtkSnapshot *snapshot)
{
  EshiTile *self = ESHI_TILE (widget);
  const EshiHistoryPicture *picture = self->item != NULL ? eshi_history_item_get_picture (self->item) : NULL;
  float side = (float) MIN (gtk_widget_get_width (widget), gtk_widget_get_height (widget));
  GskRoundedRect clip;

  gsk_rounded_rect_init_from_rect (&clip, &GRAPHENE_RECT_INIT (0, 0, side, side), RADIUS);
  gtk_snapshot_push_rounded_clip (snapshot, &clip);
  /* What is still in memory of a picture whose file is gone is shown faintly. */
  if (self->texture == NULL || is_missing (self))
    snapshot_placeholder (self, snapshot, side);
  if (self->texture != NULL)
    {
      gtk_snapshot_push_opacity (snapshot, is_missing (self) ? 0.25 : 1);
      snapshot_texture (self, snapshot, side);
      gtk_snapshot_pop (snapshot);
    }
  if (is_missing (self))
    snapshot_missing_mark (self, snapshot, side);
  if (picture != NULL)
    snapshot_marks (self, snapshot, picture, side);
  if (picture != NULL && picture->interrupted)
    snapshot_interrupted (self, snapshot);
  gtk_snapshot_pop (snapshot);
}

static GtkSizeRequestMode
eshi_tile_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
eshi_tile_measure (GtkWidget      *widget,
                   GtkOrientation  orientation,
                   int             for_size,
                   int            *minimum,
                   int            *natural,
                   int            *minimum_baseline,
                   int            *natural_baseline)
{
  *minimum = for_size > 0 ? for_size : MIN_SIDE;
  *natural = for_size > 0 ? for_size : NATURAL_SIDE;
  *minimum_baseline = -1;
  *natural_baseline = -1;
}

/* --- loading ----------------------------------------------------------------------------------------------------- */

static void
on_thumbnail_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(EshiTile) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GdkTexture) texture = eshi_thumbnail_cache_load_finish (ESHI_THUMBNAIL_CACHE (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
      g_cancellable_is_cancelled (g_task_get_cancellable (G_TASK (result))))
    return;
  g_clear_object (&self->cancellable);
  self->unreadable = texture == NULL;
  g_set_object (&self->texture, texture);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
stop_loading (EshiTile *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
}

static void
load (EshiTile                 *self,
      const EshiHistoryPicture *picture)
{
  GdkTexture *held = eshi_thumbnail_cache_lookup (self->thumbnails, picture->path);

  if (held != NULL)
    {
      g_set_object (&self->texture, held);
      return;
    }
  if (self->texture != NULL || self->cancellable != NULL || self->unreadable)
    return;
  self->cancellable = g_cancellable_new ();
  eshi_thumbnail_cache_load_async (self->thumbnails, picture->path, self->cancellable, on_thumbnail_cb,
                                   g_object_ref (self));
}

/* (transfer full): what the picture is called, and what is the matter with it. */
static char *
dup_title (EshiHistoryItem *item)
{
  const EshiHistoryPicture *picture = eshi_history_item_get_picture (item);
  const char *title = eshi_history_item_get_title (item);

  if (picture != NULL && picture->missing)
    /* Translators: %s is the prompt of the picture */
    return g_strdup_printf (_("%s (the file is missing)"), title);
  if (picture != NULL && picture->interrupted)
    /* Translators: %s is the prompt of the picture */
    return g_strdup_printf (_("%s (interrupted)"), title);

  return g_strdup (title);
}

static void
update_label (EshiTile *self)
{
  g_autofree char *title = dup_title (self->item);

  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
}

/* Told when it is asked for: setting it asks the X server where the pointer is, three times, for every tile that scrolls
 * by. */
static gboolean
eshi_tile_query_tooltip (GtkWidget  *widget,
                         int         x,
                         int         y,
                         gboolean    keyboard_mode,
                         GtkTooltip *tooltip)
{
  EshiTile *self = ESHI_TILE (widget);
  g_autofree char *title = self->item != NULL ? dup_title (self->item) : NULL;

  gtk_tooltip_set_text (tooltip, title);

  return title != NULL;
}

static void
update (EshiTile *self)
{
  const EshiHistoryPicture *picture = self->item != NULL ? eshi_history_item_get_picture (self->item) : NULL;

  if (picture != NULL)
    {
      if (picture->missing != self->unreadable)
        self->unreadable = FALSE;
      load (self, picture);
      update_label (self);
    }
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
on_picture_cb (EshiTile *self)
{
  g_assert (ESHI_IS_TILE (self));

  update (self);
}

/* --- the widget -------------------------------------------------------------------------------------------------- */

static void
eshi_tile_dispose (GObject *object)
{
  EshiTile *self = ESHI_TILE (object);

  eshi_tile_set_item (self, NULL);
  g_clear_object (&self->thumbnails);
  G_OBJECT_CLASS (eshi_tile_parent_class)->dispose (object);
}

static void
eshi_tile_class_init (EshiTileClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = eshi_tile_dispose;
  widget_class->snapshot = eshi_tile_snapshot;
  widget_class->measure = eshi_tile_measure;
  widget_class->get_request_mode = eshi_tile_get_request_mode;
  widget_class->query_tooltip = eshi_tile_query_tooltip;
  gtk_widget_class_set_css_name (widget_class, "eshitile");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
eshi_tile_init (EshiTile *self)
{
  gtk_widget_set_has_tooltip (GTK_WIDGET (self), TRUE);
}

GtkWidget *
eshi_tile_new (EshiThumbnailCache *thumbnails)
{
  EshiTile *self;

  g_return_val_if_fail (ESHI_IS_THUMBNAIL_CACHE (thumbnails), NULL);

  self = g_object_new (ESHI_TYPE_TILE, NULL);
  self->thumbnails = g_object_ref (thumbnails);
  return GTK_WIDGET (self);
}

void
eshi_tile_set_item (EshiTile        *self,
                    EshiHistoryItem *item)
{
  g_return_if_fail (ESHI_IS_TILE (self));
  g_return_if_fail (item == NULL || ESHI_IS_HISTORY_ITEM (item));

  if (item == self->item)
    return;
  stop_loading (self);
  if (self->item != NULL)
    g_signal_handlers_disconnect_by_func (self->item, on_picture_cb, self);
  g_set_object (&self->item, item);
  g_clear_object (&self->texture);
  self->unreadable = FALSE;
  if (item != NULL)
    g_signal_connect_object (item, "notify::picture", G_CALLBACK (on_picture_cb), self, G_CONNECT_SWAPPED);
  update (self);
}

EshiHistoryItem *
eshi_tile_get_item (EshiTile *self)
{
  g_return_val_if_fail (ESHI_IS_TILE (self), NULL);

  return self->item;
}

GdkTexture *
eshi_tile_get_texture (EshiTile *self)
{
  g_return_val_if_fail (ESHI_IS_TILE (self), NULL);

  return self->texture;
}
