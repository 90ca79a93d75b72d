/* eshi-expert-row.c: what an artist seldom needs, folded away: schedule, variation, layers, noise, VAE, LoRAs.
 *
 * The widgets are the only truth; a value that is shown is a value that is used. Opens no model's file: it reads the
 * names in two folders, on a thread.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-expert-row.h"

#include "eshi-options.h"

#include <glib/gi18n-lib.h>
#include <math.h>

/* Of a draft, if nothing else was asked for; the tooltip says what it gains. */
#define DRAFT_STOP 0.5

#define LORA_STEP 0.05
#define LORA_LIMIT 10.0

typedef struct
{
  char *name;                  /* or a path */
  GtkSpinButton *weight;       /* borrowed */
  GtkWidget *row;              /* borrowed */
} Lora;

struct _EshiExpertRow
{
  AdwBin parent_instance;

  /* Template Widgets */
  AdwExpanderRow *expander;
  GtkButton *reset;
  AdwComboRow *quality;
  AdwComboRow *schedule;
  GtkAdjustment *variation_strength;
  GtkAdjustment *variation_seed;
  GtkWidget *variation_seed_row;
  GtkAdjustment *clip_skip;
  AdwComboRow *rng;
  AdwComboRow *emphasis;
  AdwComboRow *vae;

  /* Owned References */
  GPtrArray *loras;            /* of Lora */
  EshiSettings *undo;          /* what was set before resetting; NULL if nothing changed since it could come back */
  GCancellable *cancellable;   /* cancelled when the row goes */

  double draft_stop;           /* guidance_stop of a draft */
  guint loading : 1;           /* widgets are being set by us */
};

enum
{
  CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static const char *const emphases[] = { "original", "no-norm", "ignore", "off" };

G_DEFINE_FINAL_TYPE (EshiExpertRow, eshi_expert_row, ADW_TYPE_BIN)

static void
lora_free (gpointer data)
{
  Lora *self = data;

  g_free (self->name);
  g_free (self);
}

/* --- what differs ------------------------------------------------------------------------------------------------- */

static void
add_word (GString    *words,
          gboolean    differs,
          const char *word)
{
  if (!differs)
    return;
  if (words->len > 0)
    g_string_append (words, " · ");
  g_string_append (words, word);
}

static gboolean
has_lora (EshiExpertRow *self)
{
  for (guint i = 0; i < self->loras->len; i++)
    if (gtk_spin_button_get_value (((Lora *) self->loras->pdata[i])->weight) != 0.0)
      return TRUE;

  return FALSE;
}

static gboolean
is_chosen (AdwComboRow *row)
{
  guint selected = adw_combo_row_get_selected (row);

  return selected != 0 && selected != GTK_INVALID_LIST_POSITION;
}

/* (transfer full): what is not at its default, in words; empty if all of it is. */
static char *
describe_changes (EshiExpertRow *self)
{
  GString *words = g_string_new (NULL);

  add_word (words, is_chosen (self->quality), _("Draft"));
  add_word (words, is_chosen (self->schedule) && gtk_widget_get_sensitive (GTK_WIDGET (self->schedule)), _("Schedule"));
  add_word (words, gtk_adjustment_get_value (self->variation_strength) > 0.0, _("Variation"));
  add_word (words, gtk_adjustment_get_value (self->clip_skip) > 1.0, _("Last Layer"));
  add_word (words, is_chosen (self->rng), _("Noise"));
  add_word (words, is_chosen (self->emphasis), _("Brackets"));
  add_word (words, is_chosen (self->vae), _("VAE"));
  add_word (words, has_lora (self), _("LoRA"));

  return g_string_free (words, FALSE);
}

static void
show_changes (EshiExpertRow *self)
{
  g_autofree char *changes = describe_changes (self);
  gboolean changed = changes[0] != '\0';
  /* Translators: %s lists settings */
  g_autofree char *words = changed ? g_strdup_printf (_("Changed: %s"), changes) : NULL;
  const char *label = changed ? _("Bring These Settings Back to Their Defaults") : _("Undo");

  adw_expander_row_set_subtitle (self->expander, words != NULL ? words : "");
  gtk_widget_set_visible (GTK_WIDGET (self->reset), changed || self->undo != NULL);
  gtk_button_set_icon_name (self->reset, changed ? "edit-clear-symbolic" : "edit-undo-symbolic");
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->reset), label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->reset), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  gtk_widget_set_sensitive (self->variation_seed_row, gtk_adjustment_get_value (self->variation_strength) > 0.0);
}

static void
on_changed_cb (EshiExpertRow *self)
{
  g_assert (ESHI_IS_EXPERT_ROW (self));

  if (self->loading)
    return;
  g_clear_pointer (&self->undo, eshi_settings_free);
  show_changes (self);
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
on_reset_cb (EshiExpertRow *self)
{
  g_autoptr(EshiSettings) before = eshi_settings_new ();
  g_autoptr(EshiSettings) defaults = eshi_settings_new ();
  g_autoptr(EshiSettings) undo = g_steal_pointer (&self->undo);

  g_assert (ESHI_IS_EXPERT_ROW (self));

  eshi_expert_row_fill_settings (self, before);
  eshi_expert_row_load_settings (self, undo != NULL ? undo : defaults);
  if (undo == NULL)
    self->undo = g_steal_pointer (&before);
  show_changes (self);
  g_signal_emit (self, signals[CHANGED], 0);
}

/* --- LoRAs -------------------------------------------------------------------------------------------------------- */

static Lora *
find_lora (EshiExpertRow *self,
           const char    *name)
{
  for (guint i = 0; i < self->loras->len; i++)
    if (g_str_equal (((Lora *) self->loras->pdata[i])->name, name))
      return self->loras->pdata[i];

  return NULL;
}

static Lora *
add_lora (EshiExpertRow *self,
          const char    *name)
{
  Lora *lora = g_new0 (Lora, 1);
  g_autofree char *shown = g_path_get_basename (name);

  lora->name = g_strdup (name);
  lora->row = adw_action_row_new ();
  lora->weight = GTK_SPIN_BUTTON (gtk_spin_button_new_with_range (-LORA_LIMIT, LORA_LIMIT, LORA_STEP));
  gtk_spin_button_set_digits (lora->weight, 2);
  gtk_spin_button_set_value (lora->weight, 0.0);
  gtk_widget_set_valign (GTK_WIDGET (lora->weight), GTK_ALIGN_CENTER);
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (lora->row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (lora->row), shown);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (lora->row), _("LoRA"));
  adw_action_row_set_title_lines (ADW_ACTION_ROW (lora->row), 1);
  gtk_widget_set_tooltip_text (lora->row, _("How strongly this LoRA colours the picture; 0 leaves it out"));
  adw_action_row_add_suffix (ADW_ACTION_ROW (lora->row), GTK_WIDGET (lora->weight));
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (lora->row), GTK_WIDGET (lora->weight));
  adw_expander_row_add_row (self->expander, lora->row);
  g_signal_connect_object (lora->weight, "value-changed", G_CALLBACK (on_changed_cb), self, G_CONNECT_SWAPPED);
  g_ptr_array_add (self->loras, lora);

  return lora;
}

/* "NAME" or "NAME:WEIGHT", as EshiSettings has them. */
static void
load_lora (EshiExpertRow *self,
           const char    *item)
{
  const char *colon = strrchr (item, ':');
  g_autofree char *name = NULL;
  char *end = NULL;
  double weight = colon != NULL ? g_ascii_strtod (colon + 1, &end) : 1.0;
  Lora *lora;

  if (colon == NULL || end == colon + 1 || *end != '\0')
    {
      name = g_strdup (item);
      weight = 1.0;
    }
  else
    {
      name = g_strndup (item, (gsize) (colon - item));
    }
  lora = find_lora (self, name);
  if (lora == NULL)
    lora = add_lora (self, name);
  gtk_spin_button_set_value (lora->weight, weight);
}

static void
load_loras (EshiExpertRow  *self,
            char          **items)
{
  for (guint i = 0; i < self->loras->len; i++)
    gtk_spin_button_set_value (((Lora *) self->loras->pdata[i])->weight, 0.0);
  for (guint i = 0; items != NULL && items[i] != NULL; i++)
    load_lora (self, items[i]);
}

/* (transfer full) (nullable) */
static GStrv
dup_loras (EshiExpertRow *self)
{
  GPtrArray *items = g_ptr_array_new ();

  for (guint i = 0; i < self->loras->len; i++)
    {
      const Lora *lora = self->loras->pdata[i];
      double weight = gtk_spin_button_get_value (lora->weight);
      char buffer[G_ASCII_DTOSTR_BUF_SIZE];

      if (weight != 0.0)
        g_ptr_array_add (items, g_strdup_printf ("%s:%s", lora->name,
                                                 g_ascii_formatd (buffer, sizeof buffer, "%g", weight)));
    }
  if (items->len == 0)
    {
      g_ptr_array_unref (items);
      return NULL;
    }
  g_ptr_array_add (items, NULL);

  return (GStrv) g_ptr_array_free (items, FALSE);
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

/* Position of @name in @row's list, where it is added if need be; 0 for NULL. */
static guint
ensure_entry (AdwComboRow *row,
              const char  *name)
{
  GtkStringList *list = GTK_STRING_LIST (adw_combo_row_get_model (row));
  guint n = g_list_model_get_n_items (G_LIST_MODEL (list));

  if (name == NULL || name[0] == '\0')
    return 0;
  for (guint i = 1; i < n; i++)
    if (g_str_equal (gtk_string_list_get_string (list, i), name))
      return i;
  gtk_string_list_append (list, name);
  gtk_widget_set_visible (GTK_WIDGET (row), TRUE);

  return n;
}

static void
fill_schedules (EshiExpertRow *self)
{
  GtkStringList *list = GTK_STRING_LIST (adw_combo_row_get_model (self->schedule));
  guint n_schedules;
  const EshiSchedule *schedules = eshi_schedules (&n_schedules);

  for (guint i = 0; i < n_schedules; i++)
    gtk_string_list_append (list, schedules[i].label);
}

static const char *
get_schedule (EshiExpertRow *self)
{
  guint n_schedules;
  const EshiSchedule *schedules = eshi_schedules (&n_schedules);
  guint selected = adw_combo_row_get_selected (self->schedule);

  if (selected == 0 || selected > n_schedules || !gtk_widget_get_sensitive (GTK_WIDGET (self->schedule)))
    return NULL;

  return schedules[selected - 1].id;
}

static guint
position_of_schedule (const char *id)
{
  guint n_schedules;
  const EshiSchedule *schedules = eshi_schedules (&n_schedules);
  const EshiSchedule *schedule = id != NULL ? eshi_schedule_find (id) : NULL;

  return schedule != NULL ? (guint) (schedule - schedules) + 1 : 0;
}

static const char *
get_vae (EshiExpertRow *self)
{
  GtkStringList *list = GTK_STRING_LIST (adw_combo_row_get_model (self->vae));

  return is_chosen (self->vae) ? gtk_string_list_get_string (list, adw_combo_row_get_selected (self->vae)) : NULL;
}

static guint
position_of_emphasis (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (emphases); i++)
    if (g_strcmp0 (name, emphases[i]) == 0)
      return i;

  return 0;
}

/* --- what lies in the folders ------------------------------------------------------------------------------------- */

typedef struct
{
  GStrv vaes;
  GStrv loras;
} Files;

static void
files_free (gpointer data)
{
  Files *files = data;

  g_strfreev (files->vaes);
  g_strfreev (files->loras);
  g_free (files);
}

static void
list_files_in_thread (GTask        *task,
                      gpointer      source,
                      gpointer      task_data,
                      GCancellable *cancellable)
{
  Files *files = g_new (Files, 1);

  files->vaes = eshi_vae_folder_list ();
  files->loras = eshi_lora_folder_list ();
  g_task_return_pointer (task, files, files_free);
}

static void
on_files_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Files *files = g_task_propagate_pointer (G_TASK (result), NULL);

  if (files == NULL)
    return;
  eshi_expert_row_set_files (ESHI_EXPERT_ROW (source), (const char *const *) files->vaes,
                             (const char *const *) files->loras);
  files_free (files);
}

/* Also whenever the row is unfolded: files may have come since. */
static void
list_files (EshiExpertRow *self)
{
  g_autoptr(GTask) task = NULL;

  g_assert (ESHI_IS_EXPERT_ROW (self));

  task = g_task_new (self, self->cancellable, on_files_cb, NULL);
  g_task_set_source_tag (task, list_files);
  g_task_run_in_thread (task, list_files_in_thread);
}

/* --- the object --------------------------------------------------------------------------------------------------- */

static void
eshi_expert_row_dispose (GObject *object)
{
  EshiExpertRow *self = ESHI_EXPERT_ROW (object);

  g_cancellable_cancel (self->cancellable);
  gtk_widget_dispose_template (GTK_WIDGET (object), ESHI_TYPE_EXPERT_ROW);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->loras, g_ptr_array_unref);
  g_clear_pointer (&self->undo, eshi_settings_free);
  G_OBJECT_CLASS (eshi_expert_row_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-expert-row.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiExpertRow, expander);
  gtk_widget_class_bind_template_child (widget_class, EshiExpertRow, reset);
  gtk_widget_class_bind_template_child (widget_class, EshiExpertRow, quality);
  gtk_widget_class_bind_template_child (widget_class, EshiExpertRow, schedule);
  gtk_widget_class_bind_template_child (widget_class, EshiExpertRow, variation_strength);
  gtk_widget_class_bind_template_child (widget_class, EshiExpertRow, variation_seed);
  gtk_widget_class_bind_template_child (widget_class, EshiExpertRow, variation_seed_row);
  gtk_widget_class_bind_template_child (widget_class, EshiExpertRow, clip_skip);
  gtk_widget_class_bind_template_child (widget_class, EshiExpertRow, rng);
  gtk_widget_class_bind_template_child (widget_class, EshiExpertRow, emphasis);
  gtk_widget_class_bind_template_child (widget_class, EshiExpertRow, vae);
  gtk_widget_class_bind_template_callback (widget_class, on_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_reset_cb);
}

static void
eshi_expert_row_class_init (EshiExpertRowClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = eshi_expert_row_dispose;
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                   0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  bind_template (GTK_WIDGET_CLASS (klass));
}

static void
eshi_expert_row_init (EshiExpertRow *self)
{
  self->loading = TRUE;
  self->draft_stop = DRAFT_STOP;
  self->loras = g_ptr_array_new_with_free_func (lora_free);
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  fill_schedules (self);
  g_settings_bind (eshi_options_get (), ESHI_OPTION_EXPERT_OPEN, self->expander, "expanded", G_SETTINGS_BIND_DEFAULT);
  g_signal_connect_object (self->expander, "notify::expanded", G_CALLBACK (list_files), self, G_CONNECT_SWAPPED);
  list_files (self);
  show_changes (self);
  self->loading = FALSE;
}

GtkWidget *
eshi_expert_row_new (void)
{
  return g_object_new (ESHI_TYPE_EXPERT_ROW, NULL);
}

void
eshi_expert_row_fill_settings (EshiExpertRow *self,
                               EshiSettings  *settings)
{
  g_return_if_fail (ESHI_IS_EXPERT_ROW (self));
  g_return_if_fail (settings != NULL);

  g_free (settings->schedule);
  settings->schedule = g_strdup (get_schedule (self));
  settings->guidance_stop = is_chosen (self->quality) ? self->draft_stop : 0.0;
  settings->variation_strength = round (gtk_adjustment_get_value (self->variation_strength) * 100) / 100;
  settings->variation_seed = (guint64) gtk_adjustment_get_value (self->variation_seed);
  settings->clip_skip = (int) gtk_adjustment_get_value (self->clip_skip);
  settings->rng = is_chosen (self->rng) ? ESHI_RNG_PHILOX : ESHI_RNG_CPU;
  g_free (settings->emphasis);
  settings->emphasis = is_chosen (self->emphasis) ? g_strdup (emphases[adw_combo_row_get_selected (self->emphasis)]) : NULL;
  g_free (settings->vae);
  settings->vae = g_strdup (get_vae (self));
  g_strfreev (settings->loras);
  settings->loras = dup_loras (self);
}

void
eshi_expert_row_copy_settings (EshiSettings       *to,
                               const EshiSettings *from)
{
  g_return_if_fail (to != NULL && from != NULL);

  g_free (to->schedule);
  to->schedule = g_strdup (from->schedule);
  to->guidance_stop = eshi_settings_is_draft (from) ? from->guidance_stop : 0.0;
  to->variation_strength = from->variation_strength;
  to->variation_seed = from->variation_seed;
  to->clip_skip = MAX (from->clip_skip, 1);
  to->rng = from->rng;
  g_free (to->emphasis);
  to->emphasis = position_of_emphasis (from->emphasis) > 0 ? g_strdup (from->emphasis) : NULL;
  g_free (to->vae);
  to->vae = g_strdup (from->vae);
  g_strfreev (to->loras);
  to->loras = g_strdupv (from->loras);
}

void
eshi_expert_row_load_settings (EshiExpertRow      *self,
                               const EshiSettings *settings)
{
  g_return_if_fail (ESHI_IS_EXPERT_ROW (self));
  g_return_if_fail (settings != NULL);

  self->loading = TRUE;
  g_clear_pointer (&self->undo, eshi_settings_free);
  adw_combo_row_set_selected (self->schedule, position_of_schedule (settings->schedule));
  self->draft_stop = eshi_settings_is_draft (settings) ? settings->guidance_stop : DRAFT_STOP;
  adw_combo_row_set_selected (self->quality, eshi_settings_is_draft (settings) ? 1 : 0);
  gtk_adjustment_set_value (self->variation_strength, settings->variation_strength);
  gtk_adjustment_set_value (self->variation_seed, (double) settings->variation_seed);
  gtk_adjustment_set_value (self->clip_skip, MAX (settings->clip_skip, 1));
  adw_combo_row_set_selected (self->rng, settings->rng == ESHI_RNG_PHILOX ? 1 : 0);
  adw_combo_row_set_selected (self->emphasis, position_of_emphasis (settings->emphasis));
  adw_combo_row_set_selected (self->vae, ensure_entry (self->vae, settings->vae));
  load_loras (self, settings->loras);
  self->loading = FALSE;
  show_changes (self);
}

void
eshi_expert_row_set_sampler (EshiExpertRow *self,
                             const char    *id)
{
  const EshiSampler *sampler = id != NULL ? eshi_sampler_find (id) : NULL;

  g_return_if_fail (ESHI_IS_EXPERT_ROW (self));

  gtk_widget_set_sensitive (GTK_WIDGET (self->schedule), sampler != NULL && sampler->takes_schedule);
  show_changes (self);
}

void
eshi_expert_row_set_files (EshiExpertRow     *self,
                           const char *const *vaes,
                           const char *const *loras)
{
  g_return_if_fail (ESHI_IS_EXPERT_ROW (self));
  g_return_if_fail (vaes != NULL && loras != NULL);

  self->loading = TRUE;
  for (guint i = 0; vaes[i] != NULL; i++)
    ensure_entry (self->vae, vaes[i]);
  for (guint i = 0; loras[i] != NULL; i++)
    if (find_lora (self, loras[i]) == NULL)
      add_lora (self, loras[i]);
  self->loading = FALSE;
}
