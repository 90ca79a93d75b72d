/* eshi-views.c: the frame of the window: its header, and the views that it switches between.
 *
 * Knows of the views only their names; what they do is theirs.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-views.h"

struct _EshiViews
{
  AdwBin parent_instance;

  /* Template Widgets */
  AdwViewStack *stack;
  AdwViewSwitcherTitle *title;
  GtkWidget *back_button;
  GtkWidget *pane_button;
  GtkWidget *next_button;
  GtkMenuButton *menu_button;
  GtkMenuButton *model_button;

  /* Borrowed References */
  AdwLeaflet *leaflet;      /* weak */
  GtkWidget *panel_page;    /* weak */
};

enum
{
  PROP_0,
  PROP_VISIBLE_NAME,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (EshiViews, eshi_views, ADW_TYPE_BIN)

static void
update_buttons (EshiViews *self)
{
  gboolean studio = self->leaflet != NULL &&
                    adw_view_stack_get_visible_child (self->stack) == GTK_WIDGET (self->leaflet);
  gboolean folded = studio && adw_leaflet_get_folded (self->leaflet);
  gboolean panel = folded && adw_leaflet_get_visible_child (self->leaflet) == self->panel_page;

  gtk_widget_set_visible (self->pane_button, studio && !folded);
  gtk_widget_set_visible (self->back_button, folded && !panel);
  gtk_widget_set_visible (self->next_button, panel);
}

static void
on_visible_child_cb (EshiViews *self)
{
  g_assert (ESHI_IS_VIEWS (self));

  update_buttons (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_VISIBLE_NAME]);
}

static void
on_leaflet_cb (EshiViews *self)
{
  g_assert (ESHI_IS_VIEWS (self));

  update_buttons (self);
}

static void
eshi_views_dispose (GObject *object)
{
  EshiViews *self = ESHI_VIEWS (object);

  g_clear_weak_pointer (&self->leaflet);
  g_clear_weak_pointer (&self->panel_page);
  gtk_widget_dispose_template (GTK_WIDGET (self), ESHI_TYPE_VIEWS);
  G_OBJECT_CLASS (eshi_views_parent_class)->dispose (object);
}

static void
eshi_views_get_property (GObject    *object,
                         guint       prop_id,
                         GValue     *value,
                         GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_VISIBLE_NAME:
      g_value_set_string (value, eshi_views_get_visible_name (ESHI_VIEWS (object)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_views_set_property (GObject      *object,
                         guint         prop_id,
                         const GValue *value,
                         GParamSpec   *pspec)
{
  switch (prop_id)
    {
    case PROP_VISIBLE_NAME:
      eshi_views_set_visible_name (ESHI_VIEWS (object), g_value_get_string (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_views_class_init (EshiViewsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = eshi_views_dispose;
  object_class->get_property = eshi_views_get_property;
  object_class->set_property = eshi_views_set_property;
  properties[PROP_VISIBLE_NAME] =
    g_param_spec_string ("visible-name", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-views.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiViews, stack);
  gtk_widget_class_bind_template_child (widget_class, EshiViews, title);
  gtk_widget_class_bind_template_child (widget_class, EshiViews, back_button);
  gtk_widget_class_bind_template_child (widget_class, EshiViews, pane_button);
  gtk_widget_class_bind_template_child (widget_class, EshiViews, next_button);
  gtk_widget_class_bind_template_child (widget_class, EshiViews, menu_button);
  gtk_widget_class_bind_template_child (widget_class, EshiViews, model_button);
  gtk_widget_class_bind_template_callback (widget_class, on_visible_child_cb);
}

static void
eshi_views_init (EshiViews *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
eshi_views_new (void)
{
  return g_object_new (ESHI_TYPE_VIEWS, NULL);
}

void
eshi_views_add (EshiViews  *self,
                GtkWidget  *view,
                const char *name,
                const char *title,
                const char *icon_name)
{
  g_return_if_fail (ESHI_IS_VIEWS (self));
  g_return_if_fail (GTK_IS_WIDGET (view));

  adw_view_stack_page_set_icon_name (adw_view_stack_add_titled (self->stack, view, name, title), icon_name);
}

void
eshi_views_set_badge (EshiViews  *self,
                      const char *name,
                      guint       number,
                      gboolean    attention)
{
  AdwViewStackPage *page;

  g_return_if_fail (ESHI_IS_VIEWS (self));
  g_return_if_fail (name != NULL);

  page = adw_view_stack_get_page (self->stack, adw_view_stack_get_child_by_name (self->stack, name));
  adw_view_stack_page_set_badge_number (page, number);
  adw_view_stack_page_set_needs_attention (page, attention);
}

const char *
eshi_views_get_visible_name (EshiViews *self)
{
  g_return_val_if_fail (ESHI_IS_VIEWS (self), NULL);

  return self->stack != NULL ? adw_view_stack_get_visible_child_name (self->stack) : NULL;
}

void
eshi_views_set_visible_name (EshiViews  *self,
                             const char *name)
{
  g_return_if_fail (ESHI_IS_VIEWS (self));
  g_return_if_fail (name != NULL);

  adw_view_stack_set_visible_child_name (self->stack, name);
}

void
eshi_views_follow_leaflet (EshiViews  *self,
                           AdwLeaflet *leaflet,
                           GtkWidget  *panel_page)
{
  g_return_if_fail (ESHI_IS_VIEWS (self));
  g_return_if_fail (ADW_IS_LEAFLET (leaflet));

  g_set_weak_pointer (&self->leaflet, leaflet);
  g_set_weak_pointer (&self->panel_page, panel_page);
  g_signal_connect_object (leaflet, "notify::folded", G_CALLBACK (on_leaflet_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (leaflet, "notify::visible-child", G_CALLBACK (on_leaflet_cb), self, G_CONNECT_SWAPPED);
  update_buttons (self);
}

void
eshi_views_add_top_bar (EshiViews *self,
                        GtkWidget *bar)
{
  GtkWidget *stack;

  g_return_if_fail (ESHI_IS_VIEWS (self));
  g_return_if_fail (GTK_IS_WIDGET (bar));

  stack = GTK_WIDGET (self->stack);
  gtk_box_insert_child_after (GTK_BOX (gtk_widget_get_parent (stack)), bar, gtk_widget_get_prev_sibling (stack));
}

void
eshi_views_set_menu (EshiViews  *self,
                     GMenuModel *menu)
{
  g_return_if_fail (ESHI_IS_VIEWS (self));

  gtk_menu_button_set_menu_model (self->menu_button, menu);
}

GtkMenuButton *
eshi_views_get_model_button (EshiViews *self)
{
  g_return_val_if_fail (ESHI_IS_VIEWS (self), NULL);

  return self->model_button;
}
