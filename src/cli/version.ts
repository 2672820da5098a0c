/** Set when the bundle is made. */
declare const MATTOCK_VERSION: string | undefined;

export const version = (): string =>
  typeof MATTOCK_VERSION === 'string' ? MATTOCK_VERSION : 'in development';
