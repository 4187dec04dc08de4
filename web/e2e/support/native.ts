// capture-cli, the native participant.

import { built, Child } from './process.ts';
import type { Relay } from './relay.ts';

const run = (args: string[]) => new Child(built('capture-cli', 'CAPTURE_CLI'), args);
const at = (relay: Relay, room: string) => ['--url', relay.link(room), '--insecure'];

export const nativeListener = (relay: Relay, room: string, out: string, seconds: number): Child =>
  run(['listen', ...at(relay, room), '--name', 'Native ear', '--out', out, '--seconds', String(seconds)]);

export const nativeTalker = (relay: Relay, room: string, file: string, extra: string[] = []): Child =>
  run(['talk', ...at(relay, room), '--name', 'Native mouth', '--file', file, ...extra]);
