// What the worker thread of an interactive session starts with.
'use strict';
const { loadBundle } = require('./load-bundle.js');

loadBundle().bundle.serve();
