// Proves: a context, the first or another, is heard only where it plays as chosen; one that hangs is given up, and what
// rests or has ended begins nothing any more.

import { beforeEach, expect, test, vi } from 'vitest';
import type { DelayWatch } from './delay-watch.ts';

const playouts = vi.hoisted(() => ({ start: vi.fn() }));
vi.mock('./audio/playout.ts', () => ({ startPlayout: playouts.start }));
vi.stubGlobal('location', { pathname: '/r/room' });

const { outputs } = await import('./devices.ts');
const { Output } = await import('./output.ts');
type Output = InstanceType<typeof Output>;
const settings = await import('./ui/settings.ts');
const store = await import('./ui/store.ts');
const { t } = await import('./ui/words.ts');

class Context {
  static made: Context[] = [];
  state = 'suspended';
  suspended = 0;

  constructor() {
    Context.made.push(this);
  }

  async resume(): Promise<void> {
    this.state = 'running';
  }

  async suspend(): Promise<void> {
    this.suspended += 1;
    this.state = 'suspended';
  }

  async close(): Promise<void> {
    this.state = 'closed';
  }
}

/** What a context is asked to do comes to its end when a test says so. */
interface Asked {
  context: Context;
  speakers: string[];
  routed: () => void;
}

let asked: Asked[];
let hangs: boolean;
let routesAtOnce: boolean;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('AudioContext', Context);
  vi.stubGlobal('document', { hidden: false });
  [asked, hangs, routesAtOnce] = [[], false, true];
  Context.made = [];
  outputs.value = [];
  store.begin(null);
  settings.speakerId.value = 'headset';
  playouts.start.mockImplementation(async (context: Context) => {
    if (hangs) return new Promise(() => {});
    const own: Asked = { context, speakers: [], routed: () => {} };
    asked.push(own);
    return {
      context,
      port: { of: context },
      setVolume: () => {},
      setSpeaker: (id: string) => {
        own.speakers.push(id);
        if (routesAtOnce) return Promise.resolve();
        return new Promise<void>((resolve) => {
          own.routed = resolve;
        });
      },
      stop: () => void context.close(),
    };
  });
  return () => vi.useRealTimers();
});

let group = 0;
/** The system looks at its devices. */
function devices(): void {
  outputs.value = [{ deviceId: 'default', groupId: String(group), kind: 'audiooutput' } as MediaDeviceInfo];
}

/** The sound comes out of another device from now on. */
function move(): void {
  group += 1;
  devices();
}

async function started() {
  const rest = vi.fn();
  const output = new Output({ rest } as unknown as DelayWatch);
  const onport = vi.fn();
  output.onport = onport;
  await output.start(null);
  await output.resume();
  move();
  return { output, onport, rest };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

test('nobody is heard before the first context plays on the chosen speaker', async () => {
  routesAtOnce = false;
  const output = new Output({ rest: () => {} } as unknown as DelayWatch);
  const given = vi.fn();
  const port = output.start(null).then(given);
  await settle();
  expect(asked[0]!.speakers).toEqual(['headset']);
  expect(given).not.toHaveBeenCalled();
  asked[0]!.routed();
  await port;
  expect(given).toHaveBeenCalledWith({ of: asked[0]!.context });
  output.close();
});

test('who leaves while the speaker is on its way follows nothing any more', async () => {
  routesAtOnce = false;
  const output = new Output({ rest: () => {} } as unknown as DelayWatch);
  const port = output.start(null);
  await settle();
  output.close();
  asked[0]!.routed();
  await port;
  settings.speakerId.value = 'built-in';
  expect(asked[0]!.speakers).toEqual(['headset']);
  expect(Context.made.map(({ state }) => state)).toEqual(['closed']);
});

test('nobody is heard out of another context before it plays on the chosen speaker', async () => {
  const { output, onport } = await started();
  routesAtOnce = false;
  move();
  await settle();
  const [, fresh] = asked;
  expect(fresh!.speakers).toEqual(['headset']);
  expect(fresh!.context.state).toBe('suspended');
  expect(onport).not.toHaveBeenCalled();
  fresh!.routed();
  await settle();
  expect(fresh!.context.state).toBe('running');
  expect(onport).toHaveBeenCalledWith({ of: fresh!.context });
  output.close();
});

test('another context that hangs is given up, and the next change begins one', async () => {
  const { output, onport } = await started();
  hangs = true;
  move();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(Context.made.map(({ state }) => state)).toEqual(['running', 'closed']);
  expect(onport).not.toHaveBeenCalled();
  hangs = false;
  move();
  await settle();
  expect(Context.made.map(({ state }) => state)).toEqual(['closed', 'closed', 'running']);
  expect(onport).toHaveBeenCalledOnce();
  output.close();
});

test('another context that hangs is begun anew a second later', async () => {
  const { output, onport } = await started();
  hangs = true;
  move();
  await vi.advanceTimersByTimeAsync(5_000);
  hangs = false;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(Context.made.map(({ state }) => state)).toEqual(['closed', 'closed', 'running']);
  expect(onport).toHaveBeenCalledOnce();
  expect(store.notices.value).toEqual([]);
  output.close();
});

test.each([
  ['when devices change', () => devices()],
  ['when the page is seen again', (output: Output) => output.tryAgain()],
])('another context that keeps hanging is told of once, and begun anew %s', async (_, happens) => {
  const { output, onport } = await started();
  hangs = true;
  move();
  await vi.advanceTimersByTimeAsync(60_000);
  const made = Context.made.length;
  expect(store.notices.value.map(({ title }) => title)).toEqual([t('outputStays')]);
  happens(output);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Context.made).toHaveLength(made + 1);
  expect(store.notices.value).toHaveLength(1);
  hangs = false;
  happens(output);
  await settle();
  expect(onport).toHaveBeenCalledOnce();
  happens(output);
  await settle();
  expect(Context.made).toHaveLength(made + 2);
  output.close();
});

test('who leaves while another context is awaited begins none any more', async () => {
  const { output } = await started();
  hangs = true;
  move();
  await vi.advanceTimersByTimeAsync(5_000);
  output.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Context.made).toHaveLength(2);
});

test('a change during a change begins one more, unless one has left meanwhile', async () => {
  const { output } = await started();
  routesAtOnce = false;
  move();
  await settle();
  move();
  asked[1]!.routed();
  await settle();
  expect(Context.made).toHaveLength(3);
  move();
  output.close();
  asked[2]!.routed();
  await settle();
  expect(Context.made.map(({ state }) => state)).toEqual(['closed', 'closed', 'closed']);
});

test('who comes back deafened has an output that rests at once, and once', async () => {
  store.deafened.value = true;
  const { output, rest } = await started();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(Context.made[0]!.suspended).toBe(1);
  expect(rest).toHaveBeenCalledOnce();
  store.deafened.value = false;
  await settle();
  expect(Context.made[0]!.state).toBe('running');
  store.deafened.value = true;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(Context.made[0]!.suspended).toBe(2);
  output.close();
});
