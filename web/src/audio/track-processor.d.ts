// Chromium's way from a track to raw audio, which the DOM's own types do not know yet.

interface MediaStreamTrackProcessor {
  readonly readable: ReadableStream<AudioData>;
}

declare const MediaStreamTrackProcessor: {
  new (init: { track: MediaStreamTrack }): MediaStreamTrackProcessor;
};

interface MediaStreamTrack {
  /** Chromium only. `latency`: age of the newest block, by its first sample, in ms. */
  readonly stats?: { readonly latency?: number };
}
