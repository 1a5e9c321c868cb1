/* SPDX-License-Identifier: Apache-2.0
 * standing.h: under which stage, relationship or persona of the project file a person stands, as of `now`, and what the person
 * has agreed to. */
#pragma once
#include "analysis/question.h"

typedef struct Standing Standing; /* thread-safe */

/* `field` is stage (of the person's last journey), relationship (the last rule of the list that holds), persona (the first
 * one), or consent.PURPOSE ("true" or "false" by the latest statement, none without one). ERROR_INVALID when the project
 * declares none; for another purpose. */
Standing *standing_new(const Question *question, const char *field, GError **error);
void standing_free(Standing *standing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Standing, standing_free)

guint standing_count(const Standing *standing);                  /* codes are 1..count; 0: none */
const char *standing_name(const Standing *standing, guint code); /* "" for 0 */
/* Fills a code a person of the block. */
gboolean standing_block(Standing *standing, guint block, const Block *data, guint8 *codes, GError **error);
