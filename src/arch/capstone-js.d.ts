declare module '@alexaltea/capstone-js' {
  const factory: import('./capstone.ts').CapstoneFactory;
  export default factory;
}
