/* eshi-preferences.c: the settings window: its plain pages, and resetting.
 *
 * Rows are bound to the options; what the options do is the business of those who read them.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-preferences.h"

#include "eshi-options.h"
#include "eshi-device-page.h"
#include "eshi-files-page.h"
#include "eshi-reset-button.h"

#include <glib/gi18n-lib.h>

#define UNDO_SECONDS 10

struct _EshiPreferences
{
  AdwPreferencesWindow parent_instance;

  /* Template Widgets */
  AdwComboRow *color_scheme;
  GtkSwitch *previews;
  AdwComboRow *preview_kind;
  AdwActionRow *preview_every_row;
  GtkSpinButton *preview_every;
  GtkSwitch *notify_pictures;
  GtkSwitch *notify_models;
  GtkSwitch *style_pictures;
  AdwComboRow *safety;
  AdwComboRow *watermark;
  EshiDevicePage *device;
  EshiFilesPage *saving;

  /* Owned References */
  GHashTable *undo;       /* key → GVariant: what was set before the last reset */
};

enum
{
  MODELS_CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static const char *const color_schemes[] = { "system", "light", "dark", NULL };
static const char *const preview_kinds[] = { "auto", "taesd", "vae", "rgb", NULL };
static const char *const switches[] = { "auto", "on", "off", NULL };

G_DEFINE_FINAL_TYPE (EshiPreferences, eshi_preferences, ADW_TYPE_PREFERENCES_WINDOW)

/* --- choices ------------------------------------------------------------------------------------------------------ */

static gboolean
position_from_name (GValue   *value,
                    GVariant *variant,
                    gpointer  user_data)
{
  const char *const *names = user_data;

  for (guint i = 0; names[i] != NULL; i++)
    if (g_str_equal (names[i], g_variant_get_string (variant, NULL)))
      g_value_set_uint (value, i);

  return TRUE;
}

static GVariant *
name_from_position (const GValue       *value,
                    const GVariantType *type,
                    gpointer            user_data)
{
  const char *const *names = user_data;
  guint position = g_value_get_uint (value);

  return position < g_strv_length ((char **) names) ? g_variant_new_string (names[position]) : NULL;
}

void
_eshi_preferences_bind_choice (AdwComboRow       *row,
                               const char        *key,
                               const char *const *names)
{
  g_settings_bind_with_mapping (eshi_options_get (), key, row, "selected", G_SETTINGS_BIND_DEFAULT,
                                position_from_name, name_from_position, (gpointer) names, NULL);
}

/* --- resetting ---------------------------------------------------------------------------------------------------- */

static void
reset_key (EshiPreferences *self,
           const char      *key)
{
  GSettings *options = eshi_options_get ();
  g_autoptr(GVariant) value = g_settings_get_user_value (options, key);

  if (value == NULL)
    return;
  g_hash_table_insert (self->undo, g_strdup (key), g_steal_pointer (&value));
  g_settings_reset (options, key);
}

static void
offer_undo (EshiPreferences *self,
            const char      *text)
{
  AdwToast *toast = adw_toast_new (text);

  adw_toast_set_button_label (toast, _("Undo"));
  adw_toast_set_action_name (toast, "preferences.undo");
  adw_toast_set_timeout (toast, UNDO_SECONDS);
  adw_preferences_window_add_toast (ADW_PREFERENCES_WINDOW (self), toast);
}

/* An empty key stands for all of them. */
static void
reset_action (GtkWidget  *widget,
              const char *name,
              GVariant   *parameter)
{
  EshiPreferences *self = ESHI_PREFERENCES (widget);
  const char *key = g_variant_get_string (parameter, NULL);
  g_autoptr(GSettingsSchema) schema = NULL;
  g_auto(GStrv) keys = NULL;

  g_hash_table_remove_all (self->undo);
  g_object_get (eshi_options_get (), "settings-schema", &schema, NULL);
  keys = g_settings_schema_list_keys (schema);
  for (guint i = 0; keys[i] != NULL; i++)
    if (key[0] == '\0' ? !g_str_equal (keys[i], ESHI_OPTION_EXPERT_OPEN) && !g_str_equal (keys[i], ESHI_OPTION_FIRST_RUN)
                       : g_str_equal (key, keys[i]))
      reset_key (self, keys[i]);
  if (g_hash_table_size (self->undo) > 0)
    offer_undo (self, key[0] == '\0' ? _("All settings are back at their defaults") : _("Back at the default"));
}

static void
undo_action (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  EshiPreferences *self = ESHI_PREFERENCES (widget);
  GHashTableIter iter;
  gpointer key;
  gpointer value;

  g_hash_table_iter_init (&iter, self->undo);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_settings_set_value (eshi_options_get (), key, value);
  g_hash_table_remove_all (self->undo);
}

static void
on_folders_changed_cb (EshiPreferences *self)
{
  g_assert (ESHI_IS_PREFERENCES (self));

  g_signal_emit (self, signals[MODELS_CHANGED], 0);
}

/* --- the object --------------------------------------------------------------------------------------------------- */

static void
eshi_preferences_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), ESHI_TYPE_PREFERENCES);
  g_clear_pointer (&ESHI_PREFERENCES (object)->undo, g_hash_table_unref);
  G_OBJECT_CLASS (eshi_preferences_parent_class)->dispose (object);
}

static void
eshi_preferences_class_init (EshiPreferencesClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = eshi_preferences_dispose;
  signals[MODELS_CHANGED] = g_signal_new ("models-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                          0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  g_type_ensure (ESHI_TYPE_DEVICE_PAGE);
  g_type_ensure (ESHI_TYPE_FILES_PAGE);
  g_type_ensure (ESHI_TYPE_RESET_BUTTON);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-preferences.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiPreferences, color_scheme);
  gtk_widget_class_bind_template_child (widget_class, EshiPreferences, previews);
  gtk_widget_class_bind_template_child (widget_class, EshiPreferences, preview_kind);
  gtk_widget_class_bind_template_child (widget_class, EshiPreferences, preview_every_row);
  gtk_widget_class_bind_template_child (widget_class, EshiPreferences, preview_every);
  gtk_widget_class_bind_template_child (widget_class, EshiPreferences, notify_pictures);
  gtk_widget_class_bind_template_child (widget_class, EshiPreferences, notify_models);
  gtk_widget_class_bind_template_child (widget_class, EshiPreferences, style_pictures);
  gtk_widget_class_bind_template_child (widget_class, EshiPreferences, safety);
  gtk_widget_class_bind_template_child (widget_class, EshiPreferences, watermark);
  gtk_widget_class_bind_template_child (widget_class, EshiPreferences, device);
  gtk_widget_class_bind_template_child (widget_class, EshiPreferences, saving);
  gtk_widget_class_bind_template_callback (widget_class, on_folders_changed_cb);
  gtk_widget_class_install_action (widget_class, "preferences.reset", "s", reset_action);
  gtk_widget_class_install_action (widget_class, "preferences.undo", NULL, undo_action);
}

/* How and how often means nothing where nothing is shown. */
static void
bind_previews (EshiPreferences *self)
{
  GSettings *options = eshi_options_get ();

  _eshi_preferences_bind_choice (self->preview_kind, ESHI_OPTION_PREVIEW_KIND, preview_kinds);
  g_settings_bind (options, ESHI_OPTION_PREVIEWS, self->previews, "active", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (options, ESHI_OPTION_PREVIEW_EVERY, gtk_spin_button_get_adjustment (self->preview_every), "value",
                   G_SETTINGS_BIND_DEFAULT);
  g_object_bind_property (self->previews, "active", self->preview_kind, "sensitive", G_BINDING_SYNC_CREATE);
  g_object_bind_property (self->previews, "active", self->preview_every_row, "sensitive", G_BINDING_SYNC_CREATE);
}

static void
eshi_preferences_init (EshiPreferences *self)
{
  self->undo = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_variant_unref);
  gtk_widget_init_template (GTK_WIDGET (self));
  _eshi_preferences_bind_choice (self->color_scheme, ESHI_OPTION_COLOR_SCHEME, color_schemes);
  _eshi_preferences_bind_choice (self->safety, ESHI_OPTION_SAFETY, switches);
  _eshi_preferences_bind_choice (self->watermark, ESHI_OPTION_WATERMARK, switches);
  bind_previews (self);
  g_settings_bind (eshi_options_get (), ESHI_OPTION_NOTIFY_PICTURES, self->notify_pictures, "active",
                   G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (eshi_options_get (), ESHI_OPTION_NOTIFY_MODELS, self->notify_models, "active",
                   G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (eshi_options_get (), ESHI_OPTION_STYLE_PICTURES, self->style_pictures, "active",
                   G_SETTINGS_BIND_DEFAULT);
}

GtkWidget *
eshi_preferences_new (GtkWindow   *parent,
                      EshiSession *session)
{
  EshiPreferences *self;

  g_return_val_if_fail (parent == NULL || GTK_IS_WINDOW (parent), NULL);
  g_return_val_if_fail (ESHI_IS_SESSION (session), NULL);

  self = g_object_new (ESHI_TYPE_PREFERENCES, "transient-for", parent, NULL);
  eshi_device_page_set_session (self->device, session);

  return GTK_WIDGET (self);
}
