// Loaded into a debugger before all else (NODE_OPTIONS): makes it fail at a moment that a test chooses.
'use strict';
const { existsSync } = require('node:fs');
const { isMainThread } = require('node:worker_threads');

const { MATTOCK_TEST_FAIL_IN: place, MATTOCK_TEST_FAIL_WHEN: file } = process.env;

if (place === 'main' && isMainThread) {
  const timer = setInterval(() => {
    if (existsSync(file)) throw new Error('planted in the main thread');
  }, 20);
  timer.unref();
}
if (place === 'worker' && !isMainThread) {
  const load = Atomics.load;
  let calls = 0;
  Atomics.load = (array, index) => {
    if (++calls % 16 === 0 && existsSync(file)) throw new Error('planted in the worker');
    return load(array, index);
  };
}
