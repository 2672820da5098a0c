// The house: each layer may import only layers further down this table; folders on one line are
// siblings and do not import each other. Layers marked `any` run in a browser too: no node:* there.
const HOUSE = [
  // The command line starts the others.
  { layers: ['cli'], platform: 'node' },
  { layers: ['dap', 'web', 'mcp'], platform: 'node' },
  { layers: ['engine'], platform: 'node' },
  { layers: ['commands'], platform: 'any' },
  { layers: ['trace', 'heap', 'crash'], platform: 'any' },
  { layers: ['debugger'], platform: 'any' },
  { layers: ['probe'], platform: 'any' },
  { layers: ['expr'], platform: 'any' },
  { layers: ['golang'], platform: 'any' },
  { layers: ['target'], platform: 'any' },
  { layers: ['image'], platform: 'any' },
  { layers: ['arch'], platform: 'any' },
  { layers: ['base'], platform: 'any' },
];

const folder = (layers) => `^src/(${layers.join('|')})/`;

const upward = HOUSE.flatMap(({ layers }, floor) =>
  layers.map((layer) => {
    const above = HOUSE.slice(0, floor).flatMap((f) => f.layers);
    const siblings = layers.filter((other) => other !== layer);
    const forbidden = [...above, ...siblings];
    return forbidden.length === 0
      ? undefined
      : {
          name: `${layer}-looks-down-only`,
          comment: `src/${layer} may not import ${forbidden.join(', ')}: see the table in src/README.md`,
          severity: 'error',
          from: { path: folder([layer]) },
          to: { path: folder(forbidden) },
        };
  }),
).filter(Boolean);

module.exports = {
  forbidden: [
    ...upward,
    {
      name: 'any-platform',
      comment: 'this layer runs in a browser too: take a port instead of importing node:*',
      severity: 'error',
      from: {
        path: folder(HOUSE.filter((f) => f.platform === 'any').flatMap((f) => f.layers)),
        pathNot: '\\.test\\.ts$|/testing/',
      },
      to: { dependencyTypes: ['core'] },
    },
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: '\\.d\\.ts$' },
      to: {},
    },
    {
      name: 'tests-stay-outside',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$|/testing/' },
      to: { path: '\\.test\\.ts$|/testing/|^test/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'], exportsFields: ['exports'] },
  },
};
