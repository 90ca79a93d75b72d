/* eshi-test-log.c: lines for tests that drive the program from outside.
 *
 * A test waits for a line instead of sleeping. This is no log for people: it is silent unless a test asks for it, and
 * nothing in the program reads it back.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-test-log.h"

#include <stdio.h>

static FILE *
open_log (void)
{
  const char *path = g_getenv ("ESHI_TEST_LOG");

  return path != NULL ? fopen (path, "a") : NULL;
}

void
eshi_test_log (const char *format,
               ...)
{
  static gsize opened = 0;
  static FILE *file = NULL;
  g_autofree char *line = NULL;
  va_list args;

  if (g_once_init_enter (&opened))
    {
      file = open_log ();
      g_once_init_leave (&opened, 1);
    }
  if (file == NULL)
    return;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  g_strdelimit (line, "\r\n", ' ');
  fprintf (file, "%s\n", line);
  fflush (file);
}
