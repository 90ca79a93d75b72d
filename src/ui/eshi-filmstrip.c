/* eshi-filmstrip.c: small pictures in a row, newest first; one of them is chosen.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-filmstrip.h"

#include <glib/gi18n-lib.h>

#define THUMBNAIL_SIZE 80
#define STRIP_SIZE 112   /* thumbnail, and the row around it */

struct _EshiFilmstrip
{
  AdwBin parent_instance;

  /* Template Widgets */
  GtkScrolledWindow *scroller;
  GtkListView *list;

  /* Owned References */
  GtkSingleSelection *selection;
};

enum
{
  PROP_0,
  PROP_SELECTED,
  N_PROPS,
};

enum
{
  MENU_REQUESTED,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiFilmstrip, eshi_filmstrip, ADW_TYPE_BIN)

static void
request_menu (EshiFilmstrip *self,
              GtkWidget     *at,
              double         x,
              double         y)
{
  double here_x = 0;
  double here_y = 0;

  gtk_widget_translate_coordinates (at, GTK_WIDGET (self), x, y, &here_x, &here_y);
  g_signal_emit (self, signals[MENU_REQUESTED], 0, here_x, here_y);
}

static void
select_under (EshiFilmstrip *self,
              GtkWidget     *thumbnail)
{
  GtkListItem *item = g_object_get_data (G_OBJECT (thumbnail), "eshi-list-item");

  gtk_single_selection_set_selected (self->selection, gtk_list_item_get_position (item));
}

static void
on_thumbnail_menu_cb (EshiFilmstrip *self,
                      int            n_press,
                      double         x,
                      double         y,
                      GtkGesture    *gesture)
{
  GtkWidget *thumbnail = gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (gesture));

  g_assert (ESHI_IS_FILMSTRIP (self));

  select_under (self, thumbnail);
  request_menu (self, thumbnail, x, y);
}

static void
on_thumbnail_hold_cb (EshiFilmstrip *self,
                      double         x,
                      double         y,
                      GtkGesture    *gesture)
{
  on_thumbnail_menu_cb (self, 1, x, y, gesture);
}

static gboolean
menu_key_cb (GtkWidget *widget,
             GVariant  *args,
             gpointer   user_data)
{
  EshiFilmstrip *self = ESHI_FILMSTRIP (widget);

  if (eshi_filmstrip_get_selected (self) == NULL)
    return GDK_EVENT_PROPAGATE;
  request_menu (self, widget, gtk_widget_get_width (widget) / 2.0, gtk_widget_get_height (widget) / 2.0);
  return GDK_EVENT_STOP;
}

/* For our own panel the picture itself, for other programs its file and its pixels. */
static GdkContentProvider *
on_drag_prepare_cb (EshiFilmstrip *self,
                    double         x,
                    double         y,
                    GtkDragSource *source)
{
  GtkWidget *thumbnail = gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (source));
  EshiPicture *picture = gtk_list_item_get_item (g_object_get_data (G_OBJECT (thumbnail), "eshi-list-item"));
  GdkContentProvider *providers[3];
  gsize n_providers = 0;

  g_assert (ESHI_IS_FILMSTRIP (self));

  providers[n_providers++] = gdk_content_provider_new_typed (ESHI_TYPE_PICTURE, picture);
  if (eshi_picture_get_path (picture) != NULL)
    {
      g_autoptr(GFile) file = g_file_new_for_path (eshi_picture_get_path (picture));

      providers[n_providers++] = gdk_content_provider_new_typed (G_TYPE_FILE, file);
    }
  providers[n_providers++] = gdk_content_provider_new_typed (GDK_TYPE_TEXTURE, eshi_picture_get_texture (picture));
  gtk_drag_source_set_icon (source, gtk_image_get_paintable (GTK_IMAGE (thumbnail)), 0, 0);
  return gdk_content_provider_new_union (providers, n_providers);
}

/* (transfer full): @thumbnail with the word for pictures that are none yet over it. */
static GtkWidget *
add_mark (GtkWidget *thumbnail)
{
  GtkWidget *overlay = gtk_overlay_new ();
  GtkWidget *mark = gtk_label_new (_("Interrupted"));

  gtk_widget_add_css_class (mark, "eshi-mark");
  gtk_widget_set_halign (mark, GTK_ALIGN_CENTER);
  gtk_widget_set_valign (mark, GTK_ALIGN_END);
  gtk_widget_set_can_target (mark, FALSE);
  gtk_label_set_ellipsize (GTK_LABEL (mark), PANGO_ELLIPSIZE_END);
  g_object_set_data (G_OBJECT (thumbnail), "eshi-mark", mark);
  gtk_widget_set_halign (overlay, GTK_ALIGN_CENTER);
  gtk_widget_set_valign (overlay, GTK_ALIGN_CENTER);
  gtk_overlay_set_child (GTK_OVERLAY (overlay), thumbnail);
  gtk_overlay_add_overlay (GTK_OVERLAY (overlay), mark);
  return overlay;
}

static void
on_setup_cb (EshiFilmstrip *self,
             GtkListItem   *item)
{
  GtkWidget *thumbnail = gtk_image_new ();
  GtkGesture *menu = gtk_gesture_click_new ();
  GtkGesture *hold = gtk_gesture_long_press_new ();
  GtkDragSource *drag = gtk_drag_source_new ();

  g_assert (ESHI_IS_FILMSTRIP (self));

  gtk_image_set_pixel_size (GTK_IMAGE (thumbnail), THUMBNAIL_SIZE);
  gtk_widget_set_halign (thumbnail, GTK_ALIGN_CENTER);
  gtk_widget_set_valign (thumbnail, GTK_ALIGN_CENTER);
  gtk_widget_set_overflow (thumbnail, GTK_OVERFLOW_HIDDEN);
  gtk_widget_add_css_class (thumbnail, "eshi-thumbnail");
  g_object_set_data (G_OBJECT (thumbnail), "eshi-list-item", item);

  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (menu), GDK_BUTTON_SECONDARY);
  gtk_gesture_single_set_touch_only (GTK_GESTURE_SINGLE (hold), TRUE);
  g_signal_connect_object (menu, "pressed", G_CALLBACK (on_thumbnail_menu_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (hold, "pressed", G_CALLBACK (on_thumbnail_hold_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (thumbnail, GTK_EVENT_CONTROLLER (menu));
  g_signal_connect_object (drag, "prepare", G_CALLBACK (on_drag_prepare_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (thumbnail, GTK_EVENT_CONTROLLER (hold));
  gtk_widget_add_controller (thumbnail, GTK_EVENT_CONTROLLER (drag));
  gtk_list_item_set_child (item, add_mark (thumbnail));
}

static void
on_bind_cb (EshiFilmstrip *self,
            GtkListItem   *item)
{
  EshiPicture *picture = gtk_list_item_get_item (item);
  GtkWidget *thumbnail = gtk_overlay_get_child (GTK_OVERLAY (gtk_list_item_get_child (item)));
  GtkWidget *mark = g_object_get_data (G_OBJECT (thumbnail), "eshi-mark");
  const char *title = eshi_picture_get_title (picture);

  g_assert (ESHI_IS_FILMSTRIP (self));

  gtk_image_set_from_paintable (GTK_IMAGE (thumbnail), GDK_PAINTABLE (eshi_picture_get_texture (picture)));
  gtk_widget_set_visible (mark, eshi_picture_get_interrupted (picture));
  gtk_widget_set_tooltip_text (thumbnail, title);
  gtk_accessible_update_property (GTK_ACCESSIBLE (thumbnail), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
}

/* The list keeps its place when a picture comes before the others, so that a new one would not be seen. */
static void
scroll_to_selected (EshiFilmstrip *self)
{
  guint i = gtk_single_selection_get_selected (self->selection);

  if (i != GTK_INVALID_LIST_POSITION)
    gtk_widget_activate_action (GTK_WIDGET (self->list), "list.scroll-to-item", "u", i);
}

static void
on_selected_cb (EshiFilmstrip *self)
{
  g_assert (ESHI_IS_FILMSTRIP (self));

  scroll_to_selected (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SELECTED]);
}

static void
eshi_filmstrip_dispose (GObject *object)
{
  EshiFilmstrip *self = ESHI_FILMSTRIP (object);

  g_clear_object (&self->selection);
  G_OBJECT_CLASS (eshi_filmstrip_parent_class)->dispose (object);
}

static void
eshi_filmstrip_get_property (GObject    *object,
                             guint       prop_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_SELECTED:
      g_value_set_object (value, eshi_filmstrip_get_selected (ESHI_FILMSTRIP (object)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_filmstrip_set_property (GObject      *object,
                             guint         prop_id,
                             const GValue *value,
                             GParamSpec   *pspec)
{
  switch (prop_id)
    {
    case PROP_SELECTED:
      eshi_filmstrip_set_selected (ESHI_FILMSTRIP (object), g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_filmstrip_class_init (EshiFilmstripClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = eshi_filmstrip_dispose;
  object_class->get_property = eshi_filmstrip_get_property;
  object_class->set_property = eshi_filmstrip_set_property;

  properties[PROP_SELECTED] =
    g_param_spec_object ("selected", NULL, NULL, ESHI_TYPE_PICTURE,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  signals[MENU_REQUESTED] = g_signal_new ("menu-requested", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                          0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_DOUBLE, G_TYPE_DOUBLE);

  gtk_widget_class_add_binding (widget_class, GDK_KEY_Menu, 0, menu_key_cb, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, menu_key_cb, NULL);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-filmstrip.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiFilmstrip, scroller);
  gtk_widget_class_bind_template_child (widget_class, EshiFilmstrip, list);
  gtk_widget_class_bind_template_callback (widget_class, on_setup_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_bind_cb);
}

static void
eshi_filmstrip_init (EshiFilmstrip *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->selection = gtk_single_selection_new (NULL);
  gtk_single_selection_set_autoselect (self->selection, FALSE);
  gtk_single_selection_set_can_unselect (self->selection, TRUE);
  g_signal_connect_object (self->selection, "notify::selected-item", G_CALLBACK (on_selected_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_list_view_set_model (self->list, GTK_SELECTION_MODEL (self->selection));
  eshi_filmstrip_set_orientation (self, GTK_ORIENTATION_VERTICAL);
}

GtkWidget *
eshi_filmstrip_new (void)
{
  return g_object_new (ESHI_TYPE_FILMSTRIP, NULL);
}

void
eshi_filmstrip_set_pictures (EshiFilmstrip *self,
                             GListModel    *pictures)
{
  g_return_if_fail (ESHI_IS_FILMSTRIP (self));
  g_return_if_fail (pictures == NULL || G_IS_LIST_MODEL (pictures));

  gtk_single_selection_set_model (self->selection, pictures);
}

EshiPicture *
eshi_filmstrip_get_selected (EshiFilmstrip *self)
{
  g_return_val_if_fail (ESHI_IS_FILMSTRIP (self), NULL);

  return self->selection != NULL ? gtk_single_selection_get_selected_item (self->selection) : NULL;
}

void
eshi_filmstrip_set_selected (EshiFilmstrip *self,
                             EshiPicture   *picture)
{
  GListModel *pictures;
  guint n_pictures;

  g_return_if_fail (ESHI_IS_FILMSTRIP (self));
  g_return_if_fail (picture == NULL || ESHI_IS_PICTURE (picture));

  pictures = gtk_single_selection_get_model (self->selection);
  n_pictures = pictures != NULL ? g_list_model_get_n_items (pictures) : 0;
  for (guint i = 0; i < n_pictures; i++)
    {
      g_autoptr(EshiPicture) each = g_list_model_get_item (pictures, i);

      if (each == picture)
        {
          gtk_single_selection_set_selected (self->selection, i);
          return;
        }
    }
  gtk_single_selection_set_selected (self->selection, GTK_INVALID_LIST_POSITION);
}

void
eshi_filmstrip_set_orientation (EshiFilmstrip  *self,
                                GtkOrientation  orientation)
{
  gboolean vertical = orientation == GTK_ORIENTATION_VERTICAL;

  g_return_if_fail (ESHI_IS_FILMSTRIP (self));

  gtk_orientable_set_orientation (GTK_ORIENTABLE (self->list), orientation);
  gtk_scrolled_window_set_policy (self->scroller,
                                  vertical ? GTK_POLICY_NEVER : GTK_POLICY_AUTOMATIC,
                                  vertical ? GTK_POLICY_AUTOMATIC : GTK_POLICY_NEVER);
  gtk_widget_set_size_request (GTK_WIDGET (self->scroller), vertical ? STRIP_SIZE : -1, vertical ? -1 : STRIP_SIZE);
  scroll_to_selected (self);
}
