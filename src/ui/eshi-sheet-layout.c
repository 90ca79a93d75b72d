/* eshi-sheet-layout.c: children of one shape in rows and columns, as large as the space allows.
 *
 * For a sheet that is to be seen at one glance: it never scrolls by itself, and never shows a part of its children.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-sheet-layout.h"

#include <math.h>

#define GAP 6
#define MIN_COLUMNS 3   /* that there is always room for */

struct _EshiSheetLayout
{
  GtkLayoutManager parent_instance;

  double aspect;
  int padding;
};

/* What is measured of the children before they are placed. */
typedef struct
{
  guint n;
  int width;    /* the largest of the smallest */
  int height;
} Children;

G_DEFINE_FINAL_TYPE (EshiSheetLayout, eshi_sheet_layout, GTK_TYPE_LAYOUT_MANAGER)

static Children
measure_children (GtkWidget *widget)
{
  Children children = { 0 };

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      int width = 0;
      int height = 0;

      gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, &width, NULL, NULL, NULL);
      gtk_widget_measure (child, GTK_ORIENTATION_VERTICAL, -1, &height, NULL, NULL, NULL);
      children.n++;
      children.width = MAX (children.width, width);
      children.height = MAX (children.height, height);
    }
  return children;
}

/* Pixels that @n children of at least @least pixels take in a row. */
static int
span (guint n,
      int   least)
{
  return n > 0 ? (int) n * least + ((int) n - 1) * GAP : 0;
}

static void
measure (GtkLayoutManager *manager,
         GtkWidget        *widget,
         GtkOrientation    orientation,
         int               for_size,
         int              *minimum,
         int              *natural,
         int              *minimum_baseline,
         int              *natural_baseline)
{
  Children children = measure_children (widget);
  guint columns = MIN (children.n, MIN_COLUMNS);

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    *minimum = span (columns, children.width);
  else
    *minimum = span (columns > 0 ? (children.n + columns - 1) / columns : 0, children.height);
  *natural = *minimum;
}

/* Height of what a child shows with so many columns. */
static double
shown_height (guint  columns,
              guint  n,
              int    width,
              int    height,
              double aspect,
              int    padding,
              int    rest)
{
  guint rows = (n + columns - 1) / columns;
  double by_width = ((width - (double) (columns - 1) * GAP) / columns - padding) / aspect;
  double by_height = (height - (double) (rows - 1) * GAP) / rows - rest;

  return MIN (by_width, by_height);
}

guint
eshi_sheet_layout_choose_columns (guint  n,
                                  int    width,
                                  int    height,
                                  double aspect,
                                  int    padding,
                                  int    rest)
{
  guint best = 1;

  for (guint columns = 2; columns <= n; columns++)
    {
      if (shown_height (columns, n, width, height, aspect, padding, rest) >
          shown_height (best, n, width, height, aspect, padding, rest))
        best = columns;
    }
  return best;
}

static void
place (GtkWidget *child,
       int        x,
       int        y,
       int        width,
       int        height)
{
  gtk_widget_size_allocate (child, &(GtkAllocation) { x, y, width, height }, -1);
}

static void
allocate (GtkLayoutManager *manager,
          GtkWidget        *widget,
          int               width,
          int               height,
          int               baseline)
{
  EshiSheetLayout *self = ESHI_SHEET_LAYOUT (manager);
  Children children = measure_children (widget);
  guint columns = eshi_sheet_layout_choose_columns (MAX (children.n, 1), width, height, self->aspect, self->padding,
                                                    children.height);
  guint rows = (children.n + columns - 1) / columns;
  double shown = shown_height (columns, MAX (children.n, 1), width, height, self->aspect, self->padding, children.height);
  int each_width = MAX (children.width, (int) floor (shown * self->aspect) + self->padding);
  int each_height = MAX (children.height, (int) floor (shown) + children.height);
  int left = MAX (0, (width - span (columns, each_width)) / 2);
  int top = MAX (0, (height - span (rows, each_height)) / 2);
  guint i = 0;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      place (child, left + (int) (i % columns) * (each_width + GAP), top + (int) (i / columns) * (each_height + GAP),
             each_width, each_height);
      i++;
    }
}

static void
eshi_sheet_layout_class_init (EshiSheetLayoutClass *klass)
{
  GtkLayoutManagerClass *manager_class = GTK_LAYOUT_MANAGER_CLASS (klass);

  manager_class->measure = measure;
  manager_class->allocate = allocate;
}

static void
eshi_sheet_layout_init (EshiSheetLayout *self)
{
  self->aspect = 1.0;
}

GtkLayoutManager *
eshi_sheet_layout_new (void)
{
  return g_object_new (ESHI_TYPE_SHEET_LAYOUT, NULL);
}

void
eshi_sheet_layout_set_shape (EshiSheetLayout *self,
                             double           width,
                             double           height,
                             int              padding)
{
  g_return_if_fail (ESHI_IS_SHEET_LAYOUT (self));
  g_return_if_fail (width > 0 && height > 0);

  self->aspect = width / height;
  self->padding = padding;
  gtk_layout_manager_layout_changed (GTK_LAYOUT_MANAGER (self));
}
