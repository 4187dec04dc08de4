import encodeQR from 'qr';
import { t } from './words.ts';

/** Light modules around the code, without which some cameras do not find it. */
const QUIET = 2;

/** A QR code as one path of squares: dark on light in both colour schemes, or old cameras do not read it. */
export function Code({ text }: { text: string }) {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: QUIET });
  const path = rows.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return (
    <svg
      class="code"
      role="img"
      aria-label={t('codeLabel')}
      data-testid="code"
      viewBox={`0 0 ${rows.length} ${rows.length}`}
      shape-rendering="crispEdges"
    >
      <rect width={rows.length} height={rows.length} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
