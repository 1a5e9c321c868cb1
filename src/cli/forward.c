// SPDX-License-Identifier: Apache-2.0
// Commands that change the project go to its server while there is one.
#include "cli/cli.h"
#include "server/command_door.h"
#include <string.h>

static gboolean is_one_of(const char *word, const char *const *words) {
  return g_strv_contains(words, word);
}

/* Words that begin no option; `etappe import list` and the like only read. */
static gboolean writes(int argc, char **argv) {
  static const char *const reading[] = {"list", NULL};
  static const char *const linking[] = {"merge", "unmerge", "hide", "unhide", "erase", NULL};
  if (argc < 3 || strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0)
    return FALSE;
  if (strcmp(argv[1], "import") == 0)
    return !is_one_of(argv[2], reading);
  if (strcmp(argv[1], "person") == 0)
    return is_one_of(argv[2], linking);
  return strcmp(argv[1], "project") == 0 && strcmp(argv[2], "apply") == 0;
}

static const char *named_db(const Cli *cli, int argc, char **argv) {
  const char *db = cli->db;
  for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
    if (g_str_has_prefix(argv[i], "--db="))
      db = argv[i] + 5;
    else if (strcmp(argv[i], "--db") == 0 && i + 1 < argc)
      db = argv[i + 1];
  return db;
}

gboolean cli_forward(const Cli *cli, int argc, char **argv, int *exit_code) {
  return writes(argc, argv) &&
         command_door_send(named_db(cli, argc, argv), argc, argv, g_getenv("NO_COLOR") ? COMMAND_PLAIN : 0, exit_code);
}
