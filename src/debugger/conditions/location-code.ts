import { linkedAddress, TargetFault } from '../../base/index.ts';
import { quickPieces } from '../../image/dwarf/expression-fast-path.ts';
import type { ExpressionContext, Piece, VariableInfo } from '../../image/index.ts';
import type { Read } from './condition.ts';
import { inMemory, NotThere, type PieceCode, type PlaceCode, readWord, TooHard } from './place-code.ts';
import { aboveRegister, type SiteFrame } from './site.ts';

/** Where a variable is at a site, its own box on the heap included. Throws NotThere and TooHard. */
export function placeOfVariable(site: SiteFrame, variable: VariableInfo): PlaceCode {
  const place = placeInClosure(site, variable) ?? locatedPlace(site, variable);
  if (!variable.escaped) return place;
  const pointer = readWord(place);
  return inMemory((thread, memory) => {
    const address = pointer(thread, memory);
    if (address === 0) throw new TargetFault('no address for escaped variable');
    return address;
  });
}

/** Before its first instruction a closure has copied nothing (golang/values/variables.ts, placeInClosure). */
function placeInClosure(site: SiteFrame, { closureOffset }: VariableInfo): PlaceCode | undefined {
  if (closureOffset === undefined || !site.atEntry) return undefined;
  return inMemory(aboveRegister(site.program.target.arch.dwarf.closure, 0), closureOffset);
}

function locatedPlace(site: SiteFrame, variable: VariableInfo): PlaceCode {
  const { module } = site;
  if (module === undefined) throw new NotThere();
  const { size } = variable.type;
  const location = variable.locationAt(module.toLinked(site.pc));
  switch (location.kind) {
    case 'missing':
      throw new NotThere();
    case 'constant':
      if (typeof location.value === 'bigint') throw new TooHard();
      return {
        kind: 'pieces',
        pieces: [{ from: 0, to: size, source: { kind: 'bytes', bytes: location.value } }],
      };
    case 'expression':
      return placeOfExpression(site, location.expression, size);
  }
}

/** What an address is counted from. */
type Base = 'cfa' | 'frame base' | 'module' | number;

/** Any address from which offsets can be seen. */
const PROBE = 2 ** 40;

/**
 * DWARF's expressions for variables are nearly always registers and fixed distances from the frame: those that the
 * quick reader of expressions knows. It is asked with a made-up address, and who asks for it tells from what a piece
 * is counted.
 */
function readPieces(
  site: SiteFrame,
  expression: Uint8Array,
): { readonly pieces: readonly Piece[]; readonly bases: readonly Base[] } {
  const bases: Base[] = [];
  const probe = (base: Base): number => {
    bases.push(base);
    return PROBE;
  };
  const context: ExpressionContext = {
    register: (dwarf) => probe(dwarf),
    cfa: () => probe('cfa'),
    frameBase: () => probe('frame base'),
    read: () => undefined,
    toRuntime: (linked) => {
      bases.push('module');
      return site.module!.toRuntime(linkedAddress(linked));
    },
  };
  const pieces = quickPieces(expression, context);
  if (pieces === undefined) throw new TooHard();
  return { pieces, bases };
}

function placeOfExpression(site: SiteFrame, expression: Uint8Array, size: number): PlaceCode {
  const { pieces, bases } = readPieces(site, expression);
  const sources: PieceCode[] = [];
  let at = 0;
  let asked = 0;
  for (const piece of pieces) {
    const to = Math.min(at + (piece.size ?? size - at), size);
    const base = piece.kind === 'memory' ? bases[asked++]! : undefined;
    sources.push({ from: at, to, source: sourceOf(site, piece, base) });
    at = to;
  }
  return together(pieces, bases, sources) ?? { kind: 'pieces', pieces: sources };
}

/** One place in memory, however many pieces it was described by. */
function together(
  pieces: readonly Piece[],
  bases: readonly Base[],
  sources: readonly PieceCode[],
): PlaceCode | undefined {
  const first = pieces[0];
  const source = sources[0]?.source;
  if (first?.kind !== 'memory' || source?.kind !== 'memory') return undefined;
  const follows = pieces.every(
    (piece, i) =>
      piece.kind === 'memory' && bases[i] === bases[0] && piece.address - first.address === sources[i]!.from,
  );
  return follows ? source : undefined;
}

function sourceOf(site: SiteFrame, piece: Piece, base: Base | undefined): PieceCode['source'] {
  switch (piece.kind) {
    case 'register': {
      const register = site.program.target.arch.registerByDwarf(piece.register);
      if (register === undefined) throw new TooHard();
      return { kind: 'register', register, at: 0 };
    }
    case 'memory':
      return memoryOf(site, base!, piece.address);
    case 'missing':
      return { kind: 'missing' };
    case 'value':
      return { kind: 'bytes', bytes: piece.bytes };
  }
}

function memoryOf(site: SiteFrame, base: Base, address: number): PieceCode['source'] {
  if (base === 'module') return inMemory(() => address);
  const offset = address - PROBE;
  if (typeof base === 'number') return inMemory(aboveRegister(base, 0), offset);
  const from = base === 'cfa' ? site.cfa : frameBase(site);
  if (from === undefined) throw new TooHard();
  return inMemory(from, offset);
}

/** Of Go's functions the CFA, of C's often a register. */
function frameBase(site: SiteFrame): Read<number> | undefined {
  const expression = site.declared?.frameBase;
  if (expression === undefined) return undefined;
  const { pieces, bases } = readPieces(site, expression);
  const [piece, ...more] = pieces;
  if (piece === undefined || more.length > 0) return undefined;
  if (piece.kind === 'register') return aboveRegister(piece.register, 0);
  const [base] = bases;
  if (piece.kind !== 'memory' || piece.address !== PROBE) return undefined;
  return base === 'cfa' ? site.cfa : undefined;
}
