// SPDX-License-Identifier: Apache-2.0
// etappe link: addresses that tell of a click, pixels that tell of an opened mail, and codes to print.
#include "base/error.h"
#include "base/file.h"
#include "capture/signed_link.h"
#include "cli/cli.h"
#include "exchange/map_svg.h"
#include "exchange/qr.h"
#include "record/record.h"
#include <string.h>

const char cmd_link_usage[] =
    "etappe link create --to URL --name N [fields]    prints the address that leads there\n"
    "etappe link pixel --name N [fields]              prints the address of a mail's invisible picture\n"
    "etappe link qr ADDRESS --out FILE                draws it: FILE.svg, or FILE.png\n"
    "etappe link show ADDRESS                         says what a link of this project stands for\n\n"
    "  --base URL        where this server is reached from outside [ETAPPE_ADDRESS, or http://127.0.0.1:8080]\n"
    "  --source --medium --campaign --content --term   added to URL as utm_ parameters too, unless --plain\n"
    "  --channel C       the channel, instead of what source and medium say\n"
    "  --touchpoint T    the touchpoint, instead of what the project says\n"
    "  --person NS:ID    made for one person: user:anna, email:anna@example.com (nobody can read it)\n"
    "  --event NAME      instead of Link Clicked, Email Link Clicked, QR Code Scanned, Email Opened\n"
    "  --plain           leaves URL as it is\n\n"
    "Nothing is stored: the address carries everything, sealed with the project's key. docs/links.md\n";

static const CliOption options[] = {{"to", FALSE, FALSE},      {"name", FALSE, FALSE},       {"base", FALSE, FALSE},
                                    {"source", FALSE, FALSE},  {"medium", FALSE, FALSE},     {"campaign", FALSE, FALSE},
                                    {"content", FALSE, FALSE}, {"term", FALSE, FALSE},       {"channel", FALSE, FALSE},
                                    {"person", FALSE, FALSE},  {"touchpoint", FALSE, FALSE}, {"event", FALSE, FALSE},
                                    {"plain", TRUE, FALSE},    {"out", FALSE, FALSE},        {NULL, FALSE, FALSE}};

static char *option(const CliArgs *args, const char *name) {
  const char *value = params_get(args->params, name);
  return value && *value ? g_strdup(value) : NULL;
}

/* Letters beyond ASCII as addresses write them. */
static char *encoded(const char *address) {
  GString *out = g_string_new(NULL);
  for (const char *c = address; c && *c; c++)
    if ((guchar)*c >= 0x80)
      g_string_append_printf(out, "%%%02X", (guchar)*c);
    else
      g_string_append_c(out, *c);
  return g_string_free(out, FALSE);
}

static SignedLink *link_of(const CliArgs *args, SignedLinkKind kind, GError **error) {
  g_autoptr(SignedLink) link = g_new0(SignedLink, 1);
  link->kind = kind;
  link->target = kind == LINK_REDIRECT && params_get(args->params, "to") ? encoded(params_get(args->params, "to")) : NULL;
  link->name = option(args, "name");
  link->source = option(args, "source");
  link->medium = option(args, "medium");
  link->campaign = option(args, "campaign");
  link->content = option(args, "content");
  link->term = option(args, "term");
  link->channel = option(args, "channel");
  link->touchpoint = option(args, "touchpoint");
  link->person = option(args, "person");
  link->event = option(args, "event");
  if (kind == LINK_REDIRECT && link->target == NULL) {
    error_set(error, ERROR_USAGE,
              "say where the link leads\nhint: etappe link create --to https://example.com/ --name spring-hero");
    return NULL;
  }
  if (!signed_link_check(link, error))
    return NULL;
  if (kind == LINK_REDIRECT && !params_get(args->params, "plain")) {
    char *tagged = signed_link_tagged(link);
    g_free(link->target);
    link->target = tagged;
  }
  return signed_link_check(link, error) ? g_steal_pointer(&link) : NULL;
}

static char *address_of(const CliArgs *args, const SignedLink *link, const HashKey *key, GError **error) {
  const char *base = params_get(args->params, "base"), *usual = g_getenv("ETAPPE_ADDRESS");
  if (base == NULL)
    base = usual && *usual ? usual : "http://127.0.0.1:8080";
  if (!g_str_has_prefix(base, "http://") && !g_str_has_prefix(base, "https://")) {
    error_set(error, ERROR_USAGE, "--base %s is no web address\nhint: --base https://go.example.com", base);
    return NULL;
  }
  gsize size = strlen(base);
  while (size && base[size - 1] == '/')
    size--;
  g_autofree char *token = signed_link_write(link, key);
  gboolean pixel = link->kind == LINK_PIXEL;
  return g_strdup_printf("%.*s/%s/%s%s", (int)size, base, pixel ? "o" : "l", token, pixel ? ".gif" : "");
}

/* A slip in the namespace would make every click nobody's. */
static gboolean check_person(const SignedLink *link, const Spaces *spaces, GError **error) {
  gsize size = link->person ? strcspn(link->person, ":") : 0;
  return link->person == NULL || spaces_find(spaces, (Text){link->person, (guint32)size}) >= 0 ||
         error_set(error, ERROR_INVALID,
                   "there are no identifiers called %.*s\nhint: user, crm, card, email, phone, or the project's own", (int)size,
                   link->person);
}

static gboolean run_create(Cli *cli, const CliArgs *args, SignedLinkKind kind, GError **error) {
  g_autoptr(SignedLink) link = link_of(args, kind, error);
  g_autoptr(Record) record = link ? record_open(cli->db, RECORD_READ, error) : NULL;
  gboolean good = record && check_person(link, record_spaces(record), error);
  g_autofree char *address = good ? address_of(args, link, record_key(record), error) : NULL;
  if (address == NULL)
    return FALSE;
  cli_print(address);
  cli_print("\n");
  return TRUE;
}

/* --- qr and show ----------------------------------------------------------------------------------------- */

static gboolean run_qr(const CliArgs *args, GError **error) {
  const char *out = params_get(args->params, "out"), *address = args->arguments->len == 1 ? args->arguments->pdata[0] : NULL;
  gboolean png = out && g_str_has_suffix(out, ".png");
  if (address == NULL || out == NULL || (!png && !g_str_has_suffix(out, ".svg")))
    return error_set(error, ERROR_USAGE, "etappe link qr takes an address and --out FILE.svg or FILE.png");
  g_autofree char *svg = qr_svg(address, address, error);
  g_autoptr(GBytes) bytes = svg && png ? svg_to_png(svg, 1, error) : svg ? g_bytes_new(svg, strlen(svg)) : NULL;
  return bytes && file_replace(out, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), error);
}

static void print_link(const SignedLink *link) {
  const struct {
    const char *name, *value;
  } rows[] = {{"to", link->target},
              {"name", link->name},
              {"channel", link->channel},
              {"source", link->source},
              {"medium", link->medium},
              {"campaign", link->campaign},
              {"content", link->content},
              {"term", link->term},
              {"touchpoint", link->touchpoint},
              {"person", link->person},
              {"event", signed_link_event(link)}};
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
    if (rows[i].value) {
      g_autofree char *line = g_strdup_printf("%-11s %s\n", rows[i].name, rows[i].value);
      cli_print(line);
    }
}

static gboolean run_show(Cli *cli, const CliArgs *args, GError **error) {
  const char *address = args->arguments->len == 1 ? args->arguments->pdata[0] : NULL;
  const char *token = address ? strrchr(address, '/') : NULL;
  token = token ? token + 1 : address;
  if (token == NULL)
    return error_set(error, ERROR_USAGE, "etappe link show takes the address of a link");
  gsize size = strlen(token);
  size -= g_str_has_suffix(token, ".gif") ? 4 : 0;
  g_autoptr(Record) record = record_open(cli->db, RECORD_READ, error);
  g_autoptr(SignedLink) link = record ? signed_link_read(token, size, record_key(record), error) : NULL;
  if (link)
    print_link(link);
  return link != NULL;
}

gboolean cmd_link(Cli *cli, int argc, char **argv, GError **error) {
  static const char *const actions[] = {"create", "pixel", "qr", "show", NULL};
  const char *action = argc > 1 ? argv[1] : "";
  g_auto(CliArgs) args = {NULL, NULL};
  if (!g_strv_contains(actions, action)) {
    const char *nearest = *action ? cli_nearest(action, actions) : NULL;
    return error_set(error, ERROR_USAGE, "say what to do with links: create, pixel, qr or show\nhint: %s%s",
                     nearest ? "did you mean etappe link " : "`etappe help link` explains each", nearest ? nearest : "");
  }
  if (!cli_parse(cli, &args, options, argc - 1, argv + 1, error))
    return FALSE;
  if (strcmp(action, "create") == 0)
    return run_create(cli, &args, LINK_REDIRECT, error);
  if (strcmp(action, "pixel") == 0)
    return run_create(cli, &args, LINK_PIXEL, error);
  return strcmp(action, "qr") == 0 ? run_qr(&args, error) : run_show(cli, &args, error);
}
