/* eshi-notice-bar.h: a bar that says what lasts, until it is over or put away.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* What a notice is about; there is one of each at most, and the first that is there is shown. */
typedef enum
{
  ESHI_NOTICE_UNSAVED,
  ESHI_NOTICE_HISTORY,
  ESHI_NOTICE_QUEUE,
  ESHI_NOTICE_IMPORT,
  ESHI_N_NOTICES,
} EshiNotice;

#define ESHI_TYPE_NOTICE_BAR (eshi_notice_bar_get_type ())

/**
 * EshiNoticeBar:
 *
 * For what goes on for longer than a toast stays and needs no answer before one goes on. Hidden while there is none.
 *
 * Thread: main.
 */
G_DECLARE_FINAL_TYPE (EshiNoticeBar, eshi_notice_bar, ESHI, NOTICE_BAR, AdwBin)

GtkWidget *eshi_notice_bar_new (void);

/**
 * eshi_notice_bar_set:
 * @text: (nullable): whole sentences, which take the place of those about @notice; %NULL when it is over
 * @button: (nullable): words of a button, translated; %NULL for none
 * @action: (nullable): name of the action that the button activates
 */
void eshi_notice_bar_set (EshiNoticeBar *self,
                          EshiNotice     notice,
                          const char    *text,
                          const char    *button,
                          const char    *action);

/* Returns: (transfer none) (nullable): the text that is shown */
const char *eshi_notice_bar_get_text (EshiNoticeBar *self);

G_END_DECLS
