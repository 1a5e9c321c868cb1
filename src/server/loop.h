/* SPDX-License-Identifier: Apache-2.0
 * loop.h: a thread that runs one daemon of libmicrohttpd, and its requests that wait for another thread.
 *
 * Who waits for a commit, a matter of milliseconds, *stands*: the daemon keeps the connection on its list and asks its handler
 * again each round, which says that there is nothing yet. That costs far less than suspending the connection (out of epoll,
 * into it again, a read that finds nothing), which is for longer waits and for when too many stand. */
#pragma once
#include <glib.h>
#include <microhttpd.h>

typedef struct Loop Loop;
typedef struct Sleeper Sleeper;
typedef enum { SLEEPER_AWAKE, SLEEPER_STANDS, SLEEPER_SUSPENDED } SleeperState;
struct Sleeper { /* embedded in a request */
  Sleeper *next;
  Loop *loop;
  struct MHD_Connection *connection;
  SleeperState state; /* of the loop's thread */
};

typedef void (*LoopWoken)(Sleeper *sleeper, gpointer user); /* on the loop's thread; the daemon calls its handler next */

/* Takes the daemon, made with MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME and no thread. */
Loop *loop_new(struct MHD_Daemon *daemon, LoopWoken woken, gpointer user);
gboolean loop_start(Loop *loop); /* FALSE: no thread is left */
void loop_quiesce(Loop *loop);   /* takes no new connections, soon */
/* Ends the thread and the daemon; nobody sleeps any more. loop_wake() and loop_signal() may be called until loop_free(). */
void loop_stop(Loop *loop);
void loop_free(Loop *loop);

/* --- on the loop's thread, in the daemon's callbacks --- */
void loop_sleep(Loop *loop, Sleeper *sleeper, struct MHD_Connection *connection, gboolean briefly);
void loop_moved(Loop *loop); /* a request went on: look again before waiting */

/* --- on any thread --- */
/* The request, which sleeps, may go on. Taken up at the next loop_signal(): whoever wakes many signals once. */
void loop_wake(Sleeper *sleeper);
void loop_signal(Loop *loop);
