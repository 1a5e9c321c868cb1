/* SPDX-License-Identifier: Apache-2.0
 * command_door.c: a message is a head, then the words of the command line, each ended by a zero byte, with four
 * descriptors beside them; the answer is the exit code. */
#include "server/command_door.h"

#include "server/log.h"
#include "server/server_private.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAGIC = 0x45744301, WORDS_MAX = 4096, SIZE_MAX_WORDS = 1 << 20, DESCRIPTORS = 4 };

typedef struct {
  guint32 magic, words, size, flags;
} Head;

typedef struct Running Running;
struct Running {
  Running *next;
  CommandDoor *door;
  pthread_t thread;
  int connection;
};

struct CommandDoor {
  Server *server;
  char *path;
  int listener, folder; /* descriptors */
  int stop[2];          /* a pipe: closed to end the waiting */
  pthread_t thread;
  pthread_mutex_t one; /* commands run one after the other */
  Running *running;    /* of the accepting thread */
};

/* Addresses of sockets are short, paths are not: the folder is named by its descriptor. */
static gboolean socket_address(const char *path, struct sockaddr_un *address, int *folder) {
  g_autofree char *dir = g_path_get_dirname(path), *name = g_path_get_basename(path);
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  *folder = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (*folder < 0)
    return FALSE;
  int size = g_snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", *folder, name);
  if (size < (int)sizeof address->sun_path)
    return TRUE;
  close(*folder);
  errno = ENAMETOOLONG;
  return FALSE;
}

static int open_connection(const char *path) {
  struct sockaddr_un address;
  int folder, descriptor;
  if (!socket_address(path, &address, &folder))
    return -1;
  descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor >= 0 && connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
    close(descriptor);
    descriptor = -1;
  }
  close(folder);
  return descriptor;
}

/* --- sending ---------------------------------------------------------------------------------------------------- */

static gboolean write_all(int descriptor, const void *data, gsize size) {
  for (const char *at = data; size;) {
    gssize written = send(descriptor, at, size, MSG_NOSIGNAL);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return FALSE;
    at += written;
    size -= (gsize)written;
  }
  return TRUE;
}

static gboolean send_head(int connection, const Head *head, const int descriptors[DESCRIPTORS]) {
  union {
    char room[CMSG_SPACE(DESCRIPTORS * sizeof(int))];
    struct cmsghdr align;
  } control = {{0}};
  struct iovec part = {(void *)head, sizeof *head};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
  struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(DESCRIPTORS * sizeof(int));
  memcpy(CMSG_DATA(rights), descriptors, DESCRIPTORS * sizeof(int));
  return sendmsg(connection, &message, MSG_NOSIGNAL) == sizeof *head;
}

static gboolean send_command(int connection, int argc, char **argv, guint flags) {
  g_autoptr(GByteArray) words = g_byte_array_new();
  for (int i = 0; i < argc; i++)
    g_byte_array_append(words, (const guint8 *)argv[i], (guint)strlen(argv[i]) + 1);
  Head head = {MAGIC, (guint32)argc, words->len, flags};
  int folder = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  int descriptors[DESCRIPTORS] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, folder};
  gboolean good = folder >= 0 && send_head(connection, &head, descriptors) && write_all(connection, words->data, words->len);
  if (folder >= 0)
    close(folder);
  return good;
}

gboolean command_door_send(const char *db, int argc, char **argv, guint flags, int *exit_code) {
  g_autofree char *path = g_strconcat(db, ".sock", NULL);
  int connection = open_connection(path);
  gint32 code = 1;
  if (connection < 0)
    return FALSE;
  gboolean good = send_command(connection, argc, argv, flags) && recv(connection, &code, sizeof code, MSG_WAITALL) == sizeof code;
  close(connection);
  *exit_code = good ? code : 1;
  if (!good && write(STDERR_FILENO, "etappe: the server ended before the command was done\n", 53) < 0)
    return TRUE;
  return TRUE;
}

/* --- receiving --------------------------------------------------------------------------------------------------- */

static gboolean receive_head(int connection, Head *head, int descriptors[DESCRIPTORS]) {
  union {
    char room[CMSG_SPACE(DESCRIPTORS * sizeof(int))];
    struct cmsghdr align;
  } control;
  struct iovec part = {head, sizeof *head};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
  gssize got = recvmsg(connection, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL);
  struct cmsghdr *rights = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
  if (!rights || rights->cmsg_type != SCM_RIGHTS || rights->cmsg_len != CMSG_LEN(DESCRIPTORS * sizeof(int)))
    return FALSE;
  memcpy(descriptors, CMSG_DATA(rights), DESCRIPTORS * sizeof(int));
  return got == sizeof *head && head->magic == MAGIC && head->words > 0 && head->words <= WORDS_MAX && head->size <= SIZE_MAX_WORDS;
}

/* As many words as announced, each ended, or NULL. */
static char **split_words(char *text, gsize size, guint words) {
  char **argv = g_new0(char *, words + 1);
  char *at = text;
  for (guint i = 0; i < words; i++) {
    char *end = memchr(at, '\0', (gsize)(text + size - at));
    if (!end) {
      g_free(argv);
      return NULL;
    }
    argv[i] = at;
    at = end + 1;
  }
  return argv;
}

static gint32 run_words(CommandDoor *door, const Head *head, char *text, const int descriptors[DESCRIPTORS]) {
  const ServerOptions *options = &door->server->options;
  g_autofree char **argv = split_words(text, head->size, head->words);
  if (!argv)
    return 1;
  pthread_mutex_lock(&door->one);
  gint32 code = options->command(door->server->capture, (int)head->words, argv, descriptors, head->flags, options->command_user);
  pthread_mutex_unlock(&door->one);
  return code;
}

static gboolean is_ours(int connection) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == geteuid() || peer.uid == 0);
}

static void serve_connection(CommandDoor *door, int connection) {
  Head head;
  int descriptors[DESCRIPTORS] = {-1, -1, -1, -1};
  gint32 code = 1;
  if (is_ours(connection) && receive_head(connection, &head, descriptors)) {
    g_autofree char *text = g_malloc(head.size + 1);
    if (recv(connection, text, head.size, MSG_WAITALL) == (gssize)head.size)
      code = run_words(door, &head, text, descriptors);
  }
  for (guint i = 0; i < DESCRIPTORS; i++)
    if (descriptors[i] >= 0)
      close(descriptors[i]);
  write_all(connection, &code, sizeof code);
}

static gpointer run_on(gpointer user) {
  Running *running = user;
  struct timeval patience = {10, 0};
  setsockopt(running->connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  serve_connection(running->door, running->connection);
  close(running->connection);
  return NULL;
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

static void start_command(CommandDoor *door, int connection) {
  Running *running = g_new0(Running, 1);
  *running = (Running){.next = door->running, .door = door, .connection = connection};
  if (pthread_create(&running->thread, NULL, run_on, running) != 0) {
    close(connection);
    g_free(running);
    return;
  }
  door->running = running;
}

/* Threads that have ended are taken away when the next one comes. */
static void join_commands(CommandDoor *door, gboolean all) {
  for (Running **link = &door->running; *link;) {
    Running *running = *link;
    if ((all ? pthread_join(running->thread, NULL) : pthread_tryjoin_np(running->thread, NULL)) == 0) {
      *link = running->next;
      g_free(running);
    } else {
      link = &running->next;
    }
  }
}

static gpointer accept_on(gpointer user) {
  CommandDoor *door = user;
  for (;;) {
    fd_set waiting;
    FD_ZERO(&waiting);
    FD_SET(door->listener, &waiting);
    FD_SET(door->stop[0], &waiting);
    if (select(MAX(door->listener, door->stop[0]) + 1, &waiting, NULL, NULL, NULL) < 0 && errno != EINTR)
      break;
    if (FD_ISSET(door->stop[0], &waiting))
      break;
    int connection = accept4(door->listener, NULL, NULL, SOCK_CLOEXEC);
    join_commands(door, FALSE);
    if (connection >= 0)
      start_command(door, connection);
  }
  join_commands(door, TRUE);
  return NULL;
}

static gboolean listen_at(CommandDoor *door) {
  struct sockaddr_un address;
  if (!socket_address(door->path, &address, &door->folder))
    return FALSE;
  unlink(door->path); /* left by one that was killed: the record's lock says that there is no other */
  door->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return door->listener >= 0 && bind(door->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
         chmod(door->path, 0600) == 0 && listen(door->listener, 16) == 0 && pipe2(door->stop, O_CLOEXEC) == 0 &&
         pthread_create(&door->thread, NULL, accept_on, door) == 0;
}

static void free_door(CommandDoor *door) {
  int *const descriptors[] = {&door->listener, &door->folder, &door->stop[0], &door->stop[1]};
  for (guint i = 0; i < G_N_ELEMENTS(descriptors); i++)
    if (*descriptors[i] >= 0)
      close(*descriptors[i]);
  pthread_mutex_destroy(&door->one);
  g_free(door->path);
  g_free(door);
}

CommandDoor *command_door_open(Server *server) {
  if (server->options.command == NULL)
    return NULL;
  CommandDoor *door = g_new0(CommandDoor, 1);
  *door = (CommandDoor){
      .server = server, .path = g_strconcat(server->options.db, ".sock", NULL), .listener = -1, .folder = -1, .stop = {-1, -1}};
  pthread_mutex_init(&door->one, NULL);
  if (listen_at(door))
    return door;
  log_line("warning", "no socket for commands; imports and the like have to wait until the server stops", "because",
           g_strerror(errno), NULL);
  free_door(door);
  return NULL;
}

void command_door_close(CommandDoor *door) {
  if (door == NULL)
    return;
  unlink(door->path);
  close(door->stop[1]);
  door->stop[1] = -1;
  pthread_join(door->thread, NULL);
  free_door(door);
}
