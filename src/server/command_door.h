/* SPDX-License-Identifier: Apache-2.0
 * command_door.h: the socket `<db>.sock`, through which commands that change the project reach the server while it holds
 * the record. Only the server's own user and root get in. The command line travels with its standard input, output and
 * error and its folder, and runs here on a thread of its own, beside live capture. */
#pragma once
#include <glib.h>

struct Server;

typedef struct CommandDoor CommandDoor;
CommandDoor *command_door_open(struct Server *server); /* NULL when there can be no socket: the log says why */
void command_door_close(CommandDoor *door);            /* waits for the commands under way */

enum { COMMAND_PLAIN = 1 }; /* flags: no colours */
/* FALSE: there is no server. Else the command ran there, or a sentence on standard error says why not. */
gboolean command_door_send(const char *db, int argc, char **argv, guint flags, int *exit_code);
