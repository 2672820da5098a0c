// Programs of one process each that do to a debugger what ptrace(2) allows: the first argument says which.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

extern char **environ;
static atomic_long beats;
static volatile long sink;
static volatile int bad;

// The first instruction cannot be emulated: it is executed out of line.
__attribute__((noinline)) void beat(void);
__asm__(".globl beat\nbeat: addq $1, sink_word(%rip)\n nop\n ret\n.globl beat_end\nbeat_end:\n"
        ".data\n.globl sink_word\nsink_word: .quad 0\n.text\n");
extern char beat_end[];

// Reads from a null pointer at `load`; who handles the signal goes on at `loaded`.
__attribute__((noinline)) long load_null(void);
__asm__(".globl load_null\nload_null: xorl %eax, %eax\n.globl load\nload: movq 16(%rax), %rax\n"
        ".globl loaded\nloaded: movl $7, %eax\n ret\n");
extern char load[], loaded[], etext[], __executable_start[];

static void pause_ms(int ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
  while (nanosleep(&t, &t) != 0) {
  }
}

static void *beating(void *unused) {
  for (;;) {
    beat();
    atomic_fetch_add(&beats, 1);
  }
}

static void *beat_once(void *unused) {
  beat();
  return NULL;
}

static void start(pthread_t *thread, void *(*run)(void *)) {
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 1 << 16);
  if (pthread_create(thread, &small, run, NULL) != 0) exit(90);
}

static int many_threads(int rounds) {
  for (int i = 0; i < rounds; i++) {
    pthread_t threads[50];
    for (int j = 0; j < 50; j++) start(&threads[j], beat_once);
    for (int j = 0; j < 50; j++) pthread_join(threads[j], NULL);
  }
  return 0;
}

static int in_child(void *unused) {
  beat();
  _exit(7);
}

static int expect(pid_t child, int flags) {
  int status = 0;
  if (waitpid(child, &status, flags) != child) return 1;
  return WIFEXITED(status) && WEXITSTATUS(status) == 7 ? 0 : 1;
}

// Every way of making a process, with and without shared memory; what is called in them is called here too.
static int children(int rounds, const char *self) {
  static char stack[1 << 16];
  for (int i = 0; i < rounds; i++) {
    beat();
    pid_t child = fork();
    if (child == 0) in_child(NULL);
    bad += expect(child, 0);
    child = vfork();
    if (child == 0) in_child(NULL);
    bad += expect(child, 0);
    child = vfork();
    if (child == 0) {
      execl(self, self, "seven", NULL);
      _exit(1);
    }
    bad += expect(child, 0);
    bad += expect(clone(in_child, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL), 0);
    bad += expect(clone(in_child, stack + sizeof stack, CLONE_VM, NULL), __WALL);
    bad += expect(clone(in_child, stack + sizeof stack, 0, NULL), __WALL);
    char *argv[] = {(char *)self, "seven", NULL};
    if (posix_spawn(&child, self, NULL, NULL, argv, environ) != 0) bad++;
    bad += expect(child, 0);
  }
  return bad;
}

static volatile long handled;

static void on_signal(int signal, siginfo_t *info, void *context) {
  greg_t pc = ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
  // Its C library is in it: whatever it executes is its own text, or the vDSO far above.
  if (pc < (greg_t)__executable_start || (pc >= (greg_t)etext && pc < 0x7f0000000000)) bad++;
  handled++;
}

static void handle(int signal, void (*handler)(int, siginfo_t *, void *)) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigaction(signal, &action, NULL);
}

static void *sending(void *target) {
  static const int kinds[] = {SIGURG, SIGWINCH, SIGCHLD, SIGUSR1, SIGCONT, SIGIO};
  for (unsigned i = 0;; i++) {
    pthread_kill(*(pthread_t *)target, kinds[i % 6]);
    pause_ms(1);
  }
}

// Beats under a storm of signals until there were so many; every handler looks at where it interrupted the program.
static int signals(long wanted) {
  static const int kinds[] = {SIGURG, SIGWINCH, SIGCHLD, SIGUSR1, SIGCONT, SIGIO, SIGALRM, SIGPROF};
  for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) handle(kinds[i], on_signal);
  struct itimerval often = {{0, 1000}, {0, 1000}};
  setitimer(ITIMER_REAL, &often, NULL);
  setitimer(ITIMER_PROF, &often, NULL);
  static pthread_t self;
  self = pthread_self();
  pthread_t sender;
  pthread_create(&sender, NULL, sending, &self);
  long count = 0;
  extern long sink_word;
  while (handled < wanted) {
    beat();
    if (sink_word != ++count) bad++;
  }
  return bad == 0 ? 0 : 1;
}

static void on_fault(int signal, siginfo_t *info, void *context) {
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  if (registers[REG_RIP] != (greg_t)load) bad |= 2;
  if (info->si_addr != (void *)16) bad |= 4;
  if (info->si_code != SEGV_MAPERR) bad |= 8;
  registers[REG_RIP] = (greg_t)loaded;
}

static int faults(int rounds) {
  handle(SIGSEGV, on_fault);
  for (int i = 0; i < rounds; i++)
    if (load_null() != 7) bad |= 16;
  return bad;
}

static const char *next_program;

static void *nap(void *unused) {
  pause_ms(100);
  return NULL;
}

static void *exec_later(void *unused) {
  pause_ms(30);
  execl(next_program, next_program, "seven", NULL);
  exit(91);
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "";
  int number = argc > 2 ? atoi(argv[2]) : 0;
  pthread_t thread;
  if (strcmp(mode, "seven") == 0) return 7;
  if (strcmp(mode, "threads") == 0) return many_threads(number);
  if (strcmp(mode, "children") == 0) return children(number, argv[0]);
  if (strcmp(mode, "signals") == 0) return signals(number);
  if (strcmp(mode, "faults") == 0) return faults(number);
  if (strcmp(mode, "exec") == 0 || strcmp(mode, "exec-thread") == 0) {
    next_program = argv[0];
    for (int i = 0; i < 4; i++) start(&thread, beating);
    if (strcmp(mode, "exec") == 0) exec_later(NULL);
    start(&thread, exec_later);
    beating(NULL);
  }
  if (strcmp(mode, "beat") == 0 || strcmp(mode, "leaderless") == 0) {
    for (int i = 0; i < number; i++) start(&thread, beating);
    if (strcmp(mode, "leaderless") == 0) pthread_exit(NULL);
    beating(NULL);
  }
  if (strcmp(mode, "naps") == 0) {
    for (;;) {
      start(&thread, nap);
      pthread_join(thread, NULL);
    }
  }
  return 99;
}
