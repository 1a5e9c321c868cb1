// SPDX-License-Identifier: Apache-2.0
// Prints a funnel of a project as JSON:  funnel shop.db 'Product Viewed' 'Order Completed'
// Build: cc funnel.c -o funnel $(pkg-config --cflags --libs etappe)
#include <etappe/etappe.h>
#include <stdio.h>

int main(int argc, char **argv) {
  const char *options[34] = {"window=7d"};
  char steps[32][256], *error = NULL;
  if (argc < 3) {
    fprintf(stderr, "usage: %s PROJECT STEP...\n", argv[0]);
    return 2;
  }
  for (int i = 2; i < argc && i < 34; i++) {
    snprintf(steps[i - 2], sizeof steps[0], "step=%s", argv[i]);
    options[i - 1] = steps[i - 2];
  }
  EtappeProject *project = etappe_open(argv[1], &error);
  char *json = project ? etappe_ask(project, "funnel", options, &error) : NULL;
  if (json)
    puts(json);
  else
    fprintf(stderr, "%s\n", error);
  etappe_free(json);
  etappe_free(error);
  etappe_close(project);
  return json ? 0 : 1;
}
