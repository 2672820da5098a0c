// Builds examples/leaky-server, starts it under a bounded load on loopback, records its goroutines by attaching to it
// while it begins to hang, and asks the trace why. The files stay in the working directory.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { build, mattock, must, root, step } from './steps.js';

/** How long the server may live, should we be killed. */
const LIFETIME = '30s';
const RECORD_FOR = '6s';
/** Enough that the audit gives up while it is recorded. */
const SERVER = ['-listen', '127.0.0.1:0', '-load', '20000', '-audit-quota', '3000', '-for', LIFETIME];

export async function leakyServer(folder, go) {
  const executable = path.join(folder, 'leaky-server');
  step(
    `Build examples/leaky-server, a shop that slowly stops selling, with ${go}`,
    'go build ./examples/leaky-server',
  );
  build('leaky-server', executable);

  step('Start it, under load that it sends itself', `./leaky-server ${SERVER.join(' ')} &`);
  const server = spawn(executable, SERVER, { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => server.kill());
  const [line] = await once(server.stdout, 'data');
  process.stdout.write(`   ${line}`);

  step(
    'Record what its goroutines do, for six seconds',
    `mattock trace -p ${server.pid} -t ${RECORD_FOR} -o trace.out`,
  );
  run(['trace', '-p', String(server.pid), '-t', RECORD_FOR, '-o', 'trace.out']);

  step('Ask why it hangs', 'mattock trace analyze trace.out');
  const found = run(['trace', 'analyze', 'trace.out']);
  if (!/hang/.test(found) || !/shop\.go:67/.test(found)) {
    console.error('The analysis did not find the goroutine that sends to nobody.');
    process.exit(1);
  }

  step(
    'The same as a page with timelines and flame graphs',
    'mattock trace view trace.out --html report.html',
  );
  run(['trace', 'view', 'trace.out', '--html', 'report.html']);
  server.kill();
  console.log(
    '\nWritten: trace.out (`go tool trace trace.out` opens it too) and report.html (open it in a browser).',
  );
  console.log(`The lines at fault are in ${path.join(root, 'examples/leaky-server/shop.go')}.`);
}

function run(args) {
  const { stdout, stderr } = must(process.execPath, [mattock, ...args], { encoding: 'utf8' });
  process.stdout.write(stderr + stdout);
  return stdout;
}
