import { ByteBuilder } from '../../../base/testing/byte-builder.ts';
import { AT, FORM, TAG } from '../constants.ts';
import type { DebugSource } from '../sections.ts';

/** A value of an attribute; `label` refers to a DIE that was given this label. */
export type AttributeValue =
  | number
  | bigint
  | string
  | Uint8Array
  | readonly number[]
  | { readonly label: string };
export type Attribute = readonly [name: number, form: number, value: AttributeValue];

export const BLOCK_FORMS: ReadonlySet<number> = new Set([
  FORM.block1,
  FORM.block2,
  FORM.block4,
  FORM.block,
  FORM.exprloc,
]);

/** Forms whose size is that of the unit's offsets. */
const OFFSET_FORMS: ReadonlySet<number> = new Set([
  FORM.strp,
  FORM.lineStrp,
  FORM.secOffset,
  FORM.refAddr,
  FORM.strpSup,
  FORM.gnuRefAlt,
  FORM.gnuStrpAlt,
]);

/** Writes .debug_info and .debug_abbrev for tests, unit by unit; other sections are given as bytes. */
export class DwarfBuilder {
  readonly info = new ByteBuilder();
  readonly #abbreviations = new ByteBuilder();
  readonly #codes = new Map<string, number>();
  readonly #sections: Record<string, Uint8Array>;
  #unitStart = 0;
  #version = 5;
  #offsetSize: 4 | 8 = 4;

  constructor(sections: Record<string, Uint8Array> = {}) {
    this.#sections = sections;
  }

  /** A compile unit whose root has `attributes` and what `children` writes, in 32- or 64-bit DWARF. */
  unit(
    version: number,
    attributes: readonly Attribute[],
    children: (builder: this) => void = () => {},
    offsetSize: 4 | 8 = 4,
  ): this {
    this.#unitStart = this.info.length;
    this.#version = version;
    this.#offsetSize = offsetSize;
    if (offsetSize === 8) this.info.u32(0xffffffff);
    this.info.sized(offsetSize, (info) => {
      info.u16(version);
      if (version >= 5) this.#offset(info.u8(1, 8), 0);
      else this.#offset(info, 0).u8(8);
      this.die(TAG.compileUnit, attributes, children);
    });
    return this;
  }

  /** A DIE; with `children` (even ones that write nothing) it has a list of them. */
  die(
    tag: number,
    attributes: readonly Attribute[],
    children?: (builder: this) => void,
    label?: string,
  ): this {
    if (label !== undefined) this.info.label(label);
    this.info.uleb(this.#code(tag, attributes, children !== undefined));
    for (const [, form, value] of attributes) this.#value(form, value);
    if (children !== undefined) {
      children(this);
      this.info.u8(0);
    }
    return this;
  }

  source(overrides: Partial<DebugSource> = {}): DebugSource {
    const sections: Record<string, Uint8Array> = {
      ...this.#sections,
      '.debug_info': this.info.build(),
      '.debug_abbrev': new ByteBuilder().bytes(this.#abbreviations.build()).u8(0).build(),
    };
    return {
      file: 'built',
      pointerSize: 8,
      section: (name) => sections[name],
      typesBase: () => 0x1000,
      ...overrides,
    };
  }

  #code(tag: number, attributes: readonly Attribute[], hasChildren: boolean): number {
    const implicit = attributes.map(([, form, value]) => (form === FORM.implicitConst ? value : 0));
    const key = JSON.stringify([tag, hasChildren, attributes.map(([name, form]) => [name, form]), implicit]);
    let code = this.#codes.get(key);
    if (code === undefined) {
      code = this.#codes.size + 1;
      this.#codes.set(key, code);
      this.#abbreviations
        .uleb(code)
        .uleb(tag)
        .u8(hasChildren ? 1 : 0);
      for (const [name, form, value] of attributes) {
        this.#abbreviations.uleb(name).uleb(form);
        if (form === FORM.implicitConst) this.#abbreviations.sleb(value as number);
      }
      this.#abbreviations.u8(0, 0);
    }
    return code;
  }

  #value(form: number, value: AttributeValue): void {
    const { info } = this;
    if (typeof value === 'object' && 'label' in value) {
      const inUnit = form >= FORM.ref1 && form <= FORM.ref8;
      const width = form === FORM.refAddr ? this.#referenceSize : form === FORM.ref8 ? 8 : 4;
      info.ref(value.label, width, inUnit ? this.#unitStart : 0);
    } else if (BLOCK_FORMS.has(form)) this.#block(form, value as Uint8Array);
    else if (typeof value === 'string') info.cstr(value);
    else if (typeof value === 'object') info.bytes(value);
    else this.#number(form, value);
  }

  #number(form: number, value: number | bigint): void {
    const { info } = this;
    switch (form) {
      case FORM.flagPresent:
      case FORM.implicitConst:
        return;
      case FORM.sdata:
        info.sleb(value);
        return;
      case FORM.addr:
      case FORM.data8:
      case FORM.ref8:
      case FORM.refSig8:
        info.u64(value);
        return;
      case FORM.data1:
      case FORM.flag:
      case FORM.ref1:
      case FORM.strx1:
      case FORM.addrx1:
        info.u8(Number(value));
        return;
      case FORM.data2:
      case FORM.ref2:
      case FORM.strx2:
      case FORM.addrx2:
        info.u16(Number(value));
        return;
      case FORM.strx3:
      case FORM.addrx3:
        info.u16(Number(value) & 0xffff).u8(Number(value) >> 16);
        return;
      case FORM.udata:
      case FORM.refUdata:
      case FORM.strx:
      case FORM.addrx:
      case FORM.loclistx:
      case FORM.rnglistx:
        info.uleb(value);
        return;
      default:
        if (form === FORM.refAddr && this.#referenceSize === 8) info.u64(value);
        else if (OFFSET_FORMS.has(form)) this.#offset(info, value);
        else info.u32(Number(value));
    }
  }

  /** DWARF 2 gave DW_FORM_ref_addr the size of an address. */
  get #referenceSize(): 4 | 8 {
    return this.#version === 2 ? 8 : this.#offsetSize;
  }

  #offset(info: ByteBuilder, value: number | bigint): ByteBuilder {
    return this.#offsetSize === 8 ? info.u64(value) : info.u32(Number(value));
  }

  #block(form: number, bytes: Uint8Array | readonly number[]): void {
    const { length } = bytes;
    if (form === FORM.block1) this.info.u8(length);
    else if (form === FORM.block2) this.info.u16(length);
    else if (form === FORM.block4) this.info.u32(length);
    else this.info.uleb(length);
    this.info.bytes(bytes);
  }
}

/** Attributes of a Go unit's root. */
export function goRoot(name: string, more: readonly Attribute[] = []): Attribute[] {
  return [[AT.name, FORM.string, name], [AT.language, FORM.data1, 0x16], ...more];
}

/** Attributes of a C unit's root. */
export function cRoot(name: string, more: readonly Attribute[] = []): Attribute[] {
  return [[AT.name, FORM.string, name], [AT.language, FORM.data1, 0x1d], ...more];
}
