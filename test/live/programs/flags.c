/* Keeps its flags on the stack for a while, as runtime.asyncPreempt does, and takes them back. */
__attribute__((noinline)) void beat(void) {
  __asm__ volatile("pushfq\n nop\n nop\n");
  __asm__ volatile("nop\n nop\n nop\n nop\n");
  __asm__ volatile("popfq\n nop\n nop\n");
}

int main(void) {
  beat();
  return 7;
}
