/* eshi-reset-button.c: brings one option back to its default; there only when it is not at it.
 *
 * Changes nothing itself: whoever has the action can offer to undo it.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-reset-button.h"

#include "eshi-options.h"

#include <adwaita.h>
#include <glib/gi18n-lib.h>

struct _EshiResetButton
{
  GtkButton parent_instance;

  /* Owned References */
  char *key;
};

enum
{
  PROP_0,
  PROP_KEY,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (EshiResetButton, eshi_reset_button, GTK_TYPE_BUTTON)

static void
update (EshiResetButton *self)
{
  GSettings *options = eshi_options_get ();
  g_autoptr(GVariant) value = NULL;
  g_autoptr(GVariant) fallback = NULL;

  g_assert (ESHI_IS_RESET_BUTTON (self));

  value = g_settings_get_value (options, self->key);
  fallback = g_settings_get_default_value (options, self->key);
  gtk_widget_set_visible (GTK_WIDGET (self), !g_variant_equal (value, fallback));
}

/* A screen reader says which option it is. */
static void
eshi_reset_button_map (GtkWidget *widget)
{
  GtkWidget *row = gtk_widget_get_ancestor (widget, ADW_TYPE_PREFERENCES_ROW);
  const char *title = row != NULL ? adw_preferences_row_get_title (ADW_PREFERENCES_ROW (row)) : "";
  /* Translators: %s is the title of a setting */
  g_autofree char *label = g_strdup_printf (_("Reset “%s”"), title);

  gtk_accessible_update_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  GTK_WIDGET_CLASS (eshi_reset_button_parent_class)->map (widget);
}

static void
eshi_reset_button_constructed (GObject *object)
{
  EshiResetButton *self = ESHI_RESET_BUTTON (object);
  g_autofree char *changed = g_strconcat ("changed::", self->key, NULL);

  G_OBJECT_CLASS (eshi_reset_button_parent_class)->constructed (object);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self), "preferences.reset");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (self), "s", self->key);
  g_signal_connect_object (eshi_options_get (), changed, G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
eshi_reset_button_finalize (GObject *object)
{
  g_clear_pointer (&ESHI_RESET_BUTTON (object)->key, g_free);
  G_OBJECT_CLASS (eshi_reset_button_parent_class)->finalize (object);
}

static void
eshi_reset_button_set_property (GObject      *object,
                                guint         prop_id,
                                const GValue *value,
                                GParamSpec   *pspec)
{
  switch (prop_id)
    {
    case PROP_KEY:
      ESHI_RESET_BUTTON (object)->key = g_value_dup_string (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_reset_button_class_init (EshiResetButtonClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = eshi_reset_button_constructed;
  object_class->finalize = eshi_reset_button_finalize;
  object_class->set_property = eshi_reset_button_set_property;
  GTK_WIDGET_CLASS (klass)->map = eshi_reset_button_map;

  properties[PROP_KEY] = g_param_spec_string ("key", NULL, NULL, NULL,
                                              G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
eshi_reset_button_init (EshiResetButton *self)
{
  gtk_button_set_icon_name (GTK_BUTTON (self), "edit-undo-symbolic");
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), _("Back to the Default"));
  gtk_widget_set_valign (GTK_WIDGET (self), GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (GTK_WIDGET (self), "flat");
}
