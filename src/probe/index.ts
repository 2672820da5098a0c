export { Door, writeDoor } from './door.ts';
export { exchangeSites } from './exchange-site.ts';
export { type FunctionWindows, functionWindows } from './function-windows.ts';
export { type Probes, prepareProbes, WindowBusy } from './installation.ts';
export * from './operands.ts';
export { behindCheck, type PatchSite, PROLOGUE_BYTES, patchSite } from './patch-site.ts';
export type { ProbeTarget, ProbeThread, RingFile } from './port.ts';
export type { NilFault } from './relocated-code.ts';
export {
  COUNTED,
  GRAIN,
  HEADER_BYTES,
  KIND_MASK,
  LONGEST_SLOT,
  SIZE_SHIFT,
  SLOT,
  type SlotSize,
  slotBytes,
  slotLength,
} from './ring-layout.ts';
export { type LostRecords, type RecordSink, RingReader, type Room, writeOwner } from './ring-reader.ts';
export type { ProbeBody, TrampolineCode } from './trampoline.ts';
