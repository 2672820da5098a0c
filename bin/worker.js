// What the worker thread of a session starts with.
'use strict';
const { workerData } = require('node:worker_threads');
const { loadBundle, optimiseLater } = require('./load-bundle.js');

optimiseLater();
const { bundle, keepCode } = loadBundle('core' in workerData.options ? 'core' : 'live');
bundle.serve(keepCode);
