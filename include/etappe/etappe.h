/* SPDX-License-Identifier: Apache-2.0
 * etappe.h: ask a project for its reports from a C program.
 *
 *   char *error = NULL;
 *   EtappeProject *project = etappe_open("shop.db", &error);
 *   char *json = etappe_ask(project, "funnel", (const char *const[]){"step=cart", "step=purchase", "window=7d", NULL}, &error);
 *
 * Options are those of the command line, as name=value; answers are the JSON that `--format json` prints. A project may be
 * asked by one thread at a time; several may be open. Build with `pkg-config --cflags --libs etappe`. */
#ifndef ETAPPE_H
#define ETAPPE_H

#ifdef __cplusplus
extern "C" {
#endif

typedef struct EtappeProject EtappeProject;

/* Opens the record at `path` and brings its index up to date. NULL on failure; then *error (when error is not NULL) is one
 * sentence that says what is wrong, and perhaps a second line that says what to do; free it with etappe_free. */
EtappeProject *etappe_open(const char *path, char **error);
void etappe_close(EtappeProject *project); /* NULL is fine */

/* The answer of a report (`etappe help` lists them), or NULL with *error. `options` ends with NULL; NULL means none.
 * Sees everything that was committed before the call. Free the answer with etappe_free. */
char *etappe_ask(EtappeProject *project, const char *report, const char *const *options, char **error);

void etappe_free(char *text); /* NULL is fine */
const char *etappe_version(void);

#ifdef __cplusplus
}
#endif
#endif
