/* eshi-cli-history.h: what the subcommands of eshi-cli history share.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-cli.h"
#include "eshi-history.h"
#include "eshi-picture-export.h"

G_BEGIN_DECLS

/* Each: @argv[0] is its whole name, "history list". Returns the exit status. */
int                 eshi_cli_history_list   (int            argc,
                                             char         **argv);
int                 eshi_cli_history_search (int            argc,
                                             char         **argv);
int                 eshi_cli_history_show   (int            argc,
                                             char         **argv);
int                 eshi_cli_history_rerun  (int            argc,
                                             char         **argv);
int                 eshi_cli_history_export (int            argc,
                                             char         **argv);
int                 eshi_cli_history_import (int            argc,
                                             char         **argv);

/**
 * eshi_cli_history_write_sheet:
 * @ids: (array zero-terminated=1): ids of pictures, as they were typed
 * @path: file to write
 * @columns: of the page; 0 for about as many as rows
 * @quality: see eshi_picture_export_save()
 *
 * Complains itself. Returns: the exit status
 */
int                 eshi_cli_history_write_sheet (EshiHistory       *history,
                                                  char             **ids,
                                                  const char        *path,
                                                  guint              columns,
                                                  EshiPictureFormat  format,
                                                  int                quality);

/* (transfer full): the user's history, opened and settled; tells what was mended. NULL after having complained. */
EshiHistory        *eshi_cli_history_open   (void);

/* Waits for the answer to a call that was made with eshi_cli_history_cb and @result. */
void                eshi_cli_history_cb     (GObject       *source,
                                             GAsyncResult  *result,
                                             gpointer       user_data);
void                eshi_cli_history_wait   (GAsyncResult **result);

/* (transfer full): the picture that @text is the id of; NULL after having complained. */
EshiHistoryPicture *eshi_cli_history_load   (EshiHistory   *history,
                                             const char    *text);

G_END_DECLS
