// WebRTC between the same two pages, for comparison: signalled by hand, one direction, no relay in between.

import type { Browser, Page } from 'playwright-core';
import { visit } from '../e2e/support/chromium.ts';
import type { Relay } from '../e2e/support/relay.ts';
import type { Pair } from './lanline.ts';
import type { Microphone } from './microphone.ts';

interface Peer {
  peer: RTCPeerConnection;
}

export async function webrtc(browser: Browser, relay: Relay, microphone: Microphone, tuned: boolean): Promise<Pair> {
  const [talker, listener] = await Promise.all([open(browser, relay), open(browser, relay)]);
  const offer = await talker.evaluate(
    async ({ audio, tuned }) => {
      const stream = await navigator.mediaDevices.getUserMedia({ audio });
      const peer = new RTCPeerConnection();
      (globalThis as unknown as Peer).peer = peer;
      peer.addTrack(stream.getAudioTracks()[0]!, stream);
      await peer.setLocalDescription();
      await new Promise<void>((resolve) => {
        peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && resolve();
      });
      const { sdp } = peer.localDescription!;
      return tuned ? sdp.replace(/useinbandfec=1/, 'useinbandfec=1;minptime=10;ptime=10') : sdp;
    },
    { audio: { ...microphone }, tuned },
  );
  const answer = await listener.evaluate(
    async ([sdp, tuned]) => {
      const peer = new RTCPeerConnection();
      (globalThis as unknown as Peer).peer = peer;
      peer.ontrack = ({ receiver, streams }) => {
        if (tuned === 'tuned') receiver.jitterBufferTarget = 0;
        const audio = new Audio();
        audio.srcObject = streams[0]!;
        audio.volume = 0.3;
        document.body.append(audio);
        void audio.play();
      };
      await peer.setRemoteDescription({ type: 'offer', sdp: sdp! });
      await peer.setLocalDescription();
      await new Promise<void>((resolve) => {
        peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && resolve();
      });
      return peer.localDescription!.sdp;
    },
    [offer, tuned ? 'tuned' : 'default'],
  );
  await talker.evaluate(
    ([sdp]) => (globalThis as unknown as Peer).peer.setRemoteDescription({ type: 'answer', sdp: sdp! }),
    [tuned ? `${answer}a=ptime:10\r\n` : answer],
  );
  return {
    underruns: () =>
      listener.evaluate(async () => {
        const reports = await (globalThis as unknown as Peer).peer.getStats();
        for (const report of reports.values()) {
          if (report.type === 'inbound-rtp') return Number(report.concealmentEvents);
        }
        return 0;
      }),
    look: async () => null,
    close: async () => {
      await talker.context().close();
      await listener.context().close();
    },
  };
}

/** On the relay's own origin, which is a secure one. */
async function open(browser: Browser, relay: Relay): Promise<Page> {
  return (await visit(browser, relay, 'webrtc')).page;
}
