/* eshi-compare-area.c: several pictures in one place, under one zoom.
 *
 * Lays out canvases, which do the drawing, and passes the view of one on to the others. Pictures are read on threads.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-compare-area.h"

#include "eshi-canvas.h"
#include "eshi-info-pane.h"
#include "eshi-picture.h"
#include "eshi-test-log.h"

#include <adwaita.h>
#include <eshi-picture-file.h>
#include <math.h>

#define GAP 6
#define BLINK_MS 700
#define GRAB 18   /* pixels around the line in which it is taken hold of */

struct _EshiCompareArea
{
  GtkWidget parent_instance;

  /* Borrowed References; children of this widget */
  EshiCanvas *canvases[ESHI_COMPARE_MAX];
  GtkWidget *captions[ESHI_COMPARE_MAX];

  /* Owned References */
  GCancellable *cancellable;

  EshiCompareMode mode;
  guint n_items;
  double fraction;
  guint blink_source;
  guint blink_second : 1;
  guint passing : 1;          /* a view is being passed on */
  guint allocating : 1;
};

enum
{
  PROP_0,
  PROP_FRACTION,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (EshiCompareArea, eshi_compare_area, GTK_TYPE_WIDGET)

/* --- layout ------------------------------------------------------------------------------------------------------ */

static guint
n_shown (EshiCompareArea *self)
{
  return self->mode == ESHI_COMPARE_SIDE ? self->n_items : MIN (self->n_items, 2);
}

/* Columns that leave the squares in [width, height] largest. */
static guint
find_columns (guint n,
              int   width,
              int   height)
{
  guint best = 1;
  double best_side = 0;

  for (guint columns = 1; columns <= n; columns++)
    {
      guint n_rows = (n + columns - 1) / columns;
      double side = MIN ((double) width / columns, (double) height / n_rows);

      if (side > best_side)
        best = columns;
      best_side = MAX (side, best_side);
    }
  return best;
}

/* Where picture @i is. */
static GtkAllocation
place_of (EshiCompareArea *self,
          guint            i,
          int              width,
          int              height)
{
  guint n = MAX (self->n_items, 1);
  guint columns = find_columns (n, width, height);
  guint n_rows = (n + columns - 1) / columns;
  int w = (width - GAP * (int) (columns - 1)) / (int) columns;
  int h = (height - GAP * (int) (n_rows - 1)) / (int) n_rows;

  if (self->mode != ESHI_COMPARE_SIDE)
    return (GtkAllocation) { 0, 0, width, height };
  return (GtkAllocation) { (int) (i % columns) * (w + GAP), (int) (i / columns) * (h + GAP), w, h };
}

/* Where the caption of picture @i ends: at the picture's lower edge, as far as that is to be seen in @cell. */
static int
find_foot (EshiCompareArea     *self,
           guint                i,
           const GtkAllocation *cell)
{
  graphene_rect_t rect;
  int foot;

  eshi_canvas_get_picture_rect (self->canvases[i], &rect);
  foot = (int) (rect.origin.y + rect.size.height);
  return cell->y + (foot > cell->height / 2 ? MIN (foot, cell->height) : cell->height);
}

/* Its picture has got its place before. */
static void
allocate_caption (EshiCompareArea     *self,
                  guint                i,
                  const GtkAllocation *cell)
{
  GtkWidget *caption = self->captions[i];
  gboolean half = self->mode == ESHI_COMPARE_SLIDER;
  int room = (half ? cell->width / 2 : cell->width) - 4 * GAP;
  GtkAllocation place = *cell;
  int minimum;
  int natural;

  gtk_widget_measure (caption, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, &natural, NULL, NULL);
  place.width = CLAMP (natural, minimum, MAX (room, minimum));
  gtk_widget_measure (caption, GTK_ORIENTATION_VERTICAL, place.width, &minimum, &natural, NULL, NULL);
  place.height = MIN (natural, cell->height);
  place.y = find_foot (self, i, cell) - place.height - 2 * GAP;
  if (half)
    place.x = i == 0 ? cell->x + 2 * GAP : cell->x + cell->width - place.width - 2 * GAP;
  else
    place.x = cell->x + (cell->width - place.width) / 2;
  gtk_widget_size_allocate (caption, &place, -1);
}

static void
eshi_compare_area_size_allocate (GtkWidget *widget,
                                 int        width,
                                 int        height,
                                 int        baseline)
{
  EshiCompareArea *self = ESHI_COMPARE_AREA (widget);

  self->allocating = TRUE;
  for (guint i = 0; i < self->n_items; i++)
    {
      GtkAllocation cell = place_of (self, i, width, height);

      if (i >= n_shown (self))
        continue;
      gtk_widget_size_allocate (GTK_WIDGET (self->canvases[i]), &cell, -1);
      allocate_caption (self, i, &cell);
    }
  self->allocating = FALSE;
}

static void
eshi_compare_area_measure (GtkWidget      *widget,
                           GtkOrientation  orientation,
                           int             for_size,
                           int            *minimum,
                           int            *natural,
                           int            *minimum_baseline,
                           int            *natural_baseline)
{
  EshiCompareArea *self = ESHI_COMPARE_AREA (widget);

  /* Canvases and captions are measured because the toolkit wants a child measured before it is allocated. */
  for (guint i = 0; i < self->n_items; i++)
    {
      gtk_widget_measure (GTK_WIDGET (self->canvases[i]), orientation, -1, minimum, natural, NULL, NULL);
      gtk_widget_measure (self->captions[i], orientation, -1, minimum, natural, NULL, NULL);
    }
  *minimum = 240;
  *natural = 480;
  *minimum_baseline = -1;
  *natural_baseline = -1;
}

static void
show_children (EshiCompareArea *self)
{
  for (guint i = 0; i < self->n_items; i++)
    {
      gboolean shown = i < n_shown (self) && (self->mode != ESHI_COMPARE_BLINK || i == self->blink_second);

      gtk_widget_set_child_visible (GTK_WIDGET (self->canvases[i]), shown);
      gtk_widget_set_child_visible (self->captions[i], shown);
    }
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* --- drawing ----------------------------------------------------------------------------------------------------- */

static void
snapshot_slider (EshiCompareArea *self,
                 GtkSnapshot     *snapshot)
{
  GtkWidget *widget = GTK_WIDGET (self);
  float width = (float) gtk_widget_get_width (widget);
  float height = (float) gtk_widget_get_height (widget);
  float split = roundf ((float) self->fraction * width);
  GdkRGBA color;

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  gtk_snapshot_push_clip (snapshot, &GRAPHENE_RECT_INIT (0, 0, split, height));
  gtk_widget_snapshot_child (widget, GTK_WIDGET (self->canvases[0]), snapshot);
  gtk_snapshot_pop (snapshot);
  gtk_snapshot_push_clip (snapshot, &GRAPHENE_RECT_INIT (split, 0, width - split, height));
  gtk_widget_snapshot_child (widget, GTK_WIDGET (self->canvases[1]), snapshot);
  gtk_snapshot_pop (snapshot);
  gtk_snapshot_append_color (snapshot, &color, &GRAPHENE_RECT_INIT (split - 1, 0, 2, height));
  for (guint i = 0; i < 2; i++)
    gtk_widget_snapshot_child (widget, self->captions[i], snapshot);
}

static void
eshi_compare_area_snapshot (GtkWidget   *widget,
                            GtkSnapshot *snapshot)
{
  EshiCompareArea *self = ESHI_COMPARE_AREA (widget);

  if (self->mode == ESHI_COMPARE_SLIDER && self->n_items >= 2)
    snapshot_slider (self, snapshot);
  else
    GTK_WIDGET_CLASS (eshi_compare_area_parent_class)->snapshot (widget, snapshot);
}

/* --- one view for all -------------------------------------------------------------------------------------------- */

static void
on_view_changed_cb (EshiCompareArea *self,
                    EshiCanvas      *canvas)
{
  double scale;
  double x;
  double y;

  g_assert (ESHI_IS_COMPARE_AREA (self));

  if (!self->allocating)
    gtk_widget_queue_allocate (GTK_WIDGET (self));
  if (self->passing)
    return;
  self->passing = TRUE;
  eshi_canvas_get_view (canvas, &scale, &x, &y);
  for (guint i = 0; i < self->n_items; i++)
    {
      if (self->canvases[i] != canvas)
        eshi_canvas_set_view (self->canvases[i], scale, x, y);
    }
  self->passing = FALSE;
}

/* --- the line ---------------------------------------------------------------------------------------------------- */

static void
on_drag_begin_cb (EshiCompareArea *self,
                  double           x,
                  double           y,
                  GtkGesture      *gesture)
{
  double split = self->fraction * gtk_widget_get_width (GTK_WIDGET (self));
  gboolean held = self->mode == ESHI_COMPARE_SLIDER && fabs (x - split) <= GRAB;

  g_assert (ESHI_IS_COMPARE_AREA (self));

  gtk_gesture_set_state (gesture, held ? GTK_EVENT_SEQUENCE_CLAIMED : GTK_EVENT_SEQUENCE_DENIED);
}

static void
on_drag_update_cb (EshiCompareArea *self,
                   double           x,
                   double           y,
                   GtkGesture      *gesture)
{
  double start_x = 0;
  double start_y = 0;

  g_assert (ESHI_IS_COMPARE_AREA (self));

  if (gtk_gesture_drag_get_start_point (GTK_GESTURE_DRAG (gesture), &start_x, &start_y))
    eshi_compare_area_set_fraction (self, (start_x + x) / MAX (gtk_widget_get_width (GTK_WIDGET (self)), 1));
}

double
eshi_compare_area_get_fraction (EshiCompareArea *self)
{
  g_return_val_if_fail (ESHI_IS_COMPARE_AREA (self), 0);

  return self->fraction;
}

void
eshi_compare_area_set_fraction (EshiCompareArea *self,
                                double           fraction)
{
  g_return_if_fail (ESHI_IS_COMPARE_AREA (self));

  fraction = CLAMP (fraction, 0, 1);
  if (fraction == self->fraction)
    return;
  self->fraction = fraction;
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FRACTION]);
}

/* --- modes ------------------------------------------------------------------------------------------------------- */

static gboolean
on_blink_cb (gpointer user_data)
{
  EshiCompareArea *self = ESHI_COMPARE_AREA (user_data);

  self->blink_second = !self->blink_second && self->n_items > 1;
  show_children (self);
  return G_SOURCE_CONTINUE;
}

static void
update_blinking (EshiCompareArea *self)
{
  gboolean wanted = self->mode == ESHI_COMPARE_BLINK && gtk_widget_get_mapped (GTK_WIDGET (self));

  if (wanted && self->blink_source == 0)
    self->blink_source = g_timeout_add (BLINK_MS, on_blink_cb, self);
  else if (!wanted)
    g_clear_handle_id (&self->blink_source, g_source_remove);
}

void
eshi_compare_area_set_mode (EshiCompareArea *self,
                            EshiCompareMode  mode)
{
  g_return_if_fail (ESHI_IS_COMPARE_AREA (self));

  self->mode = mode;
  self->blink_second = FALSE;
  update_blinking (self);
  show_children (self);
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

static void
eshi_compare_area_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (eshi_compare_area_parent_class)->map (widget);
  update_blinking (ESHI_COMPARE_AREA (widget));
}

static void
eshi_compare_area_unmap (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (eshi_compare_area_parent_class)->unmap (widget);
  update_blinking (ESHI_COMPARE_AREA (widget));
}

/* --- pictures ---------------------------------------------------------------------------------------------------- */

static void
read_in_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  const EshiHistoryPicture *picture = task_data;
  GError *error = NULL;
  g_autoptr(EshiImage) image = eshi_picture_file_load_image (picture->path, &error);

  if (image == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, eshi_picture_make_texture (image), g_object_unref);
}

static void
on_read_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  EshiCompareArea *self = ESHI_COMPARE_AREA (source);
  guint i = GPOINTER_TO_UINT (user_data);
  const EshiHistoryPicture *picture = g_task_get_task_data (G_TASK (result));
  g_autoptr(GError) error = NULL;
  g_autoptr(GdkTexture) texture = g_task_propagate_pointer (G_TASK (result), &error);
  g_autofree char *name = g_strdup_printf ("%u: %s", i + 1, picture->settings->prompt);

  if (g_cancellable_is_cancelled (g_task_get_cancellable (G_TASK (result))))
    return;
  if (texture == NULL)
    {
      gtk_label_set_text (GTK_LABEL (self->captions[i]), error->message);
      return;
    }
  eshi_canvas_show (self->canvases[i], texture, gdk_texture_get_width (texture), gdk_texture_get_height (texture),
                    name);
  eshi_test_log ("COMPARED %u", i);
}

static void
read_picture (EshiCompareArea          *self,
              guint                     i,
              const EshiHistoryPicture *picture)
{
  g_autoptr(GTask) task = g_task_new (self, self->cancellable, on_read_cb, GUINT_TO_POINTER (i));

  g_task_set_source_tag (task, read_picture);
  g_task_set_task_data (task, eshi_history_picture_copy (picture), (GDestroyNotify) eshi_history_picture_free);
  g_task_run_in_thread (task, read_in_thread);
}

static void
remove_children (EshiCompareArea *self)
{
  for (guint i = 0; i < self->n_items; i++)
    {
      gtk_widget_unparent (GTK_WIDGET (self->canvases[i]));
      gtk_widget_unparent (self->captions[i]);
    }
  self->n_items = 0;
}

static void
add_child (EshiCompareArea          *self,
           const EshiHistoryPicture *first,
           const EshiHistoryPicture *picture)
{
  guint i = self->n_items++;
  GtkWidget *canvas = eshi_canvas_new ();
  GtkWidget *caption = gtk_label_new (NULL);
  g_autofree char *difference = eshi_info_pane_dup_difference (first, picture);

  gtk_label_set_markup (GTK_LABEL (caption), difference);
  gtk_label_set_wrap (GTK_LABEL (caption), TRUE);
  gtk_label_set_justify (GTK_LABEL (caption), GTK_JUSTIFY_CENTER);
  gtk_label_set_max_width_chars (GTK_LABEL (caption), 40);
  gtk_widget_set_can_target (caption, FALSE);
  gtk_widget_add_css_class (caption, "osd");
  gtk_widget_add_css_class (caption, "eshi-caption");
  g_signal_connect_object (canvas, "view-changed", G_CALLBACK (on_view_changed_cb), self, G_CONNECT_SWAPPED);
  self->canvases[i] = ESHI_CANVAS (canvas);
  self->captions[i] = caption;
  gtk_widget_set_parent (canvas, GTK_WIDGET (self));
  read_picture (self, i, picture);
}

void
eshi_compare_area_set_items (EshiCompareArea *self,
                             GPtrArray       *items)
{
  const EshiHistoryPicture *first = NULL;

  g_return_if_fail (ESHI_IS_COMPARE_AREA (self));
  g_return_if_fail (items != NULL);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  remove_children (self);
  for (guint i = 0; i < items->len && self->n_items < ESHI_COMPARE_MAX; i++)
    {
      const EshiHistoryPicture *picture = eshi_history_item_get_picture (g_ptr_array_index (items, i));

      if (picture == NULL)
        continue;
      if (first == NULL)
        first = picture;
      add_child (self, first, picture);
    }
  /* Captions lie above all canvases. */
  for (guint i = 0; i < self->n_items; i++)
    gtk_widget_set_parent (self->captions[i], GTK_WIDGET (self));
  show_children (self);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

/* --- the widget -------------------------------------------------------------------------------------------------- */

static gboolean
eshi_compare_area_grab_focus (GtkWidget *widget)
{
  EshiCompareArea *self = ESHI_COMPARE_AREA (widget);

  return self->n_items > 0 && gtk_widget_grab_focus (GTK_WIDGET (self->canvases[0]));
}

static void
eshi_compare_area_dispose (GObject *object)
{
  EshiCompareArea *self = ESHI_COMPARE_AREA (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->blink_source, g_source_remove);
  remove_children (self);
  G_OBJECT_CLASS (eshi_compare_area_parent_class)->dispose (object);
}

static void
eshi_compare_area_get_property (GObject    *object,
                                guint       prop_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_FRACTION:
      g_value_set_double (value, ESHI_COMPARE_AREA (object)->fraction);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_compare_area_set_property (GObject      *object,
                                guint         prop_id,
                                const GValue *value,
                                GParamSpec   *pspec)
{
  switch (prop_id)
    {
    case PROP_FRACTION:
      eshi_compare_area_set_fraction (ESHI_COMPARE_AREA (object), g_value_get_double (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_compare_area_class_init (EshiCompareAreaClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = eshi_compare_area_dispose;
  object_class->get_property = eshi_compare_area_get_property;
  object_class->set_property = eshi_compare_area_set_property;
  widget_class->size_allocate = eshi_compare_area_size_allocate;
  widget_class->measure = eshi_compare_area_measure;
  widget_class->snapshot = eshi_compare_area_snapshot;
  widget_class->map = eshi_compare_area_map;
  widget_class->unmap = eshi_compare_area_unmap;
  widget_class->grab_focus = eshi_compare_area_grab_focus;
  properties[PROP_FRACTION] =
    g_param_spec_double ("fraction", NULL, NULL, 0, 1, 0.5,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
eshi_compare_area_init (EshiCompareArea *self)
{
  GtkGesture *drag = gtk_gesture_drag_new ();

  self->fraction = 0.5;
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  /* Before the canvas below takes the drag for moving the picture. */
  gtk_event_controller_set_propagation_phase (GTK_EVENT_CONTROLLER (drag), GTK_PHASE_CAPTURE);
  g_signal_connect_object (drag, "drag-begin", G_CALLBACK (on_drag_begin_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (drag, "drag-update", G_CALLBACK (on_drag_update_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drag));
}

GtkWidget *
eshi_compare_area_new (void)
{
  return g_object_new (ESHI_TYPE_COMPARE_AREA, NULL);
}
