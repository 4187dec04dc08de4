// Looks again and again how long threads stood in line for a core, and how late this one wakes that only sleeps: a virtual
// machine that stands still as a whole is in no account.

import { readdirSync, readFileSync } from 'node:fs';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';

const LOOK_MS = 20;
/** Threads that sound passes through; a browser has two hundred others, and those may wait. */
const SOUND =
  /^(Audio|Realtime Audio|FakeAudio|DedicatedWorker|Chrome_ChildIOT|GraphRunner|DOM Worker|mixer|tokio|relay|node|pulse|null-sink)/;

const worst = new Int32Array(workerData);
const sleeping = new Int32Array(new SharedArrayBuffer(4));
/** What each thread's account said at the last look, in ms. */
const waited = new Map();

const note = (ms) => {
  if (ms * 1000 > worst[0]) Atomics.store(worst, 0, ms * 1000);
};

const read = (path) => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
};

function scan(processes) {
  const before = new Map(waited);
  waited.clear();
  for (const pid of processes) {
    let threads = [];
    try {
      threads = readdirSync(`/proc/${pid}/task`);
    } catch {
      // Gone meanwhile.
    }
    for (const tid of threads) {
      const task = `/proc/${pid}/task/${tid}`;
      if (SOUND.test(read(`${task}/comm`))) waited.set(task, before.get(task) ?? account(task));
    }
  }
}

const account = (task) => Number(read(`${task}/schedstat`).split(' ')[1] ?? 0) / 1e6;

for (let atMs = performance.now(); ; ) {
  for (let got = receiveMessageOnPort(parentPort); got !== undefined; got = receiveMessageOnPort(parentPort)) {
    scan(got.message);
  }
  for (const [task, before] of waited) {
    const now = account(task);
    note(now - before);
    waited.set(task, now);
  }
  atMs = performance.now();
  Atomics.wait(sleeping, 0, 0, LOOK_MS);
  note(performance.now() - atMs - LOOK_MS);
}
