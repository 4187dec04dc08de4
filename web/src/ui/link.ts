/** The link by which others come into that room of this relay. */
export const linkTo = (room: string, key: string | null): string =>
  `${location.origin}/r/${room}${key === null ? '' : `#${key}`}`;

/** An address that means another machine on each machine. */
export const isLocal = (host: string): boolean => host === 'localhost' || host === '[::1]' || host.startsWith('127.');
