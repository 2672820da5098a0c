import type { LinkedAddress } from '../../base/index.ts';
import type {
  FunctionInfo,
  InlinedFunction,
  PcRange,
  VariableInfo,
  VariableLocation,
} from '../debug-info.ts';
import type { SourcePosition } from '../function-table.ts';
import { AT, TAG } from './constants.ts';
import type { Die } from './die.ts';
import { type DieNode, readTree } from './die-tree.ts';
import type { ExpressionUnit } from './expression-context.ts';
import { UnitOperations } from './expression-unit.ts';
import { locationAt } from './locations.ts';
import { covers, rangesOf } from './ranges.ts';
import type { TypeReader } from './type-reader.ts';
import type { Unit, Units } from './units.ts';

/** The name of a file in the line table of a unit. */
export interface FileNames {
  fileName(unit: Unit, index: number): string | undefined;
  /** The file and line of an address, where DWARF does not name the file of a declaration. */
  position(pc: LinkedAddress): SourcePosition | undefined;
}

/** Subprograms as DWARF 5 chapter 3 describes them, with Go's additions. Everything below a function is read at once. */
export class FunctionReader {
  readonly #units: Units;
  readonly #types: TypeReader;
  readonly #files: FileNames;
  readonly #operations = new Map<Unit, ExpressionUnit>();

  constructor(units: Units, types: TypeReader, files: FileNames) {
    this.#units = units;
    this.#types = types;
    this.#files = files;
  }

  read(offset: number): FunctionInfo {
    const die = this.#units.die(offset);
    return this.#level(readTree(die), this.#units.at(offset), EMPTY);
  }

  /** One function or one inlined expansion: what belongs to it, and the expansions in it. */
  #level(node: DieNode, unit: Unit, frameBase: Uint8Array): FunctionInfo {
    const { die } = node;
    const origin = this.#origin(die);
    const ranges = rangesOf(die);
    const ownFrameBase = (die.isBlock(AT.frameBase) ? die.block(AT.frameBase) : undefined) ?? frameBase;
    const variables: VariableInfo[] = [];
    const inlined: InlinedFunction[] = [];
    this.#collect(node, unit, { variables, inlined, frameBase: ownFrameBase }, 0, () => ranges);
    const reader = this;
    return {
      name: origin.string(AT.name) ?? '',
      ranges,
      frameBase: ownFrameBase,
      variables,
      inlined,
      unit,
      trampoline: origin.has(AT.trampoline) || die.has(AT.trampoline),
      get declared() {
        return reader.#declared(origin, ranges);
      },
    };
  }

  #collect(node: DieNode, unit: Unit, into: Level, depth: number, scope: () => readonly PcRange[]): void {
    for (const child of node.children) {
      switch (child.die.tag) {
        case TAG.formalParameter:
        case TAG.variable:
          this.#addVariable(child.die, into.variables, depth, scope);
          break;
        case TAG.lexicalBlock: {
          let ranges: readonly PcRange[] | undefined;
          this.#collect(child, unit, into, depth + 1, () => {
            ranges ??= rangesOf(child.die);
            return ranges;
          });
          break;
        }
        case TAG.inlinedSubroutine:
          into.inlined.push(this.#inlined(child, unit, into.frameBase));
          break;
        default:
      }
    }
  }

  #inlined(node: DieNode, unit: Unit, frameBase: Uint8Array): InlinedFunction {
    const level = this.#level(node, unit, frameBase);
    const file = node.die.number(AT.callFile);
    const line = node.die.plainNumber(AT.callLine) ?? 0;
    const files = this.#files;
    return Object.defineProperty(level as InlinedFunction, 'call', {
      enumerable: true,
      get: (): SourcePosition => ({
        file: (file === undefined ? undefined : files.fileName(unit, file)) ?? '',
        line,
      }),
    });
  }

  #addVariable(die: Die, into: VariableInfo[], depth: number, scope: () => readonly PcRange[]): void {
    const unit = this.#operationsOf(die);
    const origin = this.#origin(die);
    const name = origin.string(AT.name);
    if (name === undefined) return;
    // A Go variable that escaped is a pointer to it, and called `&x` (cmd/compile/internal/dwarfgen).
    const escaped = name.startsWith('&');
    const types = this.#types;
    const isParameter = die.tag === TAG.formalParameter;
    const isResult = isParameter && origin.has(AT.variableParameter) && origin.flag(AT.variableParameter);
    into.push({
      name: escaped ? name.slice(1) : name,
      escaped,
      role: isResult ? 'result' : isParameter ? 'parameter' : 'local',
      declaredLine: origin.plainNumber(AT.declarationLine) ?? 0,
      depth,
      closureOffset: origin.plainNumber(AT.goClosureOffset),
      get type() {
        return types.of(origin);
      },
      get scope() {
        return scope();
      },
      locationAt: (pc) => variableLocation(die, origin, pc, unit),
    });
  }

  #operationsOf(die: Die): ExpressionUnit {
    const unit = this.#units.at(die.offset);
    let operations = this.#operations.get(unit);
    if (operations === undefined) {
      operations = new UnitOperations(this.#units, unit);
      this.#operations.set(unit, operations);
    }
    return operations;
  }

  /** The DIE that has the name and type: DW_AT_abstract_origin and DW_AT_specification lead there. */
  #origin(die: Die): Die {
    let current = die;
    for (let steps = 0; steps < MAX_ORIGINS; steps++) {
      const next = current.reference(AT.abstractOrigin) ?? current.reference(AT.specification);
      if (next === undefined) return current;
      current = this.#units.die(next);
    }
    throw die.error('abstract origins refer to each other in a circle');
  }

  /** Go's abstract functions have a line but no file: it is the file of the code. */
  #declared(origin: Die, ranges: readonly PcRange[]): SourcePosition | undefined {
    const line = origin.plainNumber(AT.declarationLine);
    if (line === undefined) return undefined;
    const index = origin.plainNumber(AT.declarationFile);
    const unit = this.#units.at(origin.offset);
    const file = index === undefined ? undefined : this.#files.fileName(unit, index);
    const entry = ranges[0]?.from;
    const named = file ?? (entry === undefined ? undefined : this.#files.position(entry)?.file);
    return named === undefined ? undefined : { file: named, line };
  }
}

interface Level {
  readonly variables: VariableInfo[];
  readonly inlined: InlinedFunction[];
  readonly frameBase: Uint8Array;
}

const EMPTY = new Uint8Array(0);
const MAX_ORIGINS = 16;

function variableLocation(die: Die, origin: Die, pc: LinkedAddress, unit: ExpressionUnit): VariableLocation {
  if (die.has(AT.location)) return locationAt(die, AT.location, pc, unit);
  const value = die.constant(AT.constValue) ?? origin.constant(AT.constValue);
  if (value !== undefined) return { kind: 'constant', value };
  return origin === die ? { kind: 'missing' } : locationAt(origin, AT.location, pc, unit);
}

/** Whether a function's own ranges hold a pc. */
export function contains(info: FunctionInfo, pc: number): boolean {
  return covers(info.ranges, pc);
}
