// Proves: what a track gives arrives in order, as one channel, and is given back to the browser.

import { expect, test } from 'vitest';
import { TrackReader } from './track-reader.ts';

function audioData(channels: number[][], closed: () => void): AudioData {
  return {
    numberOfFrames: channels[0]!.length,
    numberOfChannels: channels.length,
    sampleRate: 44_100,
    copyTo: (to: Float32Array, { planeIndex }: AudioDataCopyToOptions) => to.set(channels[planeIndex]!),
    close: closed,
  } as unknown as AudioData;
}

test('blocks come in order, two channels as their mean, and each is closed', async () => {
  let closed = 0;
  const stream = new ReadableStream<AudioData>({
    start(controller) {
      const count = () => {
        closed += 1;
      };
      controller.enqueue(audioData([[0.5, 0.25]], count));
      controller.enqueue(audioData([[1, 0], [0, 0.5]], count)); // biome-ignore format: a row a channel
      controller.close();
    },
  });
  const blocks: number[][] = [];
  await new Promise<void>((resolve) => {
    new TrackReader(stream, (block, sampleRate) => {
      expect(sampleRate).toBe(44_100);
      blocks.push([...block]);
      if (blocks.length === 2) setTimeout(resolve);
    });
  });
  expect(blocks).toEqual([
    [0.5, 0.25],
    [0.5, 0.25],
  ]);
  expect(closed).toBe(2);
});

test('a reader that is stopped lets the track go', async () => {
  await new Promise<void>((resolve) => {
    const stream = new ReadableStream<AudioData>({ cancel: () => resolve() });
    new TrackReader(stream, () => {}).stop();
  });
});
