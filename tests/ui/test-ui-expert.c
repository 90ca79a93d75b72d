/* test-ui-expert.c: the controls that are folded away: values there and back, what is said of them, resetting.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <adwaita.h>
#include <glib/gstdio.h>

#include "eshi-draft.h"
#include "eshi-expert-row.h"
#include "eshi-options.h"
#include "eshi-prompt-panel.h"

static void
count_cb (int *n)
{
  (*n)++;
}

static EshiSettings *
make_settings (void)
{
  EshiSettings *settings = eshi_settings_new ();
  const char *const loras[] = { "墨:0.8", "線:-0.25", NULL };

  g_free (settings->sampler);
  settings->sampler = g_strdup ("euler");
  settings->schedule = g_strdup ("karras");
  settings->variation_strength = 0.35;
  settings->variation_seed = 4000000000;
  settings->guidance_stop = 0.3;
  settings->clip_skip = 2;
  settings->rng = ESHI_RNG_PHILOX;
  settings->emphasis = g_strdup ("no-norm");
  settings->vae = g_strdup ("鮮やか");
  settings->loras = g_strdupv ((GStrv) loras);

  return settings;
}

static void
assert_same (const EshiSettings *a,
             const EshiSettings *b)
{
  g_assert_cmpstr (a->schedule, ==, b->schedule);
  g_assert_cmpfloat (a->variation_strength, ==, b->variation_strength);
  g_assert_cmpuint (a->variation_seed, ==, b->variation_seed);
  g_assert_cmpfloat (a->guidance_stop, ==, b->guidance_stop);
  g_assert_cmpint (a->clip_skip, ==, b->clip_skip);
  g_assert_cmpint (a->rng, ==, b->rng);
  g_assert_cmpstr (a->emphasis, ==, b->emphasis);
  g_assert_cmpstr (a->vae, ==, b->vae);
  g_assert_cmpint (a->loras != NULL, ==, b->loras != NULL);
  if (a->loras != NULL)
    g_assert_cmpstrv (a->loras, b->loras);
}

/* The first widget of @type below @widget. */
static GtkWidget *
find (GtkWidget *widget,
      GType      type)
{
  GtkWidget *found = NULL;

  if (G_TYPE_CHECK_INSTANCE_TYPE (widget, type))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find (child, type);
  return found;
}

static const char *
get_subtitle (EshiExpertRow *row)
{
  return adw_expander_row_get_subtitle (ADW_EXPANDER_ROW (find (GTK_WIDGET (row), ADW_TYPE_EXPANDER_ROW)));
}

static GtkWidget *
find_reset (GtkWidget *widget)
{
  GtkWidget *found = NULL;

  if (GTK_IS_BUTTON (widget) && g_strcmp0 (gtk_buildable_get_buildable_id (GTK_BUILDABLE (widget)), "reset") == 0)
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_reset (child);
  return found;
}

static EshiExpertRow *
new_row (void)
{
  EshiExpertRow *row = g_object_ref_sink (ESHI_EXPERT_ROW (eshi_expert_row_new ()));

  eshi_expert_row_set_sampler (row, "euler");
  return row;
}

static void
dispose (EshiExpertRow *row)
{
  g_autoptr(EshiExpertRow) last = row;

  /* A folder may still be being read for it. */
  g_object_run_dispose (G_OBJECT (last));
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* Also of files that are not installed: painting says what is missing. */
static void
test_round_trip (void)
{
  EshiExpertRow *row = new_row ();
  g_autoptr(EshiSettings) asked = make_settings ();
  g_autoptr(EshiSettings) told = eshi_settings_new ();
  g_autoptr(EshiSettings) defaults = eshi_settings_new ();
  g_autoptr(EshiSettings) again = eshi_settings_new ();
  g_autoptr(EshiSettings) copy = eshi_settings_new ();

  eshi_expert_row_load_settings (row, asked);
  eshi_expert_row_fill_settings (row, told);
  assert_same (told, asked);
  eshi_expert_row_copy_settings (copy, asked);
  assert_same (copy, asked);
  eshi_expert_row_load_settings (row, defaults);
  eshi_expert_row_fill_settings (row, again);
  eshi_expert_row_copy_settings (copy, defaults);
  assert_same (copy, again);
  defaults->clip_skip = 1;
  assert_same (again, defaults);
  dispose (row);
}

static void
test_words (void)
{
  EshiExpertRow *row = new_row ();
  g_autoptr(EshiSettings) settings = make_settings ();

  g_assert_cmpstr (get_subtitle (row), ==, "");
  eshi_expert_row_load_settings (row, settings);
  g_assert_cmpstr (get_subtitle (row), ==,
                   "Changed: Draft · Schedule · Variation · Last Layer · Noise · Brackets · VAE · LoRA");
  /* PNDM spreads its levels itself. */
  eshi_expert_row_set_sampler (row, "pndm");
  g_assert_true (g_str_has_prefix (get_subtitle (row), "Changed: Draft · Variation"));
  dispose (row);
}

static void
test_reset (void)
{
  EshiExpertRow *row = new_row ();
  GtkWidget *reset = find_reset (GTK_WIDGET (row));
  g_autoptr(EshiSettings) asked = make_settings ();
  g_autoptr(EshiSettings) told = eshi_settings_new ();
  g_autoptr(EshiSettings) back = eshi_settings_new ();
  int n_changed = 0;

  g_signal_connect_swapped (row, "changed", G_CALLBACK (count_cb), &n_changed);
  g_assert_false (gtk_widget_get_visible (reset));
  eshi_expert_row_load_settings (row, asked);
  g_assert_cmpint (n_changed, ==, 0);
  g_assert_true (gtk_widget_get_visible (reset));
  g_signal_emit_by_name (reset, "clicked");
  g_assert_cmpint (n_changed, ==, 1);
  eshi_expert_row_fill_settings (row, told);
  g_assert_null (told->schedule);
  g_assert_null (told->loras);
  g_assert_cmpfloat (told->variation_strength, ==, 0.0);
  /* Once more puts back what there was. */
  g_assert_true (gtk_widget_get_visible (reset));
  g_signal_emit_by_name (reset, "clicked");
  eshi_expert_row_fill_settings (row, back);
  assert_same (back, asked);
  dispose (row);
}

static void
test_files (void)
{
  const char *const vaes[] = { "明るい", NULL };
  const char *const loras[] = { "墨", NULL };
  EshiExpertRow *row = new_row ();
  g_autoptr(EshiSettings) settings = make_settings ();
  g_autoptr(EshiSettings) told = eshi_settings_new ();

  eshi_expert_row_load_settings (row, settings);
  eshi_expert_row_set_files (row, vaes, loras);
  eshi_expert_row_fill_settings (row, told);
  assert_same (told, settings);
  dispose (row);
}

/* The panel hands the values out, before its row is there and after it, and the draft keeps them. */
static void
test_panel_and_draft (void)
{
  g_autofree char *folder = g_dir_make_tmp ("eshi-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "draft.ini", NULL);
  EshiPromptPanel *panel = g_object_ref_sink (ESHI_PROMPT_PANEL (eshi_prompt_panel_new ()));
  EshiDraft *draft = eshi_draft_new (path);
  g_autoptr(EshiSettings) asked = make_settings ();
  g_autoptr(EshiSettings) told = NULL;
  g_autoptr(EshiSettings) kept = NULL;
  gboolean locked;

  eshi_prompt_panel_load_settings (panel, asked, ESHI_SETTINGS_ALL);
  told = eshi_prompt_panel_dup_settings (panel);
  assert_same (told, asked);
  g_assert_null (find (GTK_WIDGET (panel), ESHI_TYPE_EXPERT_ROW));
  eshi_prompt_panel_fill (panel);
  g_assert_nonnull (find (GTK_WIDGET (panel), ESHI_TYPE_EXPERT_ROW));
  eshi_settings_free (told);
  told = eshi_prompt_panel_dup_settings (panel);
  assert_same (told, asked);
  g_assert_cmpstr (told->prompt, ==, "");
  eshi_draft_store_settings (draft, told, TRUE);
  g_assert_finalize_object (draft);
  draft = eshi_draft_new (path);
  kept = eshi_draft_load_settings (draft, &locked);
  assert_same (kept, asked);
  g_assert_finalize_object (draft);
  g_object_run_dispose (G_OBJECT (panel));
  g_object_unref (panel);
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* The panel is 340 wide, with a margin of 18 at each side. */
static void
test_narrow (void)
{
  EshiExpertRow *row = new_row ();
  g_autoptr(EshiSettings) settings = make_settings ();
  int minimum;

  g_settings_set_boolean (eshi_options_get (), ESHI_OPTION_EXPERT_OPEN, TRUE);
  eshi_expert_row_load_settings (row, settings);
  gtk_widget_measure (GTK_WIDGET (row), GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  g_assert_cmpint (minimum, <=, 304);
  g_settings_reset (eshi_options_get (), ESHI_OPTION_EXPERT_OPEN);
  dispose (row);
}

/* Folded or not is remembered. */
static void
test_unfolded (void)
{
  EshiExpertRow *row = new_row ();
  AdwExpanderRow *expander = ADW_EXPANDER_ROW (find (GTK_WIDGET (row), ADW_TYPE_EXPANDER_ROW));

  g_assert_false (adw_expander_row_get_expanded (expander));
  adw_expander_row_set_expanded (expander, TRUE);
  g_assert_true (g_settings_get_boolean (eshi_options_get (), ESHI_OPTION_EXPERT_OPEN));
  g_settings_reset (eshi_options_get (), ESHI_OPTION_EXPERT_OPEN);
  g_assert_false (adw_expander_row_get_expanded (expander));
  dispose (row);
}

int
main (int    argc,
      char **argv)
{
  g_setenv ("LANGUAGE", "C", TRUE);
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();

  g_test_add_func ("/eshi/expert-row/round-trip", test_round_trip);
  g_test_add_func ("/eshi/expert-row/words", test_words);
  g_test_add_func ("/eshi/expert-row/reset", test_reset);
  g_test_add_func ("/eshi/expert-row/files", test_files);
  g_test_add_func ("/eshi/expert-row/panel-and-draft", test_panel_and_draft);
  g_test_add_func ("/eshi/expert-row/narrow", test_narrow);
  g_test_add_func ("/eshi/expert-row/unfolded", test_unfolded);

  return g_test_run ();
}
