/* eshi-info-pane.c: all that the history knows about a picture.
 *
 * Shows, and asks for changes by signals and by the gallery's actions; what is shown changes when the history says so.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-info-pane.h"

#include "eshi-reproduction.h"
#include "eshi-tile.h"
#include "eshi-word-diff.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

#define MAX_CHILDREN 12
#define RELATIVE_SIZE 56
#define N_STARS 5

struct _EshiInfoPane
{
  AdwBin parent_instance;

  /* Template Widgets */
  GtkWidget *none_label;
  GtkLabel *many_label;
  GtkWidget *words;
  GtkWidget *marks;
  GtkWidget *details;
  GtkLabel *prompt;
  GtkWidget *negative_box;
  GtkLabel *negative;
  GtkWidget *missing_row;
  GtkToggleButton *favourite;
  GtkBox *stars;
  GtkFlowBox *tags;
  GtkEntry *tag_entry;
  GtkGrid *rows;
  GtkWidget *family;
  GtkBox *relatives;
  GtkLabel *file;

  /* Owned References */
  EshiHistory *history;
  EshiThumbnailCache *thumbnails;
  EshiHistoryItem *item;
  EshiHistoryPicture *parent;  /* of the item; NULL if it has none, or it is not read yet */
  GCancellable *cancellable;   /* of reading the family */
};

enum
{
  SET_TAG,
  SHOW_PICTURE,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiInfoPane, eshi_info_pane, ADW_TYPE_BIN)

/* --- rows -------------------------------------------------------------------------------------------------------- */

static void
add_row (EshiInfoPane *self,
         int          *n_rows,
         const char   *name,
         const char   *value)
{
  GtkWidget *left;
  GtkWidget *right;

  if (value == NULL || value[0] == '\0')
    return;
  left = gtk_label_new (name);
  right = gtk_label_new (value);
  gtk_label_set_xalign (GTK_LABEL (left), 0);
  gtk_label_set_yalign (GTK_LABEL (left), 0);
  gtk_widget_add_css_class (left, "dim-label");
  gtk_label_set_xalign (GTK_LABEL (right), 0);
  gtk_label_set_wrap (GTK_LABEL (right), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (right), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_selectable (GTK_LABEL (right), TRUE);
  gtk_widget_set_hexpand (right, TRUE);
  gtk_grid_attach (self->rows, left, 0, *n_rows, 1, 1);
  gtk_grid_attach (self->rows, right, 1, *n_rows, 1, 1);
  (*n_rows)++;
}

static void
clear (GtkWidget *box)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (box)) != NULL)
    {
      if (GTK_IS_GRID (box))
        gtk_grid_remove (GTK_GRID (box), child);
      else if (GTK_IS_FLOW_BOX (box))
        gtk_flow_box_remove (GTK_FLOW_BOX (box), child);
      else
        gtk_box_remove (GTK_BOX (box), child);
    }
}

static const char *
sampler_label (const EshiSettings *settings)
{
  const EshiSampler *sampler = settings->sampler != NULL ? eshi_sampler_find (settings->sampler) : NULL;

  return sampler != NULL ? sampler->label : settings->sampler;
}

static char *
dup_date (gint64 created)
{
  g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc (created / G_USEC_PER_SEC);
  g_autoptr(GDateTime) local = g_date_time_to_local (utc);

  /* Translators: a day and a time, as in g_date_time_format() */
  return g_date_time_format (local, _("%B %-d, %Y, %H:%M"));
}

static void
fill_rows (EshiInfoPane             *self,
           const EshiHistoryPicture *picture)
{
  const EshiSettings *settings = picture->settings;
  g_autofree char *size = g_strdup_printf ("%d × %d", settings->width, settings->height);
  g_autofree char *steps = g_strdup_printf ("%d", settings->steps);
  g_autofree char *guidance = g_strdup_printf ("%.1f", settings->guidance);
  g_autofree char *seed = g_strdup_printf ("%" PRIu64, settings->seed);
  g_autofree char *strength = g_strdup_printf ("%.2f", settings->strength);
  g_autofree char *date = dup_date (picture->created);
  g_autofree char *loras = settings->loras != NULL ? g_strjoinv ("\n", settings->loras) : NULL;
  g_autofree char *time = NULL;
  int n_rows = 0;

  clear (GTK_WIDGET (self->rows));
  if (picture->seconds > 0)
    /* Translators: how long painting took */
    time = g_strdup_printf (_("%.1f s"), picture->seconds);
  add_row (self, &n_rows, _("State"), picture->interrupted ? _("Interrupted") : NULL);
  add_row (self, &n_rows, _("Size"), size);
  add_row (self, &n_rows, _("Steps"), steps);
  add_row (self, &n_rows, _("Guidance"), guidance);
  add_row (self, &n_rows, _("Seed"), seed);
  add_row (self, &n_rows, _("Sampler"), sampler_label (settings));
  if (picture->image_path != NULL)
    add_row (self, &n_rows, _("Strength"), strength);
  add_row (self, &n_rows, _("Model"), picture->model_name);
  add_row (self, &n_rows, _("Model hash"), picture->model_hash);
  add_row (self, &n_rows, _("LoRA"), loras);
  add_row (self, &n_rows, _("Painted"), date);
  add_row (self, &n_rows, _("Time"), time);
  add_row (self, &n_rows, _("Device"), picture->backend);
  add_row (self, &n_rows, _("Same again"), eshi_reproduction_get_mark (picture));
}

/* --- marks ------------------------------------------------------------------------------------------------------- */

static void
add_stars (EshiInfoPane *self)
{
  for (int i = 1; i <= N_STARS; i++)
    {
      GtkWidget *star = gtk_button_new_from_icon_name ("non-starred-symbolic");
      g_autofree char *label = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%d star", "%d stars", (gulong) i), i);

      gtk_actionable_set_action_name (GTK_ACTIONABLE (star), "gallery.rate");
      gtk_actionable_set_action_target (GTK_ACTIONABLE (star), "i", i);
      gtk_widget_set_tooltip_text (star, label);
      gtk_accessible_update_property (GTK_ACCESSIBLE (star), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
      gtk_widget_add_css_class (star, "flat");
      gtk_widget_add_css_class (star, "eshi-star");
      gtk_box_append (self->stars, star);
    }
}

/* The star that stands for the rating takes it away again. */
static void
show_rating (EshiInfoPane *self,
             int           rating)
{
  int i = 1;

  for (GtkWidget *star = gtk_widget_get_first_child (GTK_WIDGET (self->stars)); star != NULL;
       star = gtk_widget_get_next_sibling (star), i++)
    {
      gtk_button_set_icon_name (GTK_BUTTON (star), i <= rating ? "starred-symbolic" : "non-starred-symbolic");
      gtk_actionable_set_action_target (GTK_ACTIONABLE (star), "i", i == rating ? 0 : i);
    }
}

static void
on_remove_tag_cb (EshiInfoPane *self,
                  GtkButton    *button)
{
  g_assert (ESHI_IS_INFO_PANE (self));

  g_signal_emit (self, signals[SET_TAG], 0, g_object_get_data (G_OBJECT (button), "eshi-tag"), FALSE);
}

static void
add_tag (EshiInfoPane *self,
         const char   *tag)
{
  GtkWidget *chip = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  GtkWidget *label = gtk_label_new (tag);
  GtkWidget *button = gtk_button_new_from_icon_name ("window-close-symbolic");
  /* Translators: %s is a tag */
  g_autofree char *words = g_strdup_printf (_("Remove the tag “%s”"), tag);

  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (chip, "eshi-tag");
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, words);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, words, -1);
  g_object_set_data_full (G_OBJECT (button), "eshi-tag", g_strdup (tag), g_free);
  g_signal_connect_object (button, "clicked", G_CALLBACK (on_remove_tag_cb), self, G_CONNECT_SWAPPED);
  gtk_box_append (GTK_BOX (chip), label);
  gtk_box_append (GTK_BOX (chip), button);
  gtk_flow_box_append (self->tags, chip);
}

static void
on_tag_activate_cb (EshiInfoPane *self)
{
  g_autofree char *tag = NULL;

  g_assert (ESHI_IS_INFO_PANE (self));

  tag = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->tag_entry))));
  if (tag[0] == '\0')
    return;
  gtk_editable_set_text (GTK_EDITABLE (self->tag_entry), "");
  g_signal_emit (self, signals[SET_TAG], 0, tag, TRUE);
}

/* --- the family -------------------------------------------------------------------------------------------------- */

static void
append_change (GString    *text,
               const char *name,
               const char *before,
               const char *after)
{
  g_autofree char *line = NULL;

  if (g_strcmp0 (before, after) == 0)
    return;
  line = g_markup_printf_escaped ("\n<small>%s %s → %s</small>", name, before != NULL ? before : "—",
                                  after != NULL ? after : "—");
  g_string_append (text, line);
}

static void
append_number (GString    *text,
               const char *name,
               const char *format,
               double      before,
               double      after)
{
  char first[G_ASCII_DTOSTR_BUF_SIZE];
  char second[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (first, sizeof first, format, before);
  g_ascii_formatd (second, sizeof second, format, after);
  append_change (text, name, first, second);
}

char *
eshi_info_pane_dup_difference (const EshiHistoryPicture *other,
                               const EshiHistoryPicture *picture)
{
  const EshiSettings *before;
  const EshiSettings *after;
  g_autofree char *words = NULL;
  g_autofree char *first_seed = NULL;
  g_autofree char *second_seed = NULL;
  g_autofree char *first_size = NULL;
  g_autofree char *second_size = NULL;
  GString *text;

  g_return_val_if_fail (other != NULL, NULL);
  g_return_val_if_fail (picture != NULL, NULL);

  before = other->settings;
  after = picture->settings;
  words = eshi_word_diff_dup_markup (before->prompt != NULL ? before->prompt : "",
                                     after->prompt != NULL ? after->prompt : "");
  first_seed = g_strdup_printf ("%" PRIu64, before->seed);
  second_seed = g_strdup_printf ("%" PRIu64, after->seed);
  first_size = g_strdup_printf ("%d × %d", before->width, before->height);
  second_size = g_strdup_printf ("%d × %d", after->width, after->height);
  text = g_string_new (words);
  append_change (text, _("Seed"), first_seed, second_seed);
  append_change (text, _("Size"), first_size, second_size);
  append_number (text, _("Steps"), "%.0f", before->steps, after->steps);
  append_number (text, _("Guidance"), "%.1f", before->guidance, after->guidance);
  append_change (text, _("Sampler"), sampler_label (before), sampler_label (after));
  append_change (text, _("Model"), other->model_name, picture->model_name);
  return g_string_free (text, FALSE);
}

static const char *
relation_words (EshiRelation relation,
                gboolean     is_parent)
{
  if (is_parent)
    return _("Comes from");
  switch (relation)
    {
    case ESHI_RELATION_VARIATION:
      return _("A variation of it");
    case ESHI_RELATION_IMAGE:
      return _("Painted over it");
    case ESHI_RELATION_BRANCH:
      return _("Parts from it half-way");
    case ESHI_RELATION_REPRODUCED:
      return _("Painted again, the same picture ✓");
    case ESHI_RELATION_CHANGED:
      return _("Painted again, not the same");
    case ESHI_RELATION_RERUN:
    case ESHI_RELATION_NONE:
    default:
      return _("Painted again");
    }
}

static void
on_relative_cb (EshiInfoPane *self,
                GtkButton    *button)
{
  const gint64 *id = g_object_get_data (G_OBJECT (button), "eshi-id");

  g_assert (ESHI_IS_INFO_PANE (self));

  g_signal_emit (self, signals[SHOW_PICTURE], 0, *id);
}

static GtkWidget *
create_relative_text (const char *heading,
                      const char *markup)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *above = gtk_label_new (heading);
  GtkWidget *below = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (above), 0);
  gtk_widget_add_css_class (above, "dim-label");
  gtk_widget_add_css_class (above, "caption");
  gtk_label_set_markup (GTK_LABEL (below), markup);
  gtk_label_set_xalign (GTK_LABEL (below), 0);
  gtk_label_set_wrap (GTK_LABEL (below), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (below), PANGO_WRAP_WORD_CHAR);
  gtk_widget_set_hexpand (below, TRUE);
  gtk_box_append (GTK_BOX (box), above);
  gtk_box_append (GTK_BOX (box), below);
  gtk_widget_set_valign (box, GTK_ALIGN_CENTER);
  return box;
}

static void
add_relative (EshiInfoPane             *self,
              const EshiHistoryPicture *relative,
              gboolean                  is_parent)
{
  const EshiHistoryPicture *picture = eshi_history_item_get_picture (self->item);
  g_autofree char *difference = is_parent ? eshi_info_pane_dup_difference (relative, picture)
                                          : eshi_info_pane_dup_difference (picture, relative);
  g_autofree char *words = is_parent ? eshi_reproduction_dup_words (relative, picture)
                                     : eshi_reproduction_dup_words (picture, relative);
  g_autofree char *markup = words != NULL ? g_markup_printf_escaped ("\n<small>%s</small>", words) : g_strdup ("");
  g_autofree char *text = g_strconcat (difference, markup, NULL);
  g_autoptr(EshiHistoryItem) item = eshi_history_item_new (relative->id);
  GtkWidget *button = gtk_button_new ();
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *tile = eshi_tile_new (self->thumbnails);
  const char *heading = relation_words (relative->relation, is_parent);

  eshi_history_item_set_picture (item, relative);
  eshi_tile_set_item (ESHI_TILE (tile), item);
  gtk_widget_set_size_request (tile, RELATIVE_SIZE, RELATIVE_SIZE);
  gtk_widget_set_halign (tile, GTK_ALIGN_START);
  gtk_widget_set_valign (tile, GTK_ALIGN_START);
  gtk_box_append (GTK_BOX (row), tile);
  gtk_box_append (GTK_BOX (row), create_relative_text (heading, text));
  gtk_button_set_child (GTK_BUTTON (button), row);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_add_css_class (button, "eshi-relative");
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, heading, -1);
  g_object_set_data_full (G_OBJECT (button), "eshi-id", g_memdup2 (&relative->id, sizeof relative->id), g_free);
  g_signal_connect_object (button, "clicked", G_CALLBACK (on_relative_cb), self, G_CONNECT_SWAPPED);
  gtk_box_append (self->relatives, button);
  gtk_widget_set_visible (self->family, TRUE);
}

static void
on_parent_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(EshiInfoPane) self = user_data;
  g_autoptr(GPtrArray) pictures = eshi_history_load_finish (ESHI_HISTORY (source), result, NULL);

  g_clear_pointer (&self->parent, eshi_history_picture_free);
  if (pictures != NULL && pictures->len > 0)
    self->parent = eshi_history_picture_copy (g_ptr_array_index (pictures, 0));
}

/* Answers come in the order of the calls: the parent is there. */
static void
on_children_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(EshiInfoPane) self = user_data;
  g_autoptr(EshiHistoryPage) page = eshi_history_find_finish (ESHI_HISTORY (source), result, NULL);
  const EshiHistoryPicture *picture = self->item != NULL ? eshi_history_item_get_picture (self->item) : NULL;

  if (page == NULL || picture == NULL)
    return;
  clear (GTK_WIDGET (self->relatives));
  gtk_widget_set_visible (self->family, FALSE);
  if (self->parent != NULL && self->parent->id == picture->parent)
    add_relative (self, self->parent, TRUE);
  for (guint i = 0; i < page->pictures->len; i++)
    {
      const EshiHistoryPicture *child = g_ptr_array_index (page->pictures, i);

      if (child->parent == picture->id)
        add_relative (self, child, FALSE);
    }
}

static void
read_family (EshiInfoPane             *self,
             const EshiHistoryPicture *picture)
{
  EshiHistoryQuery query = { .parent = picture->id, .limit = MAX_CHILDREN };

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (self->history == NULL)
    return;
  self->cancellable = g_cancellable_new ();
  if (picture->parent != 0)
    eshi_history_load_async (self->history, &picture->parent, 1, self->cancellable, on_parent_cb,
                             g_object_ref (self));
  eshi_history_find_async (self->history, &query, self->cancellable, on_children_cb, g_object_ref (self));
}

/* --- showing ----------------------------------------------------------------------------------------------------- */

static void
show_marks (EshiInfoPane             *self,
            const EshiHistoryPicture *picture)
{
  gtk_toggle_button_set_active (self->favourite, picture->favourite);
  show_rating (self, picture->rating);
  clear (GTK_WIDGET (self->tags));
  for (char **tag = picture->tags; *tag != NULL; tag++)
    add_tag (self, *tag);
  gtk_widget_set_visible (GTK_WIDGET (self->tags), picture->tags[0] != NULL);
}

static void
show_picture (EshiInfoPane *self)
{
  const EshiHistoryPicture *picture = eshi_history_item_get_picture (self->item);
  const char *negative = picture->settings->negative_prompt;
  g_autofree char *name = g_path_get_basename (picture->path);
  g_autofree char *shown = g_filename_display_name (name);

  gtk_label_set_text (self->prompt, eshi_history_item_get_title (self->item));
  gtk_label_set_text (self->negative, negative != NULL ? negative : "");
  gtk_widget_set_visible (self->negative_box, negative != NULL && negative[0] != '\0');
  gtk_widget_set_visible (self->missing_row, picture->missing);
  gtk_label_set_text (self->file, shown);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->file), picture->path);
  show_marks (self, picture);
  fill_rows (self, picture);
  read_family (self, picture);
}

static void
on_picture_cb (EshiInfoPane *self)
{
  g_assert (ESHI_IS_INFO_PANE (self));

  if (eshi_history_item_get_picture (self->item) != NULL)
    show_picture (self);
}

static void
show_number (EshiInfoPane *self,
             guint         n_selected)
{
  gulong n = n_selected;
  g_autofree char *text = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%'lu selected", "%'lu selected", n), n);

  gtk_label_set_text (self->many_label, text);
  gtk_widget_set_visible (self->none_label, n_selected == 0);
  gtk_widget_set_visible (GTK_WIDGET (self->many_label), n_selected > 1);
  gtk_widget_set_visible (self->words, n_selected == 1);
  gtk_widget_set_visible (self->marks, n_selected > 0);
  gtk_widget_set_visible (self->details, n_selected == 1);
  if (n_selected > 1)
    {
      gtk_widget_set_visible (GTK_WIDGET (self->tags), FALSE);
      gtk_toggle_button_set_active (self->favourite, FALSE);
      show_rating (self, 0);
    }
}

void
eshi_info_pane_set_item (EshiInfoPane    *self,
                         EshiHistoryItem *item,
                         guint            n_selected)
{
  g_return_if_fail (ESHI_IS_INFO_PANE (self));
  g_return_if_fail (item == NULL || ESHI_IS_HISTORY_ITEM (item));

  if (n_selected != 1)
    item = NULL;
  show_number (self, n_selected);
  if (item == self->item)
    return;
  if (self->item != NULL)
    g_signal_handlers_disconnect_by_func (self->item, on_picture_cb, self);
  g_set_object (&self->item, item);
  clear (GTK_WIDGET (self->relatives));
  gtk_widget_set_visible (self->family, FALSE);
  g_clear_pointer (&self->parent, eshi_history_picture_free);
  if (item == NULL)
    return;
  g_signal_connect_object (item, "notify::picture", G_CALLBACK (on_picture_cb), self, G_CONNECT_SWAPPED);
  on_picture_cb (self);
}

void
eshi_info_pane_focus_tag (EshiInfoPane *self)
{
  g_return_if_fail (ESHI_IS_INFO_PANE (self));

  gtk_widget_grab_focus (GTK_WIDGET (self->tag_entry));
}

/* --- the widget -------------------------------------------------------------------------------------------------- */

static void
eshi_info_pane_dispose (GObject *object)
{
  EshiInfoPane *self = ESHI_INFO_PANE (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  gtk_widget_dispose_template (GTK_WIDGET (self), ESHI_TYPE_INFO_PANE);
  g_clear_object (&self->item);
  g_clear_pointer (&self->parent, eshi_history_picture_free);
  g_clear_object (&self->history);
  g_clear_object (&self->thumbnails);
  G_OBJECT_CLASS (eshi_info_pane_parent_class)->dispose (object);
}

static void
eshi_info_pane_class_init (EshiInfoPaneClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = eshi_info_pane_dispose;
  signals[SET_TAG] = g_signal_new ("set-tag", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_BOOLEAN);
  signals[SHOW_PICTURE] = g_signal_new ("show-picture", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                        NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT64);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-info-pane.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiInfoPane, none_label);
  gtk_widget_class_bind_template_child (widget_class, EshiInfoPane, many_label);
  gtk_widget_class_bind_template_child (widget_class, EshiInfoPane, words);
  gtk_widget_class_bind_template_child (widget_class, EshiInfoPane, marks);
  gtk_widget_class_bind_template_child (widget_class, EshiInfoPane, details);
  gtk_widget_class_bind_template_child (widget_class, EshiInfoPane, prompt);
  gtk_widget_class_bind_template_child (widget_class, EshiInfoPane, negative_box);
  gtk_widget_class_bind_template_child (widget_class, EshiInfoPane, negative);
  gtk_widget_class_bind_template_child (widget_class, EshiInfoPane, missing_row);
  gtk_widget_class_bind_template_child (widget_class, EshiInfoPane, favourite);
  gtk_widget_class_bind_template_child (widget_class, EshiInfoPane, stars);
  gtk_widget_class_bind_template_child (widget_class, EshiInfoPane, tags);
  gtk_widget_class_bind_template_child (widget_class, EshiInfoPane, tag_entry);
  gtk_widget_class_bind_template_child (widget_class, EshiInfoPane, rows);
  gtk_widget_class_bind_template_child (widget_class, EshiInfoPane, family);
  gtk_widget_class_bind_template_child (widget_class, EshiInfoPane, relatives);
  gtk_widget_class_bind_template_child (widget_class, EshiInfoPane, file);
  gtk_widget_class_bind_template_callback (widget_class, on_tag_activate_cb);
}

static void
eshi_info_pane_init (EshiInfoPane *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  add_stars (self);
}

GtkWidget *
eshi_info_pane_new (void)
{
  return g_object_new (ESHI_TYPE_INFO_PANE, NULL);
}

void
eshi_info_pane_set_history (EshiInfoPane       *self,
                            EshiHistory        *history,
                            EshiThumbnailCache *thumbnails)
{
  g_return_if_fail (ESHI_IS_INFO_PANE (self));
  g_return_if_fail (self->history == NULL);

  self->history = g_object_ref (history);
  self->thumbnails = g_object_ref (thumbnails);
}
