/** What a goroutine waits for, as far as it was seen when it blocked. Addresses are the program's. */
export type WaitObject =
  /** `length` and `capacity` in elements, at the time; undefined if they were not read. */
  | {
      readonly kind: 'channel';
      readonly address: number;
      readonly direction: 'send' | 'receive';
      readonly length: number | undefined;
      readonly capacity: number | undefined;
    }
  | { readonly kind: 'select'; readonly cases: readonly SelectCase[] }
  /** Semaphores by what they belong to; `semaphore` where the stack does not tell. */
  | {
      readonly kind: 'mutex' | 'rwmutex-read' | 'rwmutex-write' | 'waitgroup' | 'cond' | 'semaphore';
      readonly address: number;
    }
  | { readonly kind: 'io'; readonly descriptor: number; readonly mode: 'read' | 'write' | undefined }
  /** Nanoseconds of the trace's clock, as event times. */
  | { readonly kind: 'sleep'; readonly until: number }
  /** `name` as in the kernel's table ("read"); undefined for a number that it does not have. */
  | { readonly kind: 'syscall'; readonly number: number; readonly name: string | undefined };

export interface SelectCase {
  readonly direction: 'send' | 'receive';
  readonly address: number;
}
