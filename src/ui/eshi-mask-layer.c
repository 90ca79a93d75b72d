/* eshi-mask-layer.c: the brush: a mask that lies over a canvas and is painted with pointer, pen, finger or keys.
 *
 * The veil is drawn in tiles, each of which is kept until the mask changes below it or the zoom does, so that a stroke
 * costs only what it covers. It holds no tools: size and eraser are set from outside.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-mask-layer.h"

#include "eshi-mask-veil.h"
#include "eshi-test-log.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#define TILE 128              /* texels */
#define MAX_ACROSS 65536      /* tiles in a row, for the key of a tile */
#define SIZE_STEP 1.15
#define THINNEST 0.15         /* of the brush, at no pressure */

typedef struct
{
  GdkTexture *texture;   /* NULL where nothing is painted */
} Tile;

struct _EshiMaskLayer
{
  GtkWidget parent_instance;

  /* Borrowed References */
  EshiCanvas *canvas;        /* weak */

  /* Owned References */
  EshiMask *mask;
  GHashTable *tiles;         /* key → Tile, at tiles_rect's scale */

  graphene_rect_t tiles_rect;
  double brush_size;
  double pointer_x;          /* in widget pixels */
  double pointer_y;
  double start_x;
  double start_y;
  gint64 longest_frame;      /* µs, for tests */
  guint pointer_inside : 1;
  guint erase : 1;
  guint space : 1;           /* the space bar is down */
  guint painting : 1;
};

enum
{
  PROP_0,
  PROP_BRUSH_SIZE,
  PROP_ERASE,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (EshiMaskLayer, eshi_mask_layer, GTK_TYPE_WIDGET)

static void
tile_free (Tile *tile)
{
  g_clear_object (&tile->texture);
  g_free (tile);
}

static void
get_picture_rect (EshiMaskLayer   *self,
                  graphene_rect_t *rect)
{
  graphene_rect_init (rect, 0, 0, 1, 1);
  if (self->canvas != NULL)
    eshi_canvas_get_picture_rect (self->canvas, rect);
}

/* Widget pixels per pixel of the mask. */
static double
get_scale (EshiMaskLayer *self)
{
  graphene_rect_t rect;

  get_picture_rect (self, &rect);
  return rect.size.width / eshi_mask_get_width (self->mask);
}

void
eshi_mask_layer_to_mask (EshiMaskLayer *self,
                         double        *x,
                         double        *y)
{
  graphene_rect_t rect;

  g_return_if_fail (ESHI_IS_MASK_LAYER (self));
  g_return_if_fail (self->mask != NULL);

  get_picture_rect (self, &rect);
  *x = (*x - rect.origin.x) * eshi_mask_get_width (self->mask) / rect.size.width;
  *y = (*y - rect.origin.y) * eshi_mask_get_height (self->mask) / rect.size.height;
}

/* --- drawing ----------------------------------------------------------------------------------------------------- */

static gpointer
tile_key (int x,
          int y)
{
  return GUINT_TO_POINTER ((guint) y * MAX_ACROSS + (guint) x);
}

/* Forgets the tiles that show this part of the mask. */
static void
on_mask_changed_cb (EshiMaskLayer *self,
                    int            x,
                    int            y,
                    int            width,
                    int            height)
{
  int texels = TILE / gtk_widget_get_scale_factor (GTK_WIDGET (self));
  double scale_x = self->tiles_rect.size.width / eshi_mask_get_width (self->mask);
  double scale_y = self->tiles_rect.size.height / eshi_mask_get_height (self->mask);
  int left = (int) floor (((x - 1) * scale_x - 2) / texels);
  int top = (int) floor (((y - 1) * scale_y - 2) / texels);
  int right = (int) floor (((x + width + 1) * scale_x + 2) / texels);
  int bottom = (int) floor (((y + height + 1) * scale_y + 2) / texels);

  g_assert (ESHI_IS_MASK_LAYER (self));

  gtk_widget_queue_draw (GTK_WIDGET (self));
  if ((gsize) (right - left + 1) * (gsize) (bottom - top + 1) > g_hash_table_size (self->tiles) * 4)
    {
      g_hash_table_remove_all (self->tiles);
      return;
    }
  for (int j = MAX (top, 0); j <= bottom; j++)
    {
      for (int i = MAX (left, 0); i <= right; i++)
        g_hash_table_remove (self->tiles, tile_key (i, j));
    }
}

static Tile *
render_tile (EshiMaskLayer *self,
             int            x,
             int            y)
{
  int factor = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  EshiMaskVeil veil = eshi_mask_veil_get (GTK_WIDGET (self));
  int across = (int) self->tiles_rect.size.width * factor;
  int down = (int) self->tiles_rect.size.height * factor;
  GdkRectangle area = { x * TILE, y * TILE, MIN (TILE, across - x * TILE), MIN (TILE, down - y * TILE) };
  Tile *tile = g_new0 (Tile, 1);

  tile->texture = eshi_mask_veil_render (&veil, self->mask,
                                         (double) across / eshi_mask_get_width (self->mask),
                                         (double) down / eshi_mask_get_height (self->mask), &area);
  return tile;
}

/* Moves the tile out of @old, or renders it. (transfer none) */
static Tile *
ensure_tile (EshiMaskLayer *self,
             GHashTable    *old,
             int            x,
             int            y)
{
  gpointer key = tile_key (x, y);
  gpointer tile = NULL;

  if (!g_hash_table_steal_extended (old, key, NULL, &tile))
    tile = render_tile (self, x, y);
  g_hash_table_insert (self->tiles, key, tile);
  return tile;
}

static void
append_tile (EshiMaskLayer *self,
             GtkSnapshot   *snapshot,
             const Tile    *tile,
             int            x,
             int            y)
{
  float factor = (float) gtk_widget_get_scale_factor (GTK_WIDGET (self));
  graphene_rect_t place;

  if (tile->texture == NULL)
    return;
  graphene_rect_init (&place,
                      self->tiles_rect.origin.x + (float) (x * TILE) / factor,
                      self->tiles_rect.origin.y + (float) (y * TILE) / factor,
                      (float) gdk_texture_get_width (tile->texture) / factor,
                      (float) gdk_texture_get_height (tile->texture) / factor);
  gtk_snapshot_append_texture (snapshot, tile->texture, &place);
}

/* Only what can be seen; what was seen before and is not now goes with the old table. */
static void
snapshot_tiles (EshiMaskLayer *self,
                GtkSnapshot   *snapshot)
{
  g_autoptr(GHashTable) old = self->tiles;
  double side = (double) TILE / gtk_widget_get_scale_factor (GTK_WIDGET (self));
  const graphene_rect_t *rect = &self->tiles_rect;
  int left = (int) floor (fmax (-rect->origin.x, 0) / side);
  int top = (int) floor (fmax (-rect->origin.y, 0) / side);
  double right = fmin (gtk_widget_get_width (GTK_WIDGET (self)) - rect->origin.x, rect->size.width);
  double bottom = fmin (gtk_widget_get_height (GTK_WIDGET (self)) - rect->origin.y, rect->size.height);

  self->tiles = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) tile_free);
  for (int y = top; y * side < bottom; y++)
    {
      for (int x = left; x * side < right; x++)
        append_tile (self, snapshot, ensure_tile (self, old, x, y), x, y);
    }
}

static void
append_ring (GtkSnapshot   *snapshot,
             float          x,
             float          y,
             float          radius,
             const GdkRGBA *color)
{
  const float widths[4] = { 1, 1, 1, 1 };
  graphene_rect_t box;
  GskRoundedRect ring;

  graphene_rect_init (&box, x - radius, y - radius, 2 * radius, 2 * radius);
  gsk_rounded_rect_init_from_rect (&ring, &box, radius);
  gtk_snapshot_append_border (snapshot, &ring, widths, (const GdkRGBA[4]) { *color, *color, *color, *color });
}

/* Two rings, so that one of them is seen. */
static void
snapshot_brush (EshiMaskLayer *self,
                GtkSnapshot   *snapshot)
{
  const GdkRGBA dark = { 0, 0, 0, 0.9f };
  const GdkRGBA light = { 1, 1, 1, 0.9f };
  float radius = (float) MAX (self->brush_size / 2 * get_scale (self), 2.0);

  if (self->space || !(self->pointer_inside || gtk_widget_has_visible_focus (GTK_WIDGET (self))))
    return;
  append_ring (snapshot, (float) self->pointer_x, (float) self->pointer_y, radius + 1, &dark);
  append_ring (snapshot, (float) self->pointer_x, (float) self->pointer_y, radius, &light);
}

static void
eshi_mask_layer_snapshot (GtkWidget   *widget,
                          GtkSnapshot *snapshot)
{
  EshiMaskLayer *self = ESHI_MASK_LAYER (widget);
  gint64 start = g_get_monotonic_time ();
  graphene_rect_t rect;

  if (self->mask == NULL)
    return;
  get_picture_rect (self, &rect);
  if (rect.size.width != self->tiles_rect.size.width || rect.size.height != self->tiles_rect.size.height)
    g_hash_table_remove_all (self->tiles);
  self->tiles_rect = rect;
  snapshot_tiles (self, snapshot);
  snapshot_brush (self, snapshot);
  self->longest_frame = MAX (self->longest_frame, g_get_monotonic_time () - start);
}

/* Other colours, or another scale of pixels. */
static void
render_anew (EshiMaskLayer *self)
{
  g_assert (ESHI_IS_MASK_LAYER (self));

  g_hash_table_remove_all (self->tiles);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
eshi_mask_layer_css_changed (GtkWidget         *widget,
                             GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (eshi_mask_layer_parent_class)->css_changed (widget, change);
  render_anew (ESHI_MASK_LAYER (widget));
}

/* --- painting ---------------------------------------------------------------------------------------------------- */

static void
begin_stroke (EshiMaskLayer *self,
              gboolean       erase)
{
  self->painting = TRUE;
  self->longest_frame = 0;
  eshi_mask_begin_stroke (self->mask, erase);
}

/* @pressure: 0 to 1; 1 where there is none */
static void
stroke_to (EshiMaskLayer *self,
           double         x,
           double         y,
           double         pressure)
{
  gint64 start = g_get_monotonic_time ();
  double radius = self->brush_size / 2 * (THINNEST + (1 - THINNEST) * CLAMP (pressure, 0.0, 1.0));

  if (!self->painting)
    return;
  eshi_mask_layer_to_mask (self, &x, &y);
  eshi_mask_stroke_to (self->mask, x, y, MAX (radius, 0.5));
  self->longest_frame = MAX (self->longest_frame, g_get_monotonic_time () - start);
}

static void
end_stroke (EshiMaskLayer *self)
{
  if (!self->painting)
    return;
  self->painting = FALSE;
  eshi_mask_end_stroke (self->mask);
  eshi_test_log ("STROKE longest=%.1fms", (double) self->longest_frame / 1000);
}

static void
cancel_stroke (EshiMaskLayer *self)
{
  g_assert (ESHI_IS_MASK_LAYER (self));

  if (!self->painting)
    return;
  self->painting = FALSE;
  eshi_mask_cancel_stroke (self->mask);
}

/* The points between this motion and the last, which the toolkit has put into one event. */
static void
stroke_through_history (EshiMaskLayer *self,
                        GdkEvent      *event)
{
  GtkNative *native = gtk_widget_get_native (GTK_WIDGET (self));
  g_autofree GdkTimeCoord *history = NULL;
  guint n_points = 0;
  double off_x;
  double off_y;

  if (event == NULL || native == NULL)
    return;
  history = gdk_event_get_history (event, &n_points);
  gtk_native_get_surface_transform (native, &off_x, &off_y);
  for (guint i = 0; i < n_points; i++)
    {
      double x = history[i].axes[GDK_AXIS_X] - off_x;
      double y = history[i].axes[GDK_AXIS_Y] - off_y;

      if ((history[i].flags & GDK_AXIS_FLAG_X) != 0 && (history[i].flags & GDK_AXIS_FLAG_Y) != 0 &&
          gtk_widget_translate_coordinates (GTK_WIDGET (native), GTK_WIDGET (self), x, y, &x, &y))
        stroke_to (self, x, y, 1);
    }
}

static void
on_drag_begin_cb (EshiMaskLayer *self,
                  double         x,
                  double         y,
                  GtkGesture    *gesture)
{
  GdkEventSequence *sequence = gtk_gesture_get_last_updated_sequence (gesture);
  GdkEvent *event = gtk_gesture_get_last_event (gesture, sequence);

  g_assert (ESHI_IS_MASK_LAYER (self));

  gtk_widget_grab_focus (GTK_WIDGET (self));
  /* A pen is the other gesture's. */
  if (self->mask == NULL || self->space || (event != NULL && gdk_event_get_device_tool (event) != NULL))
    {
      gtk_gesture_set_state (gesture, GTK_EVENT_SEQUENCE_DENIED);
      return;
    }
  self->start_x = x;
  self->start_y = y;
  begin_stroke (self, self->erase);
  stroke_to (self, x, y, 1);
}

static void
on_drag_update_cb (EshiMaskLayer *self,
                   double         x,
                   double         y,
                   GtkGesture    *gesture)
{
  GdkEventSequence *sequence = gtk_gesture_get_last_updated_sequence (gesture);

  g_assert (ESHI_IS_MASK_LAYER (self));

  stroke_through_history (self, gtk_gesture_get_last_event (gesture, sequence));
  stroke_to (self, self->start_x + x, self->start_y + y, 1);
}

static void
on_drag_end_cb (EshiMaskLayer *self)
{
  g_assert (ESHI_IS_MASK_LAYER (self));

  end_stroke (self);
}

static double
get_pressure (GtkGestureStylus *stylus)
{
  double pressure = 1;

  return gtk_gesture_stylus_get_axis (stylus, GDK_AXIS_PRESSURE, &pressure) ? pressure : 1;
}

static void
on_pen_down_cb (EshiMaskLayer    *self,
                double            x,
                double            y,
                GtkGestureStylus *stylus)
{
  GdkDeviceTool *tool = gtk_gesture_stylus_get_device_tool (stylus);
  gboolean turned = tool != NULL && gdk_device_tool_get_tool_type (tool) == GDK_DEVICE_TOOL_TYPE_ERASER;

  g_assert (ESHI_IS_MASK_LAYER (self));

  if (self->mask == NULL || self->space)
    {
      gtk_gesture_set_state (GTK_GESTURE (stylus), GTK_EVENT_SEQUENCE_DENIED);
      return;
    }
  gtk_gesture_set_state (GTK_GESTURE (stylus), GTK_EVENT_SEQUENCE_CLAIMED);
  begin_stroke (self, self->erase || turned);
  stroke_to (self, x, y, get_pressure (stylus));
}

static void
on_pen_motion_cb (EshiMaskLayer    *self,
                  double            x,
                  double            y,
                  GtkGestureStylus *stylus)
{
  g_autofree GdkTimeCoord *backlog = NULL;
  guint n_points = 0;

  g_assert (ESHI_IS_MASK_LAYER (self));

  if (!gtk_gesture_stylus_get_backlog (stylus, &backlog, &n_points))
    n_points = 0;
  for (guint i = 0; i < n_points; i++)
    {
      gboolean pressed = (backlog[i].flags & GDK_AXIS_FLAG_PRESSURE) != 0;

      stroke_to (self, backlog[i].axes[GDK_AXIS_X], backlog[i].axes[GDK_AXIS_Y],
                 pressed ? backlog[i].axes[GDK_AXIS_PRESSURE] : 1);
    }
  stroke_to (self, x, y, get_pressure (stylus));
}

static void
on_pen_up_cb (EshiMaskLayer *self)
{
  g_assert (ESHI_IS_MASK_LAYER (self));

  end_stroke (self);
}

/* --- pointer, wheel and keys ------------------------------------------------------------------------------------- */

static void
update_cursor (EshiMaskLayer *self)
{
  gtk_widget_set_cursor_from_name (GTK_WIDGET (self), self->space ? "grab" : "crosshair");
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
move_pointer (EshiMaskLayer *self,
              double         x,
              double         y)
{
  self->pointer_x = x;
  self->pointer_y = y;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
on_motion_cb (EshiMaskLayer *self,
              double         x,
              double         y)
{
  g_assert (ESHI_IS_MASK_LAYER (self));

  self->pointer_inside = TRUE;
  move_pointer (self, x, y);
}

static void
on_leave_cb (EshiMaskLayer *self)
{
  g_assert (ESHI_IS_MASK_LAYER (self));

  self->pointer_inside = FALSE;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
set_brush_size (EshiMaskLayer *self,
                double         size)
{
  size = CLAMP (size, ESHI_BRUSH_MIN, ESHI_BRUSH_MAX);
  if (size == self->brush_size)
    return;
  self->brush_size = size;
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BRUSH_SIZE]);
}

static gboolean
on_scroll_cb (EshiMaskLayer      *self,
              double              dx,
              double              dy,
              GtkEventController *scroll)
{
  g_assert (ESHI_IS_MASK_LAYER (self));

  if ((gtk_event_controller_get_current_event_state (scroll) & GDK_CONTROL_MASK) == 0)
    return GDK_EVENT_PROPAGATE;
  set_brush_size (self, self->brush_size * pow (SIZE_STEP, -dy));
  return GDK_EVENT_STOP;
}

static void
set_space (EshiMaskLayer *self,
           gboolean       space)
{
  if (self->space == space)
    return;
  self->space = space != FALSE;
  if (self->canvas != NULL)
    eshi_canvas_set_hand (self->canvas, space);
  update_cursor (self);
}

/* One step of the brush by the keyboard: half its width, or a pixel if it is thin. */
static void
step (EshiMaskLayer *self,
      int            right,
      int            down,
      gboolean       paint)
{
  double length = MAX (self->brush_size / 2, 1) * get_scale (self);
  double x = CLAMP (self->pointer_x + right * length, 0, gtk_widget_get_width (GTK_WIDGET (self)));
  double y = CLAMP (self->pointer_y + down * length, 0, gtk_widget_get_height (GTK_WIDGET (self)));

  if (paint && !self->painting)
    {
      begin_stroke (self, self->erase);
      stroke_to (self, self->pointer_x, self->pointer_y, 1);
      stroke_to (self, x, y, 1);
      end_stroke (self);
    }
  move_pointer (self, x, y);
}

static gboolean
on_key_pressed_cb (EshiMaskLayer   *self,
                   guint            keyval,
                   guint            keycode,
                   GdkModifierType  state)
{
  gboolean shift = (state & GDK_SHIFT_MASK) != 0;

  g_assert (ESHI_IS_MASK_LAYER (self));

  if (self->mask == NULL || (state & (GDK_CONTROL_MASK | GDK_ALT_MASK)) != 0)
    return GDK_EVENT_PROPAGATE;
  switch (keyval)
    {
    case GDK_KEY_space:
      set_space (self, TRUE);
      return GDK_EVENT_STOP;
    case GDK_KEY_Left:
      step (self, -1, 0, shift);
      return GDK_EVENT_STOP;
    case GDK_KEY_Right:
      step (self, 1, 0, shift);
      return GDK_EVENT_STOP;
    case GDK_KEY_Up:
      step (self, 0, -1, shift);
      return GDK_EVENT_STOP;
    case GDK_KEY_Down:
      step (self, 0, 1, shift);
      return GDK_EVENT_STOP;
    default:
      return GDK_EVENT_PROPAGATE;
    }
}

static void
on_key_released_cb (EshiMaskLayer *self,
                    guint          keyval)
{
  g_assert (ESHI_IS_MASK_LAYER (self));

  if (keyval == GDK_KEY_space)
    set_space (self, FALSE);
}

static void
on_focus_leave_cb (EshiMaskLayer *self)
{
  g_assert (ESHI_IS_MASK_LAYER (self));

  set_space (self, FALSE);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* --- the object -------------------------------------------------------------------------------------------------- */

static void
eshi_mask_layer_dispose (GObject *object)
{
  EshiMaskLayer *self = ESHI_MASK_LAYER (object);

  eshi_mask_layer_set_mask (self, NULL);
  g_clear_weak_pointer (&self->canvas);
  G_OBJECT_CLASS (eshi_mask_layer_parent_class)->dispose (object);
}

static void
eshi_mask_layer_finalize (GObject *object)
{
  g_clear_pointer (&ESHI_MASK_LAYER (object)->tiles, g_hash_table_unref);
  G_OBJECT_CLASS (eshi_mask_layer_parent_class)->finalize (object);
}

static void
eshi_mask_layer_get_property (GObject    *object,
                              guint       prop_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  EshiMaskLayer *self = ESHI_MASK_LAYER (object);

  switch (prop_id)
    {
    case PROP_BRUSH_SIZE:
      g_value_set_double (value, self->brush_size);
      break;
    case PROP_ERASE:
      g_value_set_boolean (value, self->erase);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_mask_layer_set_property (GObject      *object,
                              guint         prop_id,
                              const GValue *value,
                              GParamSpec   *pspec)
{
  EshiMaskLayer *self = ESHI_MASK_LAYER (object);

  switch (prop_id)
    {
    case PROP_BRUSH_SIZE:
      set_brush_size (self, g_value_get_double (value));
      break;
    case PROP_ERASE:
      if (self->erase == g_value_get_boolean (value))
        break;
      self->erase = !self->erase;
      g_object_notify_by_pspec (object, pspec);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_mask_layer_class_init (EshiMaskLayerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->dispose = eshi_mask_layer_dispose;
  object_class->finalize = eshi_mask_layer_finalize;
  object_class->get_property = eshi_mask_layer_get_property;
  object_class->set_property = eshi_mask_layer_set_property;
  widget_class->snapshot = eshi_mask_layer_snapshot;
  widget_class->css_changed = eshi_mask_layer_css_changed;

  properties[PROP_BRUSH_SIZE] =
    g_param_spec_double ("brush-size", NULL, NULL, ESHI_BRUSH_MIN, ESHI_BRUSH_MAX, 32, flags);
  properties[PROP_ERASE] = g_param_spec_boolean ("erase", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  gtk_widget_class_set_css_name (widget_class, "eshimasklayer");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
connect (EshiMaskLayer      *self,
         GtkEventController *controller,
         const char         *signal,
         GCallback           callback)
{
  g_signal_connect_object (controller, signal, callback, self, G_CONNECT_SWAPPED);
}

static void
add_brushes (EshiMaskLayer *self)
{
  GtkEventController *drag = GTK_EVENT_CONTROLLER (gtk_gesture_drag_new ());
  GtkEventController *stylus = GTK_EVENT_CONTROLLER (gtk_gesture_stylus_new ());

  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (drag), GDK_BUTTON_PRIMARY);
  connect (self, drag, "drag-begin", G_CALLBACK (on_drag_begin_cb));
  connect (self, drag, "drag-update", G_CALLBACK (on_drag_update_cb));
  connect (self, drag, "drag-end", G_CALLBACK (on_drag_end_cb));
  connect (self, drag, "cancel", G_CALLBACK (cancel_stroke));
  connect (self, stylus, "down", G_CALLBACK (on_pen_down_cb));
  connect (self, stylus, "motion", G_CALLBACK (on_pen_motion_cb));
  connect (self, stylus, "up", G_CALLBACK (on_pen_up_cb));
  gtk_widget_add_controller (GTK_WIDGET (self), drag);
  gtk_widget_add_controller (GTK_WIDGET (self), stylus);
}

static void
add_controllers (EshiMaskLayer *self)
{
  GtkEventController *motion = gtk_event_controller_motion_new ();
  GtkEventController *scroll = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
  GtkEventController *key = gtk_event_controller_key_new ();
  GtkEventController *focus = gtk_event_controller_focus_new ();

  connect (self, motion, "enter", G_CALLBACK (on_motion_cb));
  connect (self, motion, "motion", G_CALLBACK (on_motion_cb));
  connect (self, motion, "leave", G_CALLBACK (on_leave_cb));
  connect (self, scroll, "scroll", G_CALLBACK (on_scroll_cb));
  connect (self, key, "key-pressed", G_CALLBACK (on_key_pressed_cb));
  connect (self, key, "key-released", G_CALLBACK (on_key_released_cb));
  connect (self, focus, "leave", G_CALLBACK (on_focus_leave_cb));
  gtk_widget_add_controller (GTK_WIDGET (self), motion);
  gtk_widget_add_controller (GTK_WIDGET (self), scroll);
  gtk_widget_add_controller (GTK_WIDGET (self), key);
  gtk_widget_add_controller (GTK_WIDGET (self), focus);
}

static void
eshi_mask_layer_init (EshiMaskLayer *self)
{
  self->brush_size = 32;
  self->tiles = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) tile_free);
  graphene_rect_init (&self->tiles_rect, 0, 0, 1, 1);
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  g_signal_connect (self, "notify::scale-factor", G_CALLBACK (render_anew), NULL);
  add_brushes (self);
  add_controllers (self);
  update_cursor (self);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, _("Mask"),
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  _("Arrow keys move the brush, Shift with them paints"), -1);
}

GtkWidget *
eshi_mask_layer_new (EshiCanvas *canvas)
{
  EshiMaskLayer *self;

  g_return_val_if_fail (ESHI_IS_CANVAS (canvas), NULL);

  self = g_object_new (ESHI_TYPE_MASK_LAYER, NULL);
  g_set_weak_pointer (&self->canvas, canvas);
  g_signal_connect_object (canvas, "view-changed", G_CALLBACK (gtk_widget_queue_draw), self, G_CONNECT_SWAPPED);
  return GTK_WIDGET (self);
}

void
eshi_mask_layer_set_mask (EshiMaskLayer *self,
                          EshiMask      *mask)
{
  g_return_if_fail (ESHI_IS_MASK_LAYER (self));
  g_return_if_fail (mask == NULL || ESHI_IS_MASK (mask));

  if (mask == self->mask)
    return;
  end_stroke (self);
  set_space (self, FALSE);
  if (self->mask != NULL)
    g_signal_handlers_disconnect_by_func (self->mask, on_mask_changed_cb, self);
  g_set_object (&self->mask, mask);
  if (mask != NULL)
    g_signal_connect_object (mask, "changed", G_CALLBACK (on_mask_changed_cb), self, G_CONNECT_SWAPPED);
  /* For who paints with keys alone. */
  if (self->canvas != NULL && !self->pointer_inside)
    {
      self->pointer_x = gtk_widget_get_width (GTK_WIDGET (self->canvas)) / 2.0;
      self->pointer_y = gtk_widget_get_height (GTK_WIDGET (self->canvas)) / 2.0;
    }
  g_hash_table_remove_all (self->tiles);
  gtk_widget_set_visible (GTK_WIDGET (self), mask != NULL);
}
