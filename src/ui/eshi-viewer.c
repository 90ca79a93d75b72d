/* eshi-viewer.c: one picture of a list, large; to leaf through, and to sort out.
 *
 * Reads the file on a thread and shows what came last: who leafs fast sees no picture late. Decides nothing about
 * pictures: rejecting and marking are asked for by signals.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-viewer.h"

#include "eshi-canvas.h"
#include "eshi-picture.h"
#include "eshi-test-log.h"

#include <eshi-picture-file.h>
#include <glib/gi18n-lib.h>

struct _EshiViewer
{
  AdwBin parent_instance;

  /* Template Widgets */
  GtkStack *stack;
  EshiCanvas *canvas;
  AdwStatusPage *missing_page;
  AdwWindowTitle *title;
  GtkWidget *previous_button;
  GtkWidget *next_button;
  GtkWidget *favourite_icon;
  GtkLabel *rating_label;
  GtkWidget *cull_hint;

  /* Owned References */
  GListModel *items;
  EshiHistoryItem *item;
  GCancellable *cancellable;

  guint position;
  guint culling : 1;
};

enum
{
  PROP_0,
  PROP_POSITION,
  PROP_CULLING,
  N_PROPS,
};

enum
{
  REJECT,
  MARK,
  UNDO,
  CLOSE,
  MENU_REQUESTED,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiViewer, eshi_viewer, ADW_TYPE_BIN)

/* --- the picture ------------------------------------------------------------------------------------------------- */

static void
read_in_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  GError *error = NULL;
  g_autoptr(EshiImage) image = NULL;

  if (g_task_return_error_if_cancelled (task))
    return;
  image = eshi_picture_file_load_image (task_data, &error);
  if (image == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, eshi_picture_make_texture (image), g_object_unref);
}

static void
show_missing (EshiViewer   *self,
              const GError *error)
{
  adw_status_page_set_description (self->missing_page, error->message);
  eshi_canvas_show (self->canvas, NULL, 0, 0, NULL);
  gtk_stack_set_visible_child_name (self->stack, "missing");
}

static void
on_read_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  EshiViewer *self = ESHI_VIEWER (source);
  g_autoptr(GError) error = NULL;
  g_autoptr(GdkTexture) texture = g_task_propagate_pointer (G_TASK (result), &error);

  if (g_cancellable_is_cancelled (g_task_get_cancellable (G_TASK (result))))
    return;
  if (texture == NULL)
    {
      show_missing (self, error);
      return;
    }
  eshi_canvas_show (self->canvas, texture, gdk_texture_get_width (texture), gdk_texture_get_height (texture),
                    eshi_history_item_get_title (self->item));
  gtk_stack_set_visible_child_name (self->stack, "canvas");
  eshi_test_log ("SHOWN %" G_GINT64_FORMAT, eshi_history_item_get_id (self->item));
}

static void
read_picture (EshiViewer               *self,
              const EshiHistoryPicture *picture)
{
  g_autoptr(GTask) task = NULL;

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  task = g_task_new (self, self->cancellable, on_read_cb, NULL);
  g_task_set_source_tag (task, read_picture);
  g_task_set_task_data (task, g_strdup (picture->path), g_free);
  g_task_run_in_thread (task, read_in_thread);
}

static void
show_marks (EshiViewer               *self,
            const EshiHistoryPicture *picture)
{
  static const char * const stars[] = { "", "★", "★★", "★★★", "★★★★", "★★★★★" };

  gtk_widget_set_visible (self->favourite_icon, picture->favourite);
  gtk_label_set_text (self->rating_label, stars[CLAMP (picture->rating, 0, 5)]);
}

static void
show_title (EshiViewer               *self,
            const EshiHistoryPicture *picture)
{
  /* Translators: which picture of how many */
  g_autofree char *place = g_strdup_printf (_("%u of %u"), self->position + 1,
                                            g_list_model_get_n_items (self->items));

  adw_window_title_set_title (self->title, eshi_history_item_get_title (self->item));
  adw_window_title_set_subtitle (self->title, place);
  show_marks (self, picture);
}

static void
on_item_cb (EshiViewer *self)
{
  const EshiHistoryPicture *picture = eshi_history_item_get_picture (self->item);

  g_assert (ESHI_IS_VIEWER (self));

  if (picture == NULL)
    return;
  show_title (self, picture);
  if (self->cancellable == NULL)
    read_picture (self, picture);
}

static void
set_item (EshiViewer      *self,
          EshiHistoryItem *item)
{
  if (self->item != NULL)
    g_signal_handlers_disconnect_by_func (self->item, on_item_cb, self);
  g_set_object (&self->item, item);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (item == NULL)
    return;
  g_signal_connect_object (item, "notify::picture", G_CALLBACK (on_item_cb), self, G_CONNECT_SWAPPED);
  on_item_cb (self);
}

static void
update_buttons (EshiViewer *self)
{
  guint n_items = self->items != NULL ? g_list_model_get_n_items (self->items) : 0;

  gtk_widget_set_sensitive (self->previous_button, self->position > 0 && self->position < n_items);
  gtk_widget_set_sensitive (self->next_button, n_items > 0 && self->position < n_items - 1);
}

void
eshi_viewer_set_position (EshiViewer *self,
                          guint       position)
{
  g_autoptr(EshiHistoryItem) item = NULL;

  g_return_if_fail (ESHI_IS_VIEWER (self));

  if (self->items != NULL && position != GTK_INVALID_LIST_POSITION)
    item = g_list_model_get_item (self->items, position);
  self->position = item != NULL ? position : GTK_INVALID_LIST_POSITION;
  set_item (self, item);
  update_buttons (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_POSITION]);
}

static void
on_items_changed_cb (EshiViewer *self,
                     guint       position,
                     guint       n_removed,
                     guint       n_added)
{
  guint n_items = g_list_model_get_n_items (self->items);

  g_assert (ESHI_IS_VIEWER (self));

  if (self->position == GTK_INVALID_LIST_POSITION)
    return;
  if (position > self->position || position + n_removed <= self->position)
    {
      if (position <= self->position)
        self->position = self->position - n_removed + n_added;
      update_buttons (self);
      on_item_cb (self);
    }
  else if (n_items == 0)
    {
      eshi_viewer_set_position (self, GTK_INVALID_LIST_POSITION);
      g_signal_emit (self, signals[CLOSE], 0);
    }
  else
    {
      eshi_viewer_set_position (self, MIN (position, n_items - 1));
    }
}

/* --- keys -------------------------------------------------------------------------------------------------------- */

static void
leaf (EshiViewer *self,
      int         by)
{
  guint n_items = self->items != NULL ? g_list_model_get_n_items (self->items) : 0;

  if (self->position == GTK_INVALID_LIST_POSITION || (by < 0 && self->position == 0) ||
      (by > 0 && self->position + 1 >= n_items))
    return;
  eshi_viewer_set_position (self, self->position + (guint) by);
}

static void
left_action (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  EshiViewer *self = ESHI_VIEWER (widget);

  if (self->culling)
    g_signal_emit (self, signals[REJECT], 0);
  else
    leaf (self, -1);
}

static void
right_action (GtkWidget  *widget,
              const char *name,
              GVariant   *parameter)
{
  leaf (ESHI_VIEWER (widget), 1);
}

static void
mark_action (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  EshiViewer *self = ESHI_VIEWER (widget);

  g_signal_emit (self, signals[MARK], 0);
  if (self->culling)
    leaf (self, 1);
}

static void
undo_action (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  g_signal_emit (widget, signals[UNDO], 0);
}

static void
previous_action (GtkWidget  *widget,
                 const char *name,
                 GVariant   *parameter)
{
  leaf (ESHI_VIEWER (widget), -1);
}

static void
close_action (GtkWidget  *widget,
              const char *name,
              GVariant   *parameter)
{
  g_signal_emit (widget, signals[CLOSE], 0);
}

static void
on_menu_requested_cb (EshiViewer *self,
                      double      x,
                      double      y,
                      GtkWidget  *canvas)
{
  g_assert (ESHI_IS_VIEWER (self));

  gtk_widget_translate_coordinates (canvas, GTK_WIDGET (self), x, y, &x, &y);
  g_signal_emit (self, signals[MENU_REQUESTED], 0, x, y);
}

/* --- the widget -------------------------------------------------------------------------------------------------- */

static gboolean
eshi_viewer_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (ESHI_VIEWER (widget)->canvas));
}

static void
eshi_viewer_dispose (GObject *object)
{
  EshiViewer *self = ESHI_VIEWER (object);

  if (self->items != NULL)
    g_signal_handlers_disconnect_by_func (self->items, on_items_changed_cb, self);
  set_item (self, NULL);
  g_clear_object (&self->items);
  gtk_widget_dispose_template (GTK_WIDGET (self), ESHI_TYPE_VIEWER);
  G_OBJECT_CLASS (eshi_viewer_parent_class)->dispose (object);
}

static void
eshi_viewer_get_property (GObject    *object,
                          guint       prop_id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  EshiViewer *self = ESHI_VIEWER (object);

  switch (prop_id)
    {
    case PROP_POSITION:
      g_value_set_uint (value, self->position);
      break;
    case PROP_CULLING:
      g_value_set_boolean (value, self->culling);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_viewer_set_property (GObject      *object,
                          guint         prop_id,
                          const GValue *value,
                          GParamSpec   *pspec)
{
  EshiViewer *self = ESHI_VIEWER (object);

  switch (prop_id)
    {
    case PROP_POSITION:
      eshi_viewer_set_position (self, g_value_get_uint (value));
      break;
    case PROP_CULLING:
      eshi_viewer_set_culling (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "viewer.left", NULL, left_action);
  gtk_widget_class_install_action (widget_class, "viewer.right", NULL, right_action);
  gtk_widget_class_install_action (widget_class, "viewer.previous", NULL, previous_action);
  gtk_widget_class_install_action (widget_class, "viewer.mark", NULL, mark_action);
  gtk_widget_class_install_action (widget_class, "viewer.undo", NULL, undo_action);
  gtk_widget_class_install_action (widget_class, "viewer.close", NULL, close_action);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Left, 0, "viewer.left", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Right, 0, "viewer.right", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Up, 0, "viewer.mark", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_BackSpace, 0, "viewer.undo", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "viewer.close", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_space, 0, "viewer.close", NULL);
}

static guint
new_signal (EshiViewerClass *klass,
            const char      *name)
{
  return g_signal_new (name, G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-viewer.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiViewer, stack);
  gtk_widget_class_bind_template_child (widget_class, EshiViewer, canvas);
  gtk_widget_class_bind_template_child (widget_class, EshiViewer, missing_page);
  gtk_widget_class_bind_template_child (widget_class, EshiViewer, title);
  gtk_widget_class_bind_template_child (widget_class, EshiViewer, previous_button);
  gtk_widget_class_bind_template_child (widget_class, EshiViewer, next_button);
  gtk_widget_class_bind_template_child (widget_class, EshiViewer, favourite_icon);
  gtk_widget_class_bind_template_child (widget_class, EshiViewer, rating_label);
  gtk_widget_class_bind_template_child (widget_class, EshiViewer, cull_hint);
  gtk_widget_class_bind_template_callback (widget_class, on_menu_requested_cb);
}

static void
eshi_viewer_class_init (EshiViewerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = eshi_viewer_dispose;
  object_class->get_property = eshi_viewer_get_property;
  object_class->set_property = eshi_viewer_set_property;
  widget_class->grab_focus = eshi_viewer_grab_focus;

  properties[PROP_POSITION] =
    g_param_spec_uint ("position", NULL, NULL, 0, G_MAXUINT, GTK_INVALID_LIST_POSITION,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_CULLING] =
    g_param_spec_boolean ("culling", NULL, NULL, FALSE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  signals[REJECT] = new_signal (klass, "reject");
  signals[MARK] = new_signal (klass, "mark");
  signals[UNDO] = new_signal (klass, "undo");
  signals[CLOSE] = new_signal (klass, "close");
  signals[MENU_REQUESTED] = g_signal_new ("menu-requested", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                          0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_DOUBLE, G_TYPE_DOUBLE);
  g_type_ensure (ESHI_TYPE_CANVAS);
  install_actions (widget_class);
  bind_template (widget_class);
}

static void
eshi_viewer_init (EshiViewer *self)
{
  self->position = GTK_INVALID_LIST_POSITION;
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
eshi_viewer_new (void)
{
  return g_object_new (ESHI_TYPE_VIEWER, NULL);
}

void
eshi_viewer_set_items (EshiViewer *self,
                       GListModel *items)
{
  g_return_if_fail (ESHI_IS_VIEWER (self));
  g_return_if_fail (items == NULL || G_IS_LIST_MODEL (items));

  eshi_viewer_set_position (self, GTK_INVALID_LIST_POSITION);
  if (self->items != NULL)
    g_signal_handlers_disconnect_by_func (self->items, on_items_changed_cb, self);
  g_set_object (&self->items, items);
  if (items != NULL)
    g_signal_connect_object (items, "items-changed", G_CALLBACK (on_items_changed_cb), self, G_CONNECT_SWAPPED);
}

guint
eshi_viewer_get_position (EshiViewer *self)
{
  g_return_val_if_fail (ESHI_IS_VIEWER (self), GTK_INVALID_LIST_POSITION);

  return self->position;
}

EshiHistoryItem *
eshi_viewer_get_item (EshiViewer *self)
{
  g_return_val_if_fail (ESHI_IS_VIEWER (self), NULL);

  return self->item;
}

gboolean
eshi_viewer_get_culling (EshiViewer *self)
{
  g_return_val_if_fail (ESHI_IS_VIEWER (self), FALSE);

  return self->culling;
}

void
eshi_viewer_set_culling (EshiViewer *self,
                         gboolean    culling)
{
  g_return_if_fail (ESHI_IS_VIEWER (self));

  if (self->culling == culling)
    return;
  self->culling = culling;
  gtk_widget_set_visible (self->cull_hint, culling);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CULLING]);
}
