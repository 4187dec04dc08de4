// Reads a QR code as a camera does.

import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import decodeQR from 'qr/decode.js';

/** What the code in a PNG or SVG file says; a browser makes pixels of it. */
export async function readCode(browser: Browser, file: string): Promise<string> {
  const kind = file.endsWith('.svg') ? 'image/svg+xml' : 'image/png';
  const page = await browser.newPage();
  const picture = await page.evaluate(
    async (url) => {
      const image = new Image();
      image.src = url;
      await image.decode();
      // A few pixels a module are enough, and fewer have to be carried over.
      const side = 240;
      const canvas = new OffscreenCanvas(side, side);
      const context = canvas.getContext('2d')!;
      context.drawImage(image, 0, 0, side, side);
      const { data } = context.getImageData(0, 0, side, side);
      // A text is carried over faster than numbers.
      return { side, grey: String.fromCharCode(...data.filter((_, n) => n % 4 === 0)) };
    },
    `data:${kind};base64,${readFileSync(file).toString('base64')}`,
  );
  await page.close();
  const { side, grey } = picture;
  const data = Uint8ClampedArray.from({ length: 4 * side * side }, (_, n) => grey.charCodeAt(n >> 2));
  return decodeQR({ width: side, height: side, data });
}
