// SPDX-License-Identifier: Apache-2.0
/* Resolves one case a line of standard input (notation: identity_case.h) and prints, a line each,
 * persons | visits | present persons | conflicts | full sets. */
#include "../unit/journey/identity_case.h"
#include <stdio.h>

int main(int argc, char **argv) {
  gboolean explained = argc > 1 && strcmp(argv[1], "--explained") == 0;
  char *line = NULL;
  size_t size = 0;
  while (getline(&line, &size, stdin) > 0) {
    g_autoptr(Case) c = case_read(g_strchomp(line));
    case_resolve(c, explained);
    g_autofree char *persons = case_persons(c), *visits = case_visits(c), *present = case_present(c);
    printf("%s|%s|%s|%u|%u\n", persons, visits, present, (guint)c->output.conflicts, (guint)c->output.sets_full);
  }
  free(line);
  return 0;
}
