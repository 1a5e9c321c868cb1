/* SPDX-License-Identifier: Apache-2.0
 * finding.h: the one sentence that a page or a terminal opens with, as an id and values; and the catalogue that puts it
 * into words, German or English. A finding claims a difference only when its 95 % interval excludes none; otherwise it
 * is neutral. docs/findings.md lists the ids. */
#pragma once
#include "base/json_out.h"
#include "base/wording.h"

typedef struct Finding Finding;

Finding *finding_new(void);
void finding_free(Finding *finding);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Finding, finding_free)
/* `id` is one of the catalogue, "funnel.largest_drop"; until it is set there is nothing to say. */
void finding_set(Finding *finding, const char *id);
gboolean finding_is_set(const Finding *finding);
/* Values by name; `label` is what people read for it, NULL: the text itself. */
void finding_text(Finding *finding, const char *name, const char *text, const char *label);
void finding_count(Finding *finding, const char *name, guint64 count);
void finding_share(Finding *finding, const char *name, double share);
void finding_number(Finding *finding, const char *name, double number); /* one decimal in words */
void finding_duration(Finding *finding, const char *name, double ms);
void finding_money(Finding *finding, const char *name, gint64 micro, const char *currency);

void finding_write(const Finding *finding, JsonOut *out); /* {"id", "values": {...}}, or null */
char *finding_sentence(const Finding *finding, Language language);
