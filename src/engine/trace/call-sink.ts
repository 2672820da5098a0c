import { KIND_MASK, type LostRecords, type RecordSink, SLOT } from '../../probe/index.ts';
import { CALL_KIND, CALL_RECORD, isCallKind } from '../../trace/calls/call-record.ts';
import { asEntry, type SeenCalls } from '../../trace/calls/seen-calls.ts';

/** Records of calls go to one, all others to another. */
export class CallSink implements RecordSink {
  readonly #calls: SeenCalls;
  readonly #others: RecordSink;
  readonly #followed: ReadonlySet<number>;

  /** `followed`: numbers of functions whose goroutines are followed besides. */
  constructor(calls: SeenCalls, others: RecordSink, followed: ReadonlySet<number>) {
    this.#calls = calls;
    this.#others = others;
    this.#followed = followed;
  }

  record(words: Uint32Array, at: number): void {
    const kind = words[at + (SLOT.kind >> 2)]! & KIND_MASK;
    if (!isCallKind(kind) || kind === CALL_KIND.enter) {
      this.#others.record(words, at);
      return;
    }
    const isFollowed =
      kind === CALL_KIND.call && this.#followed.has(words[at + (CALL_RECORD.function >> 2)]!);
    if (isFollowed) this.#others.record(asEntry(words, at), 0);
    this.#calls.record(words, at);
  }

  lost(records: LostRecords): void {
    this.#calls.lost(records);
    this.#others.lost(records);
  }
}
