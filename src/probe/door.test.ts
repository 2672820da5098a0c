import { describe, expect, it } from 'vitest';
import { Door } from './door.ts';
import { DOOR_PLACES, HEADER, HEADER_BYTES } from './ring-layout.ts';

/** The header of a ring, and a program that comes to the door. */
class Header {
  readonly #bytes = new Uint8Array(HEADER_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);

  read(offset: number, into: Uint8Array): number {
    into.set(this.#bytes.subarray(offset, offset + into.length));
    return into.length;
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#bytes.set(bytes, offset);
  }

  get(at: number): number {
    return Number(this.#view.getBigUint64(at, true));
  }

  set(at: number, value: number): void {
    this.#view.setBigUint64(at, BigInt(value), true);
  }

  /** As the probe does: it counts itself, then says who it is. */
  comes(): (name: number) => void {
    const place = this.get(HEADER.callers) % DOOR_PLACES;
    this.set(HEADER.callers, this.get(HEADER.callers) + 1);
    return (name) => this.set(HEADER.names + 8 * place, name);
  }
}

describe('a door', () => {
  it('tells who waits, in order, once, beyond the number of places', () => {
    const header = new Header();
    const door = new Door(header);
    expect(header.get(HEADER.pause + 8)).toBeGreaterThan(0);
    const seen: number[] = [];
    for (let name = 1; name <= 3 * DOOR_PLACES; name++) {
      header.comes()(name);
      if (name % 5 !== 0) continue;
      for (const each of door.callers()) {
        seen.push(each);
        door.answer();
      }
    }
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, i) => i + 1));
    expect(header.get(HEADER.answered)).toBe(seen.length);
  });

  it('waits for the name of who has come only just, and is open again when somebody had given up', () => {
    const header = new Header();
    const door = new Door(header);
    const first = header.comes();
    header.comes()(12);
    expect([...door.callers()]).toEqual([]);
    header.set(HEADER.closed, 1);
    first(11);
    const seen: number[] = [];
    for (const each of door.callers()) {
      seen.push(each);
      door.answer();
    }
    expect(seen).toEqual([11, 12]);
    expect(header.get(HEADER.closed)).toBe(0);
  });
});
