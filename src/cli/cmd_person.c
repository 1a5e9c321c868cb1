// SPDX-License-Identifier: Apache-2.0
// etappe person: who there is, one of them explained, two joined or separated by hand.
#include "analysis/person_link.h"
#include "analysis/person_list.h"
#include "analysis/person_report.h"
#include "analysis/workspace.h"
#include "base/clock.h"
#include "base/error.h"
#include "cli/cli.h"
#include <string.h>

typedef LinkPlan *(*PlanFunc)(Snapshot *snapshot, const char *x, const char *y, GError **error);

/* Options alone; `wanted` arguments after the action, named in `usage`. */
static gboolean parse(Cli *cli, CliArgs *args, int argc, char **argv, guint wanted, const char *usage, GError **error) {
  static const CliOption none[] = {{NULL, FALSE, FALSE}};
  if (!cli_parse(cli, args, none, argc, argv, error))
    return FALSE;
  return args->arguments->len == wanted || error_set(error, ERROR_USAGE, "etappe person %s takes %u %s\nhint: for example: %s",
                                                     argv[0], wanted, wanted == 1 ? "identifier" : "identifiers", usage);
}

/* --- list and show --------------------------------------------------------------------------------- */
static gboolean run_list(Cli *cli, int argc, char **argv, GError **error) {
  return cmd_report(cli, &person_list_report, argc, argv, error);
}

static gboolean run_show(Cli *cli, int argc, char **argv, GError **error) {
  return cmd_report_on(cli, &person_report, "person", argc, argv, error);
}

/* --- merge and unmerge ------------------------------------------------------------------------------- */
static gboolean is_one(const LinkPlan *plan) {
  return plan->person_x == plan->person_y;
}

static void say_what(GString *out, const LinkPlan *plan, gboolean merging) {
  if (plan->kind == LINK_PLAN_NOTHING)
    g_string_append_printf(out, "Nothing to do: %s and %s are %s already.\n", plan->x, plan->y,
                           merging ? "one person" : "separated");
  for (guint i = 0; i < link_plan_links(plan); i++) {
    const Link *link = link_plan_link(plan, i);
    g_autofree char *a = who_text(plan->names, link->a, link->space_a), *b = who_text(plan->names, link->b, link->space_b);
    const char *what = plan->kind == LINK_PLAN_TAKE_BACK ? "Taken back" : link->kind == LINK_ALIAS ? "Merged" : "Separated";
    gboolean alias = link->kind == LINK_ALIAS;
    g_string_append_printf(out, "%s: %s %s %s%s (number %" G_GUINT64_FORMAT ").\n", what, a, alias ? "joined" : "and", b,
                           alias ? "" : " never stand for one person", link->number);
  }
}

static char *outcome_text(const LinkPlan *plan, gboolean merging) {
  GString *out = g_string_new(NULL);
  say_what(out, plan, merging);
  if (is_one(plan))
    g_string_append_printf(out, "%s and %s are one person: " WHO_FORMAT "\n", plan->x, plan->y, plan->person_x);
  else
    g_string_append_printf(out, "%s and %s are two persons: " WHO_FORMAT " and " WHO_FORMAT "\n", plan->x, plan->y, plan->person_x,
                           plan->person_y);
  if (plan->kind == LINK_PLAN_TAKE_BACK && is_one(plan) != merging)
    g_string_append_printf(out, "%s; say it once more to %s them all the same.\n",
                           merging ? "The events do not join them" : "The events join them as well",
                           merging ? "merge" : "separate");
  for (guint i = 0; i < link_plan_links(plan); i++) {
    g_autofree char *back = link_plan_take_back_text(plan, link_plan_link(plan, i));
    g_string_append_printf(out, "To take it back: %s\n", back);
  }
  return g_string_free(out, FALSE);
}

static char *outcome_json(const LinkPlan *plan) {
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  link_plan_write(plan, out);
  json_object_end(out);
  return g_strconcat(json_out_text(out, NULL), "\n", NULL);
}

/* The lock of the writer is held from before the plan is drawn until it is carried out. */
static gboolean run_link(Cli *cli, int argc, char **argv, PlanFunc make, GError **error) {
  g_auto(CliArgs) args = {NULL, NULL};
  g_autofree char *usage = g_strdup_printf("etappe person %s user:anna card:4711", argv[0]);
  if (!parse(cli, &args, argc, argv, 2, usage, error))
    return FALSE;
  const char *format = params_get(args.params, "format");
  if (format && strcmp(format, "json") != 0 && strcmp(format, "table") != 0)
    return error_set(error, ERROR_USAGE, "etappe person %s prints table or json, not %s", argv[0], format);
  g_auto(CliWorkspace) asked = {NULL, FALSE};
  g_auto(CliRecord) opened = {NULL, FALSE};
  if (!cli_open_workspace(cli, NULL, &asked, error) || !cli_open_record(cli, RECORD_WRITE, &opened, error) ||
      !workspace_refresh(asked.workspace, error))
    return FALSE;
  g_autoptr(Snapshot) snapshot = index_snapshot(workspace_index(asked.workspace));
  g_autoptr(LinkPlan) plan = make(snapshot, args.arguments->pdata[0], args.arguments->pdata[1], error);
  if (!plan || !link_plan_carry_out(plan, opened.record, clock_now_ms(), error))
    return FALSE;
  g_autofree char *text =
      format && strcmp(format, "json") == 0 ? outcome_json(plan) : outcome_text(plan, strcmp(argv[0], "merge") == 0);
  cli_print(text);
  return TRUE;
}

gboolean cmd_person(Cli *cli, int argc, char **argv, GError **error) {
  static const char *const actions[] = {"list", "show", "merge", "unmerge", "export", "erase", NULL};
  const char *action = argc > 1 ? argv[1] : "";
  if (strcmp(action, "list") == 0)
    return run_list(cli, argc - 1, argv + 1, error);
  if (strcmp(action, "show") == 0)
    return run_show(cli, argc - 1, argv + 1, error);
  if (strcmp(action, "merge") == 0)
    return run_link(cli, argc - 1, argv + 1, link_plan_merge, error);
  if (strcmp(action, "unmerge") == 0)
    return run_link(cli, argc - 1, argv + 1, link_plan_unmerge, error);
  if (strcmp(action, "export") == 0)
    return cmd_person_export(cli, argc - 1, argv + 1, error);
  if (strcmp(action, "erase") == 0)
    return cmd_person_erase(cli, argc - 1, argv + 1, error);
  const char *nearest = action[0] ? cli_nearest(action, actions) : NULL;
  if (nearest)
    return error_set(error, ERROR_USAGE, "etappe person knows no \"%s\"\nhint: did you mean `etappe person %s`?", action, nearest);
  return error_set(error, ERROR_USAGE,
                   "say what to do with persons: list, show, merge, unmerge, export or erase\nhint: `etappe help person` explains each");
}
