/* SPDX-License-Identifier: Apache-2.0
 * import_route.h: files into the project over HTTP: looked at, imported, listed, taken back; and the sample company. A file
 * goes to the disk while it arrives, and live events are stored while it is read. */
#pragma once
#include "server/http.h"

struct Server;

/* The folder for files on their way, beside the record; what a crash left in it is removed. Caller frees. */
char *import_route_folder(const char *db, GError **error);

void import_route_preview(struct Server *server, Exchange *exchange, CaptureSource *key); /* POST ?name= */
void import_route_import(struct Server *server, Exchange *exchange, CaptureSource *key);  /* POST ?name=&source=&map=&set= */
void import_route_list(struct Server *server, Exchange *exchange, CaptureSource *key);    /* GET */
void import_route_undo(struct Server *server, Exchange *exchange, CaptureSource *key);    /* DELETE /api/v1/imports/<id> */
void import_route_demo(struct Server *server, Exchange *exchange, CaptureSource *key);    /* POST */
