// SPDX-License-Identifier: Apache-2.0
// Reading the project file. The preset's document and the file's are both trees; a top-level key is taken from the
// file, else from the preset. One function a section; each says what it knows, so that a slip is found by name.
#include "project/project.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "project/presets.h"
#include "project/tree.h"
#include <string.h>

enum { PROJECT_VERSION = 1, STAGES_MAX = 16, GOALS_MAX = 32, RULES_MAX = 1000 };

typedef struct {
  TreeNode *file, *preset, *model; /* model: the stage model's document */
  Zone *zone;
} Sources;

static gboolean expect(const TreeNode *node, TreeKind kind, const char *path, GError **error) {
  static const char *const names[] = {"a single value", "a list (lines that begin with -)", "keys with values"};
  return node->kind == kind || tree_error(error, node, path, "expected %s", names[kind]);
}

static gboolean take_text(TreeNode *map, const char *key, const char *path, char **out, GError **error) {
  TreeNode *node = tree_take(map, key);
  if (!node)
    return TRUE;
  if (!expect(node, TREE_SCALAR, path, error))
    return FALSE;
  g_free(*out);
  *out = g_strdup(node->text);
  return TRUE;
}

static gboolean take_required(TreeNode *map, const char *key, const char *path, char **out, GError **error) {
  return take_text(map, key, path, out, error) && ((*out && **out) || tree_error(error, map, path, "%s is missing here", key));
}

static gboolean take_flag(TreeNode *map, const char *key, const char *path, gboolean *out, GError **error) {
  g_autofree char *text = NULL;
  TreeNode *node = tree_take(map, key);
  if (!node)
    return TRUE;
  if (!expect(node, TREE_SCALAR, path, error))
    return FALSE;
  if (strcmp(node->text, "true") && strcmp(node->text, "false"))
    return tree_error(error, node, path, "%s must be true or false, not \"%s\"", key, node->text);
  *out = strcmp(node->text, "true") == 0;
  return TRUE;
}

static gboolean take_duration(TreeNode *map, const char *key, const char *path, gint64 *out, GError **error) {
  TreeNode *node = tree_take(map, key);
  if (!node)
    return TRUE;
  if (!expect(node, TREE_SCALAR, path, error))
    return FALSE;
  g_autoptr(GError) inner = NULL;
  return duration_parse(node->text, out, &inner) || tree_error(error, node, path, "%s: %s", key, inner->message);
}

typedef enum { ABOUT_EVENTS, ABOUT_PERSONS } About;

static gboolean take_condition(TreeNode *map, const char *key, const char *path, About about, Condition **out, GError **error) {
  TreeNode *node = tree_take(map, key);
  if (!node)
    return TRUE;
  if (!expect(node, TREE_SCALAR, path, error))
    return FALSE;
  g_autoptr(GError) inner = NULL;
  g_autoptr(Condition) condition = condition_parse(node->text, &inner);
  if (condition && !(about == ABOUT_EVENTS ? condition_require_events : condition_require_persons)(condition, &inner))
    g_clear_pointer(&condition, condition_free);
  if (!condition)
    return tree_error(error, node, path, "%s: %s", key, inner->message);
  *out = g_steal_pointer(&condition);
  return TRUE;
}

/* One of `choices` ("a|b|c"), given as its index. */
static gboolean take_choice(TreeNode *map, const char *key, const char *path, const char *choices, guint *out, GError **error) {
  TreeNode *node = tree_take(map, key);
  if (!node)
    return TRUE;
  if (!expect(node, TREE_SCALAR, path, error))
    return FALSE;
  g_auto(GStrv) names = g_strsplit(choices, "|", -1);
  for (guint i = 0; names[i]; i++)
    if (strcmp(names[i], node->text) == 0) {
      *out = i;
      return TRUE;
    }
  return tree_error(error, node, path, "%s must be one of %s, not \"%s\"", key, choices, node->text);
}

static gboolean take_texts(TreeNode *map, const char *key, GPtrArray *out, GError **error) {
  TreeNode *node = tree_take(map, key);
  if (!node)
    return TRUE;
  if (!expect(node, TREE_LIST, key, error))
    return FALSE;
  for (guint i = 0; i < node->children->len; i++) {
    TreeNode *item = node->children->pdata[i];
    if (!expect(item, TREE_SCALAR, key, error))
      return FALSE;
    g_ptr_array_add(out, g_strdup(item->text));
  }
  return TRUE;
}

static void rule_clear(Rule *rule) {
  g_free(rule->name);
  g_free(rule->label);
  g_free(rule->label_de);
  condition_free(rule->when);
}
static void rule_free(gpointer rule) {
  rule_clear(rule);
  g_free(rule);
}
static void touchpoint_free(gpointer p) {
  Touchpoint *touchpoint = p;
  rule_clear(&touchpoint->rule);
  g_free(touchpoint->family);
  g_free(touchpoint);
}
static void adjustment_free(gpointer p) {
  Adjustment *adjustment = p;
  condition_free(adjustment->when);
  g_free(adjustment->value);
  g_free(adjustment->order);
  g_free(adjustment);
}
static void goal_free(gpointer p) {
  Goal *goal = p;
  rule_clear(&goal->rule);
  g_free(goal->value);
  g_free(goal->order);
  g_free(goal->authoritative);
  g_clear_pointer(&goal->adjustments, g_ptr_array_unref);
  g_free(goal);
}
static void stage_free(gpointer p) {
  Stage *stage = p;
  rule_clear(&stage->rule);
  g_free(stage->lapse_to);
  condition_free(stage->back);
  g_free(stage->back_to);
  g_free(stage);
}
static void initiator_free(gpointer p) {
  InitiatorRule *rule = p;
  condition_free(rule->when);
  g_free(rule);
}
static void source_free(gpointer p) {
  SourceRule *source = p;
  g_free(source->name);
  g_free(source->group);
  g_free(source->basis);
  g_free(source);
}
static void identifier_free(gpointer p) {
  IdentifierRule *rule = p;
  g_free(rule->name);
  g_free(rule);
}
static void rate_free(gpointer p) {
  Rate *rate = p;
  g_free(rate->currency);
  g_free(rate);
}

static gboolean read_rule(TreeNode *map, const char *path, About about, Rule *rule, GError **error) {
  return take_required(map, "name", path, &rule->name, error) && take_text(map, "label", path, &rule->label, error) &&
         take_text(map, "label_de", path, &rule->label_de, error) && take_condition(map, "when", path, about, &rule->when, error);
}

/* Reads one item of a list into a fresh struct appended to `out`. */
typedef gboolean (*ReadItem)(TreeNode *map, const char *path, Project *project, Sources *sources, GPtrArray *out, GError **error);

static gboolean read_list(TreeNode *list, const char *key, Project *project, Sources *sources, GPtrArray *out, guint most,
                          ReadItem read, GError **error) {
  if (!expect(list, TREE_LIST, key, error))
    return FALSE;
  if (list->children->len > most)
    return tree_error(error, list, key, "more than %u entries", most);
  for (guint i = 0; i < list->children->len; i++) {
    TreeNode *item = list->children->pdata[i];
    g_autofree char *path = g_strdup_printf("%s[%u]", key, i + 1);
    if (!expect(item, TREE_MAP, path, error) || !read(item, path, project, sources, out, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean name_is_new(GPtrArray *rules, TreeNode *map, const char *path, GError **error) {
  const Rule *last = rules->pdata[rules->len - 1];
  for (guint i = 0; i + 1 < rules->len; i++)
    if (strcmp(((const Rule *)rules->pdata[i])->name, last->name) == 0)
      return tree_error(error, map, path, "the name \"%s\" is used before (entry %u)", last->name, i + 1);
  return TRUE;
}

static const char *const rule_keys[] = {"name", "label", "label_de", "when", NULL};

static gboolean read_event_rule(TreeNode *map, const char *path, Project *project, Sources *sources, GPtrArray *out,
                                GError **error) {
  Rule *rule = g_new0(Rule, 1);
  g_ptr_array_add(out, rule);
  return read_rule(map, path, ABOUT_EVENTS, rule, error) && tree_map_done(map, path, rule_keys, error);
}

static gboolean read_person_rule(TreeNode *map, const char *path, Project *project, Sources *sources, GPtrArray *out,
                                 GError **error) {
  Rule *rule = g_new0(Rule, 1);
  g_ptr_array_add(out, rule);
  return read_rule(map, path, ABOUT_PERSONS, rule, error) && tree_map_done(map, path, rule_keys, error) &&
         name_is_new(out, map, path, error);
}

static gboolean read_touchpoint(TreeNode *map, const char *path, Project *project, Sources *sources, GPtrArray *out,
                                GError **error) {
  static const char *const known[] = {"name", "label", "label_de", "when", "family", "direct", "online", "aftersales", NULL};
  Touchpoint *touchpoint = g_new0(Touchpoint, 1);
  touchpoint->direct = touchpoint->online = TRUE;
  g_ptr_array_add(out, touchpoint);
  return read_rule(map, path, ABOUT_EVENTS, &touchpoint->rule, error) &&
         take_text(map, "family", path, &touchpoint->family, error) && take_flag(map, "direct", path, &touchpoint->direct, error) &&
         take_flag(map, "online", path, &touchpoint->online, error) &&
         take_flag(map, "aftersales", path, &touchpoint->aftersales, error) && tree_map_done(map, path, known, error) &&
         name_is_new(out, map, path, error) &&
         (touchpoint->rule.when ||
          tree_error(error, map, path, "when is missing: which events happen at %s?", touchpoint->rule.name));
}

static gboolean read_initiator(TreeNode *map, const char *path, Project *project, Sources *sources, GPtrArray *out,
                               GError **error) {
  static const char *const known[] = {"by", "when", NULL};
  InitiatorRule *rule = g_new0(InitiatorRule, 1);
  guint by = INITIATE_COMPANY;
  g_ptr_array_add(out, rule);
  if (!take_choice(map, "by", path, "customer|company|system", &by, error) ||
      !take_condition(map, "when", path, ABOUT_EVENTS, &rule->when, error) || !tree_map_done(map, path, known, error))
    return FALSE;
  rule->by = (Initiate)by;
  return rule->when || tree_error(error, map, path, "when is missing");
}

static gboolean read_adjustment(TreeNode *map, const char *path, Project *project, Sources *sources, GPtrArray *out,
                                GError **error) {
  static const char *const known[] = {"kind", "when", "value", "order", NULL};
  Adjustment *adjustment = g_new0(Adjustment, 1);
  guint kind = ADJUST_RETURN;
  g_ptr_array_add(out, adjustment);
  if (!take_choice(map, "kind", path, "return|cancel|late_value|renewal", &kind, error) ||
      !take_condition(map, "when", path, ABOUT_EVENTS, &adjustment->when, error) ||
      !take_text(map, "value", path, &adjustment->value, error) || !take_text(map, "order", path, &adjustment->order, error) ||
      !tree_map_done(map, path, known, error))
    return FALSE;
  adjustment->kind = (AdjustKind)kind;
  return adjustment->when || tree_error(error, map, path, "when is missing: which events adjust?");
}

static gboolean goal_is_whole(TreeNode *map, const char *path, const Goal *goal, GError **error) {
  if (!goal->rule.when)
    return tree_error(error, map, path, "when is missing: which events are the goal %s?", goal->rule.name);
  for (guint i = 0; i < goal->adjustments->len; i++) {
    const Adjustment *adjustment = goal->adjustments->pdata[i];
    if (!goal->order && !adjustment->order)
      return tree_error(error, map, path, "adjustments need an order id to find their conversion\nhint: add  order: order");
  }
  if (goal->provisional_ms >= 0 && goal->adjustments->len == 0)
    return tree_error(error, map, path, "adjustments_within says until when adjustments may come, but %s has none",
                      goal->rule.name);
  return TRUE;
}

static gboolean read_goal(TreeNode *map, const char *path, Project *project, Sources *sources, GPtrArray *out, GError **error) {
  static const char *const known[] = {
      "name",          "label",       "label_de",           "when", "value", "order", "count", "closes", "lookback", "inactivity",
      "authoritative", "adjustments", "adjustments_within", NULL};
  Goal *goal = g_new0(Goal, 1);
  guint count = COUNT_EACH;
  goal->lookback_ms = project->lookback_ms;
  goal->inactivity_ms = project->inactivity_ms;
  goal->adjustments = g_ptr_array_new_with_free_func(adjustment_free);
  g_ptr_array_add(out, goal);
  if (!read_rule(map, path, ABOUT_EVENTS, &goal->rule, error) || !take_text(map, "value", path, &goal->value, error) ||
      !take_text(map, "order", path, &goal->order, error) ||
      !take_choice(map, "count", path, "each|per_visit|per_journey|per_person", &count, error) ||
      !take_flag(map, "closes", path, &goal->closes, error) || !take_duration(map, "lookback", path, &goal->lookback_ms, error) ||
      !take_duration(map, "inactivity", path, &goal->inactivity_ms, error) ||
      !take_text(map, "authoritative", path, &goal->authoritative, error))
    return FALSE;
  goal->count = (CountMode)count;
  goal->provisional_ms = -1;
  TreeNode *adjustments = tree_take(map, "adjustments");
  g_autofree char *inner = g_strconcat(path, ".adjustments", NULL);
  if ((adjustments && !read_list(adjustments, inner, project, sources, goal->adjustments, RULES_MAX, read_adjustment, error)) ||
      !take_duration(map, "adjustments_within", path, &goal->provisional_ms, error) || !tree_map_done(map, path, known, error) ||
      !name_is_new(out, map, path, error) || !goal_is_whole(map, path, goal, error))
    return FALSE;
  if (goal->provisional_ms < 0)
    goal->provisional_ms = goal->adjustments->len ? PROJECT_ADJUST_DAYS_DEFAULT * MS_DAY : 0;
  return TRUE;
}

static gboolean read_stage(TreeNode *map, const char *path, Project *project, Sources *sources, GPtrArray *out, GError **error) {
  static const char *const known[] = {"name", "label", "label_de", "when", "lapse_after", "lapse_to", "back_when", "back_to", NULL};
  Stage *stage = g_new0(Stage, 1);
  g_ptr_array_add(out, stage);
  if (!read_rule(map, path, ABOUT_EVENTS, &stage->rule, error) ||
      !take_duration(map, "lapse_after", path, &stage->lapse_ms, error) ||
      !take_text(map, "lapse_to", path, &stage->lapse_to, error) ||
      !take_condition(map, "back_when", path, ABOUT_EVENTS, &stage->back, error) ||
      !take_text(map, "back_to", path, &stage->back_to, error) || !tree_map_done(map, path, known, error) ||
      !name_is_new(out, map, path, error))
    return FALSE;
  if (!stage->rule.when && out->len > 1)
    return tree_error(error, map, path, "when is missing: only the first stage is entered by beginning");
  if (!stage->lapse_ms != !stage->lapse_to || !stage->back != !stage->back_to)
    return tree_error(error, map, path, "lapse_after needs lapse_to, and back_when needs back_to");
  return TRUE;
}

static gboolean read_source(TreeNode *map, const char *path, Project *project, Sources *sources, GPtrArray *out, GError **error) {
  static const char *const known[] = {"name", "kind", "group", "amounts", "basis", "anonymous", "users", NULL};
  SourceRule *source = g_new0(SourceRule, 1);
  static const char *const bases[] = {BASIS_CONSENT, "contract", "legitimate_interest", "legal_obligation"};
  guint kind = G_MAXUINT, amounts = 0, users = 0, basis = G_MAXUINT;
  g_ptr_array_add(out, source);
  if (!take_required(map, "name", path, &source->name, error) ||
      !take_choice(map, "kind", path, "file|web|app|server", &kind, error) ||
      !take_text(map, "group", path, &source->group, error) || !take_choice(map, "amounts", path, "gross|net", &amounts, error) ||
      !take_choice(map, "basis", path, "consent|contract|legitimate_interest|legal_obligation", &basis, error) ||
      !take_flag(map, "anonymous", path, &source->anonymous, error) ||
      !take_choice(map, "users", path, "open|proven", &users, error))
    return FALSE;
  source->basis = basis == G_MAXUINT ? NULL : g_strdup(bases[basis]);
  source->users_proven = users == 1;
  source->kind_given = kind != G_MAXUINT;
  source->kind = source->kind_given ? (SourceKind)kind : SOURCE_FILE;
  source->net = amounts == 1;
  return tree_map_done(map, path, known, error);
}

static gboolean read_identifier(TreeNode *map, const char *path, Project *project, Sources *sources, GPtrArray *out,
                                GError **error) {
  static const char *const known[] = {"name", "strength", "plain", NULL};
  static const Strength strengths[] = {STRENGTH_STRONG, STRENGTH_WEAK, STRENGTH_DEVICE};
  IdentifierRule *rule = g_new0(IdentifierRule, 1);
  guint strength = 1;
  g_ptr_array_add(out, rule);
  if (!take_required(map, "name", path, &rule->name, error) ||
      !take_choice(map, "strength", path, "strong|weak|device", &strength, error) ||
      !take_flag(map, "plain", path, &rule->plain, error) || !tree_map_done(map, path, known, error))
    return FALSE;
  rule->strength = strengths[strength];
  g_autoptr(Spaces) spaces = spaces_new(); /* says what is wrong with the name */
  g_autoptr(GError) inner = NULL;
  for (guint i = 0; i < out->len; i++) {
    const IdentifierRule *each = out->pdata[i];
    if (!spaces_add(spaces, each->name, each->strength, each->plain, &inner))
      return tree_error(error, map, path, "name: %s", inner->message);
  }
  return TRUE;
}

static gboolean read_rate(TreeNode *map, const char *path, Project *project, Sources *sources, GPtrArray *out, GError **error) {
  static const char *const known[] = {"currency", "from", "rate", NULL};
  Rate *rate = g_new0(Rate, 1);
  g_autofree char *from = NULL, *amount = NULL;
  const char *why = NULL;
  rate->from_ms = G_MININT64;
  g_ptr_array_add(out, rate);
  if (!take_required(map, "currency", path, &rate->currency, error) || !take_text(map, "from", path, &from, error) ||
      !take_required(map, "rate", path, &amount, error) || !tree_map_done(map, path, known, error))
    return FALSE;
  if (from && !clock_parse(text_of(from), sources->zone, &rate->from_ms, &why))
    return tree_error(error, map, path, "from: %s", why);
  double value = g_ascii_strtod(amount, NULL);
  if (!(value > 0 && value < 1e9))
    return tree_error(error, map, path, "rate must be a positive number, such as 0.96, not \"%s\"", amount);
  rate->rate_micro = (gint64)(value * 1e6 + 0.5);
  return TRUE;
}

static void hook_free_any(gpointer p) {
  hook_free(p);
}
static void coupon_free_any(gpointer p) {
  coupon_free(p);
}

static gboolean read_hook(TreeNode *map, const char *path, Project *project, Sources *sources, GPtrArray *out, GError **error) {
  g_autoptr(Spaces) spaces = spaces_new();
  for (guint i = 0; i < project->identifiers->len; i++) {
    const IdentifierRule *own = project->identifiers->pdata[i];
    spaces_add(spaces, own->name, own->strength, own->plain, NULL);
  }
  g_autoptr(Hook) hook = hook_read(map, path, spaces, error);
  if (!hook)
    return FALSE;
  if (project_hook(project, hook->name))
    return tree_error(error, map, path, "the name \"%s\" is used before", hook->name);
  g_ptr_array_add(out, g_steal_pointer(&hook));
  return TRUE;
}

static gboolean read_coupon(TreeNode *map, const char *path, Project *project, Sources *sources, GPtrArray *out, GError **error) {
  g_autoptr(Coupon) coupon = coupon_read(map, path, error);
  if (!coupon)
    return FALSE;
  g_ptr_array_add(out, g_steal_pointer(&coupon));
  return TRUE;
}

/* A top-level key of the file, else of the stage model (stages only), else of the preset. */
static TreeNode *take_top(Sources *sources, const char *key) {
  TreeNode *mine = tree_take(sources->file, key);
  TreeNode *modelled = sources->model ? tree_take(sources->model, key) : NULL;
  TreeNode *given = sources->preset ? tree_take(sources->preset, key) : NULL;
  return mine ? mine : modelled ? modelled : given;
}

static gboolean top_text(Sources *sources, const char *key, char **out, GError **error) {
  TreeNode *node = take_top(sources, key);
  if (node && !expect(node, TREE_SCALAR, key, error))
    return FALSE;
  if (node) {
    g_free(*out);
    *out = g_strdup(node->text);
  }
  return TRUE;
}

static gboolean top_duration(Sources *sources, const char *key, gint64 *out, GError **error) {
  g_autofree char *text = NULL;
  if (!top_text(sources, key, &text, error))
    return FALSE;
  return !text || duration_parse(text, out, error);
}

static gboolean top_list(Sources *sources, const char *key, Project *project, GPtrArray *out, guint most, ReadItem read,
                         GError **error) {
  TreeNode *list = take_top(sources, key);
  return !list || read_list(list, key, project, sources, out, most, read, error);
}

static gboolean top_texts(Sources *sources, const char *key, GPtrArray *out, GError **error) {
  TreeNode *mine = tree_take(sources->file, key);
  return take_texts(mine ? sources->file : sources->preset, key, out, error);
}

static gboolean top_condition(Sources *sources, const char *key, Condition **out, GError **error) {
  TreeNode *mine = tree_take(sources->file, key);
  return take_condition(mine ? sources->file : sources->preset, key, key, ABOUT_EVENTS, out, error);
}

static gboolean read_links(const char *text, Project *project, GError **error) {
  guint64 links;
  if (!text)
    return TRUE;
  if (!g_ascii_string_to_unsigned(text, 10, 1, 1000000, &links, NULL))
    return error_set(error, ERROR_INVALID, "max_links must be a whole number from 1 to 1000000, not \"%s\"", text);
  project->max_links = (guint)links;
  return TRUE;
}

static gboolean check_country(Project *project, GError **error) {
  const char *country = project->phone_country;
  if (country && *country == '+') {
    g_autofree char *signed_one = project->phone_country;
    country = project->phone_country = g_strdup(signed_one + 1);
  }
  gsize size = country ? strlen(country) : 1;
  return !country || (size >= 1 && size <= 3 && strspn(country, "0123456789") == size && *country != '0') ||
         error_set(error, ERROR_INVALID, "phone_country must be a country's dialling code such as 49, not \"%s\"", country);
}

static gboolean read_without_consent(const char *text, Project *project, GError **error) {
  project->drop_without_consent = text && strcmp(text, "drop") == 0;
  return !text || project->drop_without_consent || strcmp(text, "count") == 0 ||
         error_set(error, ERROR_INVALID, "without_consent must be count or drop, not \"%s\"", text);
}

static gboolean read_erased_totals(const char *text, Project *project, GError **error) {
  project->erased_totals = text && strcmp(text, "keep") == 0;
  return !text || project->erased_totals || strcmp(text, "none") == 0 ||
         error_set(error, ERROR_INVALID, "erased_totals must be keep or none, not \"%s\"", text);
}

static gboolean read_basics(Project *project, Sources *sources, GError **error) {
  g_autofree char *links = NULL, *without_consent = NULL, *erased_totals = NULL;
  if (!top_text(sources, "erased_totals", &erased_totals, error) || !read_erased_totals(erased_totals, project, error) ||
      !top_text(sources, "without_consent", &without_consent, error) || !read_without_consent(without_consent, project, error) ||
      !top_text(sources, "name", &project->name, error) || !top_text(sources, "language", &project->language, error) ||
      !top_text(sources, "timezone", &project->timezone, error) || !top_text(sources, "currency", &project->currency, error) ||
      !top_duration(sources, "inactivity", &project->inactivity_ms, error) ||
      !top_duration(sources, "lookback", &project->lookback_ms, error) || !top_text(sources, "max_links", &links, error) ||
      !top_text(sources, "phone_country", &project->phone_country, error) ||
      !top_text(sources, "restart_stage", &project->restart_stage, error) ||
      !top_text(sources, "place", &project->place_field, error))
    return FALSE;
  if (strcmp(project->language, "de") && strcmp(project->language, "en"))
    return error_set(error, ERROR_INVALID, "language must be de or en, not \"%s\"", project->language);
  if (strlen(project->currency) != 3)
    return error_set(error, ERROR_INVALID, "currency must be a code of three letters such as EUR, not \"%s\"", project->currency);
  return read_links(links, project, error) && check_country(project, error) &&
         (sources->zone = zone_new(project->timezone, error)) != NULL;
}

static gboolean read_sections(Project *project, Sources *sources, GError **error) {
  return top_list(sources, "channels", project, project->channels, RULES_MAX, read_event_rule, error) &&
         top_list(sources, "touchpoints", project, project->touchpoints, RULES_MAX, read_touchpoint, error) &&
         top_list(sources, "places", project, project->places, RULES_MAX, read_event_rule, error) &&
         top_list(sources, "initiators", project, project->initiators, RULES_MAX, read_initiator, error) &&
         top_list(sources, "goals", project, project->goals, GOALS_MAX, read_goal, error) &&
         top_list(sources, "stages", project, project->stages, STAGES_MAX, read_stage, error) &&
         top_list(sources, "relationships", project, project->relationships, RULES_MAX, read_person_rule, error) &&
         top_list(sources, "personas", project, project->personas, RULES_MAX, read_person_rule, error) &&
         top_list(sources, "sources", project, project->sources, RULES_MAX, read_source, error) &&
         top_list(sources, "identifiers", project, project->identifiers, SPACES_OWN_END, read_identifier, error) &&
         top_list(sources, "rates", project, project->rates, RULES_MAX, read_rate, error) &&
         top_list(sources, "hooks", project, project->hooks, RULES_MAX, read_hook, error) &&
         top_list(sources, "coupons", project, project->coupons, RULES_MAX, read_coupon, error) &&
         top_texts(sources, "brand_terms", project->brand_terms, error) &&
         top_texts(sources, "own_domains", project->own_domains, error) &&
         top_texts(sources, "refused_ids", project->refused_ids, error) &&
         top_texts(sources, "employee_properties", project->employee_properties, error) &&
         top_condition(sources, "bots", &project->bots, error) && top_condition(sources, "internal", &project->internal, error);
}

static gboolean stage_exists(const Project *project, const char *name, const char *where, GError **error) {
  if (!name || project_stage(project, name) >= 0)
    return TRUE;
  g_autoptr(GString) known = g_string_new(NULL);
  for (guint i = 0; i < project->stages->len; i++)
    g_string_append_printf(known, "%s%s", i ? ", " : "", ((const Stage *)project->stages->pdata[i])->rule.name);
  return error_set(error, ERROR_INVALID, "%s names the stage \"%s\", which does not exist\nhint: stages are %s", where, name,
                   known->str);
}

/* Definitions may not refer to each other in a circle: personas and relationships may ask for stage and each other. */
static void refers_to(const Condition *condition, gboolean *persona, gboolean *relationship) {
  if (condition->field && strcmp(condition->field, "persona") == 0)
    *persona = TRUE;
  if (condition->field && strcmp(condition->field, "relationship") == 0)
    *relationship = TRUE;
  for (guint i = 0; condition->children && i < condition->children->len; i++)
    refers_to(condition->children->pdata[i], persona, relationship);
}

static gboolean no_circles(const Project *project, GError **error) {
  gboolean persona_by_relationship = FALSE, relationship_by_persona = FALSE;
  for (guint i = 0; i < project->personas->len; i++) {
    const Rule *rule = project->personas->pdata[i];
    gboolean itself = FALSE;
    if (rule->when)
      refers_to(rule->when, &itself, &persona_by_relationship);
    if (itself)
      return error_set(error, ERROR_INVALID, "personas[%u] \"%s\" asks for persona: a circle", i + 1, rule->name);
  }
  for (guint i = 0; i < project->relationships->len; i++) {
    const Rule *rule = project->relationships->pdata[i];
    gboolean itself = FALSE;
    if (rule->when)
      refers_to(rule->when, &relationship_by_persona, &itself);
    if (itself)
      return error_set(error, ERROR_INVALID, "relationships[%u] \"%s\" asks for relationship: a circle", i + 1, rule->name);
  }
  if (persona_by_relationship && relationship_by_persona)
    return error_set(error, ERROR_INVALID, "personas ask for relationship and relationships for persona: a circle");
  return TRUE;
}

/* A name that a condition compares with and that `rules` do not have; NULL: none. */
static const char *unknown_name(const Condition *condition, const char *field, const GPtrArray *rules) {
  const char *found = NULL;
  for (guint i = 0; condition->children && i < condition->children->len && !found; i++)
    found = unknown_name(condition->children->pdata[i], field, rules);
  gboolean asks = condition->kind == CONDITION_COMPARE && strcmp(condition->field, field) == 0 &&
                  (condition->op == OP_EQ || condition->op == OP_NE || condition->op == OP_IN);
  for (guint i = 0; asks && i < condition->values->len && !found; i++) {
    found = condition->values->pdata[i];
    for (guint k = 0; k < rules->len && found; k++)
      if (strcmp(((const Rule *)rules->pdata[k])->name, found) == 0)
        found = NULL;
  }
  return found;
}

/* Stages begin with a Rule, so all three lists read alike. */
static gboolean names_exist(const Project *project, const char *section, const GPtrArray *rules, GError **error) {
  const struct {
    const char *field;
    const GPtrArray *known;
  } lists[] = {{"stage", project->stages}, {"relationship", project->relationships}, {"persona", project->personas}};
  for (guint i = 0; i < rules->len; i++) {
    const Rule *rule = rules->pdata[i];
    for (guint l = 0; rule->when && l < G_N_ELEMENTS(lists); l++) {
      const char *unknown = unknown_name(rule->when, lists[l].field, lists[l].known);
      if (unknown == NULL)
        continue;
      g_autoptr(GString) known = g_string_new(NULL);
      for (guint k = 0; k < lists[l].known->len; k++)
        g_string_append_printf(known, "%s%s", k ? ", " : "", ((const Rule *)lists[l].known->pdata[k])->name);
      return error_set(error, ERROR_INVALID, "%s[%u] \"%s\" asks for the %s \"%s\", which does not exist\nhint: there is %s",
                       section, i + 1, rule->name, lists[l].field, unknown, known->len ? known->str : "none");
    }
  }
  return TRUE;
}

static gboolean asks_for(const Condition *condition, const char *field) {
  if (condition->field && strcmp(condition->field, field) == 0)
    return TRUE;
  for (guint i = 0; condition->children && i < condition->children->len; i++)
    if (asks_for(condition->children->pdata[i], field))
      return TRUE;
  return FALSE;
}

/* Any other rule may ask for the place, so a rule of places asks only for what the event arrived with. */
static gboolean places_stand_first(const Project *project, GError **error) {
  static const char *const later[] = {"channel", "touchpoint", "initiator"};
  for (guint i = 0; i < project->places->len; i++) {
    const Rule *rule = project->places->pdata[i];
    for (guint f = 0; rule->when && f < G_N_ELEMENTS(later); f++)
      if (asks_for(rule->when, later[f]))
        return error_set(error, ERROR_INVALID, "places[%u] \"%s\" asks for %s, whose rules may ask for place: a circle", i + 1,
                         rule->name, later[f]);
  }
  return TRUE;
}

/* Rules of events: touchpoints may ask for channels, as those without a rule are named after them, and either may ask for
 * initiators, unless these ask back. What a rule asks of its own field is what the event arrived with. */
static gboolean no_circles_of_rules(const Project *project, GError **error) {
  gboolean ask_touchpoint = FALSE, ask_channel = FALSE; /* initiators */
  for (guint i = 0; i < project->initiators->len; i++) {
    const Condition *when = ((const InitiatorRule *)project->initiators->pdata[i])->when;
    ask_touchpoint = ask_touchpoint || asks_for(when, "touchpoint");
    ask_channel = ask_channel || asks_for(when, "channel");
  }
  for (guint i = 0; i < project->channels->len; i++) {
    const Rule *rule = project->channels->pdata[i];
    if (rule->when && asks_for(rule->when, "touchpoint"))
      return error_set(error, ERROR_INVALID,
                       "channels[%u] \"%s\" asks for touchpoint, and touchpoints are named after channels: a circle", i + 1,
                       rule->name);
    if (rule->when && (ask_touchpoint || ask_channel) && asks_for(rule->when, "initiator"))
      return error_set(error, ERROR_INVALID, "channels[%u] \"%s\" asks for initiator, and initiators for %s: a circle", i + 1,
                       rule->name, ask_channel ? "channel" : "touchpoint");
  }
  for (guint i = 0; i < project->touchpoints->len; i++) {
    const Rule *rule = &((const Touchpoint *)project->touchpoints->pdata[i])->rule;
    if (rule->when && ask_touchpoint && asks_for(rule->when, "initiator"))
      return error_set(error, ERROR_INVALID, "touchpoints[%u] \"%s\" asks for initiator, and initiators for touchpoint: a circle",
                       i + 1, rule->name);
  }
  return places_stand_first(project, error);
}

static const char *bare_name(const char *field) {
  return g_str_has_prefix(field, "properties.") ? field + strlen("properties.") : field;
}

gboolean project_is_of_employees(const Project *project, const char *field) {
  for (guint i = 0; i < project->employee_properties->len; i++) {
    const char *name = bare_name(project->employee_properties->pdata[i]), *asked = bare_name(field);
    gsize size = strlen(name);
    if (strncmp(asked, name, size) == 0 && strchr(".[", asked[size]))
      return TRUE;
  }
  return FALSE;
}

/* The employees' property that a condition asks for, or NULL. */
static const char *asks_for_employees(const Project *project, const Condition *condition) {
  const char *fields[] = {condition->field, condition->by}, *found = NULL;
  for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
    if (fields[i] && project_is_of_employees(project, fields[i]))
      return fields[i];
  for (guint i = 0; condition->children && i < condition->children->len && !found; i++)
    found = asks_for_employees(project, condition->children->pdata[i]);
  return found;
}

static gboolean rule_spares_employees(const Project *project, const char *list, guint number, const Condition *when,
                                      GError **error) {
  const char *field = when ? asks_for_employees(project, when) : NULL;
  return !field || error_set(error, ERROR_INVALID, "%s[%u] asks for %s, which is one of the employee_properties and not analysed",
                             list, number, field);
}

/* Nobody is judged by who served them; bots and internal may ask, as they only leave out. */
static gboolean spares_employees(const Project *project, GError **error) {
  const struct {
    const char *key;
    const GPtrArray *rules; /* each begins with a Rule */
  } lists[] = {{"channels", project->channels}, {"touchpoints", project->touchpoints}, {"places", project->places},
               {"goals", project->goals},       {"stages", project->stages},           {"relationships", project->relationships},
               {"personas", project->personas}};
  for (guint l = 0; l < G_N_ELEMENTS(lists); l++)
    for (guint i = 0; i < lists[l].rules->len; i++)
      if (!rule_spares_employees(project, lists[l].key, i + 1, ((const Rule *)lists[l].rules->pdata[i])->when, error))
        return FALSE;
  for (guint i = 0; i < project->initiators->len; i++)
    if (!rule_spares_employees(project, "initiators", i + 1, ((const InitiatorRule *)project->initiators->pdata[i])->when, error))
      return FALSE;
  return TRUE;
}

static gboolean is_whole(const Project *project, GError **error) {
  if (project->stages->len == 0)
    return error_set(error, ERROR_INVALID,
                     "there are no stages\nhint: write  stage_model: five-phase  or list your own under stages");
  for (guint i = 0; i < project->stages->len; i++) {
    const Stage *stage = project->stages->pdata[i];
    if (!stage_exists(project, stage->lapse_to, stage->rule.name, error) ||
        !stage_exists(project, stage->back_to, stage->rule.name, error))
      return FALSE;
  }
  g_autoptr(GPtrArray) orders = project_order_fields(project);
  if (orders->len > PROJECT_ORDER_FIELDS_MAX)
    return error_set(error, ERROR_LIMIT, "goals: more than %d different fields of order ids", PROJECT_ORDER_FIELDS_MAX);
  return stage_exists(project, project->restart_stage, "restart_stage", error) && no_circles(project, error) &&
         names_exist(project, "relationships", project->relationships, error) &&
         names_exist(project, "personas", project->personas, error) && no_circles_of_rules(project, error) &&
         spares_employees(project, error);
}

static int rate_compare(gconstpointer a, gconstpointer b) {
  const Rate *x = *(const Rate *const *)a, *y = *(const Rate *const *)b;
  int order = strcmp(x->currency, y->currency);
  return order ? order : (x->from_ms > y->from_ms) - (x->from_ms < y->from_ms);
}

static gboolean check_version(TreeNode *file, GError **error) {
  TreeNode *version = tree_take(file, "version");
  if (!version)
    return TRUE;
  gint64 number = version->kind == TREE_SCALAR ? g_ascii_strtoll(version->text, NULL, 10) : 0;
  if (number > PROJECT_VERSION)
    return error_set(error, ERROR_VERSION,
                     "the project file is of version %" G_GINT64_FORMAT ", this program knows up to %d\nhint: use a newer etappe",
                     number, PROJECT_VERSION);
  return number == PROJECT_VERSION || tree_error(error, version, "version", "expected %d", PROJECT_VERSION);
}

/* A file that lists stages of its own follows no model. */
static gboolean lists_stages(const TreeNode *file) {
  for (guint i = 0; i < file->keys->len; i++)
    if (g_strcmp0(((const TreeNode *)file->keys->pdata[i])->text, "stages") == 0)
      return TRUE;
  return FALSE;
}

static gboolean load_presets(Project *project, Sources *sources, GError **error) {
  gsize size;
  TreeNode *node = tree_take(sources->file, "preset");
  if (node && !expect(node, TREE_SCALAR, "preset", error))
    return FALSE;
  project->preset = g_strdup(node ? node->text : "shop");
  const char *text = project_preset_text(project->preset, &size);
  g_autofree char *known = g_strjoinv(", ", (char **)project_presets());
  if (!text)
    return tree_error(error, node, "preset", "there is no preset \"%s\"\nhint: there are %s", project->preset, known);
  if (!(sources->preset = tree_parse(text, size, error)))
    return FALSE;
  TreeNode *model = tree_take(sources->file, "stage_model");
  if (!model)
    model = tree_take(sources->preset, "stage_model");
  if (!model)
    return TRUE;
  if (!expect(model, TREE_SCALAR, "stage_model", error))
    return FALSE;
  project->stage_model = g_strdup(lists_stages(sources->file) ? "own" : model->text);
  g_autofree char *name = g_strconcat("stages-", model->text, NULL);
  text = project_preset_text(name, &size);
  if (!text)
    return tree_error(error, model, "stage_model", "there is no stage model \"%s\"\nhint: there are aida, five-phase", model->text);
  sources->model = tree_parse(text, size, error);
  return sources->model != NULL;
}

static Project *project_new(void) {
  Project *project = g_new0(Project, 1);
  project->name = g_strdup("");
  project->language = g_strdup("en");
  project->timezone = g_strdup("UTC");
  project->currency = g_strdup("EUR");
  project->inactivity_ms = 30 * MS_DAY;
  project->lookback_ms = 90 * MS_DAY;
  project->max_links = PROJECT_MAX_LINKS_DEFAULT;
  project->channels = g_ptr_array_new_with_free_func(rule_free);
  project->touchpoints = g_ptr_array_new_with_free_func(touchpoint_free);
  project->places = g_ptr_array_new_with_free_func(rule_free);
  project->initiators = g_ptr_array_new_with_free_func(initiator_free);
  project->goals = g_ptr_array_new_with_free_func(goal_free);
  project->stages = g_ptr_array_new_with_free_func(stage_free);
  project->relationships = g_ptr_array_new_with_free_func(rule_free);
  project->personas = g_ptr_array_new_with_free_func(rule_free);
  project->sources = g_ptr_array_new_with_free_func(source_free);
  project->rates = g_ptr_array_new_with_free_func(rate_free);
  project->hooks = g_ptr_array_new_with_free_func(hook_free_any);
  project->coupons = g_ptr_array_new_with_free_func(coupon_free_any);
  project->brand_terms = g_ptr_array_new_with_free_func(g_free);
  project->own_domains = g_ptr_array_new_with_free_func(g_free);
  project->refused_ids = g_ptr_array_new_with_free_func(g_free);
  project->employee_properties = g_ptr_array_new_with_free_func(g_free);
  project->identifiers = g_ptr_array_new_with_free_func(identifier_free);
  return project;
}

Project *project_parse(const char *text, gsize size, GError **error) {
  static const char *const known[] = {"version",     "preset",
                                      "stage_model", "name",
                                      "language",    "timezone",
                                      "currency",    "rates",
                                      "inactivity",  "lookback",
                                      "max_links",   "restart_stage",
                                      "place",       "channels",
                                      "touchpoints", "places",
                                      "initiators",  "goals",
                                      "stages",      "relationships",
                                      "personas",    "sources",
                                      "brand_terms", "own_domains",
                                      "refused_ids", "employee_properties",
                                      "identifiers", "phone_country",
                                      "bots",        "internal",
                                      "hooks",       "coupons",
                                      NULL};
  g_autoptr(Project) project = project_new();
  Sources sources = {.file = tree_parse(text, size, error)};
  gboolean good = sources.file && expect(sources.file, TREE_MAP, "top", error) && check_version(sources.file, error) &&
                  load_presets(project, &sources, error) && read_basics(project, &sources, error) &&
                  read_sections(project, &sources, error) && tree_map_done(sources.file, "top", known, error) &&
                  is_whole(project, error);
  tree_free(sources.file);
  tree_free(sources.preset);
  tree_free(sources.model);
  zone_free(sources.zone);
  if (!good)
    return NULL;
  g_ptr_array_sort(project->rates, rate_compare);
  project->text = g_strndup(text, size);
  gsize preset_size;
  const char *preset = project_preset_text(project->preset, &preset_size);
  project->hash = checksum64(text, size) ^ hash_mix(checksum64(preset, preset_size));
  return g_steal_pointer(&project);
}

Project *project_default(void) {
  g_autoptr(GError) error = NULL;
  Project *project = project_parse("", 0, &error);
  if (!project)
    g_error("the preset shop is broken: %s", error->message);
  return project;
}

void project_free(Project *project) {
  if (!project)
    return;
  char *texts[] = {project->text,   project->name,        project->language,      project->timezone,    project->currency,
                   project->preset, project->stage_model, project->restart_stage, project->place_field, project->phone_country};
  GPtrArray *lists[] = {project->channels,      project->touchpoints,
                        project->places,        project->initiators,
                        project->goals,         project->stages,
                        project->relationships, project->personas,
                        project->sources,       project->rates,
                        project->brand_terms,   project->own_domains,
                        project->refused_ids,   project->employee_properties,
                        project->identifiers,   project->hooks,
                        project->coupons};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    g_free(texts[i]);
  for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
    g_ptr_array_unref(lists[i]);
  condition_free(project->bots);
  condition_free(project->internal);
  g_free(project);
}

const char *const *project_presets(void) {
  static const char *const names[] = {"shop", "store", "b2b", "subscription", "bank", "service", NULL};
  return names;
}

const char *project_preset_text(const char *name, gsize *size) {
  for (const PresetFile *preset = preset_files; preset->name; preset++)
    if (strcmp(preset->name, name) == 0) {
      *size = preset->size;
      return preset->text;
    }
  return NULL;
}

const Hook *project_hook(const Project *project, const char *name) {
  for (guint i = 0; i < project->hooks->len; i++)
    if (strcmp(((const Hook *)project->hooks->pdata[i])->name, name) == 0)
      return project->hooks->pdata[i];
  return NULL;
}

const Goal *project_goal(const Project *project, const char *name) {
  for (guint i = 0; i < project->goals->len; i++)
    if (strcmp(((const Goal *)project->goals->pdata[i])->rule.name, name) == 0)
      return project->goals->pdata[i];
  return NULL;
}

/* Short names are those of the wire; any other is a property. */
char *project_field_key(const char *field) {
  static const char *const wire[] = {"order",    "account", "place",   "score",   "source", "medium",
                                     "campaign", "term",    "content", "consent", "cost",   NULL};
  return strchr(field, '.') || g_strv_contains(wire, field) ? g_strdup(field) : g_strconcat("properties.", field, NULL);
}

static void add_order_field(GPtrArray *fields, const char *field) {
  g_autofree char *full = field ? project_field_key(field) : NULL;
  if (full && !g_ptr_array_find_with_equal_func(fields, full, g_str_equal, NULL))
    g_ptr_array_add(fields, g_steal_pointer(&full));
}

GPtrArray *project_order_fields(const Project *project) {
  GPtrArray *fields = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < project->goals->len; i++) {
    const Goal *goal = project->goals->pdata[i];
    add_order_field(fields, goal->order);
    for (guint j = 0; j < goal->adjustments->len; j++)
      add_order_field(fields, ((const Adjustment *)goal->adjustments->pdata[j])->order);
  }
  return fields;
}

int project_stage(const Project *project, const char *name) {
  for (guint i = 0; i < project->stages->len; i++)
    if (strcmp(((const Stage *)project->stages->pdata[i])->rule.name, name) == 0)
      return (int)i;
  return -1;
}

const char *project_stage_label(const Project *project, const char *name, const char *language) {
  int index = project_stage(project, name);
  return index < 0 ? name : rule_label(&((const Stage *)project->stages->pdata[index])->rule, language);
}

const char *rule_label(const Rule *rule, const char *language) {
  if (strcmp(language, "de") == 0 && rule->label_de)
    return rule->label_de;
  return rule->label ? rule->label : rule->name;
}
