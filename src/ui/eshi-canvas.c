/* eshi-canvas.c: one picture, as large as it may be, with zoom and pan.
 *
 * The picture's size is stated apart from the texture's, so that a coarse preview and the finished picture fill the
 * same place. Pictures under 100 % to 200 % are drawn by the toolkit; larger ones are first enlarged by a whole factor
 * here (see eshi-upscale.h): smoothly up to eight times and whenever the picture fits the canvas, as plain squares when
 * somebody zooms further in to look at pixels.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-canvas.h"

#include "eshi-upscale.h"

#include <adwaita.h>
#include <glib/gi18n-lib.h>
#include <math.h>

#define MARGIN 12
#define FADE_US (120 * 1000)
#define ZOOM_MIN 0.125
#define ZOOM_MAX 32.0
#define ZOOM_STEP 1.25
#define ZOOM_PIXELS 8.0          /* from here on pixels are drawn as squares */
#define MAX_ENLARGED_SIDE 1024   /* keeps enlarging below 20 ms */
#define OUTLINE_DIFFERENCE 0.08  /* a picture whose edge differs less from the background gets an outline */

struct _EshiCanvas
{
  GtkWidget parent_instance;

  /* Owned References */
  GdkTexture *texture;
  GdkTexture *enlarged;      /* of texture, by enlarged_factor */
  GdkTexture *fading;        /* what was drawn before, while it fades out */
  GtkWidget *layer;          /* over the picture; takes the pointer while it is visible */

  GdkRGBA edge;              /* mean colour of the texture's outermost pixels */
  int width;
  int height;
  int enlarged_factor;
  EshiUpscale enlarged_kind;
  double zoom;
  double pan_x;              /* of the picture's centre from the canvas's, in widget pixels */
  double pan_y;
  double drag_x;
  double drag_y;
  double pinch_zoom;
  double pointer_x;
  double pointer_y;
  gint64 fade_start;
  guint fade_tick;
  guint hand : 1;            /* the primary button moves the picture although there is a layer */
};

enum
{
  PROP_0,
  PROP_ZOOM,
  N_PROPS,
};

enum
{
  MENU_REQUESTED,
  VIEW_CHANGED,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiCanvas, eshi_canvas, GTK_TYPE_WIDGET)

/* The picture is drawn elsewhere, or in another size. */
static void
view_changed (EshiCanvas *self)
{
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_signal_emit (self, signals[VIEW_CHANGED], 0);
}

static gboolean
is_covered (EshiCanvas *self)
{
  return self->layer != NULL && gtk_widget_get_visible (self->layer);
}

static double
fit_scale (EshiCanvas *self)
{
  double w = MAX (gtk_widget_get_width (GTK_WIDGET (self)) - 2 * MARGIN, 1);
  double h = MAX (gtk_widget_get_height (GTK_WIDGET (self)) - 2 * MARGIN, 1);

  return MIN (w / MAX (self->width, 1), h / MAX (self->height, 1));
}

static double
current_scale (EshiCanvas *self)
{
  return self->zoom > 0 ? self->zoom : fit_scale (self);
}

void
eshi_canvas_get_picture_rect (EshiCanvas      *self,
                              graphene_rect_t *rect)
{
  double scale;
  double w;
  double h;
  double x;
  double y;

  g_return_if_fail (ESHI_IS_CANVAS (self));
  g_return_if_fail (rect != NULL);

  scale = current_scale (self);
  w = round (self->width * scale);
  h = round (self->height * scale);
  x = floor ((gtk_widget_get_width (GTK_WIDGET (self)) - w) / 2 + (self->zoom > 0 ? self->pan_x : 0));
  y = floor ((gtk_widget_get_height (GTK_WIDGET (self)) - h) / 2 + (self->zoom > 0 ? self->pan_y : 0));
  graphene_rect_init (rect, (float) x, (float) y, (float) w, (float) h);
}

/* Keeps a zoomed picture from being pushed out of sight. */
static void
clamp_pan (EshiCanvas *self)
{
  double scale = current_scale (self);
  double free_x = fabs (self->width * scale - gtk_widget_get_width (GTK_WIDGET (self))) / 2 + MARGIN;
  double free_y = fabs (self->height * scale - gtk_widget_get_height (GTK_WIDGET (self))) / 2 + MARGIN;

  self->pan_x = CLAMP (self->pan_x, -free_x, free_x);
  self->pan_y = CLAMP (self->pan_y, -free_y, free_y);
}

/* The texture to draw at @scale widget pixels per picture pixel. (transfer none) */
static GdkTexture *
texture_for_scale (EshiCanvas *self,
                   double      scale)
{
  int side = MAX (gdk_texture_get_width (self->texture), gdk_texture_get_height (self->texture));
  double device_scale = scale * gtk_widget_get_scale_factor (GTK_WIDGET (self)) *
                        self->width / gdk_texture_get_width (self->texture);
  gboolean pixels = self->zoom >= ZOOM_PIXELS;
  EshiUpscale kind = pixels ? ESHI_UPSCALE_PIXELS : ESHI_UPSCALE_SMOOTH;
  int factor = device_scale < 2.0 ? 1 : (int) ceil (MIN (device_scale, 8.0));

  factor = CLAMP (factor, 1, MAX (MAX_ENLARGED_SIDE / side, 1));
  if (factor == 1)
    return self->texture;
  if (self->enlarged == NULL || self->enlarged_factor != factor || self->enlarged_kind != kind)
    {
      g_clear_object (&self->enlarged);
      self->enlarged = eshi_upscale (self->texture, factor, kind);
      self->enlarged_factor = factor;
      self->enlarged_kind = kind;
    }
  return self->enlarged;
}

static void
add_pixel (float        *sum,
           const guint8 *pixel)
{
  /* GDK_MEMORY_DEFAULT is a native word, so that the order of bytes depends on the computer. */
  guint32 word;

  memcpy (&word, pixel, sizeof word);
  sum[0] += (float) ((word >> 16) & 0xff);
  sum[1] += (float) ((word >> 8) & 0xff);
  sum[2] += (float) (word & 0xff);
}

/* The mean of the texture's outermost pixels. */
static GdkRGBA
measure_edge (GdkTexture *texture)
{
  int width = gdk_texture_get_width (texture);
  int height = gdk_texture_get_height (texture);
  g_autofree guint8 *pixels = g_malloc ((gsize) width * height * 4);
  float sum[3] = { 0 };
  float n = 255.0f * 2 * (float) (width + height);

  gdk_texture_download (texture, pixels, (gsize) width * 4);
  for (int x = 0; x < width; x++)
    {
      add_pixel (sum, pixels + (gsize) x * 4);
      add_pixel (sum, pixels + ((gsize) (height - 1) * width + x) * 4);
    }
  for (int y = 0; y < height; y++)
    {
      add_pixel (sum, pixels + (gsize) y * width * 4);
      add_pixel (sum, pixels + ((gsize) y * width + width - 1) * 4);
    }
  return (GdkRGBA) { sum[0] / n, sum[1] / n, sum[2] / n, 1.0f };
}

/* A picture that ends in nearly the window's colour would seem to have no edge. */
static void
snapshot_outline (EshiCanvas            *self,
                  GtkSnapshot           *snapshot,
                  const graphene_rect_t *rect)
{
  GtkStyleContext *style = gtk_widget_get_style_context (GTK_WIDGET (self));
  const float widths[4] = { 1, 1, 1, 1 };
  GskRoundedRect outline;
  GdkRGBA background;
  GdkRGBA color;

  if (!gtk_style_context_lookup_color (style, "window_bg_color", &background))
    return;
  if (fabsf (background.red - self->edge.red) > OUTLINE_DIFFERENCE ||
      fabsf (background.green - self->edge.green) > OUTLINE_DIFFERENCE ||
      fabsf (background.blue - self->edge.blue) > OUTLINE_DIFFERENCE)
    return;
  gtk_style_context_get_color (style, &color);
  color.alpha *= 0.15f;
  gsk_rounded_rect_init_from_rect (&outline, rect, 0);
  gtk_snapshot_append_border (snapshot, &outline, widths, (const GdkRGBA[4]) { color, color, color, color });
}

static double
fade_progress (EshiCanvas *self)
{
  GdkFrameClock *clock = gtk_widget_get_frame_clock (GTK_WIDGET (self));
  double t;

  if (self->fading == NULL || clock == NULL)
    return 1.0;
  t = (double) (gdk_frame_clock_get_frame_time (clock) - self->fade_start) / FADE_US;
  return CLAMP (t, 0.0, 1.0);
}

static void
snapshot_picture (EshiCanvas  *self,
                  GtkSnapshot *snapshot)
{
  graphene_rect_t rect;
  double progress;
  GdkTexture *texture;

  if (self->texture == NULL)
    return;
  eshi_canvas_get_picture_rect (self, &rect);
  progress = fade_progress (self);
  texture = texture_for_scale (self, current_scale (self));
  if (progress >= 1.0)
    {
      gtk_snapshot_append_texture (snapshot, texture, &rect);
      snapshot_outline (self, snapshot, &rect);
      return;
    }
  /* Both are opaque, so this is their cross-fade, and one layer less where the processor draws. */
  gtk_snapshot_append_texture (snapshot, self->fading, &rect);
  gtk_snapshot_push_opacity (snapshot, progress);
  gtk_snapshot_append_texture (snapshot, texture, &rect);
  gtk_snapshot_pop (snapshot);
}

static void
eshi_canvas_snapshot (GtkWidget   *widget,
                      GtkSnapshot *snapshot)
{
  EshiCanvas *self = ESHI_CANVAS (widget);

  snapshot_picture (self, snapshot);
  if (is_covered (self))
    gtk_widget_snapshot_child (widget, self->layer, snapshot);
}

static void
eshi_canvas_measure (GtkWidget      *widget,
                     GtkOrientation  orientation,
                     int             for_size,
                     int            *minimum,
                     int            *natural,
                     int            *minimum_baseline,
                     int            *natural_baseline)
{
  EshiCanvas *self = ESHI_CANVAS (widget);

  /* The layer takes what it is given; the toolkit wants to be asked all the same. */
  if (is_covered (self))
    gtk_widget_measure (self->layer, orientation, for_size, NULL, NULL, NULL, NULL);
  *minimum = 120;
  *natural = 320;
  *minimum_baseline = -1;
  *natural_baseline = -1;
}

static gboolean
on_fade_tick_cb (GtkWidget     *widget,
                 GdkFrameClock *clock,
                 gpointer       user_data)
{
  EshiCanvas *self = ESHI_CANVAS (widget);

  gtk_widget_queue_draw (widget);
  if (fade_progress (self) < 1.0)
    return G_SOURCE_CONTINUE;
  g_clear_object (&self->fading);
  self->fade_tick = 0;
  return G_SOURCE_REMOVE;
}

static void
stop_fade (EshiCanvas *self)
{
  if (self->fade_tick != 0)
    gtk_widget_remove_tick_callback (GTK_WIDGET (self), self->fade_tick);
  self->fade_tick = 0;
  g_clear_object (&self->fading);
}

/* Not where the processor draws the window: it has a picture to paint, and eight frames of a fade take from it, and from
 * whoever types meanwhile. */
static gboolean
may_fade (EshiCanvas *self)
{
  GtkNative *native = gtk_widget_get_native (GTK_WIDGET (self));

  return native != NULL && gtk_widget_get_mapped (GTK_WIDGET (self)) && adw_get_enable_animations (GTK_WIDGET (self)) &&
         !GSK_IS_CAIRO_RENDERER (gtk_native_get_renderer (native));
}

static void
start_fade (EshiCanvas *self,
            GdkTexture *from)
{
  GdkFrameClock *clock = gtk_widget_get_frame_clock (GTK_WIDGET (self));

  if (clock == NULL || !may_fade (self))
    return;
  self->fading = g_object_ref (from);
  self->fade_start = gdk_frame_clock_get_frame_time (clock);
  self->fade_tick = gtk_widget_add_tick_callback (GTK_WIDGET (self), on_fade_tick_cb, NULL, NULL);
}

static void
zoom_around (EshiCanvas *self,
             double      zoom,
             double      x,
             double      y)
{
  double old = current_scale (self);
  double cx = gtk_widget_get_width (GTK_WIDGET (self)) / 2.0 + (self->zoom > 0 ? self->pan_x : 0);
  double cy = gtk_widget_get_height (GTK_WIDGET (self)) / 2.0 + (self->zoom > 0 ? self->pan_y : 0);
  double pan_x;
  double pan_y;

  if (self->texture == NULL)
    return;
  zoom = CLAMP (zoom, ZOOM_MIN, ZOOM_MAX);
  pan_x = x - (x - cx) * zoom / old - gtk_widget_get_width (GTK_WIDGET (self)) / 2.0;
  pan_y = y - (y - cy) * zoom / old - gtk_widget_get_height (GTK_WIDGET (self)) / 2.0;
  self->pan_x = pan_x;
  self->pan_y = pan_y;
  self->zoom = zoom;
  clamp_pan (self);
  view_changed (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ZOOM]);
}

static void
zoom_around_centre (EshiCanvas *self,
                    double      zoom)
{
  zoom_around (self, zoom,
               gtk_widget_get_width (GTK_WIDGET (self)) / 2.0,
               gtk_widget_get_height (GTK_WIDGET (self)) / 2.0);
}

static void
zoom_in_action (GtkWidget  *widget,
                const char *name,
                GVariant   *parameter)
{
  zoom_around_centre (ESHI_CANVAS (widget), current_scale (ESHI_CANVAS (widget)) * ZOOM_STEP);
}

static void
zoom_out_action (GtkWidget  *widget,
                 const char *name,
                 GVariant   *parameter)
{
  zoom_around_centre (ESHI_CANVAS (widget), current_scale (ESHI_CANVAS (widget)) / ZOOM_STEP);
}

static void
zoom_fit_action (GtkWidget  *widget,
                 const char *name,
                 GVariant   *parameter)
{
  eshi_canvas_set_zoom (ESHI_CANVAS (widget), 0);
}

static void
zoom_actual_action (GtkWidget  *widget,
                    const char *name,
                    GVariant   *parameter)
{
  eshi_canvas_set_zoom (ESHI_CANVAS (widget), 1);
}

static gboolean
on_scroll_cb (EshiCanvas *self,
              double      dx,
              double      dy)
{
  g_assert (ESHI_IS_CANVAS (self));

  zoom_around (self, current_scale (self) * pow (ZOOM_STEP, -dy), self->pointer_x, self->pointer_y);
  return GDK_EVENT_STOP;
}

static void
on_motion_cb (EshiCanvas *self,
              double      x,
              double      y)
{
  g_assert (ESHI_IS_CANVAS (self));

  self->pointer_x = x;
  self->pointer_y = y;
}

static void
on_drag_begin_cb (EshiCanvas *self,
                  double      x,
                  double      y,
                  GtkGesture *gesture)
{
  gboolean primary = gtk_gesture_single_get_current_button (GTK_GESTURE_SINGLE (gesture)) == GDK_BUTTON_PRIMARY;

  g_assert (ESHI_IS_CANVAS (self));

  if (primary && is_covered (self) && !self->hand)
    {
      gtk_gesture_set_state (gesture, GTK_EVENT_SEQUENCE_DENIED);
      return;
    }
  self->drag_x = self->pan_x;
  self->drag_y = self->pan_y;
}

static void
on_drag_update_cb (EshiCanvas *self,
                   double      x,
                   double      y)
{
  g_assert (ESHI_IS_CANVAS (self));

  if (self->zoom <= 0)
    return;
  self->pan_x = self->drag_x + x;
  self->pan_y = self->drag_y + y;
  clamp_pan (self);
  view_changed (self);
}

static void
on_pinch_begin_cb (EshiCanvas       *self,
                   GdkEventSequence *sequence,
                   GtkGesture       *gesture)
{
  g_assert (ESHI_IS_CANVAS (self));

  /* Two fingers are no brush. */
  if (is_covered (self))
    gtk_gesture_set_state (gesture, GTK_EVENT_SEQUENCE_CLAIMED);
  self->pinch_zoom = current_scale (self);
}

static void
on_pinch_cb (EshiCanvas *self,
             double      scale,
             GtkGesture *gesture)
{
  double x = self->pointer_x;
  double y = self->pointer_y;

  g_assert (ESHI_IS_CANVAS (self));

  gtk_gesture_get_bounding_box_center (gesture, &x, &y);
  zoom_around (self, self->pinch_zoom * scale, x, y);
}

static void
on_click_cb (EshiCanvas *self,
             int         n_press,
             double      x,
             double      y)
{
  g_assert (ESHI_IS_CANVAS (self));

  if (is_covered (self))
    return;
  gtk_widget_grab_focus (GTK_WIDGET (self));
  if (n_press != 2)
    return;
  if (self->zoom > 0)
    eshi_canvas_set_zoom (self, 0);
  else
    zoom_around (self, 1, x, y);
}

static void
request_menu (EshiCanvas *self,
              double      x,
              double      y)
{
  if (!is_covered (self))
    g_signal_emit (self, signals[MENU_REQUESTED], 0, x, y);
}

static void
on_menu_click_cb (EshiCanvas *self,
                  int         n_press,
                  double      x,
                  double      y)
{
  request_menu (self, x, y);
}

static void
on_long_press_cb (EshiCanvas *self,
                  double      x,
                  double      y)
{
  request_menu (self, x, y);
}

static gboolean
menu_key_cb (GtkWidget *widget,
             GVariant  *args,
             gpointer   user_data)
{
  request_menu (ESHI_CANVAS (widget), gtk_widget_get_width (widget) / 2.0, gtk_widget_get_height (widget) / 2.0);
  return GDK_EVENT_STOP;
}

static void
eshi_canvas_dispose (GObject *object)
{
  EshiCanvas *self = ESHI_CANVAS (object);
  GtkWidget *child;

  stop_fade (self);
  self->layer = NULL;
  /* A popover that was given to the canvas goes with it. */
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_clear_object (&self->texture);
  g_clear_object (&self->enlarged);
  G_OBJECT_CLASS (eshi_canvas_parent_class)->dispose (object);
}

static void
eshi_canvas_size_allocate (GtkWidget *widget,
                           int        width,
                           int        height,
                           int        baseline)
{
  EshiCanvas *self = ESHI_CANVAS (widget);

  clamp_pan (self);
  if (is_covered (self))
    gtk_widget_allocate (self->layer, width, height, baseline, NULL);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      if (GTK_IS_POPOVER (child))
        gtk_popover_present (GTK_POPOVER (child));
    }
}

static void
eshi_canvas_get_property (GObject    *object,
                          guint       prop_id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_ZOOM:
      g_value_set_double (value, ESHI_CANVAS (object)->zoom);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_canvas_set_property (GObject      *object,
                          guint         prop_id,
                          const GValue *value,
                          GParamSpec   *pspec)
{
  switch (prop_id)
    {
    case PROP_ZOOM:
      eshi_canvas_set_zoom (ESHI_CANVAS (object), g_value_get_double (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_keys (GtkWidgetClass *widget_class)
{
  static const struct
  {
    guint keyval;
    const char *action;
  } keys[] = {
    { GDK_KEY_plus, "canvas.zoom-in" },
    { GDK_KEY_KP_Add, "canvas.zoom-in" },
    { GDK_KEY_equal, "canvas.zoom-in" },
    { GDK_KEY_minus, "canvas.zoom-out" },
    { GDK_KEY_KP_Subtract, "canvas.zoom-out" },
    { GDK_KEY_0, "canvas.zoom-fit" },
    { GDK_KEY_KP_0, "canvas.zoom-fit" },
    { GDK_KEY_1, "canvas.zoom-actual" },
    { GDK_KEY_KP_1, "canvas.zoom-actual" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    gtk_widget_class_add_binding_action (widget_class, keys[i].keyval, 0, keys[i].action, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Menu, 0, menu_key_cb, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, menu_key_cb, NULL);
}

static void
eshi_canvas_class_init (EshiCanvasClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = eshi_canvas_dispose;
  object_class->get_property = eshi_canvas_get_property;
  object_class->set_property = eshi_canvas_set_property;
  widget_class->snapshot = eshi_canvas_snapshot;
  widget_class->measure = eshi_canvas_measure;
  widget_class->size_allocate = eshi_canvas_size_allocate;

  properties[PROP_ZOOM] =
    g_param_spec_double ("zoom", NULL, NULL, 0, ZOOM_MAX, 0,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  signals[MENU_REQUESTED] = g_signal_new ("menu-requested", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                          0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_DOUBLE, G_TYPE_DOUBLE);
  signals[VIEW_CHANGED] = g_signal_new ("view-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                        0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  gtk_widget_class_install_action (widget_class, "canvas.zoom-in", NULL, zoom_in_action);
  gtk_widget_class_install_action (widget_class, "canvas.zoom-out", NULL, zoom_out_action);
  gtk_widget_class_install_action (widget_class, "canvas.zoom-fit", NULL, zoom_fit_action);
  gtk_widget_class_install_action (widget_class, "canvas.zoom-actual", NULL, zoom_actual_action);
  install_keys (widget_class);
  gtk_widget_class_set_css_name (widget_class, "eshicanvas");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
add_drag (EshiCanvas *self,
          guint       button)
{
  GtkGesture *drag = gtk_gesture_drag_new ();

  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (drag), button);
  g_signal_connect_object (drag, "drag-begin", G_CALLBACK (on_drag_begin_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (drag, "drag-update", G_CALLBACK (on_drag_update_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drag));
}

static void
add_pointer_controllers (EshiCanvas *self)
{
  GtkEventController *scroll = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
  GtkEventController *motion = gtk_event_controller_motion_new ();
  GtkGesture *pinch = gtk_gesture_zoom_new ();

  g_signal_connect_object (scroll, "scroll", G_CALLBACK (on_scroll_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (motion, "motion", G_CALLBACK (on_motion_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (pinch, "begin", G_CALLBACK (on_pinch_begin_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (pinch, "scale-changed", G_CALLBACK (on_pinch_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (GTK_WIDGET (self), scroll);
  gtk_widget_add_controller (GTK_WIDGET (self), motion);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (pinch));
  add_drag (self, GDK_BUTTON_PRIMARY);
  add_drag (self, GDK_BUTTON_MIDDLE);
}

static void
add_click_controllers (EshiCanvas *self)
{
  GtkGesture *click = gtk_gesture_click_new ();
  GtkGesture *menu = gtk_gesture_click_new ();
  GtkGesture *hold = gtk_gesture_long_press_new ();

  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (menu), GDK_BUTTON_SECONDARY);
  gtk_gesture_single_set_touch_only (GTK_GESTURE_SINGLE (hold), TRUE);
  g_signal_connect_object (click, "pressed", G_CALLBACK (on_click_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (menu, "pressed", G_CALLBACK (on_menu_click_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (hold, "pressed", G_CALLBACK (on_long_press_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (menu));
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (hold));
}

/* A screen reader says the words that the picture was painted from, or at least what this place is for. */
static void
set_name (EshiCanvas *self,
          const char *title)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  title != NULL && title[0] != '\0' ? title : _("Picture"), -1);
}

static void
eshi_canvas_init (EshiCanvas *self)
{
  set_name (self, NULL);
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_hexpand (GTK_WIDGET (self), TRUE);
  gtk_widget_set_vexpand (GTK_WIDGET (self), TRUE);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  add_pointer_controllers (self);
  add_click_controllers (self);
}

GtkWidget *
eshi_canvas_new (void)
{
  return g_object_new (ESHI_TYPE_CANVAS, NULL);
}

void
eshi_canvas_show (EshiCanvas *self,
                  GdkTexture *texture,
                  int         width,
                  int         height,
                  const char *title)
{
  gboolean same_size;

  g_return_if_fail (ESHI_IS_CANVAS (self));
  g_return_if_fail (texture == NULL || (GDK_IS_TEXTURE (texture) && width > 0 && height > 0));

  set_name (self, title);
  if (texture == self->texture)
    return;
  same_size = width == self->width && height == self->height;
  stop_fade (self);
  if (texture != NULL && self->texture != NULL && same_size)
    start_fade (self, self->enlarged != NULL ? self->enlarged : self->texture);
  g_set_object (&self->texture, texture);
  g_clear_object (&self->enlarged);
  if (texture != NULL)
    self->edge = measure_edge (texture);
  self->width = width;
  self->height = height;
  if (!same_size)
    eshi_canvas_set_zoom (self, 0);
  view_changed (self);
}

void
eshi_canvas_set_layer (EshiCanvas *self,
                       GtkWidget  *layer)
{
  g_return_if_fail (ESHI_IS_CANVAS (self));
  g_return_if_fail (layer == NULL || GTK_IS_WIDGET (layer));

  if (layer == self->layer)
    return;
  g_clear_pointer (&self->layer, gtk_widget_unparent);
  self->layer = layer;
  if (layer != NULL)
    gtk_widget_set_parent (layer, GTK_WIDGET (self));
}

void
eshi_canvas_set_hand (EshiCanvas *self,
                      gboolean    hand)
{
  g_return_if_fail (ESHI_IS_CANVAS (self));

  self->hand = hand != FALSE;
}

GdkTexture *
eshi_canvas_get_texture (EshiCanvas *self)
{
  g_return_val_if_fail (ESHI_IS_CANVAS (self), NULL);

  return self->texture;
}

double
eshi_canvas_get_zoom (EshiCanvas *self)
{
  g_return_val_if_fail (ESHI_IS_CANVAS (self), 0);

  return self->zoom;
}

void
eshi_canvas_set_zoom (EshiCanvas *self,
                      double      zoom)
{
  g_return_if_fail (ESHI_IS_CANVAS (self));

  zoom = zoom > 0 ? CLAMP (zoom, ZOOM_MIN, ZOOM_MAX) : 0;
  self->pan_x = 0;
  self->pan_y = 0;
  if (zoom == self->zoom)
    {
      view_changed (self);
      return;
    }
  self->zoom = zoom;
  view_changed (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ZOOM]);
}

void
eshi_canvas_get_view (EshiCanvas *self,
                      double     *scale,
                      double     *x,
                      double     *y)
{
  g_return_if_fail (ESHI_IS_CANVAS (self));

  *scale = self->zoom > 0 ? self->zoom / fit_scale (self) : 0;
  *x = self->zoom > 0 ? self->pan_x / (MAX (self->width, 1) * self->zoom) : 0;
  *y = self->zoom > 0 ? self->pan_y / (MAX (self->height, 1) * self->zoom) : 0;
}

void
eshi_canvas_set_view (EshiCanvas *self,
                      double      scale,
                      double      x,
                      double      y)
{
  g_return_if_fail (ESHI_IS_CANVAS (self));

  eshi_canvas_set_zoom (self, scale * fit_scale (self));
  self->pan_x = x * self->width * self->zoom;
  self->pan_y = y * self->height * self->zoom;
  clamp_pan (self);
}
