/* SPDX-License-Identifier: Apache-2.0
 * person_rows.h: the persons behind a figure as rows of a list, last seen first: stage, value and the way they came. A row
 * tells of the whole person as of now, whatever period or events the figure is about. */
#pragma once
#include "analysis/workspace.h"

/* Of the report that the option `report` names, exactly those whom its `who` lists, by its own options; without one,
 * everybody with an event of the question. `limit` rows, 0 all. JSON or CSV with the envelope of reports; caller frees. */
char *person_rows_answer(Workspace *workspace, Params *params, const char *format, const gint *cancel, GError **error);
