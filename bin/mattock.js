#!/usr/bin/env node
// The command line; `bin/mattock` is the same file. CommonJS, because that starts sooner.
'use strict';
const { pathToFileURL } = require('node:url');
const { ensureBuilt, loadBundle } = require('./load-bundle.js');

const start = async () => {
  await ensureBuilt();
  const { bundle, keepCode } = loadBundle();
  process.exitCode = await bundle.main(process.argv.slice(2), pathToFileURL(`${__dirname}/worker.js`));
  // What a core needs is what is worth keeping.
  if (process.argv[2] === 'core' && process.exitCode === 0) keepCode();
};
start();
