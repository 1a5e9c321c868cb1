/* SPDX-License-Identifier: Apache-2.0
 * project.h: what a company means by its words: the project file (YAML), read into plain structs.
 * A file names a preset and replaces what differs, one top-level key at a time; without a file the preset `shop`
 * holds. Every key, its meaning and an example: docs/project.md. Immutable once parsed. */
#pragma once
#include "project/condition.h"
#include "project/coupon.h"
#include "project/hook.h"
#include "wire/identifier.h"

typedef struct { /* a name with a condition: first match wins */
  char *name, *label, *label_de;
  Condition *when;
} Rule;

typedef struct {
  Rule rule;
  char *family; /* ads social search web mail store service club, or an own one */
  gboolean direct, online, aftersales;
} Touchpoint;

typedef enum { ADJUST_RETURN, ADJUST_CANCEL, ADJUST_LATE_VALUE, ADJUST_RENEWAL } AdjustKind;
typedef struct {
  AdjustKind kind;
  Condition *when;
  char *value, *order; /* fields; value NULL: all of it */
} Adjustment;

typedef enum { COUNT_EACH, COUNT_PER_VISIT, COUNT_PER_JOURNEY, COUNT_PER_PERSON } CountMode;
typedef struct {
  Rule rule;
  char *value; /* field of the amount: "value" (money of the event) or a property; NULL: conversions are worth nothing */
  char *order; /* field of the order id, NULL none */
  CountMode count;
  gboolean closes;
  gint64 lookback_ms, inactivity_ms;
  gint64 provisional_ms;  /* how long after a conversion adjustments may come; until then it is provisional; 0 never */
  char *authoritative;    /* source whose rows win, or NULL */
  GPtrArray *adjustments; /* of Adjustment* */
} Goal;

typedef struct {
  Rule rule;       /* `when` is the entry condition of events; NULL: only the first stage, entered by beginning */
  gint64 lapse_ms; /* without a customer's touch for this long ... 0 never */
  char *lapse_to;  /* ... the journey falls back to this stage */
  Condition *back; /* an event that moves back ... */
  char *back_to;   /* ... to this stage */
} Stage;

typedef enum { INITIATE_CUSTOMER, INITIATE_COMPANY, INITIATE_SYSTEM } Initiate;
typedef struct {
  Initiate by;
  Condition *when;
} InitiatorRule;

typedef enum { SOURCE_FILE, SOURCE_WEB, SOURCE_APP, SOURCE_SERVER } SourceKind;
#define BASIS_CONSENT "consent"
typedef struct {
  char *name, *group, *basis; /* basis: consent, contract, legitimate_interest, legal_obligation; NULL: by the kind of key */
  SourceKind kind;
  gboolean kind_given, net; /* amounts without tax */
  gboolean anonymous;       /* who did not agree is a visitor of the day */
  gboolean users_proven;    /* a public key's word is not enough for who somebody is */
} SourceRule;

typedef struct { /* an own kind of identifier */
  char *name;
  Strength strength;
  gboolean plain; /* its values stay readable; else only their keyed hash is kept */
} IdentifierRule;

typedef struct {
  char *currency;
  gint64 from_ms;
  gint64 rate_micro; /* one unit of `currency` in the project's, in millionths */
} Rate;

typedef struct {
  guint64 hash; /* of everything below: the `definitions` of results */
  char *text;   /* the file as given, or the preset */
  char *name, *language, *timezone, *currency, *preset, *stage_model, *restart_stage, *place_field;
  gint64 inactivity_ms, lookback_ms;
  char *phone_country; /* "49": national phone numbers are of there; NULL: they keep their digits */
  guint max_links;
  gboolean drop_without_consent; /* else counted without identifiers */
  gboolean erased_totals;        /* the overview says how many persons and events were erased */
  GPtrArray *channels;           /* Rule*: `when` may be NULL (only a label) */
  GPtrArray *touchpoints;        /* Touchpoint* */
  GPtrArray *places;             /* Rule* */
  GPtrArray *initiators;         /* InitiatorRule* */
  GPtrArray *goals;              /* Goal* */
  GPtrArray *stages;             /* Stage*, in order */
  GPtrArray *relationships;      /* Rule*: person conditions, first match from the end (furthest) wins */
  GPtrArray *personas;           /* Rule*: person conditions, first match wins */
  GPtrArray *sources;            /* SourceRule* */
  GPtrArray *identifiers;        /* IdentifierRule* */
  GPtrArray *rates;              /* Rate*, ascending by (currency, from) */
  GPtrArray *hooks;              /* Hook* */
  GPtrArray *coupons;            /* Coupon* */
  GPtrArray *brand_terms, *own_domains, *refused_ids, *employee_properties; /* char* */
  Condition *bots, *internal;                                               /* events kept out, or NULL */
} Project;

enum { PROJECT_MAX_LINKS_DEFAULT = 100, PROJECT_ORDER_FIELDS_MAX = 8, PROJECT_ADJUST_DAYS_DEFAULT = 30 };

/* Parses and checks. ERROR_INVALID names line, key and what was expected; a file of a newer version is ERROR_VERSION. */
Project *project_parse(const char *text, gsize size, GError **error);
Project *project_default(void);
void project_free(Project *project);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Project, project_free)

const char *const *project_presets(void);                       /* NULL-terminated names */
const char *project_preset_text(const char *name, gsize *size); /* the YAML of one, NULL when unknown */
/* Is a field, as conditions write it, one that describes employees? Such fields are not analysed. */
gboolean project_is_of_employees(const Project *project, const char *field);
const Hook *project_hook(const Project *project, const char *name);
const Goal *project_goal(const Project *project, const char *name);
/* The whole name of a field as goals name it: "order", and "bill" is "properties.bill"; caller frees. */
char *project_field_key(const char *field);
/* The fields that hold order ids, of goals and adjustments, each once: "order", "properties.bill"; texts to free with it. */
GPtrArray *project_order_fields(const Project *project);
int project_stage(const Project *project, const char *name);                                     /* index or -1 */
const char *project_stage_label(const Project *project, const char *name, const char *language); /* name: of a stage */
const char *rule_label(const Rule *rule, const char *language); /* label in that language, else the name */
