/* eshi-prompt-syntax.h: the brackets of a prompt: what is text, and how much each stretch of it weighs.
 *
 * The grammar is that of Stable Diffusion web UI: (text) weighs 1.1 times, [text] a 1.1th, (text:1.3) 1.3 times, each
 * inside others multiplied; \( \) \[ \] \\ are the characters; a bracket that is never closed reaches to the end; the
 * word BREAK ends a chunk. Full-width brackets are text. It refuses nothing: what is no syntax is text.
 *
 * It departs from the web UI where that trips: BREAK inside brackets is still a break and not a word, a number that is
 * none is text instead of an error, weights end at %ESHI_PROMPT_MAX_WEIGHT, and a prompt without any bracket or BREAK
 * keeps its backslashes, because nothing in it is syntax.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define ESHI_PROMPT_MAX_WEIGHT 1000.0

/**
 * EshiPromptPart:
 * @start: byte of the text where it begins
 * @length: bytes
 * @weight: how much it weighs; 1 for plain text
 * @breaks: whether this is no text but a BREAK
 */
typedef struct
{
  gsize    start;
  gsize    length;
  double   weight;
  gboolean breaks;
} EshiPromptPart;

/**
 * EshiPromptSyntax:
 * @text: the prompt without its syntax
 * @parts: (element-type EshiPromptPart): one or more; in order and without gaps they are all of @text, and neighbours
 *   have different weights
 */
typedef struct
{
  GString *text;
  GArray  *parts;
} EshiPromptSyntax;

/**
 * eshi_prompt_syntax_init:
 * @prompt: text, [length] bytes; malformed bytes do no harm
 * @parses: whether there is any syntax; without, all of it is one part
 *
 * Thread: any. Cost: linear, but for the square of how deep brackets are nested. @self is to be cleared.
 */
void eshi_prompt_syntax_init  (EshiPromptSyntax *self,
                               const char       *prompt,
                               gsize             length,
                               gboolean          parses);

void eshi_prompt_syntax_clear (EshiPromptSyntax *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EshiPromptSyntax, eshi_prompt_syntax_clear)

G_END_DECLS
