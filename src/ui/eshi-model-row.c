/* eshi-model-row.c: a model's name and facts, and what can be done with it.
 *
 * Does nothing itself: its buttons activate the actions of the window that it is in.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-model-row.h"

#include <glib/gi18n-lib.h>

struct _EshiModelRow
{
  AdwActionRow parent_instance;

  /* Borrowed References */
  GtkWidget *spinner;
  GtkWidget *menu_button;

  char *path;
};

G_DEFINE_FINAL_TYPE (EshiModelRow, eshi_model_row, ADW_TYPE_ACTION_ROW)

static void
eshi_model_row_finalize (GObject *object)
{
  g_free (ESHI_MODEL_ROW (object)->path);
  G_OBJECT_CLASS (eshi_model_row_parent_class)->finalize (object);
}

static void
eshi_model_row_class_init (EshiModelRowClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = eshi_model_row_finalize;
}

static void
eshi_model_row_init (EshiModelRow *self)
{
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (self), FALSE);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (self), 0);
}

/* What is in use says so; else it can be. */
static void
add_use (EshiModelRow *self,
         const char   *name,
         gboolean      used)
{
  GtkWidget *widget = used ? gtk_label_new (_("In Use")) : gtk_button_new_with_mnemonic (_("_Use"));
  /* Translators: %s is a model */
  g_autofree char *label = g_strdup_printf (_("Paint with “%s”"), name);

  gtk_widget_set_valign (widget, GTK_ALIGN_CENTER);
  adw_action_row_add_suffix (ADW_ACTION_ROW (self), widget);
  if (used)
    {
      gtk_widget_add_css_class (widget, "dim-label");
      return;
    }
  gtk_actionable_set_action_target_value (GTK_ACTIONABLE (widget), g_variant_new_bytestring (self->path));
  gtk_actionable_set_action_name (GTK_ACTIONABLE (widget), "manager.use");
  gtk_accessible_update_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

static void
append (EshiModelRow *self,
        GMenu        *menu,
        const char   *label,
        const char   *action)
{
  g_autoptr(GMenuItem) item = g_menu_item_new (label, NULL);

  g_menu_item_set_action_and_target_value (item, action, g_variant_new_bytestring (self->path));
  g_menu_append_item (menu, item);
}

static void
add_menu (EshiModelRow         *self,
          const EshiModelFacts *facts)
{
  g_autoptr(GMenu) menu = g_menu_new ();
  /* Translators: %s is a model */
  g_autofree char *label = g_strdup_printf (_("More about “%s”"), facts->name);

  append (self, menu, _("_Verify"), "manager.verify");
  append (self, menu, _("_Show in Files"), "manager.reveal");
  if (!facts->embedded)
    append (self, menu, _("Move to _Trash"), "manager.remove");
  self->menu_button = gtk_menu_button_new ();
  gtk_menu_button_set_icon_name (GTK_MENU_BUTTON (self->menu_button), "view-more-symbolic");
  gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (self->menu_button), G_MENU_MODEL (menu));
  gtk_widget_set_tooltip_text (self->menu_button, label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->menu_button), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  gtk_widget_set_valign (self->menu_button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (self->menu_button, "flat");
  adw_action_row_add_suffix (ADW_ACTION_ROW (self), self->menu_button);
}

GtkWidget *
eshi_model_row_new (const EshiModelFacts *facts,
                    gboolean              used)
{
  EshiModelRow *self;
  g_autofree char *text = NULL;

  g_return_val_if_fail (facts != NULL, NULL);

  self = g_object_new (ESHI_TYPE_MODEL_ROW, "title", facts->name, NULL);
  self->path = g_strdup (facts->path);
  text = eshi_model_facts_dup_text (facts);
  eshi_model_row_set_text (self, text);
  self->spinner = gtk_spinner_new ();
  gtk_widget_set_visible (self->spinner, FALSE);
  adw_action_row_add_suffix (ADW_ACTION_ROW (self), self->spinner);
  add_use (self, facts->name, used);
  add_menu (self, facts);
  return GTK_WIDGET (self);
}

const char *
eshi_model_row_get_path (EshiModelRow *self)
{
  g_return_val_if_fail (ESHI_IS_MODEL_ROW (self), NULL);

  return self->path;
}

void
eshi_model_row_set_busy (EshiModelRow *self,
                         gboolean      busy)
{
  g_return_if_fail (ESHI_IS_MODEL_ROW (self));

  gtk_widget_set_visible (self->spinner, busy);
  gtk_spinner_set_spinning (GTK_SPINNER (self->spinner), busy);
  gtk_widget_set_sensitive (self->menu_button, !busy);
}

void
eshi_model_row_set_text (EshiModelRow *self,
                         const char   *text)
{
  g_return_if_fail (ESHI_IS_MODEL_ROW (self));

  adw_action_row_set_subtitle (ADW_ACTION_ROW (self), text);
}
