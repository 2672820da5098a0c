#!/usr/bin/env node
// The command line; `bin/mattock` is the same file. CommonJS, because that starts sooner.
'use strict';
const { pathToFileURL } = require('node:url');
const { collectAlone, ensureBuilt, loadBundle, optimiseLater } = require('./load-bundle.js');

/** Their sessions are in a worker thread: this one's code is the face alone. */
const LIVE = ['exec', 'attach', 'debug', 'test'];

/** What reading a core takes, most having compressed debug information. */
const CORE_MODULES = ['node:os', 'node:zlib'];

const start = async () => {
  await ensureBuilt();
  const command = process.argv[2];
  const isLive = LIVE.includes(command);
  const isSession = isLive || command === 'core';
  if (isSession) optimiseLater(isLive ? [] : CORE_MODULES);
  if (command === 'core') collectAlone();
  const { bundle, keepCode } = loadBundle(isLive ? 'face' : 'core');
  process.exitCode = await bundle.main(process.argv.slice(2), pathToFileURL(`${__dirname}/worker.js`));
  // What a session needs is what is worth keeping.
  if (isSession && process.exitCode === 0) keepCode();
};
start();
