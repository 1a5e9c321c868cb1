// SPDX-License-Identifier: Apache-2.0
// Reads the simulated file as a stranger would and recounts what the truth file claims.
#include "simulate/simulate.h"
#include "base/clock.h"
#include <glib/gstdio.h>
#include <string.h>

enum { COLUMNS_MAX = 64 };

typedef struct {
  char *folder, *path, *text, *truth;
  GPtrArray *lines; // of char**: cells by column
  GHashTable *columns;
} Sample;

static GError *simulate(const char *path, guint64 events, guint64 persons, guint64 seed, guint threads, SimulateTotals *totals) {
  SimulateOptions options = {.events = events, .persons = persons, .seed = seed, .out = path, .threads = threads};
  GError *error = NULL;
  simulate_run(&options, totals, &error);
  return error;
}

static void read_file(const char *path, char **text) {
  g_assert_true(g_file_get_contents(path, text, NULL, NULL));
}

// Cells of one line; quotes may hold commas, doubled quotes do not occur.
static char **split(char *line) {
  char **cells = g_new0(char *, COLUMNS_MAX);
  guint n = 0;
  for (char *at = line; at && n < COLUMNS_MAX;) {
    gboolean quoted = *at == '"';
    cells[n++] = at += quoted;
    char *end = quoted ? strchr(at, '"') : NULL;
    g_assert_true(!quoted || end);
    if (end)
      *end++ = 0;
    at = strchr(end ? end : at, ',');
    if (at)
      *at++ = 0;
  }
  return cells;
}

static guint count_cells(char **cells) {
  guint n = 0;
  while (n < COLUMNS_MAX && cells[n])
    n++;
  return n;
}

static const char *cell(const Sample *sample, guint row, const char *column) {
  gpointer at;
  g_assert_true(g_hash_table_lookup_extended(sample->columns, column, NULL, &at));
  return ((char **)sample->lines->pdata[row])[GPOINTER_TO_UINT(at)];
}

static gboolean is(const Sample *sample, guint row, const char *column, const char *value) {
  return g_str_equal(cell(sample, row, column), value);
}

static Sample sample_new(guint64 events, guint64 seed) {
  Sample sample = {.folder = g_dir_make_tmp("etappe-simulate-XXXXXX", NULL)};
  sample.path = g_build_filename(sample.folder, "demo.csv", NULL);
  GError *error = simulate(sample.path, events, 0, seed, 0, NULL);
  g_assert_no_error(error);
  read_file(sample.path, &sample.text);
  g_autofree char *truth = g_strconcat(sample.path, ".truth.json", NULL);
  read_file(truth, &sample.truth);
  g_unlink(truth);
  sample.columns = g_hash_table_new(g_str_hash, g_str_equal);
  sample.lines = g_ptr_array_new_with_free_func(g_free);
  char *line = sample.text, *end = strchr(line, '\n');
  *end = 0;
  g_autofree char **names = split(line);
  for (guint i = 0; names[i]; i++)
    g_hash_table_insert(sample.columns, names[i], GUINT_TO_POINTER(i));
  for (line = end + 1; (end = strchr(line, '\n')); line = end + 1) {
    *end = 0;
    g_ptr_array_add(sample.lines, split(line));
  }
  return sample;
}

static void sample_clear(Sample *sample) {
  g_ptr_array_unref(sample->lines);
  g_hash_table_unref(sample->columns);
  g_unlink(sample->path);
  g_rmdir(sample->folder);
  g_free(sample->folder);
  g_free(sample->path);
  g_free(sample->text);
  g_free(sample->truth);
}

// The number behind `path`, whose steps are keys in the order in which they stand in the text.
static double truth_of(const Sample *sample, const char *path) {
  g_auto(GStrv) steps = g_strsplit(path, "/", -1);
  const char *at = sample->truth;
  for (guint i = 0; steps[i]; i++) {
    g_autofree char *key = g_strdup_printf("\"%s\":", steps[i]);
    at = strstr(at, key);
    g_assert_nonnull(at);
    at += strlen(key);
  }
  return g_ascii_strtod(at, NULL);
}

static gint64 instant(const char *text) {
  gint64 at = 0;
  const char *why = NULL;
  g_assert_true(clock_parse(text_of(text), NULL, &at, &why));
  return at;
}

static void same_seed_same_bytes_on_any_threads(void) {
  g_autofree char *folder = g_dir_make_tmp("etappe-simulate-XXXXXX", NULL);
  char *texts[4], *truths[4];
  const struct {
    guint64 seed;
    guint threads;
  } runs[4] = {{5, 1}, {5, 2}, {5, 7}, {6, 2}};
  for (guint i = 0; i < 4; i++) {
    g_autofree char *path = g_build_filename(folder, "x.csv", NULL), *truth = g_strconcat(path, ".truth.json", NULL);
    SimulateTotals totals;
    g_assert_no_error(simulate(path, 30000, 0, runs[i].seed, runs[i].threads, &totals));
    g_assert_cmpuint(totals.events, ==, 30000);
    read_file(path, &texts[i]);
    read_file(truth, &truths[i]);
    g_unlink(path);
    g_unlink(truth);
  }
  g_assert_cmpint(g_rmdir(folder), ==, 0);
  g_assert_true(g_str_equal(texts[0], texts[1]) && g_str_equal(texts[0], texts[2]));
  g_assert_true(g_str_equal(truths[0], truths[1]) && g_str_equal(truths[0], truths[2]));
  g_assert_false(g_str_equal(texts[0], texts[3]));
  for (guint i = 0; i < 4; i++) {
    g_free(texts[i]);
    g_free(truths[i]);
  }
}

static void every_row_has_its_cells_and_a_time(void) {
  Sample sample = sample_new(20000, 3);
  g_assert_cmpuint(sample.lines->len, ==, 20000);
  guint columns = g_hash_table_size(sample.columns);
  for (guint i = 0; i < sample.lines->len; i++) {
    g_assert_cmpuint(count_cells(sample.lines->pdata[i]), ==, columns);
    gint64 at = instant(cell(&sample, i, "time"));
    g_assert_cmpint(at, >=, instant("2023-12-31T23:00:00Z"));
    g_assert_cmpint(at, <, instant("2025-12-31T23:00:00Z"));
    g_assert_cmpuint(strlen(cell(&sample, i, "event")), >, 0);
    g_assert_cmpuint(strlen(cell(&sample, i, "id")), >, 0);
  }
  sample_clear(&sample);
}

typedef struct {
  guint count;
  double value;
} Recount;

static Recount recount(const Sample *sample, const char *event, gboolean each_order_once) {
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  Recount result = {0};
  for (guint i = 0; i < sample->lines->len; i++) {
    if (!is(sample, i, "event", event) || !g_hash_table_add(seen, (gpointer)cell(sample, i, each_order_once ? "order" : "id")))
      continue;
    result.count++;
    result.value += g_ascii_strtod(cell(sample, i, "value"), NULL);
  }
  return result;
}

static guint distinct(const Sample *sample, const char *column) {
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < sample->lines->len; i++)
    if (*cell(sample, i, column))
      g_hash_table_add(seen, (gpointer)cell(sample, i, column));
  return g_hash_table_size(seen);
}

static guint count_persons(const Sample *sample) { // the part of the id before its dash
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < sample->lines->len; i++) {
    const char *id = cell(sample, i, "id");
    g_hash_table_add(seen, g_strndup(id, (gsize)(strchr(id, '-') - id)));
  }
  guint strangers = 0;
  for (guint i = 0; i < 3; i++)
    strangers += g_hash_table_contains(seen, ((const char *const[]){"crawler", "door", "cost"})[i]);
  return g_hash_table_size(seen) - strangers;
}

static void check_sum(const Sample *sample, const char *name, Recount recounted) {
  g_autofree char *count = g_strconcat(name, "/count", NULL), *value = g_strconcat(name, "/value", NULL);
  g_assert_cmpuint((guint)truth_of(sample, count), ==, recounted.count);
  g_assert_cmpfloat_with_epsilon(truth_of(sample, value), recounted.value, .005);
}

static void truth_equals_a_recount(void) {
  Sample sample = sample_new(120000, 11);
  check_sum(&sample, "orders", recount(&sample, "Order Completed", TRUE));
  check_sum(&sample, "returns", recount(&sample, "Order Refunded", FALSE));
  check_sum(&sample, "cancellations", recount(&sample, "Order Cancelled", FALSE));
  g_assert_cmpuint((guint)truth_of(&sample, "complaints"), ==, recount(&sample, "Complaint Filed", FALSE).count);
  g_assert_cmpuint((guint)truth_of(&sample, "persons/count"), ==, count_persons(&sample));
  const char *const pairs[][2] = {{"persons/users", "user"},
                                  {"persons/crms", "crm"},
                                  {"persons/cards", "card"},
                                  {"persons/emails", "email"},
                                  {"persons/phones", "phone"}};
  for (guint i = 0; i < G_N_ELEMENTS(pairs); i++)
    g_assert_cmpuint((guint)truth_of(&sample, pairs[i][0]), ==, distinct(&sample, pairs[i][1]));
  guint repeated = sample.lines->len - distinct(&sample, "id"), unidentified = 0, crawlers = 0;
  for (guint i = 0; i < sample.lines->len; i++) {
    gboolean named = FALSE;
    for (guint k = 0; k < 6; k++)
      named = named || *cell(&sample, i, ((const char *const[]){"user", "crm", "card", "email", "phone", "anonymous"})[k]);
    unidentified += !named;
    crawlers += strstr(cell(&sample, i, "user_agent"), "bot") != NULL;
  }
  g_assert_cmpuint((guint)truth_of(&sample, "events/repeated"), ==, repeated);
  g_assert_cmpuint((guint)truth_of(&sample, "events/unidentified"), ==, unidentified);
  g_assert_cmpuint((guint)truth_of(&sample, "events/crawlers"), ==, crawlers);
  g_assert_cmpuint(repeated, >, 0);
  sample_clear(&sample);
}

// A shop without its till, or with a till without its customers, would be no test of identity.
static void identities_are_as_tangled_as_promised(void) {
  Sample sample = sample_new(300000, 2);
  g_autoptr(GHashTable) tablets = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_hash_table_unref);
  g_autoptr(GHashTable) owners = g_hash_table_new(g_str_hash, g_str_equal);
  guint moved = 0, linked = 0, late = 0;
  gint64 latest = 0;
  for (guint i = 0; i < sample.lines->len; i++) {
    const char *device = cell(&sample, i, "anonymous"), *user = cell(&sample, i, "user");
    gint64 at = instant(cell(&sample, i, "time"));
    late += at < latest - MS_HOUR;
    latest = MAX(latest, at);
    linked += is(&sample, i, "event", "Loyalty Card Linked") && *user && *cell(&sample, i, "card");
    if (is(&sample, i, "event", "Advice Given") && *device && *cell(&sample, i, "email")) {
      GHashTable *mails = g_hash_table_lookup(tablets, device);
      if (!mails)
        g_hash_table_insert(tablets, (gpointer)device, mails = g_hash_table_new(g_str_hash, g_str_equal));
      g_hash_table_add(mails, (gpointer)cell(&sample, i, "email"));
    }
    if (!*device || !*user)
      continue;
    const char *before = g_hash_table_lookup(owners, device);
    moved += before && !g_str_equal(before, user);
    g_hash_table_insert(owners, (gpointer)device, (gpointer)user);
  }
  guint busiest = 0;
  GHashTableIter iter;
  gpointer mails;
  g_hash_table_iter_init(&iter, tablets);
  while (g_hash_table_iter_next(&iter, NULL, &mails))
    busiest = MAX(busiest, g_hash_table_size(mails));
  g_assert_cmpuint(busiest, >, 200);
  g_assert_cmpuint(moved, >, 10);
  g_assert_cmpuint(linked, >, 100);
  g_assert_cmpuint(late, >, 3000);
  sample_clear(&sample);
}

typedef struct {
  guint good, bad;
} Ratio;

static double share(Ratio ratio) {
  g_assert_cmpuint(ratio.good + ratio.bad, >=, 12);
  return ratio.bad / (double)(ratio.good + ratio.bad);
}

// The planted weak points stand in the data: their own time and place are far worse than the rest.
static void planted_weak_points_can_be_measured(void) {
  Sample sample = sample_new(900000, 4);
  gint64 from = instant("2025-11-23T23:00:00Z"), until = instant("2025-11-30T23:00:00Z"); // Black week 2025 in Berlin
  gint64 slow_from = instant("2025-05-25T22:00:00Z"), slow_until = instant("2025-08-24T22:00:00Z");
  Ratio paying_then = {0}, paying_else = {0}, slow_there = {0}, slow_else = {0}, stock_then = {0};
  double stars[2] = {0};
  guint rated[2] = {0}, asked[2] = {0}, failed[2] = {0}, delivered[2] = {0}, complained[2] = {0};
  for (guint i = 0; i < sample.lines->len; i++) {
    gint64 at = instant(cell(&sample, i, "time"));
    gboolean then = at >= from && at < until, mobile = is(&sample, i, "device_type", "mobile") && is(&sample, i, "place", "web");
    if (mobile) {
      asked[then] += is(&sample, i, "event", "Payment Info Entered");
      failed[then] += is(&sample, i, "event", "Payment Failed");
    }
    if (is(&sample, i, "event", "Page Rated")) {
      gboolean cart = is(&sample, i, "page", "cart");
      rated[cart]++;
      stars[cart] += g_ascii_strtod(cell(&sample, i, "score"), NULL);
    }
    gboolean there = is(&sample, i, "region", "Bayern") && at >= slow_from + 14 * MS_DAY && at < slow_until;
    delivered[there] += is(&sample, i, "event", "Order Delivered");
    complained[there] += is(&sample, i, "event", "Complaint Filed");
    if (*cell(&sample, i, "delivery_days")) {
      Ratio *ratio = there ? &slow_there : &slow_else;
      gboolean slow = g_ascii_strtod(cell(&sample, i, "delivery_days"), NULL) > 12;
      ratio->bad += slow;
      ratio->good += !slow;
    }
    if (is(&sample, i, "event", "Product Viewed") && is(&sample, i, "category", "Teppiche") &&
        at >= instant("2024-10-08T00:00:00Z") && at < instant("2024-11-16T00:00:00Z")) {
      gboolean gone = is(&sample, i, "availability", "out_of_stock");
      stock_then.bad += gone;
      stock_then.good += !gone;
    }
  }
  g_assert_cmpuint(rated[1], >, 200);
  g_assert_cmpfloat(stars[1] / rated[1], <, stars[0] / rated[0] - .8);
  paying_then = (Ratio){asked[1] - failed[1], failed[1]};
  paying_else = (Ratio){asked[0] - failed[0], failed[0]};
  g_assert_cmpfloat(share(paying_then), >, .6);
  g_assert_cmpfloat(share(paying_else), <, .05);
  g_assert_cmpfloat(share(slow_there), >, share(slow_else) + .3);
  Ratio complaints_there = {delivered[1], complained[1]}, complaints_else = {delivered[0], complained[0]};
  g_assert_cmpfloat(share(complaints_there), >, 3 * share(complaints_else));
  g_assert_cmpfloat(share(stock_then), >, .99);
  sample_clear(&sample);
}

// What was built in must come out: nothing for direct visits, more for the store than for banners, and no channel
// can have caused more orders than there are.
static double incremental_of(const Sample *sample, const char *channel) {
  g_autofree char *mark = g_strdup_printf("{\"channel\":\"%s\"", channel);
  const char *at = strstr(sample->truth, mark);
  g_assert_nonnull(at);
  at = strstr(at, "\"incremental\":{\"count\":");
  g_assert_nonnull(at);
  return g_ascii_strtod(at + strlen("\"incremental\":{\"count\":"), NULL);
}

static void incremental_orders_follow_the_planted_effects(void) {
  Sample sample = sample_new(150000, 8);
  double orders = truth_of(&sample, "orders/count"), baseline = truth_of(&sample, "orders_without_any_touch/count");
  g_assert_cmpfloat(incremental_of(&sample, "direct"), ==, 0);
  g_assert_cmpfloat(incremental_of(&sample, "store"), >, 5 * incremental_of(&sample, "display"));
  g_assert_cmpfloat(incremental_of(&sample, "paid_search"), >, incremental_of(&sample, "organic_social"));
  g_assert_cmpfloat(baseline, >, .2 * orders);
  g_assert_cmpfloat(baseline, <, .8 * orders);
  // Without one channel fewer orders are lost than without all of them.
  g_assert_cmpfloat(incremental_of(&sample, "store"), <, orders - baseline);
  sample_clear(&sample);
}

static void both_numbers_can_be_given(void) {
  g_autofree char *folder = g_dir_make_tmp("etappe-simulate-XXXXXX", NULL), *path = g_build_filename(folder, "x.csv", NULL);
  g_autofree char *truth = g_strconcat(path, ".truth.json", NULL);
  SimulateTotals totals;
  g_assert_no_error(simulate(path, 40000, 1000, 1, 0, &totals));
  g_assert_cmpuint(totals.events, ==, 40000);
  g_assert_cmpuint(totals.persons, <=, 1000);
  g_assert_cmpuint(totals.persons, >, 950); // a few came after the period's end only
  GError *error = simulate(path, 1000, 100000, 1, 0, &totals);
  g_assert_nonnull(error);
  g_error_free(error);
  error = simulate(path, 999, 0, 1, 0, &totals);
  g_assert_nonnull(error);
  g_error_free(error);
  g_unlink(path);
  g_unlink(truth);
  g_assert_cmpint(g_rmdir(folder), ==, 0);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/simulate/same seed, same bytes on any threads", same_seed_same_bytes_on_any_threads);
  g_test_add_func("/simulate/every row has its cells and a time", every_row_has_its_cells_and_a_time);
  g_test_add_func("/simulate/truth equals a recount", truth_equals_a_recount);
  g_test_add_func("/simulate/identities are as tangled as promised", identities_are_as_tangled_as_promised);
  g_test_add_func("/simulate/planted weak points can be measured", planted_weak_points_can_be_measured);
  g_test_add_func("/simulate/incremental orders follow the planted effects", incremental_orders_follow_the_planted_effects);
  g_test_add_func("/simulate/both numbers can be given", both_numbers_can_be_given);
  return g_test_run();
}
