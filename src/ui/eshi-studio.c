/* eshi-studio.c: the picture with the strip of this session's pictures, which stands beside it or below it.
 *
 * Does not choose where by itself, nor turn the strip: the window does, which knows its whole width.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-studio.h"

struct _EshiStudio
{
  GtkWidget parent_instance;

  guint wide : 1;
};

G_DEFINE_FINAL_TYPE (EshiStudio, eshi_studio, GTK_TYPE_WIDGET)

static void
measure_child (GtkWidget      *child,
               GtkOrientation  orientation,
               int             for_size,
               int            *minimum,
               int            *natural)
{
  *minimum = 0;
  *natural = 0;
  if (child != NULL && gtk_widget_should_layout (child))
    gtk_widget_measure (child, orientation, for_size, minimum, natural, NULL, NULL);
}

/* The second child; a menu that was opened here may come after it. */
static GtkWidget *
get_strip (GtkWidget *widget)
{
  GtkWidget *large = gtk_widget_get_first_child (widget);

  return large != NULL ? gtk_widget_get_next_sibling (large) : NULL;
}

static GtkSizeRequestMode
eshi_studio_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

/* Side by side, the children share the width that is asked about; how, does not matter to their heights. */
static void
eshi_studio_measure (GtkWidget      *widget,
                     GtkOrientation  orientation,
                     int             for_size,
                     int            *minimum,
                     int            *natural,
                     int            *minimum_baseline,
                     int            *natural_baseline)
{
  EshiStudio *self = ESHI_STUDIO (widget);
  gboolean horizontal = orientation == GTK_ORIENTATION_HORIZONTAL;
  int least[2];
  int wanted[2];

  measure_child (gtk_widget_get_first_child (widget), orientation, self->wide ? -1 : for_size, &least[0], &wanted[0]);
  measure_child (get_strip (widget), orientation, self->wide ? -1 : for_size, &least[1], &wanted[1]);
  *minimum = horizontal || self->wide ? MAX (least[0], least[1]) : least[0] + least[1];
  *natural = horizontal == !!self->wide ? wanted[0] + wanted[1] : MAX (wanted[0], wanted[1]);
}

static void
place (GtkWidget *child,
       int        x,
       int        y,
       int        width,
       int        height)
{
  if (child != NULL && gtk_widget_should_layout (child))
    gtk_widget_size_allocate (child, &(GtkAllocation) { x, y, width, height }, -1);
}

static void
allocate_beside (GtkWidget *large,
                 GtkWidget *strip,
                 int        strip_width,
                 int        width,
                 int        height)
{
  gboolean mirrored = gtk_widget_get_direction (large) == GTK_TEXT_DIR_RTL;

  place (large, mirrored ? strip_width : 0, 0, width - strip_width, height);
  place (strip, mirrored ? 0 : width - strip_width, 0, strip_width, height);
}

static void
eshi_studio_size_allocate (GtkWidget *widget,
                           int        width,
                           int        height,
                           int        baseline)
{
  EshiStudio *self = ESHI_STUDIO (widget);
  GtkWidget *large = gtk_widget_get_first_child (widget);
  GtkWidget *strip = get_strip (widget);
  int least;
  int wanted;
  int strip_size;

  measure_child (large, GTK_ORIENTATION_HORIZONTAL, -1, &least, &wanted);
  measure_child (strip, GTK_ORIENTATION_HORIZONTAL, -1, &strip_size, &wanted);
  if (self->wide && least + strip_size <= width)
    {
      allocate_beside (large, strip, MIN (wanted, width - least), width, height);
      return;
    }
  measure_child (strip, GTK_ORIENTATION_VERTICAL, width, &strip_size, &wanted);
  place (large, 0, 0, width, height - strip_size);
  place (strip, 0, height - strip_size, width, strip_size);
}

static void
eshi_studio_dispose (GObject *object)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (object))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (eshi_studio_parent_class)->dispose (object);
}

static void
eshi_studio_class_init (EshiStudioClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = eshi_studio_dispose;
  widget_class->get_request_mode = eshi_studio_get_request_mode;
  widget_class->measure = eshi_studio_measure;
  widget_class->size_allocate = eshi_studio_size_allocate;
}

static void
eshi_studio_init (EshiStudio *self)
{
  self->wide = TRUE;
}

void
eshi_studio_set_wide (EshiStudio *self,
                      gboolean    wide)
{
  g_return_if_fail (ESHI_IS_STUDIO (self));

  if (self->wide == !!wide)
    return;
  self->wide = !!wide;
  gtk_widget_queue_resize (GTK_WIDGET (self));
}
