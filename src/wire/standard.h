/* SPDX-License-Identifier: Apache-2.0
 * standard.h: the standard event names (Object Action in Title Case), what other vendors call them, who
 * begins such an event and how close it comes. docs/event-names.md has the same table for readers. */
#pragma once
#include "wire/event.h"

/* The standard name of a GA4 event name ("view_item" is "Product Viewed"); the name itself when it has none. */
Text standard_name(Text name);

typedef struct {
  Initiator initiator;
  Grade grade; /* GRADE_NONE for system events, which are no touches */
} StandardFacts;

/* Of a standard name, exactly as written; any other event is a customer's visit. */
StandardFacts standard_facts(Text name);

/* All rows, for the manual and its test; FALSE past the last. `alias` is NULL for rows of standard_facts(). */
gboolean standard_row(guint index, const char **alias, const char **name, StandardFacts *facts);
