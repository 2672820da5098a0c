/*
 * Executes single instructions that come on the standard input: sets all registers and the memory of one page,
 * single-steps by the trap flag, and writes what registers and memory are then. cpu.ts has the other end.
 * Registers are in the order of their DWARF numbers, rip and rflags behind them.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define CODE ((uint8_t *)0x10000000)
#define CODE_SIZE 0x200000
#define DATA ((uint8_t *)0x10400000)
#define PAGE 4096
#define CHANGED 64
#define TRAP_FLAG 0x100

struct request {
  uint64_t registers[18];
  uint8_t code[15];
  uint8_t forbid; /* The page may not be touched. */
};

struct response {
  uint64_t registers[18];
  uint64_t signal, fault_address, fault_code;
  uint64_t changed_at; /* Offset of the first byte that changed, and what follows it. */
  uint8_t changed[CHANGED];
  uint8_t vectors[256];
};

static const int order[18] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
                              REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP, REG_EFL};

static struct request request;
static struct response response;
static volatile int armed;
static ucontext_t home;
static uint8_t home_vectors[512], initial_vectors[256];

static void start(int signal, siginfo_t *info, void *context) {
  ucontext_t *u = context;
  home = *u;
  memcpy(home_vectors, u->uc_mcontext.fpregs, sizeof home_vectors);
  for (int i = 0; i < 18; i++) u->uc_mcontext.gregs[order[i]] = request.registers[i];
  u->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
  uint8_t *vectors = (uint8_t *)u->uc_mcontext.fpregs + 160;
  memcpy(vectors, initial_vectors, sizeof initial_vectors);
  /* Intel SDM vol. 1 section 13.4.2: the header says which parts are not at their initial values. */
  *(uint64_t *)((uint8_t *)u->uc_mcontext.fpregs + 512) |= 3;
  armed = 1;
}

static void stopped(int signal, siginfo_t *info, void *context) {
  ucontext_t *u = context;
  if (!armed) _exit(3);
  armed = 0;
  response.signal = signal;
  response.fault_address = (uint64_t)info->si_addr;
  response.fault_code = u->uc_mcontext.gregs[REG_ERR];
  for (int i = 0; i < 18; i++) response.registers[i] = u->uc_mcontext.gregs[order[i]];
  response.registers[17] &= ~(uint64_t)TRAP_FLAG;
  memcpy(response.vectors, (uint8_t *)u->uc_mcontext.fpregs + 160, 256);
  memcpy(u->uc_mcontext.gregs, home.uc_mcontext.gregs, sizeof home.uc_mcontext.gregs);
  memcpy(u->uc_mcontext.fpregs, home_vectors, sizeof home_vectors);
}

static int read_all(void *to, size_t size) {
  return fread(to, 1, size, stdin) == size;
}

int main(void) {
  static uint8_t stack[65536], original[PAGE];
  int fixed = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
  if (mmap(CODE, CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, fixed, -1, 0) != CODE) return 1;
  if (mmap(DATA, PAGE, PROT_READ | PROT_WRITE, fixed, -1, 0) != DATA) return 1;
  syscall(SYS_arch_prctl, ARCH_SET_GS, DATA + PAGE / 2);
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&alternate, NULL);
  struct sigaction action = {.sa_sigaction = start, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGUSR1, &action, NULL);
  action.sa_sigaction = stopped;
  int signals[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE};
  for (int i = 0; i < 5; i++) sigaction(signals[i], &action, NULL);
  if (!read_all(original, PAGE) || !read_all(initial_vectors, sizeof initial_vectors)) return 1;

  while (read_all(&request, sizeof request)) {
    memset(&response, 0, sizeof response);
    memcpy(DATA, original, PAGE);
    memcpy((void *)request.registers[16], request.code, sizeof request.code);
    if (request.forbid) mprotect(DATA, PAGE, PROT_NONE);
    syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
    if (request.forbid) mprotect(DATA, PAGE, PROT_READ | PROT_WRITE);
    size_t at = 0;
    while (at < PAGE && DATA[at] == original[at]) at++;
    response.changed_at = at;
    for (size_t i = 0; i < CHANGED && at + i < PAGE; i++) response.changed[i] = DATA[at + i];
    fwrite(&response, sizeof response, 1, stdout);
  }
  return 0;
}
