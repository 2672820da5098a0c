// Something to be driven by the tests of the kernel's port: one small behaviour for each name.
// It says where things are in registers at an int3: rdi and rsi.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void tell(const volatile void *first, const volatile void *second) {
  __asm__ volatile("int3" ::"D"(first), "S"(second) : "memory");
}

static volatile int counter;

static void *nothing(void *arg) { return arg; }

static void *waits(void *arg) {
  for (;;) pause();
  return arg;
}

static volatile sig_atomic_t received;
static void receive(int signal) { received = signal; }

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "";
  if (!strcmp(mode, "traps")) {
    for (;;) __asm__ volatile("int3");
  } else if (!strcmp(mode, "exit")) {
    return atoi(argv[2]);
  } else if (!strcmp(mode, "thread")) {
    pthread_t thread;
    pthread_create(&thread, 0, nothing, 0);
    pthread_join(thread, 0);
    return 3;
  } else if (!strcmp(mode, "wait")) {
    for (int i = atoi(argv[2]); i > 0; i--) {
      pthread_t thread;
      pthread_create(&thread, 0, waits, 0);
    }
    puts("ready");
    fflush(stdout);
    waits(0);
  } else if (!strcmp(mode, "signal")) {
    signal(SIGUSR1, receive);
    raise(SIGUSR1);
    return received == SIGUSR1 ? 10 : 11;
  } else if (!strcmp(mode, "watch")) {
    tell(&counter, &received);
    for (int i = 0; i < 5; i++) received = i;
    counter = 7;
    return counter;
  } else if (!strcmp(mode, "pages")) {
    // Readable, PROT_NONE, readable, nothing.
    size_t page = 4096;
    char *pages = mmap(0, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < 4 * page; i++) pages[i] = (char)(i / page + 1);
    mprotect(pages + page, page, PROT_NONE);
    munmap(pages + 3 * page, page);
    tell(pages, 0);
    return 0;
  } else if (!strcmp(mode, "exec")) {
    tell(mode, 0);
    execl("/proc/self/exe", argv[0], "told", (char *)0);
    return 9;
  } else if (!strcmp(mode, "told")) {
    tell(mode, 0);
    return 0;
  } else if (!strcmp(mode, "terminal")) {
    int terminal = open("/dev/tty", O_RDWR);
    if (terminal < 0) return 20;
    dprintf(terminal, "session %d group %d\n", getsid(0) == getpid(), tcgetpgrp(terminal) == getpgrp());
    waits(0);
  }
  return 1;
}
