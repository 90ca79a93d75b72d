/* bench-history.c: how long a history of many pictures takes to open, to page and to search.
 *
 * bench-history [--rows N] [--json]
 *
 * Makes a history of N pictures (100,000 if left out) without files in a folder of its own, opens it as the window does
 * and measures each call from the call to its answer: by the clock the median and the longest of some, and the median of
 * the processor time, which still means something on a busy machine.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "eshi-history.h"
#include "history-fill.h"

#define N_ROWS 100000
#define N_ROUNDS 15

static void
result_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GAsyncResult **place = user_data;

  *place = g_object_ref (result);
}

/* Processor time of all threads, in milliseconds: says more than the clock where others work too. */
static double
cpu_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);

  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static int
compare_doubles (const void *a,
                 const void *b)
{
  double difference = *(const double *) a - *(const double *) b;

  return difference < 0 ? -1 : difference > 0;
}

static void
print_row (const char *what,
           double     *ms,
           double     *cpu,
           guint       n_rounds,
           gint64      n_found,
           gboolean    json)
{
  qsort (ms, n_rounds, sizeof *ms, compare_doubles);
  qsort (cpu, n_rounds, sizeof *cpu, compare_doubles);
  if (json)
    printf ("{\"what\": \"%s\", \"median_ms\": %.2f, \"longest_ms\": %.2f, \"cpu_ms\": %.2f, \"n_found\": %d}\n", what,
            ms[n_rounds / 2], ms[n_rounds - 1], cpu[n_rounds / 2], (int) n_found);
  else
    printf ("%8.2f ms, longest %8.2f ms, processor %7.2f ms, found %6d: %s\n", ms[n_rounds / 2], ms[n_rounds - 1],
            cpu[n_rounds / 2], (int) n_found, what);
  fflush (stdout);
}

static void
time_query (EshiHistory            *history,
            const char             *what,
            const EshiHistoryQuery *query,
            gboolean                json)
{
  double ms[N_ROUNDS];
  double cpu[N_ROUNDS];
  gint64 n_found = 0;

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(EshiHistoryPage) page = NULL;
      gint64 began_at = g_get_monotonic_time ();
      double cpu_began_at = cpu_ms ();

      eshi_history_find_async (history, query, NULL, result_cb, &result);
      while (result == NULL)
        g_main_context_iteration (NULL, TRUE);
      page = eshi_history_find_finish (history, result, NULL);
      cpu[i] = cpu_ms () - cpu_began_at;
      ms[i] = (g_get_monotonic_time () - began_at) / 1000.0;
      n_found = page->n_found;
    }
  print_row (what, ms, cpu, N_ROUNDS, n_found, json);
}

static void
time_ids (EshiHistory *history,
          gboolean     json)
{
  double ms[N_ROUNDS];
  double cpu[N_ROUNDS];
  gint64 n_found = 0;

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GArray) ids = NULL;
      gint64 began_at = g_get_monotonic_time ();
      double cpu_began_at = cpu_ms ();

      eshi_history_find_ids_async (history, &(EshiHistoryQuery) { 0 }, NULL, result_cb, &result);
      while (result == NULL)
        g_main_context_iteration (NULL, TRUE);
      ids = eshi_history_find_ids_finish (history, result, NULL);
      cpu[i] = cpu_ms () - cpu_began_at;
      ms[i] = (g_get_monotonic_time () - began_at) / 1000.0;
      n_found = ids->len;
    }
  print_row ("ids of all", ms, cpu, N_ROUNDS, n_found, json);
}

/* From nothing to the first page, as the window begins. */
static EshiHistory *
time_opening (const char *data,
              const char *pictures,
              gboolean    json)
{
  gint64 began_at = g_get_monotonic_time ();
  double cpu_began_at = cpu_ms ();
  EshiHistory *history = eshi_history_new (data, pictures);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(EshiHistoryPage) page = NULL;
  double ms = 0.0;
  double cpu = 0.0;

  eshi_history_find_async (history, &(EshiHistoryQuery) { 0 }, NULL, result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  page = eshi_history_find_finish (history, result, NULL);
  cpu = cpu_ms () - cpu_began_at;
  ms = (g_get_monotonic_time () - began_at) / 1000.0;
  print_row ("opening, with the first page", &ms, &cpu, 1, page->n_found, json);

  return history;
}

static void
time_all (EshiHistory *history,
          guint        n_rows,
          gboolean     json)
{
  const struct
  {
    const char *what;
    EshiHistoryQuery query;
  } queries[] = {
    { "first page", { 0 } },
    { "page in the middle", { .after = n_rows / 2 } },
    { "oldest first", { .order = ESHI_HISTORY_OLDEST_FIRST } },
    { "best first", { .order = ESHI_HISTORY_BEST_FIRST } },
    { "model", { .model = "豆" } },
    { "sampler", { .sampler = "lms" } },
    { "size", { .width = 768, .height = 768 } },
    { "a month", { .since = G_GINT64_CONSTANT (1702000000000000), .until = G_GINT64_CONSTANT (1704600000000000) } },
    { "favourites", { .favourite = TRUE } },
    { "猫 油絵", { .text = "猫 油絵" } },
    { "ねこ 油絵 (readings)", { .text = "ねこ 油絵" } },
    { "絵", { .text = "絵" } },
    { "サラリーマン", { .text = "ｻﾗﾘｰﾏﾝ" } },
    { "nothing there", { .text = "宇宙船" } },
    { "猫 油絵, sampler and size", { .text = "猫 油絵", .sampler = "lms", .width = 768 } },
    { "絵, sampler", { .text = "絵", .sampler = "lms" } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (queries); i++)
    time_query (history, queries[i].what, &queries[i].query, json);
  time_ids (history, json);
}

int
main (int    argc,
      char **argv)
{
  int n_rows = N_ROWS;
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "rows", 0, 0, G_OPTION_ARG_INT, &n_rows, "Pictures", "NUMBER" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "One JSON object a line", NULL },
    { NULL },
  };
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);
  g_autofree char *folder = g_dir_make_tmp ("eshi-bench-XXXXXX", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiHistory) history = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      fprintf (stderr, "%s\n", error->message);
      return 1;
    }

  history_fill (folder, folder, (guint) n_rows, FALSE);
  history = time_opening (folder, folder, json);
  time_all (history, (guint) n_rows, json);
  g_clear_object (&history);
  history_remove (folder);

  return 0;
}
