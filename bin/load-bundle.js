// Finds, makes and loads dist/cli.cjs.
'use strict';
const {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const vm = require('node:vm');

const root = path.dirname(__dirname);
const file = path.join(root, 'dist/cli.cjs');

/** Bytes of bytecode: some hundred functions. Two sessions of the same commands differ by half of it. */
const MUCH_NEW = 64 * 1024;
/** A live session compiles what is in other files each time (the decoder of instructions, the calls of C): 85 to 100 KB. */
const MUCH_NEW_LIVE = 128 * 1024;

/** Time of the newest source file. */
function newestIn(folder) {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const at = `${folder}/${entry.name}`;
    const time = entry.isDirectory()
      ? newestIn(at)
      : /(?<!\.test)\.(?:ts|html|css)$/.test(at)
        ? statSync(at).mtimeMs
        : 0;
    if (time > newest) newest = time;
  }
  return newest;
}

/**
 * In a checkout: makes the bundle anew when a source file is newer, so that there is no build step to remember. In
 * the installed package there is no src/, and dist/ is as it was published.
 */
async function ensureBuilt() {
  const sources = path.join(root, 'src');
  if (!existsSync(sources)) return;
  const built = existsSync(file) ? statSync(file).mtimeMs : 0;
  const newest = Math.max(newestIn(sources), newestIn(path.join(root, 'web-ui')));
  if (newest > built) await (await import('../scripts/build.js')).buildCli();
}

/** The bundle and what its code is called, of one and the same file: another build may be replacing it now. */
function readBundle(use) {
  const descriptor = openSync(file, 'r');
  try {
    const { mtimeMs, size } = fstatSync(descriptor);
    const codeFile = `${file}.${process.versions.v8}-${size}-${Math.floor(mtimeMs)}-${use}.code`;
    return { text: readFileSync(descriptor, 'latin1'), codeFile };
  } finally {
    closeSync(descriptor);
  }
}

function readIfThere(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/**
 * Compiling the bundle costs more than all else at the start, so V8's compiled code is kept beside it: named after
 * the V8 that made it and the very bundle it was made of, because V8 itself compares no more than their lengths; and
 * after what it is used for, since it has the functions that were called when it was kept. A session that called many
 * others keeps those too: the first one may have asked for nothing but help.
 */
function loadBundle(use) {
  const { text, codeFile } = readBundle(use);
  const cachedData = readIfThere(codeFile);
  const script = new vm.Script(text, { filename: file, cachedData });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module);
  const { getHeapCodeStatistics, setFlagsFromString } = require('node:v8');
  const bytecode = () => getHeapCodeStatistics().bytecode_and_metadata_size;
  const loaded = bytecode();
  const keepCode = () => {
    const much = use === 'live' ? MUCH_NEW_LIVE : MUCH_NEW;
    if (cachedData !== undefined && !script.cachedDataRejected && bytecode() - loaded < much) return;
    // Work that was long has changed it (src/cli/long-work.ts).
    if (flagsAtStart !== undefined) setFlagsFromString(flagsAtStart);
    try {
      const temporary = `${codeFile}.${process.pid}`;
      writeFileSync(temporary, script.createCachedData());
      renameSync(temporary, codeFile);
    } catch {
      // A folder that cannot be written to: the next start compiles again.
    }
  };
  return { bundle: module.exports, keepCode };
}

/** What is changed while work goes on, but must be as it was for kept code to be good. */
let flagsAtStart;

/**
 * V8 optimises a function that has run 132 KB of its bytecode. Most of what a session does is over before that pays:
 * with three times as much, showing a stack takes 15 % less CPU time, and what takes seconds takes no longer. So it is
 * with WebAssembly, the disassembler's, which is quick enough as it is (4 % of `exec` to a breakpoint). Before the bundle
 * is loaded, since kept code is only good for the flags that it was made with: therefore the one of
 * src/engine/worker-session.ts is here too.
 *
 * The same goes for the compiled code that Node has of its own modules: those that will be needed are loaded before.
 */
function optimiseLater(needed = []) {
  const { setFlagsFromString } = require('node:v8');
  for (const name of needed) require(name);
  flagsAtStart = '--interrupt-budget=400000';
  setFlagsFromString(flagsAtStart);
  setFlagsFromString('--wasm-tiering-budget=100000000');
  setFlagsFromString('--min-semi-space-size=4');
}

/**
 * For sessions without a thread to spare that are over within seconds. V8 puts up to 920 bytes of other functions'
 * bytecode into one that it optimises, which is most of what that costs. Threads that help to collect what is young, and
 * that mark what is old beforehand, spend more on waking each other up than they save, and marking it in steps is work
 * for nothing where the session is over before there is need. Together that is a sixth of the CPU time of a list of
 * 100,000 goroutines. And what has been compiled is kept with the rest.
 */
function collectAlone() {
  const { setFlagsFromString } = require('node:v8');
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=300');
  setFlagsFromString('--no-parallel-scavenge');
  setFlagsFromString('--no-concurrent-marking');
  setFlagsFromString('--no-incremental-marking');
  setFlagsFromString('--no-flush-bytecode');
}

module.exports = { collectAlone, ensureBuilt, loadBundle, optimiseLater };
