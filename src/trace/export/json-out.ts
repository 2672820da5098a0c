const PIECE = 1 << 16;

/** Characters that some readers of JSON do not take, escaped or not (Perfetto's tokenizer, json_trace_tokenizer.cc). */
const UNSAFE = /[\p{Cc}\p{Surrogate}]/gu;

/** Text of a string in JSON. What cannot be printed is replaced. */
export const jsonString = (text: string): string => JSON.stringify(text.replace(UNSAFE, '\ufffd'));

/** Text that goes out in pieces as bytes: no document is ever in memory as a whole. */
export class TextOut {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #encoder = new TextEncoder();
  #text = '';

  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  add(text: string): void {
    this.#text += text;
    if (this.#text.length >= PIECE) this.flush();
  }

  flush(): void {
    if (this.#text === '') return;
    this.#write(this.#encoder.encode(this.#text));
    this.#text = '';
  }
}

/** `[`, what is in it with commas between, `]`. */
export function addList<T>(out: TextOut, items: Iterable<T>, textOf: (item: T) => string): void {
  let separator = '[';
  for (const item of items) {
    out.add(separator + textOf(item));
    separator = ',';
  }
  out.add(separator === '[' ? '[]' : ']');
}
