// The clients that are attached to the container: all get what it says, and what they say is its input. Packets as
// conmon has them: output comes with a byte in front that says which stream it is of, input as it is.
//
// Input waits for the container: while a piece has not been taken, no client is read. Output waits for a client that
// does not read, too, so that a slow one gets all of it, but only for kPatience without any progress: then the client
// is let go, and neither container nor log have to do with it any more.
#include "shim.h"
#include "shim_calls.h"

static const struct timespec kPatience = {2, 0};

enum { kListener, kInput, kFirstClient };  // of the places in what is watched

struct client {
  int fd;             // -1: no client
  bool has_finished;  // says no more, but listens
};

static struct client clients[kMaxClients];
static int listener = -1;

static int input_fd = -1;  // the container's; -1: there is none, or it has been closed
static bool input_ends_with_client;
static bool input_has_ended;  // to be closed when the pending input has been taken
static char pending[kPieceBytes];
static size_t pending_begin, pending_end;

int open_attach(const struct shim_options* options) {
  for (int i = 0; i < kMaxClients; ++i) clients[i].fd = -1;
  input_ends_with_client = options->stdin_once;
  listener = listen_at("attach", SOCK_SEQPACKET);
  return listener < 0 ? listener : 0;
}

void give_input_to(int input) { input_fd = input; }

static bool is_input_pending(void) { return pending_begin < pending_end; }

static void close_input(void) {
  if (input_fd >= 0) sys_close(input_fd);
  input_fd = -1;
  pending_begin = pending_end = 0;
}

// A client says no more. With stdinOnce the first one to do so ends the container's input.
static void finish_input_of(struct client* client) {
  if (client->has_finished) return;
  client->has_finished = true;
  if (!input_ends_with_client) return;
  input_has_ended = true;
  if (!is_input_pending()) close_input();
}

static void let_go(struct client* client) {
  finish_input_of(client);
  sys_close(client->fd);
  client->fd = -1;
}

void watch_attached(struct pollfd* watched) {
  watched[kListener] = (struct pollfd){listener, POLLIN, 0};
  watched[kInput] = (struct pollfd){is_input_pending() ? input_fd : -1, POLLOUT, 0};
  for (int i = 0; i < kMaxClients; ++i) {
    // One that leaves while what it has sent cannot be read yet is not looked at: its leaving would come first.
    const bool must_wait = is_input_pending() && !clients[i].has_finished;
    watched[kFirstClient + i] =
        (struct pollfd){must_wait ? -1 : clients[i].fd, clients[i].has_finished ? 0 : POLLIN, 0};
  }
}

static void accept_client(void) {
  const int fd = accept_from(listener);
  if (fd < 0) return;
  for (int i = 0; i < kMaxClients; ++i) {
    if (clients[i].fd >= 0) continue;
    clients[i] = (struct client){fd, false};
    return;
  }
  sys_close(fd);  // the client sees the end at once, which is better than waiting for another to leave
}

static void write_input(void) {
  const long written = sys_write(input_fd, pending + pending_begin, pending_end - pending_begin);
  if (written == -EAGAIN || written == -EINTR) return;
  if (written < 0) return close_input();  // nobody reads it any more
  pending_begin += (size_t)written;
  if (!is_input_pending() && input_has_ended) close_input();
}

static void read_input_of(struct client* client) {
  const long size = sys_read(client->fd, pending, sizeof(pending));
  if (size == -EAGAIN || size == -EINTR) return;
  if (size < 0) return let_go(client);
  if (size == 0) return finish_input_of(client);
  if (input_fd < 0) return;  // what a container without stdin is told is lost
  pending_begin = 0;
  pending_end = (size_t)size;
  write_input();
}

void serve_attached(const struct pollfd* watched) {
  if (watched[kInput].revents != 0 && is_input_pending()) write_input();
  for (int i = 0; i < kMaxClients; ++i) {
    const short events = watched[kFirstClient + i].revents;
    if (clients[i].fd < 0 || clients[i].fd != watched[kFirstClient + i].fd || events == 0) continue;
    // One that has sent something and left: all of it is read first.
    if ((events & POLLIN) != 0 && !is_input_pending()) read_input_of(&clients[i]);
    const bool has_unread = (events & POLLIN) != 0 && !clients[i].has_finished;
    if (clients[i].fd >= 0 && (events & POLLHUP) != 0 && !has_unread) let_go(&clients[i]);
  }
  if (watched[kListener].revents != 0) accept_client();
}

static bool send_packet(int fd, const struct iovec* parts) {
  for (;;) {
    const long sent = sys_writev(fd, parts, 2);
    if (sent >= 0) return true;
    if (sent == -EINTR) continue;
    struct pollfd writable = {fd, POLLOUT, 0};
    struct timespec patience = kPatience;  // the kernel writes what is left of it
    if (sent != -EAGAIN || sys_poll(&writable, 1, &patience) <= 0) return false;
  }
}

void send_to_attached(char stream, const char* text, size_t size) {
  const struct iovec parts[2] = {{&stream, 1}, {(char*)text, size}};
  for (int i = 0; i < kMaxClients; ++i) {
    if (clients[i].fd >= 0 && !send_packet(clients[i].fd, parts)) let_go(&clients[i]);
  }
}
