// The program of the engine `hook`: gives a TCP socket of the cgroup its source port before it is connected, or when it
// is bound to port 0. The kernel runs it for connect(2), for io_uring's connect, and for a sendto(2) or sendmsg(2) with
// MSG_FASTOPEN alike, for all of them end in __inet_stream_connect (net/ipv4/af_inet.c), where the protocol's
// pre_connect is asked. Types of the user API only: nothing depends on the layout of a kernel's structures.
// SPDX-License-Identifier: MIT
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/in6.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "harness/ports/hook/port_hook.h"

#define AF_INET 2
#define AF_INET6 10

// Set from user space, also while the program runs.
volatile __u32 mode = kHookKernel;
volatile __u32 forced_port = 0;
volatile __u32 table_size = 0;
volatile __u16 table[kHookTable];

volatile __u64 turns = 0;           // taken so far
volatile __u64 events_dropped = 0;  // the ring was full

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, kHookDestinations);
  __type(key, struct hook_destination);
  __type(value, __u64);
} attempts SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, kHookEventBytes);
} events SEC(".maps");

static void count(const struct hook_destination* destination) {
  __u64* counted = bpf_map_lookup_elem(&attempts, destination);
  if (counted == NULL) {
    const __u64 none = 0;
    bpf_map_update_elem(&attempts, destination, &none, BPF_NOEXIST);
    counted = bpf_map_lookup_elem(&attempts, destination);
  }
  if (counted != NULL) __sync_fetch_and_add(counted, 1);
}

// Nobody is woken up: the harness looks when it wants to know.
static void tell(const struct hook_event* event) {
  if (bpf_ringbuf_output(&events, (void*)event, sizeof(*event), BPF_RB_NO_WAKEUP) != 0)
    __sync_fetch_and_add(&events_dropped, 1);
}

// Two reads of a size that changes meanwhile must not lead outside the table.
static __u16 take_turn(__u64* turn) {
  const __u32 size = table_size;
  if (size == 0) return 0;
  *turn = __sync_fetch_and_add(&turns, 1);
  return table[(*turn % size) & (kHookTable - 1)];
}

// Whether the kernel will choose the loopback address as the source, which it does for that destination. A socket that
// has it before connect() need not be moved between the kernel's lists of bound addresses twice an attempt (Linux 6.1,
// inet_bhash2_update_saddr), a twentieth of its time. Not where the port is the destination's own: there the wildcard
// finds it taken, as the kernel's own choice does, whatever address somebody holds it on.
static int from_loopback(const struct hook_destination* destination, __u16 port) {
  const __u32* address = (const __u32*)destination->address;
  if (port == destination->port) return 0;
  if (destination->family == AF_INET) return address[0] == bpf_htonl(INADDR_LOOPBACK);
  return address[0] == 0 && address[1] == 0 && address[2] == 0 && address[3] == bpf_htonl(1);
}

static long bind_v4(struct bpf_sock_addr* context, struct bpf_sock* socket,
                    const struct hook_destination* destination, __u16 port) {
  struct sockaddr_in local = {
      .sin_family = AF_INET, .sin_port = bpf_htons(port), .sin_addr.s_addr = socket->src_ip4};
  if (local.sin_addr.s_addr == 0 && from_loopback(destination, port))
    local.sin_addr.s_addr = bpf_htonl(INADDR_LOOPBACK);
  return bpf_bind(context, (struct sockaddr*)&local, sizeof(local));
}

static long bind_v6(struct bpf_sock_addr* context, struct bpf_sock* socket,
                    const struct hook_destination* destination, __u16 port) {
  struct sockaddr_in6 local = {
      .sin6_family = AF_INET6, .sin6_port = bpf_htons(port), .sin6_scope_id = socket->bound_dev_if};
  __u32* address = local.sin6_addr.s6_addr32;
  address[0] = socket->src_ip6[0];
  address[1] = socket->src_ip6[1];
  address[2] = socket->src_ip6[2];
  address[3] = socket->src_ip6[3];
  const int unbound = (address[0] | address[1] | address[2] | address[3]) == 0;
  // An IPv4-mapped destination is left to the kernel.
  if (unbound && destination->family == AF_INET6 && from_loopback(destination, port))
    address[3] = bpf_htonl(1);
  return bpf_bind(context, (struct sockaddr*)&local, sizeof(local));
}

// The address that the client has bound is kept; most have bound none.
static __u16 bind_to(struct bpf_sock_addr* context, struct bpf_sock* socket,
                     const struct hook_destination* destination, __u16 port) {
  const long result = context->family == AF_INET ? bind_v4(context, socket, destination, port)
                                                 : bind_v6(context, socket, destination, port);
  return result < 0 ? -result : 0;
}

struct binding {
  struct bpf_sock_addr* context;
  struct hook_event* event;
};

// A turn of bpf_loop(); ends it with anything but 0.
static long bind_next(__u32 i, struct binding* binding) {
  (void)i;
  struct hook_event* event = binding->event;
  struct bpf_sock* socket = binding->context->sk;
  event->port = take_turn(&event->turn);
  if (event->port == 0 || socket == NULL) return 1;
  event->took_turn = 1;
  event->error = bind_to(binding->context, socket, &event->destination, event->port);
  return event->error != EADDRINUSE;
}

// A port that somebody has is passed over; it is not kept for later. By bpf_loop() (Linux 5.17), for a plain loop takes
// the verifier 50 ms.
static void bind_in_turn(struct bpf_sock_addr* context, struct hook_event* event) {
  struct binding binding = {.context = context, .event = event};
  bpf_loop(kHookTries, bind_next, &binding, 0);
}

static void choose(struct bpf_sock_addr* context, struct bpf_sock* socket, struct hook_event* event) {
  const __u32 now = mode;
  if (now == kHookTurns) {
    bind_in_turn(context, event);
    return;
  }
  if (now == kHookForce)
    event->port = forced_port;
  else if (now == kHookOwn)
    event->port = event->destination.port;
  if (event->port != 0) event->error = bind_to(context, socket, &event->destination, event->port);
}

static void on_connect(struct bpf_sock_addr* context, struct hook_event* event) {
  struct bpf_sock* socket = context->sk;
  if (socket == NULL) return;
  event->time_ns = bpf_ktime_get_ns();
  event->pid = bpf_get_current_pid_tgid() >> 32;
  event->destination.port = bpf_ntohs(context->user_port);
  count(&event->destination);
  // Bound by the client, or by us at an earlier attempt of the same socket: a second bind is EINVAL.
  if (socket->src_port != 0)
    event->port = socket->src_port;
  else
    choose(context, socket, event);
  tell(event);
}

// Only the port that is asked for can be changed here; bind(2) itself says whether it is free.
static void on_bind(struct bpf_sock_addr* context) {
  if (context->protocol != IPPROTO_TCP || context->user_port != 0 || mode != kHookTurns) return;
  struct hook_event event = {.call = kHookBind, .took_turn = 1};
  event.port = take_turn(&event.turn);
  if (event.port == 0) return;
  event.time_ns = bpf_ktime_get_ns();
  event.pid = bpf_get_current_pid_tgid() >> 32;
  context->user_port = bpf_htons(event.port);
  tell(&event);
}

enum { kPass = 1 };

SEC("cgroup/connect4")
int hook_connect4(struct bpf_sock_addr* context) {
  if (context->protocol != IPPROTO_TCP) return kPass;
  struct hook_event event = {.call = kHookConnect, .destination.family = AF_INET};
  *(__u32*)event.destination.address = context->user_ip4;
  on_connect(context, &event);
  return kPass;
}

SEC("cgroup/connect6")
int hook_connect6(struct bpf_sock_addr* context) {
  if (context->protocol != IPPROTO_TCP) return kPass;
  struct hook_event event = {.call = kHookConnect, .destination.family = AF_INET6};
  __u32* address = (__u32*)event.destination.address;
  if (context->user_ip6[0] == 0 && context->user_ip6[1] == 0 && context->user_ip6[2] == bpf_htonl(0xffff)) {
    event.destination.family = AF_INET;
    address[0] = context->user_ip6[3];
  } else {
    address[0] = context->user_ip6[0];
    address[1] = context->user_ip6[1];
    address[2] = context->user_ip6[2];
    address[3] = context->user_ip6[3];
  }
  on_connect(context, &event);
  return kPass;
}

SEC("cgroup/bind4")
int hook_bind4(struct bpf_sock_addr* context) {
  on_bind(context);
  return kPass;
}

SEC("cgroup/bind6")
int hook_bind6(struct bpf_sock_addr* context) {
  on_bind(context);
  return kPass;
}

char kLicense[] SEC("license") = "Dual MIT/GPL";
