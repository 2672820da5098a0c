// Builds examples/crash, lets it crash, and looks at the core that it leaves.
import path from 'node:path';
import { crashCore } from '../crash-core.js';
import { build, indented, mattock, must, step } from './steps.js';

export function crash(folder, go) {
  const executable = path.join(folder, 'crash');
  step(`Build examples/crash, a small order service with a bug, with ${go}`, 'go build ./examples/crash');
  build('crash', executable);

  step('Let it crash: GOTRACEBACK=crash makes Go leave a core', 'GOTRACEBACK=crash ./crash');
  const { core, output, problem } = crashCore(executable, folder);
  console.log(indented(output.split('\n').slice(0, 4).join('\n')));
  if (core === undefined) {
    console.error(`No core was left. ${problem}`);
    process.exit(1);
  }

  const { look, frameOf } = onCore(executable, core);
  look('Open the core: the verdict says what killed it, where, and what the others were doing');
  look(
    'All goroutines: four workers, a mailer, an audit and main; what each waits for, and since when',
    'goroutines',
  );
  look('The same, counted by where they are in user code', 'goroutines -group userloc');
  look('The stack of the goroutine that died, with arguments and local variables', 'stack -full');
  look('In the frame of the fault: the ledger that was never made, and the order that was to be booked', [
    `frame ${frameOf('main.(*ledger).book')} print *l`,
    `frame ${frameOf('main.(*ledger).book')} print *o`,
  ]);
  console.log('\nThat was `mattock core`. Without -c it is interactive: type help there.');
}

function onCore(executable, core) {
  let verdict = '';
  // A command that does nothing keeps it from waiting for input.
  const run = (commands, ...flags) =>
    must(
      process.execPath,
      [
        mattock,
        'core',
        executable,
        core,
        ...flags,
        ...(commands.length === 0 ? ['exit'] : commands).flatMap((c) => ['-c', c]),
      ],
      { encoding: 'utf8' },
    ).stdout;
  return {
    /** Runs Mattock on the core, as a user would, and shows the command. Later runs leave out the verdict again. */
    look(title, commands = []) {
      const list = [commands].flat();
      step(title, ['mattock core ./crash ./core', ...list.map((c) => `-c '${c}'`)].join(' '));
      const text = run(list);
      if (list.length === 0) verdict = text;
      process.stdout.write(list.length > 0 && text.startsWith(verdict) ? text.slice(verdict.length) : text);
    },
    /** Index of a function's frame in the stack of the goroutine that died. */
    frameOf(name) {
      const answers = run(['stack'], '--json')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));
      const { frames } = answers.find((answer) => answer.command === 'stack').result;
      return frames.find((frame) => frame.function === name).index;
    },
  };
}
