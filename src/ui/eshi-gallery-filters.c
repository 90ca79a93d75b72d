/* eshi-gallery-filters.c: what the gallery searches for: words, and chips that narrow it.
 *
 * Each chip is a menu of radio items over an action with a string as its state, where "" is "any": keyboard and screen
 * reader get them from the toolkit. Text reaches the search only when an input method has committed it, because the
 * entry's text does not hold what is being composed.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-gallery-private.h"

#include "eshi-test-log.h"

#include <glib/gi18n-lib.h>

#define SET_CLASS "eshi-chip-set"
#define MAX_VALUES 40   /* in one menu, the most frequent */

typedef struct
{
  const char *action;
  const char *title;      /* N_() */
  gsize chip;             /* offset of the button in EshiGallery */
} Filter;

static const Filter filters[] = {
  { "filter-model", N_("Model"), G_STRUCT_OFFSET (EshiGallery, model_chip) },
  { "filter-sampler", N_("Sampler"), G_STRUCT_OFFSET (EshiGallery, sampler_chip) },
  { "filter-size", N_("Size"), G_STRUCT_OFFSET (EshiGallery, size_chip) },
  { "filter-date", N_("Date"), G_STRUCT_OFFSET (EshiGallery, date_chip) },
  { "filter-rating", N_("Rating"), G_STRUCT_OFFSET (EshiGallery, rating_chip) },
  { "filter-tag", N_("Tag"), G_STRUCT_OFFSET (EshiGallery, tag_chip) },
};

static const struct
{
  const char *value;
  const char *label;
} dates[] = {
  { "today", N_("Today") },
  { "week", N_("The Last 7 Days") },
  { "month", N_("The Last 30 Days") },
  { "year", N_("This Year") },
};

static GtkMenuButton *
chip_of (EshiGallery  *self,
         const Filter *filter)
{
  return G_STRUCT_MEMBER (GtkMenuButton *, self, filter->chip);
}

static const char *
state_of (EshiGallery *self,
          const char  *action)
{
  g_autoptr(GVariant) state = g_action_group_get_action_state (G_ACTION_GROUP (self->actions), action);

  /* The action holds it: it stays until it is set again. */
  return g_variant_get_string (state, NULL);
}

/* --- labels ------------------------------------------------------------------------------------------------------ */

/* A filter's value as people read it. (transfer full) */
static char *
dup_value_label (const char *action,
                 const char *value)
{
  if (g_str_equal (action, "filter-sampler"))
    {
      const EshiSampler *sampler = eshi_sampler_find (value);

      return g_strdup (sampler != NULL ? sampler->label : value);
    }
  if (g_str_equal (action, "filter-rating"))
    {
      /* Translators: %s is a number of stars */
      return g_strdup_printf (_("★ %s or more"), value);
    }
  for (guint i = 0; i < G_N_ELEMENTS (dates); i++)
    {
      if (g_str_equal (action, "filter-date") && g_str_equal (dates[i].value, value))
        return g_strdup (_(dates[i].label));
    }
  return g_strdup (value);
}

static void
update_chip (EshiGallery  *self,
             const Filter *filter)
{
  const char *value = state_of (self, filter->action);
  GtkWidget *chip = GTK_WIDGET (chip_of (self, filter));
  g_autofree char *label = value[0] != '\0' ? dup_value_label (filter->action, value) : g_strdup (_(filter->title));

  gtk_menu_button_set_label (GTK_MENU_BUTTON (chip), label);
  if (value[0] != '\0')
    gtk_widget_add_css_class (chip, SET_CLASS);
  else
    gtk_widget_remove_css_class (chip, SET_CLASS);
}

gboolean
_eshi_gallery_is_filtered (EshiGallery *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (filters); i++)
    {
      if (state_of (self, filters[i].action)[0] != '\0')
        return TRUE;
    }
  return (self->text != NULL && self->text[0] != '\0') || _eshi_gallery_get_flag (self, "filter-favourite");
}

char *
_eshi_gallery_dup_search_words (EshiGallery *self)
{
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func (g_free);

  if (self->text != NULL && self->text[0] != '\0')
    /* Translators: words that were searched for */
    g_ptr_array_add (words, g_strdup_printf (_("“%s”"), self->text));
  for (guint i = 0; i < G_N_ELEMENTS (filters); i++)
    {
      const char *value = state_of (self, filters[i].action);

      if (value[0] != '\0')
        g_ptr_array_add (words, dup_value_label (filters[i].action, value));
    }
  if (_eshi_gallery_get_flag (self, "filter-favourite"))
    g_ptr_array_add (words, g_strdup (_("Favourites")));
  g_ptr_array_add (words, NULL);
  return g_strjoinv (" · ", (char **) words->pdata);
}

/* --- the query --------------------------------------------------------------------------------------------------- */

static gint64
start_of (const char *value)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_local ();
  g_autoptr(GDateTime) today = g_date_time_new_local (g_date_time_get_year (now), g_date_time_get_month (now),
                                                       g_date_time_get_day_of_month (now), 0, 0, 0);
  g_autoptr(GDateTime) start = NULL;

  if (g_str_equal (value, "today"))
    start = g_date_time_ref (today);
  else if (g_str_equal (value, "week"))
    start = g_date_time_add_days (today, -6);
  else if (g_str_equal (value, "month"))
    start = g_date_time_add_days (today, -29);
  else if (g_str_equal (value, "year"))
    start = g_date_time_new_local (g_date_time_get_year (now), 1, 1, 0, 0, 0);
  return start != NULL ? g_date_time_to_unix (start) * G_USEC_PER_SEC : 0;
}

static const char *
string_or_null (const char *value)
{
  return value != NULL && value[0] != '\0' ? value : NULL;
}

void
_eshi_gallery_ask (EshiGallery *self)
{
  EshiHistoryQuery query = {
    .text = string_or_null (self->text),
    .model = string_or_null (state_of (self, "filter-model")),
    .sampler = string_or_null (state_of (self, "filter-sampler")),
    .tag = string_or_null (state_of (self, "filter-tag")),
    .since = start_of (state_of (self, "filter-date")),
    .min_rating = (int) g_ascii_strtoll (state_of (self, "filter-rating"), NULL, 10),
    .favourite = _eshi_gallery_get_flag (self, "filter-favourite"),
    .trashed = _eshi_gallery_get_flag (self, "show-trash"),
  };

  /* "512×768" */
  sscanf (state_of (self, "filter-size"), "%d×%d", &query.width, &query.height);
  gtk_widget_set_visible (self->clear_button, _eshi_gallery_is_filtered (self));
  if (self->model != NULL)
    eshi_history_model_set_query (self->model, &query);
}

static void
on_search_changed_cb (EshiGallery *self)
{
  g_assert (ESHI_IS_GALLERY (self));

  g_free (self->text);
  self->text = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->search))));
  eshi_test_log ("SEARCH [%s]", self->text);
  _eshi_gallery_ask (self);
}

/* --- menus ------------------------------------------------------------------------------------------------------- */

static void
append_value (GMenu        *menu,
              const Filter *filter,
              const char   *label,
              const char   *value)
{
  g_autofree char *name = g_strconcat ("gallery.", filter->action, NULL);
  g_autoptr(GMenuItem) item = g_menu_item_new (NULL, NULL);

  g_menu_item_set_label (item, label);
  g_menu_item_set_action_and_target (item, name, "s", value);
  g_menu_append_item (menu, item);
}

static GMenu *
create_menu (const Filter *filter)
{
  GMenu *menu = g_menu_new ();

  append_value (menu, filter, _("Any"), "");
  return menu;
}

/* An underscore in a menu's label would mark a mnemonic. (transfer full) */
static char *
double_underscores (const char *text)
{
  g_auto(GStrv) parts = g_strsplit (text, "_", -1);

  return g_strjoinv ("__", parts);
}

static void
on_counted_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(GtkMenuButton) chip = user_data;
  const Filter *filter = g_object_get_data (G_OBJECT (chip), "eshi-filter");
  g_autoptr(GPtrArray) counts = eshi_history_count_by_finish (ESHI_HISTORY (source), result, NULL);
  g_autoptr(GMenu) menu = create_menu (filter);

  if (counts == NULL)
    return;
  for (guint i = 0; i < MIN (counts->len, MAX_VALUES); i++)
    {
      const EshiHistoryCount *count = g_ptr_array_index (counts, i);
      g_autofree char *value = dup_value_label (filter->action, count->value);
      g_autofree char *shown = double_underscores (value);
      g_autofree char *label = g_strdup_printf ("%s  (%" G_GINT64_FORMAT ")", shown, count->n_pictures);

      append_value (menu, filter, label, count->value);
    }
  gtk_menu_button_set_menu_model (chip, G_MENU_MODEL (menu));
}

void
_eshi_gallery_count_values (EshiGallery *self)
{
  static const struct
  {
    guint filter;
    EshiHistoryField field;
  } counted[] = {
    { 0, ESHI_HISTORY_BY_MODEL },
    { 1, ESHI_HISTORY_BY_SAMPLER },
    { 2, ESHI_HISTORY_BY_SIZE },
    { 5, ESHI_HISTORY_BY_TAG },
  };

  for (guint i = 0; i < G_N_ELEMENTS (counted); i++)
    eshi_history_count_by_async (self->history, counted[i].field, on_counted_cb,
                                 g_object_ref (chip_of (self, &filters[counted[i].filter])));
}

static void
fill_fixed_menus (EshiGallery *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (filters); i++)
    {
      const Filter *filter = &filters[i];
      g_autoptr(GMenu) menu = create_menu (filter);

      for (guint j = 0; g_str_equal (filter->action, "filter-date") && j < G_N_ELEMENTS (dates); j++)
        append_value (menu, filter, _(dates[j].label), dates[j].value);
      for (int stars = 1; g_str_equal (filter->action, "filter-rating") && stars <= 5; stars++)
        {
          const char value[2] = { (char) ('0' + stars), '\0' };
          g_autofree char *label = dup_value_label (filter->action, value);

          append_value (menu, filter, label, value);
        }
      g_object_set_data (G_OBJECT (chip_of (self, filter)), "eshi-filter", (gpointer) filter);
      gtk_menu_button_set_menu_model (chip_of (self, filter), G_MENU_MODEL (menu));
    }
}

/* --- actions ----------------------------------------------------------------------------------------------------- */

static void
on_filter_changed_cb (GSimpleAction *action,
                      GVariant      *state,
                      gpointer       user_data)
{
  EshiGallery *self = ESHI_GALLERY (user_data);

  g_simple_action_set_state (action, state);
  for (guint i = 0; i < G_N_ELEMENTS (filters); i++)
    update_chip (self, &filters[i]);
  _eshi_gallery_ask (self);
}

static void
clear_filters_action (GSimpleAction *action,
                      GVariant      *parameter,
                      gpointer       user_data)
{
  EshiGallery *self = ESHI_GALLERY (user_data);

  for (guint i = 0; i < G_N_ELEMENTS (filters); i++)
    {
      GAction *filter = g_action_map_lookup_action (G_ACTION_MAP (self->actions), filters[i].action);

      g_simple_action_set_state (G_SIMPLE_ACTION (filter), g_variant_new_string (""));
      update_chip (self, &filters[i]);
    }
  g_simple_action_set_state (G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self->actions),
                                                                          "filter-favourite")),
                             g_variant_new_boolean (FALSE));
  gtk_editable_set_text (GTK_EDITABLE (self->search), "");
  on_search_changed_cb (self);
}

void
eshi_gallery_search (EshiGallery *self,
                     const char  *text)
{
  g_return_if_fail (ESHI_IS_GALLERY (self));
  g_return_if_fail (text != NULL);

  gtk_stack_set_visible_child_name (self->pages, "grid");
  g_simple_action_set_state (G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self->actions), "show-trash")),
                             g_variant_new_boolean (FALSE));
  g_action_group_activate_action (G_ACTION_GROUP (self->actions), "clear-filters", NULL);
  gtk_editable_set_text (GTK_EDITABLE (self->search), text);
}

static const GActionEntry entries[] = {
  { "filter-model", NULL, "s", "''", on_filter_changed_cb },
  { "filter-sampler", NULL, "s", "''", on_filter_changed_cb },
  { "filter-size", NULL, "s", "''", on_filter_changed_cb },
  { "filter-date", NULL, "s", "''", on_filter_changed_cb },
  { "filter-rating", NULL, "s", "''", on_filter_changed_cb },
  { "filter-tag", NULL, "s", "''", on_filter_changed_cb },
  { "filter-favourite", NULL, NULL, "false", on_filter_changed_cb },
  { "show-trash", NULL, NULL, "false", on_filter_changed_cb },
  { "clear-filters", clear_filters_action },
};

void
_eshi_gallery_add_filters (EshiGallery *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
  fill_fixed_menus (self);
  for (guint i = 0; i < G_N_ELEMENTS (filters); i++)
    update_chip (self, &filters[i]);
  g_signal_connect_object (self->search, "search-changed", G_CALLBACK (on_search_changed_cb), self,
                           G_CONNECT_SWAPPED);
}
