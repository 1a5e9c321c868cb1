/* SPDX-License-Identifier: Apache-2.0
 * workspace.h: a project opened for questions: record and index together. The command line, the library
 * and the server ask through here, so that the same options mean the same everywhere. */
#pragma once
#include "analysis/catalogue.h"
#include "journey/index.h"

typedef struct Workspace Workspace;

/* Read-only towards the record; the index is brought up to date, on disk when it may write there.
 * ERROR_NOT_FOUND says how to make a project. */
Workspace *workspace_open(const char *path, const IndexOptions *options, GError **error);
/* The same on the record of whoever writes it, which must outlive the workspace. Any number of threads may ask while
 * one refreshes. */
Workspace *workspace_open_on(Record *record, const IndexOptions *options, GError **error);
void workspace_free(Workspace *workspace);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Workspace, workspace_free)
Record *workspace_record(Workspace *workspace);
Index *workspace_index(Workspace *workspace);
const Project *workspace_project(Workspace *workspace); /* in force now; stays until workspace_free() */
const Zone *workspace_zone(Workspace *workspace);
gboolean workspace_refresh(Workspace *workspace, GError **error); /* sees what was committed since */

/* The options every report takes: from, to, now, where, among, seed, threads. Ends with a NULL name. */
extern const Param workspace_common_params[];

/* A question from the common options among `params`; free with workspace_question_clear. Days are whole days
 * in the project's zone; `to` as a date includes that day. */
gboolean workspace_question(Workspace *workspace, const Params *params, Question *question, GError **error);
void workspace_question_clear(Question *question);

/* The whole answer of a report, all options in `params` (report's and common ones). Caller frees. */
char *workspace_answer(Workspace *workspace, const Report *report, Params *params, const char *format, const TableStyle *style,
                       GError **error);
/* The same, given up with ERROR_CANCELLED soon after *cancel becomes 1. */
char *workspace_answer_until(Workspace *workspace, const Report *report, Params *params, const char *format,
                             const TableStyle *style, const gint *cancel, GError **error);
