// SPDX-License-Identifier: Apache-2.0
#include "capture/permission.h"

#include "base/clock.h"
#include "record/consent.h"
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>

#define PROOF_KEY "context.proof"

struct Permissions {
  char proof_secret[PROOF_SECRET_SIZE];
  atomic_ullong unproven, ignored, without, dropped;
  pthread_mutex_t mutex; /* guards what follows */
  gint64 day;
  HashKey salt;
};

void permission_proof_secret(const HashKey *key, char secret[PROOF_SECRET_SIZE]) {
  static const char purpose[] = "proof of user ids";
  Hash128 hash = hash128(key, purpose, sizeof purpose);
  g_snprintf(secret, PROOF_SECRET_SIZE, "%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x", hash.low, hash.high);
}

Permissions *permissions_new(const Record *record) {
  Permissions *permissions = g_new0(Permissions, 1);
  permission_proof_secret(record_key(record), permissions->proof_secret);
  permissions->day = -1;
  pthread_mutex_init(&permissions->mutex, NULL);
  return permissions;
}

void permissions_free(Permissions *permissions) {
  if (permissions == NULL)
    return;
  sodium_memzero(&permissions->salt, sizeof permissions->salt);
  pthread_mutex_destroy(&permissions->mutex);
  g_free(permissions);
}

void permissions_figures(Permissions *permissions, PermissionFigures *figures) {
  *figures = (PermissionFigures){atomic_load(&permissions->unproven), atomic_load(&permissions->ignored),
                                 atomic_load(&permissions->without), atomic_load(&permissions->dropped)};
}

/* --- what the project says of the source ------------------------------------------------------------------ */

static const SourceRule *rule_of(const CaptureWorker *worker) {
  const GPtrArray *sources = worker->project->sources;
  for (guint i = 0; i < sources->len; i++) {
    const SourceRule *rule = sources->pdata[i];
    if (g_str_equal(rule->name, worker->source->name))
      return rule;
  }
  return NULL;
}

static gboolean needs_consent(const CaptureWorker *worker, const SourceRule *rule) {
  return rule && rule->basis ? g_str_equal(rule->basis, BASIS_CONSENT) : !worker->source->basis;
}

/* --- who may speak for whom -------------------------------------------------------------------------------- */

static gboolean is_device(const CaptureWorker *worker, const Identifier *identifier) {
  return worker->door->spaces->spaces[identifier->space].strength == STRENGTH_DEVICE;
}

static int find_property(const Event *event, const char *key) {
  for (guint i = 0; i < event->n_properties; i++)
    if (text_is(event->properties[i].key, key))
      return (int)i;
  return -1;
}

static void remove_property(Event *event, guint i) {
  event->n_properties--;
  memmove(&event->properties[i], &event->properties[i + 1], (event->n_properties - i) * sizeof(Property));
}

static gboolean proves(const Permissions *permissions, Text user, Text proof) {
  guint8 hash[crypto_auth_hmacsha256_BYTES];
  char digits[2 * sizeof hash + 1], given[sizeof digits];
  crypto_auth_hmacsha256_state state;
  if (proof.size != sizeof digits - 1)
    return FALSE;
  crypto_auth_hmacsha256_init(&state, (const guint8 *)permissions->proof_secret, PROOF_SECRET_SIZE - 1);
  crypto_auth_hmacsha256_update(&state, (const guint8 *)text_some(user).at, user.size);
  crypto_auth_hmacsha256_final(&state, hash);
  sodium_bin2hex(digits, sizeof digits, hash, sizeof hash);
  for (guint i = 0; i < proof.size; i++)
    given[i] = g_ascii_tolower(proof.at[i]);
  return sodium_memcmp(digits, given, sizeof digits - 1) == 0;
}

/* The place of the user whose id the event proves, or -1. The proof is not kept. */
static int take_proof(const CaptureWorker *worker, Event *event) {
  int at = find_property(event, PROOF_KEY), user = -1;
  if (at < 0)
    return -1;
  for (guint i = 0; i < event->n_identifiers; i++)
    if (event->identifiers[i].space == SPACE_USER &&
        proves(worker->permissions, event->identifiers[i].value, event->properties[at].text))
      user = (int)i;
  remove_property(event, (guint)at);
  return user;
}

/* A public key tells what happened on a device, and to one person: not that the two belong together. */
static void pass_over_unproven(const CaptureWorker *worker, Event *event, int *proven) {
  guint kept = 0, n = event->n_identifiers;
  int still = -1;
  gboolean alone = n > 0;
  for (guint i = 0; i < n; i++)
    alone = alone && !is_device(worker, &event->identifiers[i]);
  for (guint i = 0; i < n; i++) {
    gboolean own = (int)i == *proven;
    if (!own && !is_device(worker, &event->identifiers[i]) && !(alone && *proven < 0 && i == 0))
      continue;
    if (own)
      still = (int)kept;
    event->identifiers[kept++] = event->identifiers[i];
  }
  if (kept < n)
    atomic_fetch_add(&worker->permissions->unproven, 1);
  event->n_identifiers = kept;
  *proven = still;
}

/* Whom the statements of the event are about: the first is the strongest that the sender may speak for. */
static guint find_subjects(const CaptureWorker *worker, const Event *event, int proven, guint64 subjects[EVENT_IDENTIFIERS_MAX]) {
  const Space *spaces = worker->door->spaces->spaces;
  int best = proven;
  guint n = 0;
  for (guint i = 0; worker->source->trusted && i < event->n_identifiers; i++)
    if (best < 0 || spaces[event->identifiers[i].space].rank < spaces[event->identifiers[best].space].rank)
      best = (int)i;
  if (best >= 0)
    subjects[n++] = event->identifiers[best].hash.low;
  for (guint i = 0; i < event->n_identifiers && !worker->source->trusted; i++)
    if (is_device(worker, &event->identifiers[i]))
      subjects[n++] = event->identifiers[i].hash.low;
  return n;
}

/* --- statements --------------------------------------------------------------------------------------------- */

static gboolean is_statement(const Property *property, Text *purpose) {
  static const char prefix[] = "consent.";
  if (property->key.size < sizeof prefix || memcmp(property->key.at, prefix, sizeof prefix - 1) != 0)
    return FALSE;
  *purpose = (Text){property->key.at + sizeof prefix - 1, property->key.size - (guint32)sizeof prefix + 1};
  return (property->kind == VALUE_TRUE || property->kind == VALUE_FALSE) && purpose_is_known(*purpose);
}

typedef struct { /* for whom the sender may speak */
  guint64 subjects[EVENT_IDENTIFIERS_MAX];
  guint n;
  gboolean masks;       /* a refusal hides them even if they never agreed */
  gboolean doubtful;    /* a public key whose users are not proven */
  gboolean beside_user; /* ... and this event names one */
} Speaker;

typedef struct {
  gboolean any;
  ConsentState measure;
} Said;

/* A public key whose word is enough to link a device with a user could otherwise agree in that user's name: to letters anywhere,
 * to more than being measured beside the user. */
static gboolean is_believed(const Speaker *speaker, Text purpose, gboolean granted) {
  if (!granted || !speaker->doubtful || text_is(purpose, PURPOSE_MEASURE))
    return TRUE;
  return !speaker->beside_user && (purpose.size < 8 || memcmp(purpose.at, "contact.", 8) != 0);
}

/* Takes away what nobody may say here. */
static Said note_statements(const PermissionAsked *asked, Submission *submission, Event *event, const Speaker *speaker) {
  Said said = {FALSE, CONSENT_UNKNOWN};
  int version = find_property(event, "consent.version");
  Text words = version < 0 ? text_of(NULL) : event->properties[version].text;
  gint64 at_ms = MIN(event->time_ms, asked->request->received_ms);
  for (guint i = event->n_properties; i > 0; i--) {
    Text purpose;
    if (!is_statement(&event->properties[i - 1], &purpose))
      continue;
    gboolean granted = event->properties[i - 1].kind == VALUE_TRUE, measure = text_is(purpose, PURPOSE_MEASURE);
    gboolean believed = is_believed(speaker, purpose, granted);
    said.any = TRUE;
    if (measure)
      said.measure = granted ? CONSENT_GRANTED : CONSENT_DENIED;
    for (guint k = 0; believed && k < speaker->n; k++)
      submission_consent(submission, speaker->subjects[k], purpose, words, granted, speaker->masks, at_ms);
    if (!believed && speaker->n)
      atomic_fetch_add(&asked->worker->permissions->ignored, 1);
    if (!believed)
      remove_property(event, i - 1);
  }
  return said;
}

static void remove_statements(Event *event) {
  Text purpose;
  for (guint i = event->n_properties; i > 0; i--)
    if (is_statement(&event->properties[i - 1], &purpose))
      remove_property(event, i - 1);
}

/* --- without consent ------------------------------------------------------------------------------------------ */

static gboolean objects(const PermissionAsked *asked) {
  const CaptureRequest *request = asked->request;
  if (asked->worker->source->trusted && !asked->by_person)
    return FALSE;
  const char *gpc = request->header(request, "Sec-GPC"), *dnt = request->header(request, "DNT");
  return (gpc && g_str_equal(gpc, "1")) || (dnt && g_str_equal(dnt, "1"));
}

/* What an earlier event of the same request said is not stored yet. */
static ConsentState state_of(const CaptureWorker *worker, const Submission *submission, guint64 identifier) {
  const GArray *consents = submission_consents(submission);
  for (guint i = consents ? consents->len : 0; i > 0; i--) {
    const Consent *consent = &g_array_index(consents, Consent, i - 1);
    if (consent->identifier == identifier && strcmp(consent->purpose, PURPOSE_MEASURE) == 0)
      return consent->granted ? CONSENT_GRANTED : CONSENT_DENIED;
  }
  return record_consent(worker->record, identifier, PURPOSE_MEASURE);
}

/* Said in this event counts first; then what is stored about anybody named here, where refusals outweigh. */
static gboolean agreed(const CaptureWorker *worker, const Submission *submission, const Event *event, ConsentState said) {
  gboolean granted = said == CONSENT_GRANTED;
  if (said == CONSENT_DENIED)
    return FALSE;
  for (guint i = 0; i < event->n_identifiers && !granted; i++) {
    ConsentState stored = state_of(worker, submission, event->identifiers[i].hash.low);
    if (stored == CONSENT_DENIED)
      return FALSE;
    granted = stored == CONSENT_GRANTED;
  }
  return granted;
}

static HashKey salt_of_today(Permissions *permissions, gint64 now_ms) {
  pthread_mutex_lock(&permissions->mutex);
  if (permissions->day != now_ms / MS_DAY)
    randombytes_buf(&permissions->salt, sizeof permissions->salt);
  permissions->day = now_ms / MS_DAY;
  HashKey salt = permissions->salt;
  pthread_mutex_unlock(&permissions->mutex);
  return salt;
}

static void name_visitor(const PermissionAsked *asked, Event *event, char visitor[VISITOR_SIZE]) {
  const CaptureRequest *request = asked->request;
  const char *agent = request->header(request, "User-Agent");
  HashKey salt = salt_of_today(asked->worker->permissions, request->received_ms);
  g_autofree char *who =
      g_strjoin("\n", request->address ? request->address : "", agent ? agent : "", asked->worker->source->name, NULL);
  g_snprintf(visitor, VISITOR_SIZE, "%016" G_GINT64_MODIFIER "x", hash64(&salt, who, strlen(who)));
  sodium_memzero(&salt, sizeof salt);
  event->properties[event->n_properties++] = (Property){text_of("visitor"), VALUE_TEXT, {visitor, VISITOR_SIZE - 1}};
}

static gboolean count_nobodys(const PermissionAsked *asked, Event *event, const SourceRule *rule, gboolean objected,
                              char visitor[VISITOR_SIZE]) {
  const CaptureWorker *worker = asked->worker;
  gboolean anonymous = rule && rule->anonymous && !objected;
  if (worker->project->drop_without_consent && !anonymous) {
    atomic_fetch_add(&worker->permissions->dropped, 1);
    return FALSE;
  }
  atomic_fetch_add(&worker->permissions->without, 1);
  event_forget_person(event);
  if (anonymous)
    name_visitor(asked, event, visitor);
  return TRUE;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static gboolean names_user(const CaptureWorker *worker, const Event *event) {
  for (guint i = 0; i < event->n_identifiers; i++)
    if (!is_device(worker, &event->identifiers[i]))
      return TRUE;
  return FALSE;
}

gboolean permission_apply(const PermissionAsked *asked, Submission *submission, Event *event, char visitor[VISITOR_SIZE],
                          gboolean *changed) {
  const CaptureWorker *worker = asked->worker;
  guint n_properties = event->n_properties, n_identifiers = event->n_identifiers;
  *changed = FALSE;
  if (worker->permissions == NULL)
    return TRUE;
  const SourceRule *rule = rule_of(worker);
  gboolean needed = needs_consent(worker, rule), trusted = worker->source->trusted, strict = rule && rule->users_proven;
  gboolean objected = objects(asked);
  int proven = take_proof(worker, event);
  if (!trusted && strict)
    pass_over_unproven(worker, event, &proven);
  Speaker speaker = {.masks = trusted || !needed, .doubtful = !trusted && proven < 0 && !strict};
  speaker.beside_user = speaker.doubtful && names_user(worker, event);
  speaker.n = objected ? 0 : find_subjects(worker, event, proven, speaker.subjects);
  Said said = note_statements(asked, submission, event, &speaker);
  if (said.any && speaker.n == 0 && !objected) {
    atomic_fetch_add(&worker->permissions->ignored, event->n_identifiers > 0);
    said.measure = said.measure == CONSENT_GRANTED ? CONSENT_UNKNOWN : said.measure;
    remove_statements(event);
  }
  *changed = event->n_properties < n_properties || event->n_identifiers < n_identifiers;
  if (!objected && (!needed || agreed(worker, submission, event, said.measure)))
    return TRUE;
  *changed = TRUE;
  return count_nobodys(asked, event, rule, objected, visitor);
}
