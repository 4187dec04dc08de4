// A profile that trusts the relay's authority and nobody else of us, and servers with leaves that it signed.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { Relay } from './relay.ts';

/** Private networks (RFC 1918) and unique local addresses (RFC 4193). */
const LOCAL_NETWORK = /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|f[cd])/;

/** An address of this machine as others on its network type it, for a link; loopback where it has none. */
export function bareAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const found = addresses.find(({ address, internal }) => !internal && LOCAL_NETWORK.test(address));
  if (found === undefined) return '127.0.0.1';
  return found.family === 'IPv6' ? `[${found.address}]` : found.address;
}

/** Makes that folder a certificate database of NSS, and the authority the only one in it. */
export function trust(database: string, relay: Relay): void {
  mkdirSync(database, { recursive: true });
  const certutil = (...args: string[]) => execFileSync('certutil', ['-d', `sql:${database}`, ...args]);
  certutil('-N', '--empty-password');
  certutil('-A', '-t', 'C,,', '-n', 'Lanline', '-i', join(relay.folder, 'ca.pem'));
}

/** A server that says `reached`, with a leaf for that name signed by the relay's authority. */
export async function impostor(relay: Relay, name: string, folder: string): Promise<{ url: string; server: Server }> {
  const at = (file: string) => join(folder, `${name}-${file}`);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  openssl(
    'req',
    '-new',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    ...['-subj', '/CN=x'],
    ...['-keyout', at('key.pem')],
    ...['-out', at('request.pem')],
  );
  writeFileSync(at('extensions'), `subjectAltName=DNS:${name}\nextendedKeyUsage=serverAuth\n`);
  const [certificate, key] = [join(relay.folder, 'ca.pem'), join(relay.folder, 'ca-key.pem')];
  openssl(
    'x509',
    '-req',
    '-in',
    at('request.pem'),
    '-CA',
    certificate,
    '-CAkey',
    key,
    '-CAcreateserial',
    ...['-CAserial', at('serial')],
    '-days',
    '30',
    '-extfile',
    at('extensions'),
    '-out',
    at('leaf.pem'),
  );
  const server = createServer(
    { key: readFileSync(at('key.pem')), cert: readFileSync(at('leaf.pem')) },
    (_, response) => {
      response.setHeader('Content-Type', 'text/plain').end('reached');
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `https://${name}:${(server.address() as AddressInfo).port}/`, server };
}

/** A name that the authority may vouch for, and one that it may not. */
export const LOCAL_NAME = 'pi.home.arpa';
export const PUBLIC_NAME = 'voice.example.com';
