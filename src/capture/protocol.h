/* SPDX-License-Identifier: Apache-2.0
 * protocol.h: how a request becomes events. A protocol is one small file with a constant Protocol in it, named in
 * protocols.c; it knows no sockets: the server hands it a request that was read whole, inflated and counted
 * against every limit, and sends what it replies once the events are durable. */
#pragma once
#include "base/json_in.h"
#include "capture/capture.h"
#include "capture/machine.h"
#include "wire/segment.h"

typedef struct CaptureRequest CaptureRequest;
struct CaptureRequest { /* borrowed by the protocol during read() */
  const char *method;   /* "GET", "POST" */
  const char *path;     /* "/v1/track": decoded, without query */
  Text body;            /* inflated; JSON_PADDING readable bytes follow */
  gint64 received_ms;
  gboolean encrypted;                                                       /* came by TLS to this server itself */
  const char *address;                                                      /* the sender's, truncated to /24 or /48 */
  const char *(*header)(const CaptureRequest *request, const char *name);   /* any case; NULL when missing */
  const char *(*argument)(const CaptureRequest *request, const char *name); /* of the query, decoded; NULL when missing */
  void (*each_argument)(const CaptureRequest *request, void (*each)(const char *name, const char *value, gpointer user),
                        gpointer user);
};

typedef struct { /* zero is 200 with an empty body; all strings are freed by the server */
  guint status;
  const char *content_type; /* static; NULL: none */
  GString *body;            /* NULL: none */
  char *location;           /* of a redirect */
  guint refused;            /* events of the request that were refused, for the log and /metrics */
} CaptureReply;

/* What one thread needs to read events of one source: parser, door, zone, channel rules of the project. */
typedef struct {
  const CaptureSource *source;
  const DoorOptions *door;
  const Project *project;
  JsonIn *json;
  Segment *segment;
  Machines *machines;              /* shared by all; NULL: everybody is human */
  struct Permissions *permissions; /* NULL: nobody is asked for consent (tests) */
  Record *record;                  /* knows who was erased; NULL: nobody was */
} CaptureWorker;

typedef struct {
  const char *name;         /* "segment", for logs and /metrics */
  const char *const *paths; /* exact ones, or prefixes that end in a slash; NULL-terminated */
  gboolean simple;          /* answers simple requests (no preflight): pixels, beacons */
  /* The key that the request carries in its own way (body, argument), or NULL; Authorization is looked at before. Caller frees. */
  char *(*key)(const CaptureRequest *request, JsonIn *json);
  /* Set instead of key() where a request proves itself by a signature that read() checks: the name of the source, whose
   * events are trusted, or NULL with ERROR_NOT_FOUND. Caller frees. HEAD comes to read() too. */
  char *(*signed_source)(const CaptureRequest *request, const Project *project, GError **error);
  gboolean reply_anyway; /* what read() replied is sent even if the events could not be stored: who follows a link arrives */
  /* Adds the request's events. FALSE: the request as a whole is refused (the error's HTTP status); else `reply` says
   * what its clients expect to hear. */
  gboolean (*read)(CaptureWorker *worker, const CaptureRequest *request, Submission *submission, CaptureReply *reply,
                   GError **error);
  /* For clients who expect to hear what came of it, once the events are durable; may be NULL. */
  void (*settle)(CaptureReply *reply, const CaptureOutcome *outcome);
} Protocol;

const Protocol *const *protocols(void); /* NULL-terminated */
const Protocol *protocol_find(const char *path);
void capture_reply_clear(CaptureReply *reply);
